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
    # a part is smoothed once, however many clusterings have it: sales to nobody are part of each
    wholes = list(zip([*model.chosen.known, len(series[EVERYONE])], [*model.chosen.forecasts, total], strict=True))
    alone = {
        key: [part(values[:origin], series[EVERYONE][:origin], whole) for origin, whole in wholes]
        for key, values in series.items()
        if key != EVERYONE
    }
    found = [Forecasted(EVERYONE, total, model.chosen, model.benchmark.score)]
    for clustering in dict.fromkeys(key[1:3] for key in series if key[0] == "segment"):
        family = [key for key in series if key[1:3] == clustering or key == NOBODY]
        # by time, then by series
        adding_up = [reconciled(whole, parts) for (_, whole), *parts in zip(wholes, *(alone[key] for key in family), strict=True)]
        found += [
            _forecasted(calendar, (key[0], *clustering, key[3]), series[key], forecasts, model)
            for key, *forecasts in zip(family, *adding_up, strict=True)
        ]
    write_sales(connection, run_id, calendar, model, found)


def _forecasted(calendar: Calendar, key: Key, values: Floats, forecasts: Sequence[Forecast], model: Model) -> Forecasted:
    """A part of everyone: its forecasts at each time of the trial, and now."""
    season, known = calendar.season, model.chosen.known
    *before, now = forecasts
    trial = tried(values, season, known, model.chosen.method, before)
    plain = past(values, season, calendar.horizon, known, model.benchmark.method)
    return Forecasted(key, widened(now, trial.excess), trial, score(values, season, known, plain))
