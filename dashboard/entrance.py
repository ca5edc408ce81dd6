"""What every request of `make serve` goes through first: it gets a name, and its body has an end."""

import io
import re
import uuid
from collections.abc import Callable, Iterable
from typing import Any

from dashboard.logs import REQUEST

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]

_UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")


class Entrance:
    """A WSGI application in front of another.

    A request keeps the X-Request-ID of a proxy, where that is a UUID, or gets one; its answer and its logs have it. Its body is
    read before the application begins, up to one byte more than is allowed; a client that stops sending it is told 408.
    """

    def __init__(self, wsgi: Wsgi, most_bytes: int) -> None:
        self._wsgi = wsgi
        self._most_bytes = most_bytes

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request, as WSGI has it."""
        given = environ.get("HTTP_X_REQUEST_ID", "")
        name = given if _UUID.fullmatch(given) else uuid.uuid4().hex
        REQUEST.set(name)

        def start_with_name(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            return start(status, [*headers, ("X-Request-ID", name)], error)

        try:
            body = environ["wsgi.input"].read(self._most_bytes + 1)
        except BlockingIOError:  # the timeout of the socket
            start_with_name("408 Request Timeout", [("Content-Length", "0")])
            return []
        environ["wsgi.input"] = io.BytesIO(body)
        return self._wsgi(environ, start_with_name)
