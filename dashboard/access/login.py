"""Signing in by name and password, and out."""

import logging
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from flask import Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import login_page, users
from dashboard.access.proxy import Proxy
from dashboard.access.records import SESSION, Event, Records, is_of
from dashboard.access.roles import NOBODY, User
from dashboard.access.rules import LOGIN, LOGOUT
from dashboard.access.users import Known, Users
from warehouse.errors import BusyError

COOKIE = "mall_session"
_LONGEST_NAME, _LONGEST_WAY = 200, 2_000
_WRONG = "That is not the name and the password of anybody here."
_WAIT = "There were too many wrong passwords. Try again in a quarter of an hour."

log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """Somebody may not enter; the words are for them."""

    def __init__(self, said: str, status: HTTPStatus) -> None:
        super().__init__(said)
        self.status = status


class Login:
    """Those of a users file, who sign in with a password."""

    def __init__(self, known: Users, records: Records, proxy: Proxy) -> None:
        self._users, self._records, self._proxy = known, records, proxy

    def add_to(self, server: Any) -> None:
        """Add the page where people sign in, and the address where they sign out."""
        server.add_url_rule(LOGIN, "sign_in", self._sign_in, methods=["GET", "POST"])
        server.add_url_rule(LOGOUT, "sign_out", self._sign_out, methods=["POST"])

    def who(self) -> User | None:
        """Whose session the request belongs to: they are still in the file, and with the password that they signed in with."""
        token = request.cookies.get(COOKIE, "")
        session = self._records.session(token) if token else None
        known = self._users[session.user] if session else None
        if session is None or known is None or known.password is None or not is_of(session, known.password):
            return None
        return User(session.user, known.role, can_leave=True)

    def send_away(self) -> AnyResponse | None:
        """Lead a page that nobody may see yet to the form, and back afterwards; None for what is no page."""
        if request.method != "GET" or "text/html" not in request.headers.get("Accept", ""):
            return None
        return redirect(f"{LOGIN}{login_page.leading_to(request.full_path.rstrip('?')[:_LONGEST_WAY])}")

    def _sign_in(self) -> AnyResponse:
        way = login_page.local(request.args.get("next", "/"))
        if request.method != "POST":
            return Response(login_page.form(way))
        name, password = users.folded(request.form.get("name", "")[:_LONGEST_NAME]), request.form.get("password", "")
        try:
            known = self._admitted(name, password)
            self._records.write(Event.SIGNED_IN, User(name, known.role), self._proxy.address())
            token = self._records.begin(name, known.password or "")
        except _RefusedError as error:
            return Response(login_page.form(way, str(error), name), error.status)
        except BusyError as error:
            return Response(login_page.form(way, f"{str(error).capitalize()}.", name), HTTPStatus.SERVICE_UNAVAILABLE)
        answer = redirect(way, HTTPStatus.SEE_OTHER)
        # over TLS the cookie leaves by nothing else
        answer.set_cookie(COOKIE, token, max_age=SESSION, secure=self._proxy.is_secure(), httponly=True, samesite="Lax")
        return answer

    def _admitted(self, name: str, password: str) -> Known:
        """Who it is. Raises _RefusedError for whom it is not, which is counted, and BusyError where it cannot be looked at now."""
        known, address = self._users[name], self._proxy.address()
        attempt = self._records.attempt(name, address)
        if attempt is None:
            log.warning("refused to look at a password: there were too many wrong ones")
            raise _RefusedError(_WAIT, HTTPStatus.TOO_MANY_REQUESTS)
        try:
            is_right = len(password) <= users.MOST_CHARACTERS and users.is_password(known, password)
        except BusyError:
            self._records.was_none(attempt)
            raise
        if known and is_right:
            self._records.was_right(attempt)
            return known
        self._records.was_wrong(attempt)
        # an unknown name is not written down: it may be a password, typed into the wrong field
        self._records.write(Event.WRONG_PASSWORD, User(name, known.role) if known else NOBODY, address)
        raise _RefusedError(_WRONG, HTTPStatus.FORBIDDEN)

    def _sign_out(self) -> AnyResponse:
        answer = redirect(LOGIN, HTTPStatus.SEE_OTHER)
        with suppress(BusyError):  # it stands in the log; the cookie goes all the same
            self._records.end(request.cookies.get(COOKIE, ""))
            if g.user != NOBODY:
                self._records.write(Event.SIGNED_OUT, g.user, self._proxy.address())
        answer.delete_cookie(COOKIE)
        return answer
