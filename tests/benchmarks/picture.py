"""The picture of growth: seconds of each step and peak memory of a refresh, by the number of customers."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tests.benchmarks.workshop import Refreshed

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#8c6d31")
_INK = "#222222"
MOST_GIGABYTES = 4
"""Of memory a refresh is to take at most, whatever the number of customers."""
_APART = 1.25
"""How many times higher a label stands at least than the one below it."""
_LEAST = 0.1
"""Seconds: what is below cannot be told, as steps are said to a tenth."""


def draw(path: Path, found: Mapping[int, Refreshed], steps: Sequence[str]) -> None:
    """Draw refreshes by number of customers into a file."""
    counts = list(found)
    figure = Figure(figsize=(10, 4.5), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(3, 2))
    colours = dict(zip([name for name in steps if name != "total"], _COLOURS, strict=False))
    lines = {name: [max(_LEAST, each.steps[name]) for each in found.values()] for name in steps}
    for name, seconds in lines.items():
        left.plot(counts, seconds, marker="o", markersize=3, color=colours.get(name, _INK), linewidth=2 if name == "total" else 1.2)
    _label_ends(left, counts[-1], {name: seconds[-1] for name, seconds in lines.items()}, colours)
    memory = [each.measure.peak_gigabytes for each in found.values()]
    right.plot(counts, memory, marker="o", markersize=3, color=_INK)
    for count, value in zip(counts, memory, strict=True):
        right.annotate(f"{value:.2g}", (count, value), xytext=(0, 6), textcoords="offset points", ha="center", fontsize=9)
    left.set_title("Seconds of each step", loc="left", fontsize=11)
    right.set_title(f"Peak memory in GB, at most {MOST_GIGABYTES} (dotted)", loc="left", fontsize=11)
    for axes in (left, right):
        axes.set(xscale="log", yscale="log", xlabel="customers")
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(alpha=0.25, linewidth=0.5)
    right.axhline(MOST_GIGABYTES, color=_INK, linewidth=0.8, linestyle=":")
    right.set_ylim(min(memory) / 2, MOST_GIGABYTES * 1.5)
    right.set_yticks([size for size in (0.125, 0.25, 0.5, 1, 2, 4, 8) if size > min(memory) / 2], minor=False)
    for axis in (left.yaxis, right.yaxis):
        axis.set_major_formatter("{x:g}")
        axis.set_minor_formatter("")
    left.set_xlim(right=counts[-1] * (counts[-1] / counts[0]) ** 0.25)
    for axes in (left, right):
        axes.set_xticks(counts, [_short(count) for count in counts])
        axes.xaxis.set_minor_formatter("")
    figure.savefig(path, dpi=110)


def _short(count: int) -> str:
    """10000 as 10 k, 1000000 as 1 M."""
    return f"{count / 1e6:g} M" if count >= 1e6 else f"{count / 1e3:g} k"


def _label_ends(axes: Axes, end: int, heights: Mapping[str, float], colours: Mapping[str, str]) -> None:
    """Write the names at the ends of their lines, moved up where they would stand on each other."""
    last = 0.0
    for name, height in sorted(heights.items(), key=lambda each: each[1]):
        last = max(height, last * _APART)
        axes.annotate(
            name, (end, last), xytext=(6, 0), textcoords="offset points", va="center", fontsize=9, color=colours.get(name, _INK)
        )
