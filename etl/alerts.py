"""Telling what changed: the alerts of a refresh as JSON, in a file or posted to an address, once the version is published."""

import json
import os
import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

import duckdb

from warehouse.settings import Settings

FORM = 1
"""The number of the form of the message; another one when a field changes its meaning or goes."""
TIMEOUT = 5.0
"""Seconds that an address may be silent."""
DEADLINE = 15.0
"""Seconds after which nothing is waited for any more, however slowly it answers."""
PAUSE = 1.0
"""Seconds before the second try."""
_SHOWN = 5
"""Alerts that a refresh prints."""

Message = Mapping[str, Any]
"""What is sent; read_message says what is in it."""


def read_message(connection: duckdb.DuckDBPyConnection) -> Message:
    """The alerts of the newest run, with what they are about.

    form, version, run_id, source_file, is_synthetic, count_customers, built_at and data_since (UTC, ISO 8601), and alerts: a list
    of the rows of segments.alerts, in their order, each with the segment_name of then. No customer is in it.
    """
    about = _rows(connection, "from marts.provenance")[0]
    alerts = _rows(
        connection,
        """
        select
            alerts.* exclude (place),
            coalesce(now.segment_name, before.segment_name) as segment_name
        from segments.alerts as alerts
        semi join segments.newest_run using (run_id)
        left join segments.segments as now using (run_id, segmentation, algorithm, segment_id)
        left join segments.segments as before
            on before.run_id = alerts.previous_run_id
            and before.segmentation = alerts.segmentation
            and before.algorithm = alerts.algorithm
            and before.segment_id = alerts.segment_id
        order by alerts.place
        """,
    )
    return {
        "form": FORM,
        "version": about["version"],
        "run_id": about["version"],
        **{name: about[name] for name in ("source_file", "is_synthetic", "count_customers")},
        **{name: f"{about[name]:%Y-%m-%dT%H:%M:%SZ}" for name in ("built_at", "data_since")},
        "alerts": alerts,
    }


def sentences(message: Message) -> list[str]:
    """What a refresh prints of the alerts: the first few, with the clustering, and how many more there are."""
    alerts = message["alerts"]
    told = [f"{_where(alert)}{alert['sentence']}" for alert in alerts[:_SHOWN]]
    left = len(alerts) - len(told)
    return told + ([f"and {left} more, in segments.alerts"] if left else [])


def _where(alert: Mapping[str, Any]) -> str:
    return f"{alert['segmentation']} {alert['algorithm']}: " if alert["segmentation"] else ""


def deliver(settings: Settings, message: Message, warn: Callable[[str], None]) -> None:
    """Write the message to the file of the settings, and post it to their address if there are alerts in it.

    Never raises for what cannot be delivered: `warn` is told in a line, which has of an address its scheme and host alone.
    """
    text = json.dumps(message, ensure_ascii=False, indent=2) + "\n"
    if settings.alerts_file is not None:
        try:
            settings.alerts_file.parent.mkdir(parents=True, exist_ok=True)
            building = settings.alerts_file.with_name(f".{settings.alerts_file.name}.{os.getpid()}")
            try:
                building.write_text(text, encoding="utf-8")
                building.replace(settings.alerts_file)
            finally:
                building.unlink(missing_ok=True)
        except OSError as error:
            warn(f"ALERTS NOT WRITTEN to {settings.alerts_file}: {error.strerror or type(error).__name__}")
    if settings.alerts_webhook is not None and message["alerts"]:
        problem = _post_in_time(settings.alerts_webhook, text.encode())
        if problem:
            parts = urlsplit(settings.alerts_webhook)
            warn(f"ALERTS NOT SENT to {parts.scheme}://{parts.netloc}: {problem}")


def _post_in_time(address: str, body: bytes) -> str:
    """Post, and try again once; empty, or why it failed. One who answers byte by byte is left after the deadline."""
    problems = ["it did not answer in time"]

    def work() -> None:
        problems.append(_post(address, body))
        if problems[-1] and not problems[-1].startswith("it answered 4"):  # what is refused once is refused again
            time.sleep(PAUSE)
            problems.append(_post(address, body))

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(DEADLINE)
    return problems[0] if worker.is_alive() else problems[-1]


def _post(address: str, body: bytes) -> str:
    """Post once; empty, or why it failed, without the address."""
    headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "mall-customer-segmentation"}
    try:
        with build_opener(_Unmoved).open(Request(address, body, headers, method="POST"), timeout=TIMEOUT):
            return ""
    except HTTPError as error:
        error.close()
        return f"it answered {error.code}"
    except (OSError, HTTPException, ValueError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        return (reason.strerror if isinstance(reason, OSError) else None) or _in_words(reason)


def _in_words(reason: object) -> str:
    return "it did not answer in time" if isinstance(reason, TimeoutError) else type(reason).__name__


class _Unmoved(HTTPRedirectHandler):
    """Follows no redirect: what is told goes where a person said, and nowhere else."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        """Not followed; the opener then raises HTTPError."""


def _rows(connection: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    cursor = connection.execute(sql)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
