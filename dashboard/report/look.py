"""The look of every picture: fonts and greys, keys, and the PNG itself. Nothing here touches pyplot."""

import textwrap
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from io import BytesIO
from typing import ParamSpec

import matplotlib
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedFormatter, FixedLocator, MaxNLocator, StrMethodFormatter

from dashboard import scales
from dashboard.palette import segment_colour
from dashboard.report.data import Feature, Segment

INK = "#1f2937"
QUIET = "#6b7280"
EVERYONE = "#b6bcc6"
"""Grey is everyone, on every page."""
DOTS_PER_INCH = 144
_NAME_WIDTH = 44
_MOST_MARKS = 7
"""Values marked along an axis on a log scale."""

Arguments = ParamSpec("Arguments")


def styled(draw: Callable[Arguments, Figure]) -> Callable[Arguments, Figure]:
    """Draw in the report's style, without leaving it behind for others."""

    @wraps(draw)
    def wrapper(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Figure:
        with _style():
            return draw(*args, **kwargs)

    return wrapper


def blank(width: float, height: float, title: str) -> Figure:
    """An empty figure of a size in inches, with its title at the top left."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    lines = textwrap.wrap(title, int(width * 8.5), max_lines=2, placeholder="…")
    figure.suptitle("\n".join(lines), x=0.01, ha="left")
    return figure


def png(figure: Figure) -> bytes:
    """The figure as a PNG; equal figures give equal bytes."""
    target = BytesIO()
    with _style():
        figure.savefig(target, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    return target.getvalue()


def plain_numbers(axis: Axis, *, whole: bool = False) -> None:
    """Label an axis in plain numbers with thousands separators; `whole` for counts."""
    axis.set_major_locator(MaxNLocator("auto", steps=[1, 2, 5, 10], integer=whole))
    axis.set_major_formatter(StrMethodFormatter("{x:,.10g}"))


def numbers_of(axis: Axis, feature: Feature) -> None:
    """Label the axis of a feature, on which values stand as `scales.seen` places them."""
    if feature.scale != scales.LOG:
        plain_numbers(axis)
        return
    low, high = axis.get_view_interval()
    marked = scales.marks(low, high, _MOST_MARKS)
    axis.set_major_locator(FixedLocator(scales.seen(marked, scales.LOG).tolist()))
    axis.set_major_formatter(FixedFormatter(scales.short(marked)))


def short(text: str, width: int = _NAME_WIDTH) -> str:
    """A text that fits beside a mark; what is cut off ends in an ellipsis."""
    line = " ".join(text.split())
    return line if len(line) <= width else line[: width - 1].rstrip() + "…"


def segment_label(segment: Segment) -> str:
    """What a picture calls a segment: its permanent number and its name."""
    return f"{segment.segment_id}  {short(segment.name)}"


def segment_key(segments: Sequence[Segment]) -> list[Line2D]:
    """Marks and labels that tell which colour and number is which segment."""
    return [
        Line2D([], [], linestyle="", marker="o", markersize=7, color=segment_colour(each.colour), label=segment_label(each))
        for each in segments
    ]


@contextmanager
def _style() -> Iterator[None]:
    """The style while a figure is made or drawn: ticks and their labels are made as late as that."""
    with (
        matplotlib.rc_context(
            {
                "axes.axisbelow": True,
                "axes.edgecolor": EVERYONE,
                "axes.labelcolor": INK,
                "axes.spines.left": False,
                "axes.spines.right": False,
                "axes.spines.top": False,
                "axes.titlelocation": "left",
                "axes.titlesize": 12,
                "axes.titleweight": "bold",
                "figure.titlesize": 13,
                "figure.titleweight": "bold",
                "font.family": "DejaVu Sans",  # comes with Matplotlib, so a picture is the same on every machine
                "font.size": 10,
                "grid.color": "#e5e7eb",
                "legend.frameon": False,
                "text.color": INK,
                "text.parse_math": False,  # "k$ … k$" is money, not a formula
                "xtick.color": QUIET,
                "xtick.labelcolor": INK,
                "ytick.color": QUIET,
                "ytick.labelcolor": INK,
                "ytick.left": False,
            }
        ),
        warnings.catch_warnings(),
    ):
        # A name in a script the font lacks is drawn as boxes; the page beside it has the name as text.
        warnings.filterwarnings("ignore", message="Glyph .* missing from font")
        yield
