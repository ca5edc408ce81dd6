"""Reading the sales of everyone and of every segment, and writing their forecasts: the tables segments.sales_…"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np

from analytics.backtest import PROBABILITIES, Score
from analytics.forecast import Forecast
from analytics.points import Floats

HORIZONS = {"week": 13, "month": 6}
"""Periods that are forecast, as far as that is not more than a quarter of those known."""
SEASONS = {"week": 52, "month": 12}
"""Periods of a year."""

Key = tuple[str, str | None, str | None, int | None]
"""Level, segmentation, algorithm and segment_id."""
EVERYONE: Key = ("everyone", None, None, None)
NOBODY: Key = ("nobody", None, None, None)


@dataclass(frozen=True)
class Sales:
    """What was sold until now."""

    unit: str
    """week or month."""
    starts: Sequence[date]
    """(n,) first days of the complete periods."""
    ahead: Sequence[date]
    """(h,) first days of those that are forecast."""
    series: dict[Key, Floats]
    """(n,) each."""

    @property
    def season(self) -> int:
        """Periods of a year."""
        return SEASONS[self.unit]


@dataclass(frozen=True)
class Trial:
    """How one method did on one series."""

    method: str
    known: Sequence[int]
    """(o,) periods known at each time it was tried from."""
    forecasts: Sequence[Forecast]
    """(o,) with intervals as wide as the other times made them."""
    excess: float
    """How much more than the method says its forecasts are off as a whole."""
    score: Score


@dataclass(frozen=True)
class Model:
    """How all series are forecast."""

    correlation: float | None
    """With the year before."""
    is_seasonal: bool
    trials: Sequence[Trial]
    """Of the methods, on all sales."""
    chosen: Trial
    benchmark: Trial


@dataclass(frozen=True)
class Forecasted:
    """What is expected of one series, and how far to believe it."""

    key: Key
    forecast: Forecast
    trial: Trial
    benchmark: Score


def read_sales(connection: duckdb.DuckDBPyConnection, run_id: int) -> Sales | None:
    """Fill segments.sales_history and read it; None without transactions."""
    calendar = connection.execute(
        "select period_unit, period_start, is_complete from features.sales_periods order by period_start"
    ).fetchall()
    if not calendar:
        return None
    _write_history(connection, run_id)
    series: dict[Key, list[float]] = {}
    for *key, amount in connection.execute(
        "select level, segmentation, algorithm, segment_id, amount from segments.sales_history "
        "order by level, segmentation, algorithm, segment_id, period_start"
    ).fetchall():
        series.setdefault((key[0], key[1], key[2], key[3]), []).append(amount)
    unit = str(calendar[0][0])
    starts = [start for _, start, is_complete in calendar if is_complete]
    horizon = max(1, min(HORIZONS[unit], len(starts) // 4))
    ahead = _ahead(connection, unit, starts[-1], horizon) if starts else []
    return Sales(unit, starts, ahead, {key: np.array(values) for key, values in series.items()})


def write_sales(
    connection: duckdb.DuckDBPyConnection, run_id: int, sales: Sales, model: Model, forecasted: Sequence[Forecasted]
) -> None:
    """Write the model, the trial of its methods, and every forecast."""
    chosen, benchmark = model.chosen, model.benchmark
    settled = [model.correlation, model.is_seasonal, chosen.method, benchmark.method, len(chosen.known)]
    _write_model(connection, run_id, sales, settled, None)
    _write_methods(connection, run_id, model)
    for one in forecasted:
        _write_outlook(connection, run_id, one)
        _write_steps(connection, run_id, sales, one)


def write_shortfall(connection: duckdb.DuckDBPyConnection, run_id: int, sales: Sales, shortfall: str) -> None:
    """Write why nothing is forecast."""
    _write_model(connection, run_id, sales, [None, False, None, None, 0], shortfall)


def _ahead(connection: duckdb.DuckDBPyConnection, unit: str, last: date, horizon: int) -> list[date]:
    """The first days of the periods that follow."""
    found = connection.execute(
        f"select cast($1 + to_{unit}s(cast(unnest(range(1, $2 + 1)) as integer)) as date)", [last, horizon]
    ).fetchall()
    return [start for (start,) in found]


def _write_history(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Of everyone, of each segment, and of nobody where anything was sold to nobody known; 0 where nothing was sold."""
    connection.execute(
        """
        insert into segments.sales_history
        with periods as (
            select period_start
            from features.sales_periods
            where is_complete
        ),

        bought as (
            from features.customer_sales
            semi join periods using (period_start)
        ),

        sold as (
            select 'everyone' as level, null as segmentation, null as algorithm, null as segment_id, period_start, amount
            from bought

            union all

            select 'segment' as level, segmentation, algorithm, segment_id, period_start, amount
            from bought
            inner join segments.assignments using (customer_id)

            union all

            select 'nobody' as level, null as segmentation, null as algorithm, null as segment_id, period_start, amount
            from bought
            anti join segments.assignments using (customer_id)
        ),

        summed as (
            select level, segmentation, algorithm, segment_id, period_start, cast(sum(amount) as double) as amount
            from sold
            group by all
        ),

        series as (
            select distinct level, segmentation, algorithm, segment_id
            from summed

            union

            select 'segment' as level, segmentation, algorithm, segment_id
            from segments.assignments
        )

        select
            $1 as run_id,
            series.level,
            series.segmentation,
            series.algorithm,
            series.segment_id,
            periods.period_start,
            coalesce(summed.amount, 0) as amount
        from series
        cross join periods
        left join summed
            on summed.level = series.level
            and summed.segmentation is not distinct from series.segmentation
            and summed.algorithm is not distinct from series.algorithm
            and summed.segment_id is not distinct from series.segment_id
            and summed.period_start = periods.period_start
        order by all
        """,
        [run_id],
    )


