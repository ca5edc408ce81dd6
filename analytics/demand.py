"""The demand for items: how many pieces are expected, and how many have to be there so that they last with some probability.

All pieces together are forecast like sales. An item is its smoothed share of them: of thousands of items, each too seldom sold to
show a season of its own, all have that of everything. What that leaves unexplained is the error that safety stock is made for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb
import numpy as np
from scipy import stats

from analytics.backtest import Model, Trial, choose
from analytics.calendar import Calendar
from analytics.forecast import Forecast, error_covariance
from analytics.points import Floats, Labels

LEVELS = (0.8, 0.9, 0.95, 0.98, 0.99)
"""Service levels: the probabilities with which the pieces last."""
RECENT = {"week": 26, "month": 12}
"""Periods within which an item was sold that is planned."""
SMOOTHINGS = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5)
"""How much of the newest share an item's smoothed one takes; each item has the one that would have erred least."""
_FIRST = 8
"""Shares whose mean the smoothing starts from."""


@dataclass(frozen=True)
class Demand:
    """What is expected of m items within the next 1, 2, … h periods together."""

    expected: Floats
    """(m, h) pieces."""
    deviation: Floats
    """(m, h) standard deviations of the errors."""

    def needed(self, level: float) -> Floats:
        """(m, h) pieces that last with a probability: of a gamma distribution, which is never below 0 and leans to more.

        At least those expected, where hardly anything is ever sold and half of the time nothing.
        """
        is_sure = (self.deviation <= 0) | (self.expected <= 0)
        expected, deviation = (np.where(is_sure, 1.0, values) for values in (self.expected, self.deviation))
        quantile = stats.gamma.ppf(level, (expected / deviation) ** 2, scale=deviation**2 / expected)
        return np.where(is_sure, self.expected, np.maximum(self.expected, quantile))


@dataclass(frozen=True)
class Tried:
    """What was expected at one time of the past, and what came."""

    demand: Demand
    came: Floats
    """(m, h) pieces, summed up to each step."""


def model_demand(connection: duckdb.DuckDBPyConnection, run_id: int, calendar: Calendar) -> None:
    """Fill the tables segments.demand_… from features.item_demand. Where the time is too short, the model's row says so."""
    kinds = connection.execute("select distinct item_kind from features.item_demand order by 1").fetchall()
    models: dict[bytes, Model] = {}  # products and categories mostly stand on the same lines, and so have the same pieces together
    for (kind,) in kinds:
        items, pieces = _read(connection, kind, calendar.starts)
        if calendar.shortfall:
            _write_model(connection, run_id, kind, len(items), 0, None, calendar.shortfall)
            continue
        whole = pieces.sum(axis=1)
        known = whole.tobytes()
        if known not in models:
            models[known] = choose(whole, calendar.season, calendar.horizon)
        model, recent = models[known], _recent(pieces, calendar)
        _write_model(connection, run_id, kind, len(recent), len(items) - len(recent), model.chosen.method, None)
        trial = _try(pieces, calendar, model.chosen)
        demand = forecast(pieces[:, recent], whole, model.forecast(whole, calendar.season, calendar.horizon))
        _write_forecasts(connection, run_id, kind, [items[place] for place in recent], demand)
        _write_trial(connection, run_id, kind, trial)


def forecast(pieces: Floats, whole: Floats, total: Forecast) -> Demand:
    """The demand for items: (n, m) pieces of each and (n,) of everything until now, and the forecast of everything."""
    horizon = len(total.mean)
    is_sold = whole > 0
    if not is_sold.any():
        nothing = np.zeros((pieces.shape[1], horizon))
        return Demand(nothing, nothing)
    share, variance, smoothing = smoothed(pieces[is_sold] / whole[is_sold, None])
    # the error of a share stays with it from period to period as far as it is smoothed into it
    squared = np.outer(total.mean, total.mean) + total.covariance
    shared = np.array([_summed(error_covariance({"smoothing_level": rate}, horizon) * squared) for rate in SMOOTHINGS])
    spread = variance[:, None] * shared[smoothing] + share[:, None] ** 2 * _summed(total.covariance)
    return Demand(share[:, None] * np.cumsum(total.mean), np.sqrt(np.maximum(spread, 0)))


