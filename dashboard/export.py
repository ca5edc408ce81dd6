"""Rows as the lines of a CSV file that no spreadsheet takes for anything but text and numbers."""

from collections.abc import Iterator

import pandas as pd

FORMULA = r"^[=+\-@\t\r]"
"""How a text begins that a spreadsheet would take for a formula."""
_CHUNK = 10_000


def csv_lines(frame: pd.DataFrame) -> Iterator[str]:
    """The file, some thousand rows at a time; a text that begins like a formula gets an apostrophe before it."""
    texts = frame.select_dtypes(["object", "string"]).columns
    safe = frame.assign(**{name: frame[name].replace(f"({FORMULA})", r"'\1", regex=True) for name in texts})
    yield from (
        safe[start : start + _CHUNK].to_csv(index=False, header=start == 0) for start in range(0, max(len(safe), 1), _CHUNK)
    )
