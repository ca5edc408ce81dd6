"""The door: every request has somebody who asks, or does not come in."""

import logging
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from dash import Dash
from flask import Response, abort, g, jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from dashboard.access import login_page, users
from dashboard.access.audit_log import EXTENSION
from dashboard.access.login import Login
from dashboard.access.proxy import Proxy
from dashboard.access.records import Records, path_of
from dashboard.access.roles import NOBODY, Role, User, may
from dashboard.access.rules import LOGOUT, of_address
from dashboard.access.users import Users
from dashboard.listening import is_this_machine
from warehouse.errors import BusyError, InputError
from warehouse.settings import Settings

_SAFE = ("GET", "HEAD", "OPTIONS")
_LONGEST_NAME = 64

log = logging.getLogger(__name__)


def check(settings: Settings) -> None:
    """Raises InputError where strangers could enter, because nobody is asked who they are, and where nobody could."""
    if not settings.is_asked_who and not is_this_machine(settings.host):
        raise InputError(
            f"HOST={settings.host} lets others in: say who may enter with USERS=users.toml (`make user` writes it), "
            "or with USER_HEADER=, which header of your proxy says who asks"
        )
    if settings.users and not users.read(settings.users):
        example = f"make user USERS={settings.users} NAME=anna ROLE=editor"
        raise InputError(f"{settings.users}: nobody is in it; `{example}` adds somebody")
    if settings.is_asked_who:
        Records(path_of(settings))


class Door:
    """Who may enter, as the settings say: everybody at this machine, those of a users file, or those whom a proxy names."""

    def __init__(self, settings: Settings) -> None:
        """Raises InputError where the file of who entered cannot be written."""
        self._proxy = Proxy(settings.trusted_proxy)
        self._records = Records(path_of(settings)) if settings.is_asked_who else None
        self._users = Users(settings.users) if settings.users else None
        self._header = settings.user_header
        self._here = User("", Role.EDITOR if settings.allow_edit else Role.ANALYST)
        self._login = Login(self._users, self._records, self._proxy) if self._users and self._records and not self._header else None

    def hang(self, app: Dash) -> None:
        """Put the door in front of everything that the server answers. Call it first: what is asked then is in its order."""
        server: Any = app.server
        if self._records:
            server.extensions[EXTENSION] = (self._records, self._proxy)
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
            except BusyError:  # it stands in the log; who wants to leave can
                if request.path != LOGOUT:
                    abort(HTTPStatus.SERVICE_UNAVAILABLE)
            if may(of_address(request.path, request.url_rule.rule if request.url_rule else None)):
                return None
            return self._send_away() if g.user == NOBODY else abort(HTTPStatus.FORBIDDEN)

    def _who(self) -> User | None:
        if self._header:
            return self._named_by_proxy(users.folded(self._proxy.says(self._header)))
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
    try:
        return origin is None or urlsplit(origin).netloc == request.host
    except ValueError:
        return False
