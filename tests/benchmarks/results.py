"""Tables of a benchmark in Markdown, and the places in RESULTS.md where they stand."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from tests.benchmarks.measure import machine

_HOUR = 3600
RESULTS = Path(__file__).parent / "RESULTS.md"
OTHERS = Path("data/bench/RESULTS.md")
"""Where other numbers of customers than those of the targets go."""


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    return "\n".join(f"| {' | '.join(row)} |" for row in [head, ["---"] * len(head), *rows])


def dated(*parts: str) -> str:
    """Paragraphs and tables under the day and the machine they were measured on."""
    return "\n\n".join([f"{date.today():%Y-%m-%d}: {machine()}", *parts])


def save(name: str, text: str, results: Path = RESULTS) -> None:
    """Put text between the marks of a block, in the place of the one before; a block that is not there yet comes last."""
    start, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    old = results.read_text(encoding="utf-8") if results.exists() else ""
    if start not in old:
        old = f"{old.rstrip()}\n\n{start}\n\n{end}\n".lstrip()
    head, _, rest = old.partition(start)
    _, mark, after = rest.partition(end)
    if not mark:
        raise ValueError(f"{results}: {start} is never closed by {end}")
    results.write_text(f"{head}{start}\n\n{text}\n\n{end}{after}", encoding="utf-8")


def in_seconds(value: float) -> str:
    """A time, to what can be told of it."""
    if value < 10:
        return f"{value:.2f} s"
    return f"{value:,.0f} s" if value < _HOUR else f"{value / _HOUR:,.1f} hours"


def in_milliseconds(value: float) -> str:
    """A time given in milliseconds, to what can be told of it."""
    return f"{value:.1f} ms" if value < 100 else f"{value:,.0f} ms"


def in_gigabytes(value: float) -> str:
    """An amount of memory or disk."""
    return f"{value:.2f} GB"


def in_times(value: float) -> str:
    """A ratio."""
    return f"{value:.2f} ×" if value < 10 else f"{value:,.0f} ×"


def met(is_met: bool) -> str:
    """Whether a target is reached."""
    return "yes" if is_met else "**no**"