def _write_model(
    connection: duckdb.DuckDBPyConnection, run_id: int, sales: Sales, settled: Sequence[Any], shortfall: str | None
) -> None:
    first, last = (sales.starts[0], sales.starts[-1]) if sales.starts else (None, None)
    connection.execute(
        "insert into segments.sales_models values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        [run_id, sales.unit, first, last, len(sales.starts), len(sales.ahead), *settled, shortfall],
    )


def _write_methods(connection: duckdb.DuckDBPyConnection, run_id: int, model: Model) -> None:
    for trial in model.trials:
        found = trial.score
        connection.execute(
            "insert into segments.sales_methods values ($1, $2, $3, $4, $5, $6, $7, $8)",
            [run_id, trial.method, found.mase, found.bias, *found.coverage, trial is model.chosen, trial is model.benchmark],
        )


def _write_outlook(connection: duckdb.DuckDBPyConnection, run_id: int, one: Forecasted) -> None:
    own = one.trial.score
    connection.execute(
        "insert into segments.sales_outlooks values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)",
        [
            *(run_id, *one.key, *(ends[0] for ends in _ends(one.forecast.summed()))),
            *(own.mase, one.benchmark.mase, own.bias, *own.coverage),
        ],
    )


def _write_steps(connection: duckdb.DuckDBPyConnection, run_id: int, sales: Sales, one: Forecasted) -> None:
    """What is forecast now, and what was in the trial."""
    for last, starts, forecast in _made(sales, one):
        connection.execute(
            "insert into segments.sales_forecasts "
            "select $1, $2, $3, $4, $5, $6, unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12)",
            [run_id, *one.key, last, starts, *_ends(forecast)],
        )


def _made(sales: Sales, one: Forecasted) -> Iterator[tuple[date, list[date], Forecast]]:
    """Every forecast of a series: the last period known, the periods forecast, and what was."""
    yield sales.starts[-1], list(sales.ahead), one.forecast
    for known, forecast in zip(one.trial.known, one.trial.forecasts, strict=True):
        yield sales.starts[known - 1], list(sales.starts[known : known + len(sales.ahead)]), forecast


def _ends(forecast: Forecast) -> list[list[float]]:
    """The means, and the lower and upper ends by probability, of each step."""
    bounds = [end for probability in PROBABILITIES for end in forecast.bounds(probability)]
    return [forecast.mean.tolist(), *(end.tolist() for end in bounds)]
