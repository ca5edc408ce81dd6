"""Reading the sales of everyone and of every segment, and writing their forecasts: the tables segments.sales_…"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import duckdb
import numpy as np

from analytics.backtest import PROBABILITIES, Model, Score, Trial
from analytics.calendar import Calendar
from analytics.forecast import Forecast
from analytics.points import Floats

Key = tuple[str, str | None, str | None, int | None]
"""Level, segmentation, algorithm and segment_id."""
EVERYONE: Key = ("everyone", None, None, None)
NOBODY: Key = ("nobody", None, None, None)


@dataclass(frozen=True)
class Forecasted:
    """What is expected of one series, and how far to believe it."""

    key: Key
    forecast: Forecast
    trial: Trial
    benchmark: Score


def read_sales(connection: duckdb.DuckDBPyConnection, run_id: int) -> dict[Key, Floats]:
    """Fill segments.sales_history and read it: (n,) per series."""
    _write_history(connection, run_id)
    series: dict[Key, list[float]] = {}
    for level, segmentation, algorithm, segment_id, amount in connection.execute(
        "select level, segmentation, algorithm, segment_id, amount from segments.sales_history "
        "order by level, segmentation, algorithm, segment_id, period_start"
    ).fetchall():
        series.setdefault((level, segmentation, algorithm, segment_id), []).append(amount)
    return {key: np.array(values) for key, values in series.items()}


def write_sales(
    connection: duckdb.DuckDBPyConnection, run_id: int, calendar: Calendar, model: Model, forecasted: Sequence[Forecasted]
) -> None:
    """Write the model, the trial of its methods, and every forecast."""
    chosen, benchmark = model.chosen, model.benchmark
    settled = [model.correlation, model.is_seasonal, chosen.method, benchmark.method, len(chosen.known)]
    _write_model(connection, run_id, calendar, settled, None)
    _write_methods(connection, run_id, model)
    for one in forecasted:
        _write_outlook(connection, run_id, one)
        _write_steps(connection, run_id, calendar, one)


def write_shortfall(connection: duckdb.DuckDBPyConnection, run_id: int, calendar: Calendar, shortfall: str) -> None:
    """Write why nothing is forecast."""
    _write_model(connection, run_id, calendar, [None, False, None, None, 0], shortfall)


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
    connection: duckdb.DuckDBPyConnection, run_id: int, calendar: Calendar, settled: Sequence[Any], shortfall: str | None
) -> None:
    first, last = (calendar.starts[0], calendar.starts[-1]) if calendar.starts else (None, None)
    connection.execute(
        "insert into segments.sales_models values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        [run_id, calendar.unit, first, last, len(calendar.starts), len(calendar.ahead), *settled, shortfall],
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


def _write_steps(connection: duckdb.DuckDBPyConnection, run_id: int, calendar: Calendar, one: Forecasted) -> None:
    """What is forecast now, and what was in the trial."""
    for last, starts, forecast in _made(calendar, one):
        connection.execute(
            "insert into segments.sales_forecasts "
            "select $1, $2, $3, $4, $5, $6, unnest($7), unnest($8), unnest($9), unnest($10), unnest($11), unnest($12)",
            [run_id, *one.key, last, starts, *_ends(forecast)],
        )


def _made(calendar: Calendar, one: Forecasted) -> Iterator[tuple[date, list[date], Forecast]]:
    """Every forecast of a series: the last period known, the periods forecast, and what was."""
    yield calendar.starts[-1], list(calendar.ahead), one.forecast
    for known, forecast in zip(one.trial.known, one.trial.forecasts, strict=True):
        yield calendar.starts[known - 1], list(calendar.starts[known : known + len(calendar.ahead)]), forecast


def _ends(forecast: Forecast) -> list[list[float]]:
    """The means, and the lower and upper ends by probability, of each step."""
    bounds = [end for probability in PROBABILITIES for end in forecast.bounds(probability)]
    return [forecast.mean.tolist(), *(end.tolist() for end in bounds)]
