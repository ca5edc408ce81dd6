"""What which role may ask for. A callback, an address or a page that is not named here is for analysts."""

from dashboard import ids
from dashboard.access.roles import Role

LOGIN, LOGOUT = "/login", "/logout"
FRAME, COUNTS = "/cube/<int:version>/frame.json", "/cube/<int:version>/counts"
"""Where viewers get what the Explore page is made of, and ask for its counts."""

_PAGES = {"/": Role.VIEWER, "/segments": Role.VIEWER}
_CALLBACKS = {
    ids.VERSION: Role.VIEWER,
    ids.HEADER_NOTICE: Role.VIEWER,
    ids.PAGE: Role.VIEWER,
    ids.SEGMENTS: Role.VIEWER,
    ids.LABEL_FORM: Role.EDITOR,
}
"""By the component that a callback fills first."""
_RULES = {
    LOGIN: Role.NOBODY,
    "/healthz": Role.NOBODY,
    "/readyz": Role.NOBODY,
    "/_favicon.ico": Role.NOBODY,
    LOGOUT: Role.NOBODY,
    "/": Role.VIEWER,
    "/<path:path>": Role.VIEWER,
    "/assets/<path:filename>": Role.VIEWER,
    "/_dash-component-suites/<string:package_name>/<path:fingerprinted_path>": Role.VIEWER,
    "/_dash-layout": Role.VIEWER,
    "/_dash-dependencies": Role.VIEWER,
    "/_dash-update-component": Role.VIEWER,
    "/_reload-hash": Role.VIEWER,
    FRAME: Role.VIEWER,
    COUNTS: Role.VIEWER,
}
"""By the rule of Flask that an address meets; what a callback needs is asked when its body is known."""
_OF_LOGIN = ("/assets/login.css", "/assets/login.js")


def of_callback(output: str) -> Role:
    """The least role of a callback, by its key ("a.b" or "..a.b...c.d..")."""
    return _CALLBACKS.get(output.strip(".").partition(".")[0], Role.ANALYST)


def of_address(path: str, rule: str | None) -> Role:
    """The least role of an address, by its path and by the rule that it meets, if any."""
    return Role.NOBODY if path in _OF_LOGIN else _RULES.get(rule or "", Role.ANALYST)


def of_page(path: str) -> Role:
    """The least role of a page."""
    return _PAGES.get(path, Role.ANALYST)
