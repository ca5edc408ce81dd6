"""Retention: fit BG/NBD and Gamma-Gamma to the purchase histories of the warehouse, and write the models back.

The models are small: what they say of a customer is SQL, marts.retention_predictions. Each is fitted twice, to the whole time and
to its first two thirds, so that the latter can be held against what came after.
"""

from dataclasses import dataclass

import duckdb
import numpy as np

from analytics.bgnbd import BgNbd, Histories, expected_if_alive, fit_bgnbd
from analytics.gamma_gamma import GammaGamma, fit_gamma_gamma
from analytics.periods import Period, read_periods
from analytics.points import Floats

HORIZON_DAYS = 91
"""Days that are forecast: a quarter of a year, as far as it is not too long for what was observed."""
FEWEST_REPEATING = 50
"""Customers with a repeat purchase without whom nothing is fitted: four parameters would rest on hardly anybody."""
FEWEST_DAYS = 56
"""Days to observe without which nothing is fitted."""
MOST_CUSTOMERS = 100_000
"""More are not fitted to, but that many of them: the parameters no longer change in the second digit."""
_WEEK = 7


@dataclass(frozen=True)
class _Fitted:
    """What came of one period."""

    purchases: BgNbd | None
    amounts: GammaGamma | None
    correlation: float | None
    shortfall: str | None
    amount_shortfall: str | None


def model_retention(connection: duckdb.DuckDBPyConnection, run_id: int) -> None:
    """Fill segments.retention_models and segments.retention_expectations from features.purchase_histories.

    Where customers or time are too few, or the likelihood has no maximum, the model's row says so.
    """
    for period in read_periods(connection):
        read = connection.execute(
            "select repeat_days, days_to_last, days_observed, repeat_amount from features.purchase_histories "
            f"where period = $1 order by hash(customer_id), customer_id limit {MOST_CUSTOMERS}",
            [period.name],
        ).fetchnumpy()
        columns = [np.ma.filled(np.ma.asarray(column, dtype=np.float64), np.nan) for column in read.values()]
        fitted = _fit(period, *columns)
        _write(connection, run_id, period, fitted)


def _fit(period: Period, repeats: Floats, last: Floats, observed: Floats, amounts: Floats) -> _Fitted:
    repeating = repeats > 0
    if shortfall := _shortfall(period, int(repeating.sum())):
        return _Fitted(None, None, None, shortfall, None)
    purchases = fit_bgnbd(Histories(repeats, last / _WEEK, observed / _WEEK))
    if purchases is None:
        return _Fitted(None, None, None, "the purchases do not tell how often customers buy: no model of them fits best", None)
    paid = repeating & (amounts > 0)
    spend = fit_gamma_gamma(repeats[paid], amounts[paid]) if paid.any() else None
    short = None if spend else "the amounts do not tell customers apart: no model of them fits best"
    return _Fitted(purchases, spend, _correlation(repeats[paid], amounts[paid]), None, short)


def _shortfall(period: Period, count_repeating: int) -> str | None:
    """Why a period cannot be fitted; None where it can."""
    if count_repeating == 0:
        return "nobody bought on a second day, so that nothing tells how often customers come again"
    if count_repeating < FEWEST_REPEATING:
        return f"only {count_repeating:,} customers bought on a second day, and fewer than {FEWEST_REPEATING} are too few"
    if period.count_days < FEWEST_DAYS:
        return f"the transactions span only {period.count_days:,} days, and fewer than {FEWEST_DAYS} are too few"
    return None


def _correlation(repeats: Floats, amounts: Floats) -> float | None:
    if len(repeats) < 2 or np.ptp(repeats) == 0 or np.ptp(amounts) == 0:
        return None
    return float(np.corrcoef(repeats, amounts)[0, 1])


def _horizon(period: Period) -> int:
    """Days to forecast from the end of a period."""
    return period.days_after or max(1, min(HORIZON_DAYS, period.count_days // 2))


def _write(connection: duckdb.DuckDBPyConnection, run_id: int, period: Period, fitted: _Fitted) -> None:
    purchases, amounts = fitted.purchases, fitted.amounts
    connection.execute(
        """
        insert into segments.retention_models
        select
            $run_id, $period, $last_day, $horizon_days, count(*), count(*) filter (repeat_days > 0),
            $r, $alpha, $a, $b, $log_likelihood, $p, $q, $gamma, $correlation, $shortfall, $amount_shortfall
        from features.purchase_histories
        where period = $period
        """,
        {
            "run_id": run_id,
            "period": period.name,
            "last_day": period.last_day,
            "horizon_days": _horizon(period),
            **{name: getattr(purchases, name, None) for name in ("r", "alpha", "a", "b", "log_likelihood")},
            **{name: getattr(amounts, name, None) for name in ("p", "q", "gamma")},
            "correlation": fitted.correlation,
            "shortfall": fitted.shortfall,
            "amount_shortfall": fitted.amount_shortfall,
        },
    )
    if purchases is not None:
        _write_expectations(connection, run_id, period, purchases)


def _write_expectations(connection: duckdb.DuckDBPyConnection, run_id: int, period: Period, model: BgNbd) -> None:
    """One row per x and T that a customer has: as many as days squared at most, however many customers."""
    repeats, observed = (
        connection.execute(
            "select distinct repeat_days, days_observed from features.purchase_histories where period = $1 order by all",
            [period.name],
        )
        .fetchnumpy()
        .values()
    )
    expected = expected_if_alive(model, repeats, np.asarray(observed, dtype=np.float64) / _WEEK, _horizon(period) / _WEEK)
    connection.execute(
        "insert into segments.retention_expectations select $1, $2, unnest($3), unnest($4), unnest($5)",
        [run_id, period.name, repeats.tolist(), observed.tolist(), expected.tolist()],
    )
