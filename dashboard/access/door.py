"""The door: every request has somebody who asks, or does not come in."""

import logging
from http import HTTPStatus
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from dash import Dash
from flask import Response, abort, current_app, g, has_app_context, jsonify, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import login_page, users
from dashboard.access.records import SESSION, Event, Records, is_of, path_of, site
from dashboard.access.roles import NOBODY, Role, User, current, may
from dashboard.access.rules import LOGIN, LOGOUT, of_address
from dashboard.access.users import Known, Users
from dashboard.listening import is_this_machine
from warehouse.errors import BusyError, InputError
from warehouse.settings import Settings

COOKIE = "mall_session"
_DOOR = "door"
_SAFE = ("GET", "HEAD", "OPTIONS")
_LONGEST_WAY = 2_000
_WRONG = "That is not the name and the password of anybody here."
_WAIT = "There were too many wrong passwords. Try again in a quarter of an hour."

log = logging.getLogger(__name__)


def write_down(event: Event, version: int | None = None, rows: int | None = None, detail: str = "") -> None:
    """Write down what who asks is about to do, where people are asked who they are. Raises BusyError where that is not possible."""
    door: Door | None = current_app.extensions.get(_DOOR) if has_app_context() else None
    if door and door.records:
        door.records.write(event, current(), door.address(), version, rows, detail)


def is_asked_who(settings: Settings) -> bool:
    """Whether everybody is asked who they are."""
    return bool(settings.users or settings.user_header)


def check_host(settings: Settings) -> None:
    """Raises InputError where strangers could enter: others reach the dashboard, and nobody is asked who they are."""
    if is_asked_who(settings) or is_this_machine(settings.host):
        return
    raise InputError(
        f"HOST={settings.host} lets others in: say who may enter with USERS=users.toml (`make user` writes it), "
        "or with USER_HEADER=, which header of your proxy says who asks"
    )


class _RefusedError(Exception):
    """Somebody may not enter; the words are for them."""

    def __init__(self, said: str, status: HTTPStatus) -> None:
        super().__init__(said)
        self.status = status


