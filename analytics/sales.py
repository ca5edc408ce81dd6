"""The forecast of sales: choose a method by its trial on all sales, and make what the segments are expected to buy add up to it.

Everyone's forecast is made by itself, so that it is the same whatever the clustering.
"""

from collections.abc import Sequence

import duckdb
import numpy as np

from analytics.backtest import excess, origins, score, widened, widened_by_others
from analytics.forecast import METHODS, Forecast, part, reconciled, season_correlation
from analytics.points import Floats
from analytics.sales_tables import EVERYONE, NOBODY, Forecasted, Key, Model, Sales, Trial, read_sales, write_sales, write_shortfall

FEWEST_PERIODS = {"week": 26, "month": 18}
"""Complete periods without which nothing is forecast."""
SEASONAL_FROM = 0.5
"""Correlation with the year before from which sales are taken to have a season: beyond what drifting sales without one show."""


def model_sales(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Fill the tables segments.sales_… from features.customer_sales and segments.assignments.

    Where the time is too short, the model's row says so. Without transactions nothing is written.
    """
    sales = read_sales(connection, run_id)
    if sales is None:
        return
    if shortfall := _shortfall(sales):
        write_shortfall(connection, run_id, sales, shortfall)
        return
    model = _model(sales)
    total = METHODS[model.chosen.method](sales.series[EVERYONE], sales.season, len(sales.ahead))
    total = widened(total, model.chosen.excess)
    found = [Forecasted(EVERYONE, total, model.chosen, model.benchmark.score)]
    for clustering in dict.fromkeys(key[1:3] for key in sales.series if key[0] == "segment"):
        family = [key for key in sales.series if key[1:3] == clustering or key == NOBODY]
        found += _parts(sales, family, clustering, model, total)
    write_sales(connection, run_id, sales, model, found)


def _shortfall(sales: Sales) -> str | None:
    """Why nothing can be forecast; None where it can."""
    count, fewest = len(sales.starts), FEWEST_PERIODS[sales.unit]
    if count >= fewest:
        return None
    many = f"no complete {sales.unit}" if count == 0 else f"only {count} complete {sales.unit}{'' if count == 1 else 's'}"
    return f"the transactions span {many}, and fewer than {fewest} are too few"


def _model(sales: Sales) -> Model:
    """Try the methods that come into question on all sales, and choose the one with the smallest error."""
    values, season = sales.series[EVERYONE], sales.season
    correlation = season_correlation(values, season)
    is_seasonal = correlation is not None and correlation >= SEASONAL_FROM
    known, methods = _plan(len(values), season, len(sales.ahead), is_seasonal)
    trials = [_trial(sales, values, known, method, _past(values, season, len(sales.ahead), known, method)) for method in methods]
    chosen = min(trials, key=lambda trial: np.inf if trial.score.mase is None else trial.score.mase)
    benchmark = next(trial for name in ("seasonal naive", "naive") for trial in trials if trial.method == name)
    return Model(correlation, is_seasonal, trials, chosen, benchmark)


def _plan(count: int, season: int, horizon: int, is_seasonal: bool) -> tuple[list[int], Sequence[str]]:
    """The times to try from and the methods that may be chosen: the most that the time is long enough for."""
    seasonal = [("seasonal naive", "year on year"), ("seasonal naive",)] if is_seasonal else []
    flat = ("naive", "exponential smoothing")
    return next(
        (known, methods)
        for methods in (*seasonal, (*flat, "seasonal naive"), flat)
        if (known := origins(count, season, horizon, methods))
    )


def _past(values: Floats, season: int, horizon: int, known: Sequence[int], method: str) -> list[Forecast]:
    return [METHODS[method](values[:origin], season, horizon) for origin in known]


def _trial(sales: Sales, values: Floats, known: Sequence[int], method: str, forecasts: Sequence[Forecast]) -> Trial:
    fair = widened_by_others(values, known, forecasts)
    return Trial(method, known, fair, excess(values, known, forecasts), score(values, sales.season, known, fair))


def _parts(
    sales: Sales, family: Sequence[Key], clustering: tuple[str | None, str | None], model: Model, total: Forecast
) -> list[Forecasted]:
    """The segments of a clustering, and nobody, as parts of everyone; in their trial likewise, by what was known at each time."""
    season, horizon = sales.season, len(sales.ahead)
    everyone, series = sales.series[EVERYONE], [sales.series[key] for key in family]
    known = model.chosen.known
    *past, now = [
        reconciled(whole, [part(values[:origin], everyone[:origin], whole) for values in series])
        for origin, whole in zip([*known, len(everyone)], [*model.chosen.forecasts, total], strict=True)
    ]
    found = []
    for key, values, forecast, *tried in zip(family, series, now, *past, strict=True):
        benchmark = score(values, season, known, _past(values, season, horizon, known, model.benchmark.method))
        trial = _trial(sales, values, known, model.chosen.method, tried)
        found.append(Forecasted((key[0], *clustering, key[3]), widened(forecast, trial.excess), trial, benchmark))
    return found
