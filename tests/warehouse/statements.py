"""What the tests of statements of strangers share: tight limits, a statement without end, and what one leaves behind."""

import hashlib
import os
import time
from collections.abc import Callable
from pathlib import Path

from warehouse.sandbox import Limits, Sandbox

TIGHT = Limits(seconds=1, memory_mb=256)
ENDLESS = "select count(*) from range(1000000000000000)"
"""A day of it: a thousand millions take a tenth of a second."""


def token() -> str:
    return os.urandom(16).hex()


def leftovers(sandbox: Sandbox) -> list[str]:
    """Files of statements that are still wanted."""
    return [path.name for path in sandbox._slots._folder().glob("wanted-*")]


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def until(holds: Callable[[], object], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)
