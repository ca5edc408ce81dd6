"""A line of the logs of `make serve`, whatever is in it."""

import json
import logging

import duckdb
import pytest

from dashboard import health
from dashboard.app import create_app
from dashboard.logs import REQUEST, JsonFormatter
from dashboard.pages import explore
from warehouse.errors import DamagedError, InputError
from warehouse.settings import Settings

PIPE = 4096
"""Up to so many bytes reach a pipe that several processes write to in one piece."""


def line(message: str, *args: object, error: BaseException | None = None, **more: object) -> str:
    raised = (type(error), error, error.__traceback__) if error else None
    record = logging.LogRecord("mall", logging.WARNING, "", 0, message, args, raised)
    record.__dict__.update(more)
    return JsonFormatter().format(record)


@pytest.mark.parametrize("odd", ["two\nlines\r\n", '"}\\', "\x00\x1b[2J\x7f\x85", "\u2028\ud800", "é中🛍"])
def test_what_is_logged_stays_within_its_line(odd):
    """Line ends, control characters and half characters of a message or a path come back as they were, from one line of ASCII."""
    for text in (line("refused %s", odd), line("", fields={"path": odd})):
        assert text.isascii()
        assert text.isprintable()
        assert odd in next(value for key, value in json.loads(text).items() if key in ("message", "path"))


def test_a_line_reaches_a_pipe_in_one_piece():
    """However long a message, and however deep an error: lines of two workers are never mixed."""

    def deep(left: int) -> None:
        deep(left - 1) if left else {}["4711"]

    with pytest.raises(KeyError) as caught:
        deep(200)
    for text in (line("\x00" * 10_000), line("x" * 10_000, error=caught.value)):
        assert len(text) < PIPE
    assert "4711" not in line("failed", error=caught.value)


def test_what_the_machine_says_is_told():
    """The words of a full disk are not a customer's."""
    assert json.loads(line("failed", error=OSError(28, "No space left on device")))["said"] == "[Errno 28] No space left on device"


def test_a_line_names_the_request_it_is_about():
    """What a thread logs while it answers has the id that the client was told."""
    token = REQUEST.set("3f")
    try:
        assert json.loads(line("refused"))["request"] == "3f"
    finally:
        REQUEST.reset(token)
    assert json.loads(line("refused"))["request"] is None


def failing(error: Exception):
    def fail(*_: object) -> None:
        raise error

    return fail


def test_what_was_asked_is_not_logged(published, monkeypatch, caplog):
    """Who asks for a file that cannot be had is told why; the log has the kind of the error."""
    client = create_app(Settings(warehouse=published)).server.test_client()
    monkeypatch.setattr(explore, "download", failing(InputError("there is no column 4711")))
    answer = client.get(f"{explore.EXPORT}.csv")
    assert (answer.status_code, "4711" in answer.text) == (400, True)
    assert caplog.messages == ["no file was sent: InputError"]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (DamagedError("v1.duckdb: is damaged"), "v1.duckdb: is damaged"),
        (OSError(5, "Input/output error"), "[Errno 5] Input/output error"),
        (duckdb.ConversionException("4711"), "ConversionException"),
    ],
)
def test_why_it_is_not_ready_is_logged(error, said, published, monkeypatch, caplog):
    """In the words of what is wrong with a file or the machine; of anything else its kind."""
    client = create_app(Settings(warehouse=published)).server.test_client()
    monkeypatch.setattr(health, "provenance", failing(error))
    assert client.get("/readyz").status_code == 503
    assert caplog.messages == [f"not ready: {said}"]
