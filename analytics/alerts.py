"""What changed from one run to the next beyond what chance explains, and by enough to matter: segments.alerts.

Sizes and means of a segment are held against their noise: how much they would differ had other customers been drawn from the same
population, and been clustered anew. Each run has that as a standard error (analytics/stability.py), and of the difference of two
runs the variance is taken to be the sum of theirs, as of independent draws. Mostly it is smaller, for most customers are in both
runs: their part of the covariance is positive wherever those who were high before are rather high now, and is subtracted
(Kish 1965, Survey Sampling, 12.4; Cochran 1977, Sampling Techniques, 12.10). How alike customers are in both runs cannot be told
of those who are not kept, so the bound stands: false alarms are rarer than promised, and a change must be larger to be told.

A difference over its standard error is held against Student's t. All tests of a run, of every segmentation and algorithm, are
one family: by Holm's procedure (1979), which needs no independence, one refresh in two hundred at most has a false alarm among
them as far as the errors are right, and another one in two hundred among rejected rows. Of millions of customers every
difference is beyond chance, so each kind has a smallest change as well. Where there are no clear segments, another number of
them can be the most reproducible by chance. Then nothing is compared, and none is told as born or gone, unless a person asked
for it; segments.events has it all the same.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
from scipy import stats

from analytics.alert_queries import COME_OR_GONE, LOADS, MEANS, REJECTS, SIZES, STABILITIES
from analytics.alert_words import Told, tell
from analytics.stability import RESAMPLES, STABLE
from analytics.support import MOST

FALSE_ALARMS = 0.01
"""The share of refreshes, at most, in which chance alone gives an alert; half of it is for segments, half for rejected rows."""
SHARE_OF_ALL, SHARE_OF_SEGMENT = 0.01, 0.1
"""The smallest change of a size: so much of all customers, and of the segment."""
DEVIATIONS = 0.2
"""The smallest change of a mean, in standard deviations of all customers: Cohen's small effect (1988)."""
POINTS_OF_CATEGORY = 0.1
"""The smallest change of a share of a segment that has some category."""
REJECTED = 0.01
"""The smallest rise of the share of rows that are rejected."""
MUCH = 2.5
"""A change of so many times the smallest is a warning; for a mean that is Cohen's medium effect, 0.5."""
BANDS = (0.60, STABLE, 0.85)
"""Where the words for a stability change (Hennig 2007)."""
ERRORS_OF_STABILITY = 2.5
"""A stability falls by at least so many standard errors. Other samples of customers differ by that much or less: where nothing had
changed, nobody was told so in 200 pairs of 4,000 customers cut into segments that are not there, and at 2 in one pair of forty."""
_LARGEST = 700.0
"""A logarithm beyond has no number."""
FEWEST = 10
"""A segment of which fewer customers were asked has no noise that could be relied on."""


@dataclass(frozen=True)
class Change:
    """A number of a segment, or of a source, in two runs."""

    told: Told
    """What it is, for the words; its values are those in the units people read."""
    difference: float
    """Now minus before, on the scale it is tested on."""
    error: float
    """The standard error of the difference, on the same scale."""
    freedom: float
    """Degrees of freedom of the error."""
    smallest: float
    """The smallest difference that matters, on the same scale."""

    @property
    def p_value(self) -> float:
        """How probable so large a difference is by chance, to either side (Student)."""
        if self.error > 0:
            return float(2 * stats.t.sf(abs(self.difference) / self.error, self.freedom))
        return float(self.difference == 0)


def beyond_chance(changes: Sequence[Change], rate: float) -> list[tuple[Change, float]]:
    """Those that Holm's procedure (1979) rejects at a family-wise `rate`, each with the difference that chance explains."""
    found = []
    for place, change in enumerate(sorted(changes, key=lambda change: change.p_value)):
        level = rate / (len(changes) - place)
        if change.p_value > level:
            break
        found.append((change, float(stats.t.isf(level / 2, change.freedom)) * change.error))
    return found


