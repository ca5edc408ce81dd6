"""The server that the app is put on: what it sends is compressed, as the browser likes, and what never changes only once."""

import threading

from flask import Flask, Request, request

_NEVER_CHANGES = "/_dash-component-suites/"
"""Scripts of libraries; their versions are in their addresses."""
_MOST_BYTES = 20_000_000


class Kept:
    """Compressed scripts by encoding and address, up to a size: any number of addresses would lead to the same script."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}
        self._count_bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The compressed script, or None."""
        return self._kept.get(key)

    def set(self, key: str, body: bytes) -> None:
        """Keep it, where it never changes and there is room."""
        with self._lock:
            if key not in self._kept and key.partition(";")[2] and self._count_bytes + len(body) <= _MOST_BYTES:
                self._kept[key] = body
                self._count_bytes += len(body)


def compressing_server(name: str) -> Flask:
    """A Flask server of which Dash's `compress=True` keeps what never changes, and that heeds what browsers refuse."""
    server = Flask(name)
    server.config["COMPRESS_CACHE_BACKEND"] = Kept
    server.config["COMPRESS_CACHE_KEY"] = _key

    @server.before_request
    def heed_refusals() -> None:
        """Leave out what a browser refuses: Flask-Compress takes `gzip;q=0` for a wish."""
        wanted = [f"{name};q={quality:g}" for name, quality in request.accept_encodings if quality > 0]
        request.environ["HTTP_ACCEPT_ENCODING"] = ", ".join(wanted)

    return server


def _key(asked: Request) -> str:
    return asked.path if asked.path.startswith(_NEVER_CHANGES) else ""
