"""The cube as a file: made and compressed once per version, and sent only to a browser that does not have it yet."""

import gzip
import hashlib
import json
from collections.abc import Callable
from functools import partial

import brotli
from dash import Dash
from flask import Response, abort, request
from werkzeug.datastructures import Accept

from dashboard.access.roles import current
from dashboard.cube import cube
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import MallError

_COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "br": partial(brotli.compress, quality=6),
    "gzip": partial(gzip.compress, mtime=0),
}
"""The encodings that a cube is kept in, the better one first."""
_FOR_EVER = "private, max-age=31536000, immutable"
_ASK_AGAIN = "private, no-cache"


def serve_cube(app: Dash, warehouse: Warehouse) -> None:
    """Serve `/cube/<version>.json`.

    An address that ends in the edition of the file (`built`) is of that file for ever; any other is asked about each time, and
    answered by the ETag. Where people sign in every one is asked about: the next one at the same browser may be another.
    """

    @app.server.route("/cube/<int:version>.json")  # type: ignore[untyped-decorator]
    def send_cube(version: int) -> Response:
        encoding = chosen(request.accept_encodings)
        try:
            db = warehouse.version(version)
            body, tag = encoded(db, encoding)
        except MallError:
            abort(404)
        answer = Response(body, mimetype="application/json")
        answer.set_etag(tag)
        is_for_ever = request.args.get("built", "").endswith(f" {db.edition}")
        answer.headers["Cache-Control"] = _FOR_EVER if is_for_ever and not current().name else _ASK_AGAIN
        answer.headers["Vary"] = "Accept-Encoding"
        if encoding != "identity":
            answer.headers["Content-Encoding"] = encoding
        answer.make_conditional(request)
        return answer


def chosen(accepted: Accept) -> str:
    """The encoding that a browser likes best: br, gzip, or identity where it says nothing of both, or refuses them."""
    wanted = {name: accepted.quality(name) for name in _COMPRESS}
    plain = dict(accepted).get("identity", 0)
    best = max(wanted, key=lambda name: wanted[name])
    return best if wanted[best] > 0 and wanted[best] >= plain else "identity"


def encoded(db: Snapshot, encoding: str) -> tuple[bytes, str]:
    """The cube of a version in an encoding, and its ETag: version, edition, what is in it (a release may add to it), encoding."""
    body = db.once("cube", lambda version: json.dumps(cube(version), separators=(",", ":")).encode())
    digest = db.once("digest of the cube", lambda _: hashlib.sha256(body).hexdigest()[:12])
    tag = f"{db.version}-{db.edition}-{digest}-{encoding}"
    if encoding == "identity":
        return body, tag
    return db.once(f"cube as {encoding}", lambda _: _COMPRESS[encoding](body)), tag