def write_alerts(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Compare a run with the last ones before it, and fill segments.loads and segments.alerts of it.

    The other tables of the segments schema must hold the run, and the runs before. A clustering, or source, without an earlier run
    has nothing to compare.
    """
    connection.execute(LOADS, {"run_id": run_id})
    bound = {"run_id": run_id}
    changes = [*_sizes(_rows(connection, SIZES, bound)), *_means(_rows(connection, MEANS, bound))]
    alerts = [
        _told(change, noise)
        for change, noise in beyond_chance(changes, FALSE_ALARMS / 2)
        if abs(change.difference) >= change.smallest
    ]
    alerts += _rejects(_rows(connection, REJECTS, bound))
    alerts += _falls(_rows(connection, STABILITIES, bound))
    alerts += [_come_or_gone(row) for row in _rows(connection, COME_OR_GONE, bound)]
    order = ("rejects", "gone", "born", "size", "profile", "stability")
    places = {key: place for place, key in enumerate(_clusterings(connection, run_id))}
    alerts.sort(key=lambda told: (told.severity != "warning", order.index(told.kind), places.get(told.clustering, 0)))
    rows = [{"run_id": run_id, "place": place, **told.row, "sentence": tell(told)} for place, told in enumerate(alerts, start=1)]
    if rows:
        columns = ", ".join(f"${column} as {column}" for column in rows[0])
        connection.executemany(f"insert into segments.alerts by name select {columns}", rows)


def _rows(connection: duckdb.DuckDBPyConnection, sql: str, bound: dict[str, Any]) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, bound)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _clusterings(connection: duckdb.DuckDBPyConnection, run_id: int) -> list[tuple[str | None, str | None]]:
    return connection.execute(
        "select segmentation, algorithm from segments.runs where run_id = ? order by segmentation_position, algorithm desc",
        [run_id],
    ).fetchall()


def _freedom(row: dict[str, Any]) -> float | None:
    """Degrees of freedom of a row's error: one less than the resamples, or than the customers of the segment who were asked.

    None where they are too few, or where a run has no errors.
    """
    asked = min(row[f"share_{when}"] * min(row[f"count_{when}"], MOST) for when in ("before", "now"))
    return min(RESAMPLES, asked) - 1 if row["error"] is not None and asked >= FEWEST else None


def _sizes(rows: Sequence[dict[str, Any]]) -> list[Change]:
    found = []
    for row in rows:
        before, now, freedom = row["share_before"], row["share_now"], _freedom(row)
        if freedom is not None:
            told = Told.of(row, "size", before, now)
            found.append(Change(told, now - before, row["error"], freedom, max(SHARE_OF_ALL, SHARE_OF_SEGMENT * before)))
    return found


def _means(rows: Sequence[dict[str, Any]]) -> list[Change]:
    """Means are compared on the scale of the models, before it is centred: numbers as they are, or their logarithms."""
    found = []
    for row in rows:
        before, now, freedom = row["value_before"], row["value_now"], _freedom(row)
        if freedom is not None:
            difference = _scaled(now, row["scale"]) - _scaled(before, row["scale"])
            smallest = POINTS_OF_CATEGORY if row["category_value"] is not None else DEVIATIONS * row["standard_deviation"]
            found.append(Change(Told.of(row, "profile", before, now), difference, row["error"], freedom, smallest))
    return found


def _scaled(value: float, scale: str) -> float:
    return float(np.sign(value) * np.log1p(abs(value))) if scale == "log" else value


def _in_units(value: float, scale: str) -> float:
    return float(np.sign(value) * np.expm1(min(abs(value), _LARGEST))) if scale == "log" else value


def _told(change: Change, noise: float) -> Told:
    """The alert of a change, with the values that chance explains."""
    told, middle = change.told, _scaled(change.told.before or 0.0, change.told.scale)
    low, high = (_in_units(middle + end, told.scale) for end in (-noise, noise))
    is_share = told.kind == "size" or told.category is not None
    if is_share:
        low, high = max(0.0, low), min(1.0, high)
    return told.judged(abs(change.difference) >= MUCH * change.smallest, low, high)


def _rejects(rows: Sequence[dict[str, Any]]) -> list[Told]:
    """Sources of which a larger share of rows was rejected: two proportions with a pooled variance, to one side.

    Rows that are in both files make the difference smaller by chance, as customers do, so this is a bound too.
    """
    found = []
    for row in rows:
        before, now = (row[f"rejected_{when}"] / row[f"rows_{when}"] for when in ("before", "now"))
        pooled = (row["rejected_before"] + row["rejected_now"]) / (row["rows_before"] + row["rows_now"])
        error = np.sqrt(pooled * (1 - pooled) * (1 / row["rows_before"] + 1 / row["rows_now"]))
        noise = float(stats.norm.isf(FALSE_ALARMS / 2 / len(rows)) * error)
        if now - before > noise and now - before >= REJECTED:
            told = Told.of(row, "rejects", before, now)
            found.append(told.judged(now - before >= MUCH * REJECTED, 0.0, before + noise))
    return found


def _falls(rows: Sequence[dict[str, Any]]) -> list[Told]:
    """Stabilities that fell by a band, and by more than their noise."""
    found = []
    for row in rows:
        before, now = row["stability_before"], row["stability_now"]
        noise = ERRORS_OF_STABILITY * row["error"] if row["error"] is not None else np.inf
        bands = [int(np.searchsorted(BANDS, value, side="right")) for value in (before, now)]
        if _freedom(row) is not None and bands[1] < bands[0] and before - now > noise:
            is_much = bands[1] == 0 or bands[0] - bands[1] > 1
            found.append(Told.of(row, "stability", before, now).judged(is_much, before - noise, min(1.0, before + noise)))
    return found


def _come_or_gone(row: dict[str, Any]) -> Told:
    """A segment that was not there, or is not any more: a warning where segments are clear and nobody asked for it."""
    is_born = row["share_now"] is not None
    told = Told.of(row, "born" if is_born else "gone", row["share_before"], row["share_now"])
    return told.judged(bool(row["is_clear"]) and not row["is_asked"], None, None)
