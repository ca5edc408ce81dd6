"""What every request goes through first."""

import io

import pytest

from dashboard.entrance import Entrance
from dashboard.logs import REQUEST

UUID = "0123abcd-0123-0123-0123-0123456789ab"


class Stalled:
    """A body that stops coming."""

    def read(self, _: int) -> bytes:
        raise BlockingIOError(11, "Resource temporarily unavailable")


def ask(body, **environ: str):
    """Status, headers and body of the answer of an application that sends back what it reads."""
    told = []

    def echo(environ, start):
        start("200 OK", [("Content-Type", "text/plain")])
        return [environ["wsgi.input"].read(), (REQUEST.get() or "").encode()]

    def start(status, headers, error=None):
        told.append((status, dict(headers)))

    token = REQUEST.set(None)
    try:
        parts = list(Entrance(echo, 4)({"wsgi.input": body, **environ}, start))
    finally:
        REQUEST.reset(token)
    return *told[0], parts


def test_no_more_is_read_than_shows_that_it_is_too_much():
    """A body within the bound is whole; of a longer one there is a byte beyond it."""
    assert ask(io.BytesIO(b"1234"))[2][0] == b"1234"
    assert ask(io.BytesIO(b"123456789"))[2][0] == b"12345"


@pytest.mark.parametrize("given", [UUID, UUID.replace("-", "")])
def test_a_request_keeps_its_name(given):
    """The application logs it, and the client is told."""
    status, headers, parts = ask(io.BytesIO(), HTTP_X_REQUEST_ID=given)
    assert (status, headers, parts[1]) == ("200 OK", {"Content-Type": "text/plain", "X-Request-ID": given}, given.encode())


@pytest.mark.parametrize("given", ["", "4711", UUID.upper(), UUID + "\n", UUID.replace("-", "", 1)])
def test_what_is_no_name_is_not_told_again(given):
    """The request gets a name of its own."""
    names = {ask(io.BytesIO(), HTTP_X_REQUEST_ID=given)[1]["X-Request-ID"] for _ in range(2)}
    assert len(names - {given}) == 2


def test_a_body_that_stops_coming_is_answered():
    """By 408, and the application is not asked."""
    status, headers, parts = ask(Stalled(), HTTP_X_REQUEST_ID=UUID)
    assert (status, headers, parts) == ("408 Request Timeout", {"Content-Length": "0", "X-Request-ID": UUID}, [])
