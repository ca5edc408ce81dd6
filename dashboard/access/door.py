"""The door: every request has somebody who asks, or does not come in."""

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from dash import Dash
from flask import Response, abort, current_app, g, has_app_context, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import login_page, users
from dashboard.access.login import Login
from dashboard.access.proxy import Proxy
from dashboard.access.records import Event, Records, path_of
from dashboard.access.roles import NOBODY, Role, User, current, may
from dashboard.access.rules import of_address
from dashboard.access.users import Users
from dashboard.listening import is_this_machine
from warehouse.errors import BusyError, InputError
from warehouse.settings import Settings

_DOOR = "door"
_SAFE = ("GET", "HEAD", "OPTIONS")
_LONGEST_NAME = 64

log = logging.getLogger(__name__)


def write_down(event: Event, version: int | None = None, rows: int | None = None, detail: str = "") -> None:
    """Write down what who asks is about to do, where people are asked who they are. Raises BusyError where that is not possible."""
    door: Door | None = current_app.extensions.get(_DOOR) if has_app_context() else None
    if door and door.records:
        door.records.write(event, current(), door.proxy.address(), version, rows, detail)


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


class Door:
    """Who may enter, as the settings say: everybody at this machine, those of a users file, or those whom a proxy names."""

    def __init__(self, settings: Settings) -> None:
        """Raises InputError where the users file, or the file of who entered, cannot be used."""
        self.proxy = Proxy(settings.trusted_proxy)
        self.is_shut = is_asked_who(settings)
        self.records = Records(path_of(settings)) if self.is_shut else None
        self._users = Users(settings.users) if settings.users else None
        self._header = settings.user_header
        self._here = User("", Role.EDITOR if settings.allow_edit else Role.ANALYST)
        self._login = Login(self._users, self.records, self.proxy) if self._users and self.records and not self._header else None

    def hang(self, app: Dash) -> None:
        """Put the door in front of everything that the server answers. Call it first: what is asked then is in its order."""
        server: Any = app.server
        server.extensions[_DOOR] = self
        if self._login:
            self._login.add_to(server)

        @server.before_request  # type: ignore[untyped-decorator]
        def ask_who() -> AnyResponse | None:
            if not is_from_here():
                log.warning("refused a request that another site's page sent")
                abort(HTTPStatus.FORBIDDEN)
            g.user = NOBODY
            try:
                g.user = self._who() or NOBODY
            except BusyError:  # it stands in the log
                abort(HTTPStatus.SERVICE_UNAVAILABLE)
            if may(of_address(request.path, request.url_rule.rule if request.url_rule else None)):
                return None
            return self._send_away() if g.user == NOBODY else abort(HTTPStatus.FORBIDDEN)

    def _who(self) -> User | None:
        if self._header:
            return self._named_by_proxy(users.folded(self.proxy.says(self._header)))
        return self._login.who() if self._login else self._here

    def _named_by_proxy(self, name: str) -> User | None:
        if not name:
            return None
        if self._users is None:
            return User(name[:_LONGEST_NAME], Role.VIEWER)
        known = self._users[name]
        return User(name, known.role) if known else None

    def _send_away(self) -> AnyResponse:
        if self._login is None:
            return Response(login_page.unknown(), HTTPStatus.FORBIDDEN)
        answer = self._login.send_away()
        if answer is None:
            answer = jsonify(error="sign in first")
            answer.status_code = HTTPStatus.UNAUTHORIZED
        return answer


def is_from_here() -> bool:
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
