"""The weeks or months that are forecast from, and those that are forecast."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import duckdb

HORIZONS = {"week": 13, "month": 6}
"""Periods that are forecast, as far as that is not more than a quarter of those known."""
SEASONS = {"week": 52, "month": 12}
"""Periods of a year."""
FEWEST_PERIODS = {"week": 26, "month": 18}
"""Complete periods without which nothing is forecast."""


@dataclass(frozen=True)
class Calendar:
    """The complete periods of features.sales_periods."""

    unit: str
    """week or month."""
    starts: Sequence[date]
    """(n,) first days of those that were."""
    ahead: Sequence[date]
    """(h,) first days of those that are forecast."""

    @property
    def season(self) -> int:
        """Periods of a year."""
        return SEASONS[self.unit]

    @property
    def horizon(self) -> int:
        """h."""
        return len(self.ahead)

    @property
    def shortfall(self) -> str | None:
        """Why nothing can be forecast; None where it can."""
        count, fewest = len(self.starts), FEWEST_PERIODS[self.unit]
        if count >= fewest:
            return None
        many = f"no complete {self.unit}" if count == 0 else f"only {count} complete {self.unit}{'' if count == 1 else 's'}"
        return f"the transactions span {many}, and fewer than {fewest} are too few"


def read_calendar(connection: duckdb.DuckDBPyConnection) -> Calendar | None:
    """None without transactions."""
    periods = connection.execute(
        "select period_unit, period_start, is_complete from features.sales_periods order by period_start"
    ).fetchall()
    if not periods:
        return None
    unit = str(periods[0][0])
    starts = [start for _, start, is_complete in periods if is_complete]
    horizon = max(1, min(HORIZONS[unit], len(starts) // 4))
    return Calendar(unit, starts, _ahead(connection, unit, starts[-1], horizon) if starts else [])


def _ahead(connection: duckdb.DuckDBPyConnection, unit: str, last: date, horizon: int) -> list[date]:
    """The first days of the periods that follow."""
    found = connection.execute(
        f"select cast($1 + to_{unit}s(cast(unnest(range(1, $2 + 1)) as integer)) as date)", [last, horizon]
    ).fetchall()
    return [start for (start,) in found]
