"""An alert, and the sentence that tells it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from warehouse.words import inline, number, percent, with_unit

_BANDS = {0.85: "very stable", 0.75: "stable", 0.60: "doubtful", 0.0: "unstable"}
"""By the least stability: its word, as in marts.segment_profiles."""
_ROWS = {
    "customers": "rows of customers",
    "transactions": "lines of transactions",
    "stock": "rows of stock",
    "results": "rows of results",
}


@dataclass(frozen=True)
class Told:
    """What an alert is about, and its values in the units that people read."""

    kind: str
    """size, profile, born, gone, stability or rejects."""
    previous_run_id: int
    before: float | None
    """The value in the previous run; None for a segment that is born."""
    now: float | None
    """The value in this run; None for one that is gone."""
    segmentation: str | None = None
    algorithm: str | None = None
    segment_id: int | None = None
    segment_name: str = ""
    feature: str | None = None
    source: str | None = None
    label: str = ""
    """What people call the feature."""
    unit: str = ""
    """Its unit."""
    scale: str = "linear"
    """linear or log: the scale on which it is tested."""
    category: str | None = None
    """The value whose share the feature is; None for a number."""
    relatives: str = ""
    """The segments that a born or gone one is linked with, named; empty where there is none."""
    severity: str = "note"
    """warning or note."""
    low: float | None = None
    """From here to `high` the value of now could lie by chance."""
    high: float | None = None

    @classmethod
    def of(cls, row: Mapping[str, Any], kind: str, before: float | None, now: float | None) -> "Told":
        """From a row of analytics.alert_queries."""
        return cls(
            kind,
            row["previous_run_id"],
            before,
            now,
            row.get("segmentation"),
            row.get("algorithm"),
            row.get("segment_id"),
            row.get("segment_name") or "",
            row.get("feature"),
            row.get("source"),
            row.get("label") or "",
            row.get("unit") or "",
            row.get("scale") or "linear",
            row.get("category_value"),
            row.get("relatives") or "",
        )

    def judged(self, is_much: bool, low: float | None, high: float | None) -> "Told":
        """The same, as a warning where it is much, with what chance explains."""
        return replace(self, severity="warning" if is_much else "note", low=low, high=high)

    @property
    def clustering(self) -> tuple[str | None, str | None]:
        """Segmentation and algorithm."""
        return self.segmentation, self.algorithm

    @property
    def row(self) -> dict[str, Any]:
        """The columns of segments.alerts that are told here."""
        names = ("previous_run_id", "segmentation", "algorithm", "kind", "severity", "segment_id", "feature", "source")
        values = {"value_before": self.before, "value_now": self.now, "noise_low": self.low, "noise_high": self.high}
        return {name: getattr(self, name) for name in names} | values


def tell(told: Told) -> str:
    """The sentence of an alert."""
    return {
        "size": _size,
        "profile": _profile,
        "born": _born,
        "gone": _gone,
        "stability": _stability,
        "rejects": _rejects,
    }[told.kind](told)


def _size(told: Told) -> str:
    verb = "grew" if _rose(told) else "shrank"
    before, now, low, high = _percents(_values(told))
    return f"“{told.segment_name}” {verb} from {before} to {now} of all customers; chance explains {low} to {high}."


def _profile(told: Told) -> str:
    verb = "rose" if _rose(told) else "fell"
    if told.category is not None:
        what, values = f"the share of {told.label.lower()} {told.category}", _percents(_values(told))
    else:
        what, values = f"the mean {inline(told.label)}", [with_unit(number(value), told.unit) for value in _values(told)]
    before, now, low, high = values
    return f"“{told.segment_name}”: {what} {verb} from {before} to {now}; chance explains {low} to {high}."


def _born(told: Told) -> str:
    of = f", split off what was {told.relatives}" if told.relatives else ""
    return f"“{told.segment_name}” is new{of}: {percent(told.now or 0)} of all customers."


def _gone(told: Told) -> str:
    where = f"; most of its customers are in {told.relatives} now" if told.relatives else ""
    return f"“{told.segment_name}” is gone, which had {percent(told.before or 0)} of all customers{where}."


def _stability(told: Told) -> str:
    before, now, *_ = _values(told)
    return f"“{told.segment_name}” is {_band(now)} now and was {_band(before)}: its stability fell from {before:.2f} to {now:.2f}."


def _rejects(told: Told) -> str:
    what = _ROWS.get(told.source or "", f"rows of {told.source}")
    before, now, _, high = (percent(value) for value in _values(told))
    return f"{now} of the {what} were rejected, {before} the time before; chance explains up to {high}."


def _rose(told: Told) -> bool:
    before, now, *_ = _values(told)
    return now > before


def _values(told: Told) -> list[float]:
    return [value or 0.0 for value in (told.before, told.now, told.low, told.high)]


def _percents(values: list[float]) -> list[str]:
    """Shares as people read them; with a decimal where a change would otherwise read as what chance explains."""
    short = [percent(value) for value in values]
    return [f"{value:.1%}".replace("%", " %") for value in values] if short[1] in short[2:] else short


def _band(stability: float) -> str:
    return next(word for least, word in _BANDS.items() if stability >= least)
