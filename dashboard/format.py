"""Numbers as people read them."""

import math
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from warehouse.words import inline as inline
from warehouse.words import number as number
from warehouse.words import percent as percent
from warehouse.words import whole_percent as whole_percent
from warehouse.words import with_unit


def count(number: float) -> str:
    """12403 -> "12,403"."""
    return f"{number:,.0f}"


def sql(text: str) -> str:
    """A statement without the indentation of our source; what stands in a literal is left as it is, ends of lines too."""
    lines, is_ours, inside = text.split("\n"), [], False
    for line in lines:
        is_ours.append(not inside)
        inside ^= line.count("'") % 2 == 1
    margins = [len(line) - len(line.lstrip(" ")) for line, ours in zip(lines, is_ours, strict=True) if ours and line.strip()]
    margin = min(margins, default=0)
    return "\n".join(line[margin:] if ours else line for line, ours in zip(lines, is_ours, strict=True)).strip()


def customers(number: int) -> str:
    """2000 -> "2,000 customers"."""
    return "1 customer" if number == 1 else f"{count(number)} customers"


def signed(value: float) -> str:
    """Three significant digits with the sign of a change: 0.602 -> "+0.602"."""
    return _with_sign(number(value))


def _with_sign(text: str) -> str:
    """A plus before a number above 0."""
    return text if text.startswith("−") or not text.strip("0.") else f"+{text}"


def places(value: float) -> str:
    """Three decimals, for an index between -1 and 1 or so: -0.05 -> "−0.050"."""
    return f"{value:.3f}".replace("-", "−")


def money(value: float | Decimal) -> str:
    """To the cent: -1234.5 -> "−1,234.50"."""
    return f"{value:,.2f}".replace("-", "−")


def exact(value: float) -> str:
    """An edge of a range, not rounded but for what binary fractions add: 1234567.5 -> "1,234,567.5"."""
    text = f"{value:,.12g}"
    return (f"{value:,.0f}" if "e+" in text else text).replace("-", "−")


def level(value: float, everyone: float) -> str:
    """A segment's mean, in the decimals that give everyone's three digits, so that means line up: 42, 59.6 -> "42.0"."""
    decimals = min(4, max(0, 2 - math.floor(math.log10(abs(everyone))))) if everyone else 2
    text = f"{value:,.{decimals}f}"
    return (text.lstrip("-") if not text.strip("-0.,") else text).replace("-", "−")


def difference(value: float, everyone: float) -> str:
    """A mean minus everyone's, in the same decimals and with its sign: 0.602, 59.6 -> "+0.6"."""
    return _with_sign(level(value, everyone))


def quantity(value: float, unit: str) -> str:
    """A number with its unit: "86.5 k$"."""
    return with_unit(number(value), unit)


def title(label: str, unit: str) -> str:
    """What a chart or column shows: "Annual income, k$"."""
    return f"{label}, {unit}" if unit else label


def period(start: date, unit: str) -> str:
    """The week or month that begins on a day: "week of 22 Dec 2025", "March 2026"."""
    return f"{start:%B %Y}" if unit == "month" else f"week of {start:%-d %b %Y}"


def periods(number: int, unit: str) -> str:
    """1, week -> "1 week"; 13, week -> "13 weeks"."""
    return f"{number} {unit}{'' if number == 1 else 's'}"


def ahead(number: int, unit: str, last: date) -> str:
    """Periods and what they follow: "13 weeks after the week of 22 Dec 2025", "6 months after March 2026"."""
    return f"{periods(number, unit)} after {'the ' if unit == 'week' else ''}{period(last, unit)}"


def ago(moment: datetime, now: datetime | None = None) -> str:
    """How long ago a UTC time was: "3 minutes ago"."""
    seconds = ((now or datetime.now(UTC).replace(tzinfo=None)) - moment).total_seconds()
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        if seconds >= length:
            amount = int(seconds // length)
            return f"{amount} {unit}{'s' if amount > 1 else ''} ago"
    return "just now"


def is_older(moment: datetime, age: timedelta, now: datetime | None = None) -> bool:
    """Whether a UTC time is longer ago than an age."""
    return (now or datetime.now(UTC).replace(tzinfo=None)) - moment > age
