"""The forecast of sales: that of everyone, and what the segments are expected to buy, made to add up to it.

Everyone's forecast is made by itself, so that it is the same whatever the clustering.
"""

from collections.abc import Sequence

import duckdb

from analytics.backtest import Model, choose, past, score, tried, widened
from analytics.calendar import Calendar
from analytics.forecast import Forecast, part, reconciled
from analytics.points import Floats
from analytics.sales_tables import EVERYONE, NOBODY, Forecasted, Key, read_sales, write_sales, write_shortfall


def model_sales(connection: duckdb.DuckDBPyConnection, run_id: int, calendar: Calendar) -> None:
    """Fill the tables segments.sales_… from features.customer_sales and segments.assignments.

    Where the time is too short, the model's row says so.
    """
    series = read_sales(connection, run_id)
    if calendar.shortfall:
        write_shortfall(connection, run_id, calendar, calendar.shortfall)
        return
    model = choose(series[EVERYONE], calendar.season, calendar.horizon)
    total = model.forecast(series[EVERYONE], calendar.season, calendar.horizon)
    found = [Forecasted(EVERYONE, total, model.chosen, model.benchmark.score)]
    for clustering in dict.fromkeys(key[1:3] for key in series if key[0] == "segment"):
        family = [key for key in series if key[1:3] == clustering or key == NOBODY]
        found += _parts(calendar, series, family, clustering, model, total)
    write_sales(connection, run_id, calendar, model, found)


def _parts(
    calendar: Calendar,
    series: dict[Key, Floats],
    family: Sequence[Key],
    clustering: tuple[str | None, str | None],
    model: Model,
    total: Forecast,
) -> list[Forecasted]:
    """The segments of a clustering, and nobody, as parts of everyone; in their trial likewise, by what was known at each time."""
    season, horizon = calendar.season, calendar.horizon
    everyone, sold = series[EVERYONE], [series[key] for key in family]
    known, method = model.chosen.known, model.chosen.method
    *before, now = [
        reconciled(whole, [part(values[:origin], everyone[:origin], whole) for values in sold])
        for origin, whole in zip([*known, len(everyone)], [*model.chosen.forecasts, total], strict=True)
    ]
    found = []
    for key, values, forecast, *forecasts in zip(family, sold, now, *before, strict=True):
        benchmark = score(values, season, known, past(values, season, horizon, known, model.benchmark.method))
        trial = tried(values, season, known, method, forecasts)
        found.append(Forecasted((key[0], *clustering, key[3]), widened(forecast, trial.excess), trial, benchmark))
    return found
