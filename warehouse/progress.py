"""What a long piece of work tells whoever waits for it."""

from collections.abc import Callable
from itertools import count

Progress = Callable[[int, int, str], None]
"""Called before each part of the work with the number of parts done, the number to do, and what is done now."""


def silent(done: int, total: int, what: str) -> None:
    """Nobody waits."""


def counted(progress: Progress, total: int) -> Callable[[str], None]:
    """A function that is told what is done now, and counts the parts."""
    done = count()
    return lambda what: progress(next(done), total, what)
