"""What the warehouse knows of a customer column: its name, kind, label and unit."""

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "numeric", "category", "text"]


@dataclass(frozen=True)
class Column:
    """One column of the customers source under the name the warehouse gives it."""

    name: str
    """The column's name in every relation, e.g. annual_income_k."""
    kind: Kind
    """id, numeric (a feature), category (profiled, encoded) or text (carried as it came)."""
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
    source_header: str = ""
    """The header of the source, as it came."""

    @property
    def title(self) -> str:
        """The label with its unit: "Annual income, k$"."""
        return f"{self.label}, {self.unit}" if self.unit else self.label
