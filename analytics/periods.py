"""The periods that models of transactions are fitted to: the whole time, and its first two thirds for a trial on the rest."""

from dataclasses import dataclass
from datetime import date

import duckdb


@dataclass(frozen=True)
class Period:
    """What is known of one period."""

    name: str
    """whole or calibration."""
    last_day: date
    """Its last day."""
    count_days: int
    """Days from the first sale to the last day, both included."""
    days_after: int
    """Days that follow it in the transactions; 0 for the whole time."""


def read_periods(connection: duckdb.DuckDBPyConnection) -> list[Period]:
    """The periods by features.observation; none without transactions, and no calibration where nothing follows it."""
    rows = connection.execute(
        "select first_day, calibration_day, last_day from features.observation where last_day is not null"
    ).fetchall()
    return [
        Period(name, end, (end - first).days + 1, (last - end).days)
        for first, middle, last in rows
        for name, end in (("whole", last), ("calibration", middle))
        if name == "whole" or middle < last
    ]