def smoothed(shares: Floats) -> tuple[Floats, Floats, Labels]:
    """Of (n, m) shares the (m,) levels at the end, the variances of the errors one step ahead, and the place of the smoothing."""
    first = shares[:_FIRST].mean(axis=0)
    best = np.full(shares.shape[1], np.inf)
    level, place = first.copy(), np.zeros(shares.shape[1], dtype=np.int64)
    for number, rate in enumerate(SMOOTHINGS):
        at, squares = first.copy(), np.zeros(shares.shape[1])
        for share in shares:
            error = share - at
            squares += error**2
            at = at + rate * error
        better = squares < best
        best, level, place = np.where(better, squares, best), np.where(better, at, level), np.where(better, number, place)
    return level, best / max(1, len(shares) - 2), place


def _summed(covariance: Floats) -> Floats:
    """(h,) variances of the sums of the first 1, 2, … h steps."""
    return np.diag(covariance.cumsum(axis=0).cumsum(axis=1)).copy()


def _read(connection: duckdb.DuckDBPyConnection, kind: str, starts: Sequence[date]) -> tuple[list[str], Floats]:
    """The m items and the (n, m) pieces of each that were sold in each complete period."""
    items = [
        item
        for (item,) in connection.execute(
            "select distinct item from features.item_demand where item_kind = $1 order by 1", [kind]
        ).fetchall()
    ]
    found = connection.execute(
        """
        select list_position($2, period_start) - 1 as period, dense_rank() over (order by item) - 1 as place, quantity
        from features.item_demand
        where item_kind = $1
        qualify period is not null
        """,
        [kind, list(starts)],
    ).fetchnumpy()
    pieces = np.zeros((len(starts), len(items)))
    pieces[np.asarray(found["period"], dtype=np.int64), np.asarray(found["place"], dtype=np.int64)] = found["quantity"]
    return items, pieces


def _write_model(
    connection: duckdb.DuckDBPyConnection,
    run_id: int,
    kind: str,
    count: int,
    left_out: int,
    method: str | None,
    shortfall: str | None,
) -> None:
    connection.execute(
        "insert into segments.demand_models values ($1, $2, $3, $4, $5, $6)", [run_id, kind, count, left_out, method, shortfall]
    )


def _recent(pieces: Floats, calendar: Calendar) -> Labels:
    """The places of the items that were sold lately."""
    return np.flatnonzero(pieces[-RECENT[calendar.unit] :].any(axis=0))


def _try(pieces: Floats, calendar: Calendar, chosen: Trial) -> list[Tried]:
    """The items that would have been planned at each time of the trial of everything."""
    found = []
    for origin, total in zip(chosen.known, chosen.forecasts, strict=True):
        before = pieces[:origin]
        planned = _recent(before, calendar)
        came = pieces[origin : origin + calendar.horizon, planned].cumsum(axis=0).T
        found.append(Tried(forecast(before[:, planned], before.sum(axis=1), total), came))
    return found


def _write_forecasts(connection: duckdb.DuckDBPyConnection, run_id: int, kind: str, items: list[str], demand: Demand) -> None:
    horizon = demand.expected.shape[1]
    columns = [demand.expected, demand.deviation, *(demand.needed(level) for level in LEVELS)]
    connection.execute(
        "insert into segments.demand_forecasts select $1, $2, $3[unnest($4)], unnest($5), unnest($6), unnest($7), unnest($8), "
        "unnest($9), unnest($10), unnest($11), unnest($12)",
        [
            *(run_id, kind, items),
            np.repeat(np.arange(1, len(items) + 1), horizon).tolist(),
            np.tile(np.arange(1, horizon + 1), len(items)).tolist(),
            *(column.ravel().tolist() for column in columns),
        ],
    )


def _write_trial(connection: duckdb.DuckDBPyConnection, run_id: int, kind: str, trial: Sequence[Tried]) -> None:
    """How far what was said to be needed would have lasted."""
    came = np.concatenate([one.came for one in trial])
    for level in LEVELS:
        needed = np.concatenate([np.ceil(one.demand.needed(level)) for one in trial])
        served, asked = np.minimum(came, needed).sum(axis=0), came.sum(axis=0)
        rates = [float(part / whole) if whole else None for part, whole in zip(served, asked, strict=True)]
        connection.execute(
            "insert into segments.demand_trials select $1, $2, unnest($3), $4, $5, unnest($6), unnest($7)",
            [run_id, kind, list(range(1, came.shape[1] + 1)), level, len(came), (came <= needed).mean(axis=0).tolist(), rates],
        )
