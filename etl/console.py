"""What a refresh says while it runs: steps with their times, and a progress bar on a terminal."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn

_PATIENCE = 2.0
"""Seconds a step may take before a bar appears."""


class _Console(Console):
    """A console that falls silent when nobody listens any more: the exit status still tells how the work ended."""

    def on_broken_pipe(self) -> None:
        """Go on in silence; what is left in the buffer goes to /dev/null at the end."""
        with contextlib.suppress(SystemExit):
            super().on_broken_pipe()


class Reporter:
    """Prints readable lines, and remembers how long each step took."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _Console(highlight=False, soft_wrap=True)
        self._seconds: dict[str, float] = {}

    def line(self, title: str, text: str) -> None:
        """Print one line under a title."""
        self._print(f"{title:<12}", text)

    def warn(self, text: str) -> None:
        """Print a line that must not be missed."""
        self._print(text, style="bold yellow")

    def _print(self, *words: str, style: str | None = None) -> None:
        try:
            self._console.print(*words, style=style, markup=False)
        except OSError:  # a log on a full disk
            self._console.on_broken_pipe()

    @contextlib.contextmanager
    def step(self, name: str) -> Iterator[Callable[[int, int], None]]:
        """Time a step. The block gets a function to report (done, total) to; a bar shows when the step takes a while."""
        started = time.monotonic()
        columns = (TextColumn("{task.description:<12}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn())
        bar = Progress(*columns, console=self._console, transient=True, disable=not self._console.is_terminal)
        task = bar.add_task(name, total=None, visible=False)

        def progress(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        def reveal() -> None:
            bar.update(task, visible=True)

        with bar, _after(_PATIENCE, reveal):
            yield progress
        self._seconds[name] = time.monotonic() - started

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
