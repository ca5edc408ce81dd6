"""What a refresh says while it runs: its steps with their times and rates, and on a terminal how far the step is."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import accumulate

import duckdb
from rich.console import Console
from rich.constrain import Constrain
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from warehouse.progress import Progress
from warehouse.words import printable

_PATIENCE = 2.0
"""Seconds a step may take before it shows."""
_MANY = 10_000
"""So many have a rate. Of fewer it tells nothing: what they take is mostly the same for one as for all."""
_WIDEST = 100
"""Characters that are enough for a step."""


class _Console(Console):
    """A console that falls silent when nobody listens any more: the exit status still tells how the work ended."""

    def on_broken_pipe(self) -> None:
        """Go on in silence; what is left in the buffer goes to /dev/null at the end."""
        with contextlib.suppress(SystemExit):
            super().on_broken_pipe()


@dataclass
class Step:
    """A step of a refresh. It is a Progress: call it to say how far it is."""

    name: str
    """What it is called."""
    amount: float
    """How much there is to work on; 0 where that is not known."""
    unit: str
    """What that is counted in."""
    within: Callable[[], float]
    """How much of the part that is done now is behind it, in percent; negative where nobody knows."""
    started: float = field(default_factory=time.monotonic)
    """When it began, on the monotonic clock."""
    _what: str = ""
    _done: int = 0
    _total: int = 0
    _part: float = 0.0
    _start: float = 0.0
    _width: float = 1.0

    def __call__(self, done: int, total: int, what: str) -> None:
        """Remember that so many parts of all are done, and what is done now."""
        self._what, self._done, self._total, self._part = what, done, total, 0.0

    def split(self, sizes: Sequence[float], unit: str) -> Iterator[Progress]:
        """The progress of works of these sizes, one after the other; all of them together are what there is to work on."""
        self.amount, self.unit = sum(sizes), unit
        whole = sum(sizes) or 1

        def of(before: float, size: float) -> Progress:
            def progress(done: int, total: int, what: str) -> None:
                self._start, self._width = before / whole, size / whole
                self(done, total, what)

            return progress

        return map(of, accumulate(sizes, initial=0.0), sizes)

    @property
    def seconds(self) -> float:
        """How long it has taken."""
        return time.monotonic() - self.started

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1. A part may be several statements: it is never told to be whole, and never goes back."""
        self._part = max(self._part, min(self.within(), 99) / 100)
        return self._start + self._width * (self._done + self._part) / self._total if self._total else 0

    def rate(self, share: float = 1) -> str:
        """How much a second, to three digits, when so much of the whole is done; empty where it tells nothing."""
        done = self.amount * share / self.seconds
        return f"{float(f'{done:.3g}'):,.0f}" if done and self.amount >= _MANY else ""

    def __rich__(self) -> Constrain:
        """Draw it on one line."""
        share = self.share
        percent = int(100 * share)
        rate = self.rate(share) if percent else ""
        minutes, seconds = divmod(int(self.seconds), 60)
        cells = (
            (Text(self.name), Column(width=12)),
            (Text(self._what), Column(width=25, no_wrap=True, overflow="ellipsis")),
            (ProgressBar(1, share), Column(ratio=1)),
            (Text(f"{percent}%" if percent else ""), Column(width=4, justify="right")),
            (Text(f"{rate} {self.unit}/s" if rate else ""), Column(width=21, justify="right", no_wrap=True)),
            (Text(f"{minutes}:{seconds:02}"), Column(width=6, justify="right", no_wrap=True)),
        )
        line = Table.grid(*(column for _, column in cells), padding=(0, 1, 0, 0), expand=True)
        line.add_row(*(cell for cell, _ in cells))
        return Constrain(line, _WIDEST)


class Reporter:
    """Prints readable lines, and remembers how long each step took."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _Console(highlight=False, soft_wrap=True)
        self._seconds: dict[str, float] = {}
        self._within: Callable[[], float] = lambda: -1

    def watch(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Show how far a statement is that takes long: DuckDB tells another thread without waiting for it."""
        if self._console.is_interactive:
            connection.execute("set enable_progress_bar_print = false; set enable_progress_bar = true")
            self._within = connection.query_progress

    def line(self, title: str, text: str) -> None:
        """Print one line under a title."""
        self._print(f"{title:<12}", text)

    def warn(self, text: str) -> None:
        """Print a line that must not be missed."""
        self._print(text, style="bold yellow")

    def _print(self, *words: str, style: str | None = None) -> None:
        self._do(lambda: self._console.print(*map(printable, words), style=style, markup=False))

    def _do(self, action: Callable[[], None]) -> None:
        """Do what writes to the console."""
        try:
            action()
        except OSError:  # a log on a full disk, a terminal that was closed
            self._console.on_broken_pipe()

    @contextlib.contextmanager
    def step(self, name: str, title: str, amount: float = 0, unit: str = "customers") -> Iterator[Step]:
        """Time a step. When it takes a while, a terminal shows how far it is, and with its end a line under `title` says its rate.

        The block gets the step, to say how far it is, and what it worked on where that shows only then.
        """
        step = Step(name, amount, unit, self._within)
        live = Live(get_renderable=lambda: step, console=self._console, transient=True, refresh_per_second=4)
        with contextlib.ExitStack() as ending:
            if self._console.is_interactive:
                ending.callback(self._do, live.stop)
                ending.enter_context(_after(_PATIENCE, lambda: self._do(live.start)))
            yield step
        self._seconds[name] = step.seconds
        rate = step.rate()
        if step.seconds > _PATIENCE and rate:
            self.line(title, f"{step.amount:,.0f} {step.unit} in {step.seconds:.1f} s, {rate} a second")

    def times(self) -> str:
        """The steps so far with their seconds, and the total."""
        steps = [f"{name} {seconds:.1f} s" for name, seconds in self._seconds.items()]
        return " · ".join([*steps, f"total {sum(self._seconds.values()):.1f} s"])


@contextlib.contextmanager
def _after(seconds: float, action: Callable[[], None]) -> Iterator[None]:
    """Run `action` once `seconds` have gone by, unless the block has ended before."""
    timer = threading.Timer(seconds, action)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()  # or what it begins would begin after the end
