"""What changed beyond chance: the alerts of the newest run, and the words for them."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from dash import html

from dashboard import format
from dashboard.queries import ALGORITHM_TITLES, Row
from warehouse.connection import Snapshot
from warehouse.errors import ReleaseError

SEVERITIES = {"warning": ("▲ look at it", "doubt"), "note": ("note", "muted")}
"""By severity: its word, and the class it is shown in."""
SQL = """
    select segmentation, algorithm, severity, sentence, value_before, value_now, noise_low, noise_high
    from segments.alerts
    semi join segments.newest_run using (run_id)
    order by place
"""
"""What the list on the History page can be checked with."""
_KINDS = {
    "rejects": ("source with more rejected rows", "sources with more rejected rows"),
    "gone": ("segment gone", "segments gone"),
    "born": ("new segment", "new segments"),
    "size": ("size", "sizes"),
    "profile": ("mean", "means"),
    "stability": ("stability", "stabilities"),
}
"""By kind, in the order of telling: one, and several."""
_ALERTS = """
    select
        alerts.*,
        coalesce(now.colour, before.colour) as colour,
        runs.segmentation_title
    from segments.alerts as alerts
    semi join segments.newest_run using (run_id)
    left join segments.runs as runs using (run_id, segmentation, algorithm)
    left join segments.segments as now using (run_id, segmentation, algorithm, segment_id)
    left join segments.segments as before
        on before.run_id = alerts.previous_run_id
        and before.segmentation = alerts.segmentation
        and before.algorithm = alerts.algorithm
        and before.segment_id = alerts.segment_id
    order by alerts.place
"""


def read(db: Snapshot) -> list[Row]:
    """The alerts of the newest run with the colours of their segments; none in a version of a release that kept none."""
    try:
        return db.rows(_ALERTS)
    except ReleaseError:
        return []


def is_elsewhere(row: Row, segmentation: str, algorithm: str) -> bool:
    """Whether an alert is about another clustering; what was loaded is about all of them."""
    return row["segmentation"] is not None and (row["segmentation"], row["algorithm"]) != (segmentation, algorithm)


def sorted_for(rows: Sequence[Row], segmentation: str, algorithm: str) -> list[Row]:
    """Those of a clustering first, otherwise as they were."""
    return sorted(rows, key=lambda row: is_elsewhere(row, segmentation, algorithm))


def where(row: Row) -> str:
    """The clustering of an alert: "Lifestyle, Ward"."""
    return f"{row['segmentation_title']}, {ALGORITHM_TITLES[row['algorithm']]}"


def summary(rows: Sequence[Row], segmentation: str, algorithm: str) -> str:
    """ "3 things changed: 2 sizes, 1 mean · 4 elsewhere"; empty where nothing did."""
    own = [row for row in rows if not is_elsewhere(row, segmentation, algorithm)]
    others = len(rows) - len(own)
    if not own:
        return f"{_things(others)} changed in other clusterings" if others else ""
    counts = Counter(row["kind"] for row in own)
    kinds = ", ".join(f"{format.count(counts[kind])} {_KINDS[kind][counts[kind] > 1]}" for kind in _KINDS if counts[kind])
    return f"{_things(len(own))} changed: {kinds}" + (f" · {format.count(others)} elsewhere" if others else "")


def _things(count: int) -> str:
    return f"{format.count(count)} thing{'' if count == 1 else 's'}"


def header(rows: Sequence[Row], segmentation: str, algorithm: str) -> list[Any]:
    """What every page says of the alerts: a line that leads to the History page (assets/follow.js); nothing where there is none."""
    said = summary(rows, segmentation, algorithm)
    told = "\n".join(row["sentence"] for row in sorted_for(rows, segmentation, algorithm)[:10])
    return [html.Button(said, className="link", title=told, **{"data-follow": "link-history"})] if said else []  # type: ignore[arg-type]
