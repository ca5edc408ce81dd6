"""What the warehouse knows of a column: its name, kind, label and unit."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "numeric", "category", "time", "text", "ignore"]
Scale = Literal["linear", "log"]


@dataclass(frozen=True)
class Column:
    """One column of a source, or a feature made of several, under the name the warehouse gives it."""

    name: str
    """The column's name in every relation, e.g. annual_income_k."""
    kind: Kind
    """id, numeric (a feature), category (profiled, encoded), time, text (carried as it came) or ignore (not loaded)."""
    label: str
    """What a person calls it, e.g. Annual income."""
    unit: str = ""
    """The unit of the values, e.g. k$; empty where there is none."""
    short: str = ""
    """The label in a segment's name, e.g. income."""
    minimum: float | None = None
    """The smallest value that can be true; None where any can."""
    maximum: float | None = None
    """The largest value that can be true; None where any can."""
    divide_by: float = 1.0
    """What a number of the source is divided by to get the unit."""
    scale: Scale = "linear"
    """How the models see the number: as it is, or by the logarithm of one more than it."""
    decimal_mark: str = "."
    """The decimal mark of the source's numbers."""
    date_order: str = ""
    """day or month: what comes first in dates such as 03/04/2024; empty where no such date is."""
    source_header: str = ""
    """The header of the source, as it came; empty for an id made from the other values."""
    usual: tuple[float, float] | None = None
    """Between which the median of many customers lies; elsewhere the unit is probably another one."""

    @property
    def title(self) -> str:
        """The label with its unit: "Annual income, k$"."""
        return f"{self.label}, {self.unit}" if self.unit else self.label
