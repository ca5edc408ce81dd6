"""The logs of `make serve`: a JSON object per line, of requests on stdout and of everything else on stderr.

Nothing of a customer is in them: of an address only the path is told, never the query, and of an error its kind, and of a defect
where it happened. Words of an error are told only where they are of the machine (a full disk, too little memory) or of the files of
the warehouse (which is missing or damaged, and what is read instead).
"""

import json
import logging
import sys
import traceback
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta
from typing import Any

from gunicorn import glogging

from warehouse.connection import is_of_the_machine

REQUEST: ContextVar[str | None] = ContextVar("request", default=None)
"""The id of the request that the thread answers."""

_LONGEST_PATH = 300
_LONGEST_MESSAGE = 600
_MOST_FRAMES = 15
_FIELDS = "fields"


class JsonFormatter(logging.Formatter):
    """A record as one line of JSON, in ASCII, whatever is in it."""

    def format(self, record: logging.LogRecord) -> str:
        """The record: time, level, pid and request id, then either the fields it came with or its message and error."""
        fields: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "pid": record.process,
            "request": REQUEST.get(),
        }
        if hasattr(record, _FIELDS):
            fields |= getattr(record, _FIELDS)
        else:
            fields |= {"logger": record.name, "message": record.getMessage()[:_LONGEST_MESSAGE]}
        if record.exc_info and record.exc_info[1] is not None:
            fields |= _about(record.exc_info[1])
        return json.dumps(fields)


def _about(error: BaseException) -> dict[str, Any]:
    """Kind and place of an error, the innermost call last."""
    frames = traceback.extract_tb(error.__traceback__)[-_MOST_FRAMES:]
    told: dict[str, Any] = {"error": type(error).__name__, "at": [f"{each.filename}:{each.lineno} {each.name}" for each in frames]}
    if is_of_the_machine(error):
        told["said"] = str(error)[:_LONGEST_MESSAGE]
    return told


class JsonLogger(glogging.Logger):  # type: ignore[misc]
    """What gunicorn logs, as JSON."""

    def _set_handler(self, log: logging.Logger, output: Any, fmt: Any, stream: Any = None) -> None:  # noqa: ARG002 (it is replaced)
        super()._set_handler(log, output, JsonFormatter(), stream)

    def access(self, resp: Any, req: Any, _: Any, request_time: timedelta) -> None:
        """A request that was answered; `bytes` are those of the body that were sent."""
        fields = {
            "method": str(getattr(req, "method", None))[:20],
            "path": str(getattr(req, "path", None))[:_LONGEST_PATH],
            "status": int(str(resp.status).split(None, 1)[0]),
            "ms": round(request_time.total_seconds() * 1000, 1),
            "bytes": getattr(resp, "sent", None) or 0,
        }
        self.access_log.info("", extra={_FIELDS: fields})

    def warning(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """What was refused before it was a request is told without its words: they hold the address."""
        super().warning("refused what is no request" if msg.startswith("Invalid request from") else msg, *args, **kwargs)

    def exception(self, msg: str, *args: Any, **kwargs: Any) -> None:
        """An error while a request was answered, without the query of its address; a timeout of its socket is the client's."""
        if isinstance(sys.exc_info()[1], BlockingIOError):
            self.info("hung up on a client that sent or took nothing for long")
            return
        super().exception(msg, *(str(each).partition("?")[0] for each in args), **kwargs)


def log_as_json() -> None:
    """Send what the dashboard, its libraries and Python warn of to stderr, a JSON object per line."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    logging.captureWarnings(True)
