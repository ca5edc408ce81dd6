"""Which segment a customer would be in: what the form asks, and what SQL answers."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dashboard import format
from dashboard.queries import Row
from warehouse.connection import Snapshot, literal
from warehouse.errors import InputError

_WELL_INSIDE, _BORDER = 0.6, 0.9
"""The distance to the own centre, as a part of that to the next, below which a customer is well inside, and above which between."""


@dataclass(frozen=True)
class Field:
    """Something that customers are clustered on."""

    name: str
    """Its column in features.customer_values."""
    label: str
    unit: str
    stands_in: float | None
    """What stands in where it is not given; None for a category, where it is Unknown."""
    lowest: float | None
    """The smallest number that can be true; None: no limit."""
    highest: float | None
    options: tuple[str, ...]
    """The values of a category; empty for a number."""

    @property
    def title(self) -> str:
        """Label and unit: "Annual income, k$"."""
        return format.title(self.label, self.unit)

    def read(self, text: object) -> float | str | None:
        """What somebody has typed; None for nothing. Raises InputError for what it cannot be."""
        if text is None or text == "":
            return None
        if self.options:
            if text not in self.options:
                raise InputError(f"{self.label}: nobody in the file has that value")
            return str(text)
        try:
            number = float(text) if isinstance(text, str | int | float) else math.nan
        except (ValueError, OverflowError):  # a whole number in JSON may be larger than any with a point
            number = math.nan
        if not math.isfinite(number):
            raise InputError(f"{self.label}: that is not a number")
        low, high = (-math.inf if self.lowest is None else self.lowest), (math.inf if self.highest is None else self.highest)
        if not low <= number <= high:
            raise InputError(f"{self.label}: {format.exact(number)} cannot be true; a file with it would be refused")
        return number


@dataclass(frozen=True)
class Score:
    """The answer of marts.score_customers for one customer."""

    row: Row
    sql: str
    """The statement that gives it, to be run anywhere."""
    missing: tuple[Field, ...]
    """What was not given, and stands in."""


def fields(db: Snapshot, segmentation: str) -> list[Field]:
    """What customers are clustered on in a segmentation, by the place of the columns."""
    options: dict[str, list[str]] = {}
    for row in db.rows("select column_name, value from features.category_encoding order by column_name, code"):
        options.setdefault(row["column_name"], []).append(row["value"])
    rows = db.rows(
        """
        select
            columns.column_name as name,
            columns.label,
            columns.unit,
            max(scaling.imputed_value) as stands_in,
            columns.minimum as lowest,
            columns.maximum as highest
        from segments.scaling as scaling
        semi join segments.newest_run using (run_id)
        inner join marts.customer_columns as columns on columns.column_name = coalesce(scaling.category_column, scaling.feature)
        where segmentation = $1
        group by columns.column_name, columns.label, columns.unit, columns.minimum, columns.maximum, columns.position
        order by columns.position
        """,
        (segmentation,),
    )
    return [Field(**row, options=tuple(options.get(row["name"], ()))) for row in rows]


def score(db: Snapshot, segmentation: str, algorithm: str, asked: Mapping[str, Any]) -> Score | None:
    """Ask SQL for the segment of a customer, by column what was typed; None where nothing was. Raises InputError."""
    own = fields(db, segmentation)
    given = {field.name: field.read(asked.get(field.name)) for field in own}
    if not any(value is not None for value in given.values()):
        return None
    statement = (
        "with customer as (select 'somebody' as customer_id, {}) "
        "from marts.score_customers('customer') where segmentation = {} and algorithm = {}"
    )

    def filled(write: Any) -> str:
        selected = (
            f"cast({write(value)} as {'varchar' if field.options else 'double'}) as {field.name}"
            for field, value in zip(own, given.values(), strict=True)
        )
        return statement.format(", ".join(selected), write(segmentation), write(algorithm))

    (row,) = db.rows(filled(lambda _: "?"), [*given.values(), segmentation, algorithm])
    if row["segment_id"] is None:  # the square of its distance is no number
        raise InputError("that is too far from everybody to tell a segment")
    return Score(row, filled(_literal), tuple(field for field in own if given[field.name] is None))


def how_surely(row: Row) -> str:
    """How the customer lies to the segment and the next one, in words."""
    own, following = row["distance"], row["distance"] + row["margin"]
    numbers = f"{own:.2f} from its centre, {following:.2f} from that of the next, in standard deviations"
    if own >= _BORDER * following:
        return f"Between this and “{row['second_segment_name']}”: {numbers}."
    where = "Well inside it" if own <= _WELL_INSIDE * following else "Nearer to it than to any other"
    return f"{where}; the next is “{row['second_segment_name']}” ({numbers})."


def _literal(value: object) -> str:
    return "null" if value is None else literal(value) if isinstance(value, str) else repr(value)