class Door:
    """Who may enter, as the settings say: everybody at this machine, those of a users file, or those whom a proxy names."""

    def __init__(self, settings: Settings) -> None:
        """Raises InputError where the users file, or the file of who entered, cannot be used."""
        self._settings = settings
        self._users = Users(settings.users) if settings.users else None
        self.is_shut = is_asked_who(settings)
        self.records = Records(path_of(settings)) if self.is_shut else None

    def hang(self, app: Dash) -> None:
        """Put the door in front of everything that the server answers. Call it first: what is asked then is in its order."""
        server: Any = app.server
        server.extensions[_DOOR] = self

        @server.before_request  # type: ignore[untyped-decorator]
        def ask_who() -> Any:
            if not _is_from_here():
                log.warning("refused a request that another site's page sent")
                abort(403)
            g.user = self._who() or NOBODY
            if may(of_address(request.path, request.url_rule.rule if request.url_rule else None)):
                return None
            return self._send_away() if g.user == NOBODY else abort(403)

        if self._users and not self._settings.user_header:
            server.add_url_rule(LOGIN, "sign_in", self._sign_in, methods=["GET", "POST"])
            server.add_url_rule(LOGOUT, "sign_out", self._sign_out, methods=["POST"])

    def address(self) -> str:
        """Where the request comes from, as it is counted and written down; a trusted proxy says who asked it."""
        said = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        return site(said if said and self._is_from_proxy() else request.remote_addr or "")

    def _who(self) -> User | None:
        settings = self._settings
        if not self.is_shut:
            return User("", Role.EDITOR if settings.allow_edit else Role.ANALYST)
        if settings.user_header:
            return self._named_by_proxy(users.folded(request.headers.get(settings.user_header, "")))
        token = request.cookies.get(COOKIE, "")
        session = self._kept().session(token) if token else None
        known = self._known(session.user) if session else None
        if session is None or known is None or known.password is None or not is_of(session, known.password):
            return None
        return User(session.user, known.role, can_leave=True)

    def _named_by_proxy(self, name: str) -> User | None:
        if not name or not self._is_from_proxy():
            return None
        if self._users is None:
            return User(name[:64], Role.VIEWER)
        known = self._users[name]
        return User(name, known.role) if known else None

    def _known(self, name: str) -> Known | None:
        return self._users[name] if self._users else None

    def _kept(self) -> Records:
        assert self.records is not None
        return self.records

    def _is_from_proxy(self) -> bool:
        try:
            peer = ip_address(request.remote_addr or "")
        except ValueError:
            return False
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in network for network in self._settings.trusted_proxy)

    def _is_secure(self) -> bool:
        """Whether the browser's connection is one that nobody reads: the cookie then never leaves by another."""
        return request.is_secure or (self._is_from_proxy() and request.headers.get("X-Forwarded-Proto", "").lower() == "https")

    def _send_away(self) -> Any:
        if not (self._users and not self._settings.user_header):
            return Response(login_page.unknown(), HTTPStatus.FORBIDDEN)
        if request.method == "GET" and "text/html" in request.headers.get("Accept", ""):
            return redirect(f"{LOGIN}{login_page.leading_to(request.full_path.rstrip('?')[:_LONGEST_WAY])}")
        answer = jsonify(error="sign in first")
        answer.status_code = HTTPStatus.UNAUTHORIZED
        return answer

    def _sign_in(self) -> AnyResponse:
        way = login_page.local(request.args.get("next", "/"))
        if request.method != "POST":
            return Response(login_page.form(way))
        name, password = users.folded(request.form.get("name", "")[:200]), request.form.get("password", "")
        try:
            known = self._admitted(name, password)
            self._kept().write(Event.SIGNED_IN, User(name, known.role), self.address())
            token = self._kept().begin(name, known.password or "")
        except _RefusedError as error:
            return Response(login_page.form(way, str(error), name), error.status)
        except BusyError as error:
            return Response(login_page.form(way, f"{str(error).capitalize()}.", name), HTTPStatus.SERVICE_UNAVAILABLE)
        answer = redirect(way, HTTPStatus.SEE_OTHER)
        answer.set_cookie(COOKIE, token, max_age=SESSION, secure=self._is_secure(), httponly=True, samesite="Lax", path="/")
        return answer

    def _admitted(self, name: str, password: str) -> Known:
        """Who it is. Raises _RefusedError for whom it is not, which is counted, and BusyError where it cannot be looked at now."""
        known, address = self._known(name), self.address()
        if self._kept().must_wait(name if known else None, address):
            log.warning("refused to look at a password: there were too many wrong ones")
            raise _RefusedError(_WAIT, HTTPStatus.TOO_MANY_REQUESTS)
        if len(password) <= users.MOST_CHARACTERS and users.is_password(known, password) and known:
            return known
        # an unknown name is not written down: it may be a password, typed into the wrong field
        self._kept().write(Event.WRONG_PASSWORD, User(name, known.role) if known else NOBODY, address)
        raise _RefusedError(_WRONG, HTTPStatus.FORBIDDEN)

    def _sign_out(self) -> AnyResponse:
        token = request.cookies.get(COOKIE, "")
        self._kept().write(Event.SIGNED_OUT, g.user, self.address())
        self._kept().end(token)
        answer = redirect(LOGIN, HTTPStatus.SEE_OTHER)
        answer.delete_cookie(COOKIE, path="/")
        answer.headers["Clear-Site-Data"] = '"cache"'  # browsers keep the cube for a year
        return answer


def _is_from_here() -> bool:
    """Whether a request that may change something was sent by a page of ours, or by no page (cross-site request forgery).

    Browsers say so in Sec-Fetch-Site, older ones in Origin, and no page can change either; a program sends neither.
    """
    if request.method in _SAFE:
        return True
    said = request.headers.get("Sec-Fetch-Site")
    if said is not None:
        return said in ("same-origin", "none")
    origin = request.headers.get("Origin")
    return origin is None or urlsplit(origin).netloc == request.host
