"""What a browser may post: the body of a callback is checked against the callbacks there are before any of it runs."""

import logging
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from dash import Dash
from dash.exceptions import DependencyException
from flask import abort, request
from werkzeug.exceptions import HTTPException

from dashboard.access.roles import may
from dashboard.access.rules import of_callback
from dashboard.listening import is_this_machine
from warehouse.settings import Settings

MOST_BYTES = 1_000_000
"""The largest body that is read; the pages send a few thousand bytes."""

MOST_DEPTH = 50
"""The most lists and objects, one in the other, of a body; the pages send six. Python follows a thousand to read them, and may then
have no room left to answer."""

CALLBACKS = "/_dash-update-component"
"""Where Dash takes the calls of callbacks."""

_HANDED_ON = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via")
"""What a proxy adds to a request of somebody else."""

log = logging.getLogger(__name__)


def guard(app: Dash, settings: Settings) -> None:
    """Refuse a callback's body that is not one of ours with 400 and one line in the log, where Dash would fail with 500.

    Where people may edit and only this machine is listened to, so is a request under another name than this machine's: a page
    elsewhere whose own name was made to lead here (DNS rebinding) would pass for ours.
    """
    is_for_us_alone = settings.allow_edit and is_this_machine(settings.host) and not settings.is_asked_who
    app.server.config["MAX_CONTENT_LENGTH"] = MOST_BYTES

    @app.server.before_request  # type: ignore[untyped-decorator]
    def check_body() -> None:
        if is_for_us_alone and not is_asked_as_ourselves():
            log.warning("refused a request for another host")
            abort(400)
        is_body = request.method == "POST" and request.is_json  # Dash asks for its layout as JSON too, without a body
        if request.path != CALLBACKS and not is_body:
            return
        try:
            body = request.get_json()
        except HTTPException as error:
            log.warning("refused what is not JSON: %s", error.name)
            raise
        except RecursionError:
            log.warning("refused JSON that is nested too deep to be read")
            abort(400)
        if is_deeper(body, MOST_DEPTH) or (request.path == CALLBACKS and not is_call(body, app.callback_map)):
            log.warning("refused a request that is no callback of the dashboard")
            abort(400)
        if request.path == CALLBACKS and not may(of_callback(body["output"])):
            log.warning("refused what is not for a role")
            abort(403)

    @app.server.errorhandler(DependencyException)  # type: ignore[untyped-decorator]
    def tell_that_there_is_none(_: DependencyException) -> tuple[str, int]:
        """A script that Dash does not have is not there; it would be a failure of the server, with the list of those there are."""
        return "Not found", 404


def is_asked_as_ourselves() -> bool:
    """Whether the request that is being answered was sent to this machine under one of its own names, and handed on by no proxy."""
    return is_this_machine(urlsplit(f"//{request.host}").hostname or "") and not any(name in request.headers for name in _HANDED_ON)


def is_deeper(value: object, most: int) -> bool:
    """Whether a value has more than `most` lists and objects, one in the other."""
    layer = [value]
    for _ in range(most):
        holders = [each.values() if isinstance(each, dict) else each for each in layer if isinstance(each, dict | list)]
        layer = [part for each in holders for part in each]
    return any(isinstance(each, dict | list) for each in layer)


def is_call(body: object, callbacks: Mapping[str, Any]) -> bool:
    """Whether a body names a callback, with exactly its outputs, inputs and state, whatever their values are."""
    if not isinstance(body, dict) or not isinstance(body.get("output"), str) or body["output"] not in callbacks:
        return False
    output, changed = body["output"], body.get("changedPropIds", [])
    known, inputs = callbacks[output], _names(body.get("inputs", []))
    return (
        inputs == _names(known["inputs"])
        and _names(body.get("state", [])) == _names(known["state"])
        and _output(body.get("outputs")) == output
        and isinstance(changed, list)
        and all(isinstance(name, str) and name in (inputs or []) for name in changed)  # Dash reads a name with a brace as JSON
    )


def _names(properties: object) -> list[str] | None:
    """The keys, "id.property", of a list of them; None for anything else."""
    if not isinstance(properties, list) or not all(isinstance(each, dict) for each in properties):
        return None
    pairs = [(each.get("id"), each.get("property")) for each in properties]
    keys = [f"{owner}.{name}" for owner, name in pairs if isinstance(owner, str) and isinstance(name, str)]
    return keys if len(keys) == len(pairs) else None


def _output(outputs: object) -> str | None:
    """The key of a callback with these outputs: "a.b" for one, "..a.b...c.d.." for a list; None for anything else."""
    if isinstance(outputs, list):
        keys = _names(outputs)
        return None if keys is None else f"..{'...'.join(keys)}.."
    return "".join(_names([outputs]) or [])
