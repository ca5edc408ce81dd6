"""A filter as data: what the browser sends, checked against what exists, as SQL with bound values and as English.

The browser names a dimension and an operator; both are looked up, never pasted. Values are always bound.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dashboard import format
from warehouse.connection import literal
from warehouse.errors import InputError
from warehouse.words import with_unit

_MOST_LISTED = 10_000
"""More values than a category has on a page are nobody's choice."""
BOX = "*"
"""Joins the two dimensions of a box: annual_income_k*spending_score."""


@dataclass(frozen=True)
class Dimension:
    """What can be filtered by: a column of marts.customers."""

    name: str
    """The column."""
    kind: str
    """numeric, category or segment."""
    label: str
    """What people call it."""
    unit: str = ""
    """Unit of its values."""
    names: Mapping[int, str] | None = None
    """Segment names by segment_id, for a segment."""
    scale: str | None = None
    """linear or log, for a number."""
    is_in_cube: bool = True
    """Whether the page draws it; the cube has no room for every column."""


@dataclass(frozen=True)
class Clause:
    """One condition: SQL with placeholders, the values they stand for, and English."""

    sql: str
    values: tuple[Any, ...]
    english: str


def where(clauses: Sequence[Clause]) -> tuple[str, list[Any]]:
    """The clauses as one condition, with its values; "true" without any."""
    return " and ".join(clause.sql for clause in clauses) or "true", [value for clause in clauses for value in clause.values]


def inlined(clauses: Sequence[Clause]) -> str:
    """The clauses as one condition that can be run as it stands, for people to copy."""
    condition, values = where(clauses)
    first, *rest = condition.split("?")  # our own SQL, which has a question mark for values only
    return first + "".join(_literal(value) + part for value, part in zip(values, rest, strict=True))


def _literal(value: Any) -> str:
    return literal(value) if isinstance(value, str) else repr(value)


def english(clauses: Sequence[Clause]) -> str:
    """The clauses in words: "age 20–34 years, gender Female"."""
    return ", ".join(clause.english for clause in clauses) or "everyone"


def parse(filters: object, dimensions: Mapping[str, Dimension]) -> list[Clause]:
    """Turn the browser's filters into clauses. Raises InputError for anything that is not one of ours."""
    if filters is None:
        return []
    if not isinstance(filters, Mapping):
        raise InputError("the filters are not a mapping of dimensions")
    return [_clause(str(name), condition, dimensions) for name, condition in filters.items()]


def _clause(name: str, condition: object, dimensions: Mapping[str, Dimension]) -> Clause:
    chosen = [dimensions.get(part) for part in name.split(BOX)]
    operator = condition.get("op") if isinstance(condition, Mapping) else None
    if not isinstance(condition, Mapping) or not isinstance(operator, str) or operator not in _OPERATORS:
        raise InputError(f"the filter on {name[:80]} has no known operator")
    kinds, make = _OPERATORS[operator]
    if [dimension.kind if dimension else "" for dimension in chosen] not in kinds:
        raise InputError(f"there is no such filter on {name[:80]}")
    try:
        return make([dimension for dimension in chosen if dimension], condition.get("value"))
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"the filter on {name[:80]} has a value of the wrong form") from error


def _between(dimensions: Sequence[Dimension], value: Any) -> Clause:
    (dimension,) = dimensions
    low, high = (_number(edge) for edge in value)
    return Clause(
        f"({dimension.name} >= ? and {dimension.name} < ?)",
        (low, high),
        f"{format.inline(dimension.label)} {format.exact(low)} to under {with_unit(format.exact(high), dimension.unit)}",
    )


def _box(dimensions: Sequence[Dimension], value: Any) -> Clause:
    first, second = (_between([dimension], edges) for dimension, edges in zip(dimensions, value, strict=True))
    return Clause(f"({first.sql} and {second.sql})", first.values + second.values, f"{first.english} and {second.english}")


def _in(dimensions: Sequence[Dimension], value: Any) -> Clause:
    (dimension,) = dimensions
    values, marks, names = _listed(dimension, value)
    return Clause(f"{dimension.name} in ({marks})", values, f"{format.inline(dimension.label)} {' or '.join(names)}")


def _not_in(dimensions: Sequence[Dimension], value: Any) -> Clause:
    (dimension,) = dimensions
    values, marks, names = _listed(dimension, value)
    told = f"{format.inline(dimension.label)} not {', not '.join(names)}"
    return Clause(f"{dimension.name} not in ({marks})", values, told)


def _listed(dimension: Dimension, value: Any) -> tuple[tuple[Any, ...], str, list[str]]:
    """Values of a category or segments, their placeholders, and what they are called."""
    if not isinstance(value, list) or not 0 < len(value) <= _MOST_LISTED:
        _refuse()
    if dimension.kind == "segment":
        values, called = [_segment_id(item) for item in value], dimension.names or {}
        names = [called.get(item, f"segment {item}") for item in values]
    else:
        values = names = [_text(item) for item in value]
    return tuple(values), ", ".join("?" for _ in values), names


def _number(value: Any) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)  # a bool is an int in Python
    return float(value) if is_number and math.isfinite(value) else _refuse()


def _text(value: Any) -> str:
    return value.encode().decode() if isinstance(value, str) else _refuse()  # half a surrogate pair raises a ValueError


def _segment_id(value: Any) -> Any:
    is_id = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31
    return value if is_id else _refuse()


def _refuse() -> Any:
    raise ValueError


_OPERATORS: dict[str, tuple[list[list[str]], Callable[[Sequence[Dimension], Any], Clause]]] = {
    "between": ([["numeric"]], _between),
    "box": ([["numeric", "numeric"]], _box),
    "in": ([["category"], ["segment"]], _in),
    "not_in": ([["category"], ["segment"]], _not_in),
}
