"""What a load balancer or a supervisor asks: whether the process answers, and whether it can answer about customers."""

import logging

import duckdb
from dash import Dash
from flask import Response, jsonify

from dashboard.queries import provenance
from warehouse.connection import Warehouse, is_of_the_machine
from warehouse.errors import MallError, NotPublishedError

log = logging.getLogger(__name__)


def answer_for_health(app: Dash, warehouse: Warehouse) -> None:
    """Serve `/healthz`, which asks no database, and `/readyz`, which reads the newest version. Neither tells a path."""

    @app.server.route("/healthz")  # type: ignore[untyped-decorator]
    def is_alive() -> Response:
        return _never_kept(jsonify(status="ok"))

    @app.server.route("/readyz")  # type: ignore[untyped-decorator]
    def is_ready() -> Response:
        try:
            about = provenance(warehouse.snapshot())
            told = {"version": about["version"], "built_at": about["built_at"].isoformat()}
            return _never_kept(jsonify(status="ready", **told))
        except (MallError, duckdb.Error, OSError) as error:
            is_of_files = isinstance(error, MallError) or is_of_the_machine(error)
            log.warning("not ready: %s", error if is_of_files else type(error).__name__)
            none = isinstance(error, NotPublishedError)
            answer = jsonify(status="unavailable", reason="no warehouse is published" if none else "the warehouse cannot be read")
            answer.status_code = 503
            return _never_kept(answer)


def _never_kept(answer: Response) -> Response:
    answer.headers["Cache-Control"] = "no-store"
    return answer
