"""What the gate asks of the values of the customers: whether they are there, in their unit, and none hides the others."""

from dataclasses import dataclass

import duckdb

from etl.accounts import LoadReport
from etl.gate import MUCH_MISSING, Gate
from etl.vocabulary import CUSTOMERS
from warehouse.columns import Column

_MANY = 50
_MOST_OF_ONE = 0.5
"""From this share of the spread of at least so many customers on, one customer hides the others."""


def ask_of_values(gate: Gate, connection: duckdb.DuckDBPyConnection, loaded: LoadReport) -> None:
    """What can be right and should be looked at: ids that are made, units, decimal marks, missing values."""
    if not loaded.has_ids:
        gate.warned(
            "Customer ids",
            "There is no column of customer ids; they are made from the rows' values, so a customer whose values change "
            'counts as a new one. A MAPPING file can name the column: [columns] "..." = "customer_id"',
        )
    for warning in loaded.warnings:
        gate.warned("Reading", warning)
    for column in loaded.columns:
        if column.kind in ("numeric", "category"):
            values = _read_values(connection, column)
            _ask_of_missing(gate, column, values)
            _ask_of_unit(gate, column, values)
            _ask_of_extreme(gate, column, values)


@dataclass(frozen=True)
class _Values:
    """The values of a column of the customers; what is no number is None."""

    count_customers: int = 0
    count_values: int = 0
    median: float | None = None
    mean: float | None = None
    variance: float | None = None
    lowest: float | None = None
    highest: float | None = None


def _read_values(connection: duckdb.DuckDBPyConnection, column: Column) -> _Values:
    """In one pass: every pass casts the text of the source anew."""
    asked = ["count", "median", "avg", "var_pop", "min", "max"] if column.kind == "numeric" else ["count"]
    told = ", ".join(f"{name}({column.name})" for name in asked)
    return _Values(*(connection.execute(f"select count(*), {told} from staging.customers").fetchone() or ()))


def _ask_of_missing(gate: Gate, column: Column, values: _Values) -> None:
    held, total = values.count_values, values.count_customers
    if column.kind == "numeric" and not held:
        gate.refuse(
            "Missing values",
            f"column '{column.source_header}' has no value in any row",
            f'fill it, or leave it out in a MAPPING file: [columns] "{column.source_header}" = "ignore"',
            can_force=False,
        )
    if held < total:
        share = f"{(total - held) / total:.1%}"
        say = gate.warned if (total - held) > MUCH_MISSING * total else gate.passed
        say("Missing values", f"{column.label}: {total - held:,} of {total:,} ({share}) have none and are filled in.")


def _ask_of_extreme(gate: Gate, column: Column, values: _Values) -> None:
    """Whether one customer among many makes up most of the spread: then the others look alike beside them, and no group shows."""
    count, mean, lowest, highest = values.count_values, values.mean, values.lowest, values.highest
    if column.scale != "linear" or count < _MANY or not values.variance or mean is None or lowest is None or highest is None:
        return
    farthest = max(lowest, highest, key=lambda value: abs(value - mean))
    share = (farthest - mean) ** 2 / (count * values.variance)
    if share > _MOST_OF_ONE:
        gate.warned(
            "Extremes",
            f"{column.label}: one customer with {farthest:,.10g} makes up {share:.0%} of the spread of all {count:,}, so that the "
            f"others look alike. Mend the value if it is mistyped; if it is true, {_on_log_scale(column)}",
        )


def _on_log_scale(column: Column) -> str:
    """How a person has a column clustered by its logarithm."""
    header = f'[columns] "{column.source_header.strip()}"'
    if column.name in CUSTOMERS.names:
        return f'say in a MAPPING file: {header} = {{ column = "{column.name}", scale = "log" }}'
    return f'add scale = "log" to {header} in the MAPPING file: {{ kind = "numeric", scale = "log", ... }}'


def _ask_of_unit(gate: Gate, column: Column, values: _Values) -> None:
    if column.usual is None or values.median is None or column.usual[0] <= values.median <= column.usual[1]:
        return
    median, (low, high) = values.median, column.usual
    factors = [f for f in (1_000.0, 10.0, 100.0, 1e6, 0.01, 0.1, 0.001) if low <= median / f <= high]
    remedy = f", divide_by = {factors[0] * column.divide_by:g}" if factors else ", divide_by = ..."
    gate.warned(
        "Units",
        f"{column.label}: half of the customers are above {median:,.10g} {column.unit}, where {low:g} to {high:g} is usual. If the "
        f'file has another unit, say so in a MAPPING file: [columns] "{column.source_header.strip()}" = '
        f'{{ column = "{column.name}"{remedy} }}',
    )
