"""How versions are named on disk: v<number>.duckdb, and the link that says which one is current."""

import re
from pathlib import Path

CURRENT = "current.duckdb"
_VERSION = re.compile(r"^v(\d+)\.duckdb$")


def file_name(number: int) -> str:
    """The file of version `number`."""
    return f"v{number}.duckdb"


def version_of(path: Path) -> int:
    """The version number in a file's name. Raises ValueError for a file that is not a version."""
    match = _VERSION.match(path.name)
    if match is None:
        raise ValueError(f"{path} is not a warehouse version (v<number>.duckdb)")
    return int(match.group(1))


def published(directory: Path) -> list[int]:
    """The version numbers in `directory`, oldest first."""
    return sorted(version_of(path) for path in directory.glob("v*.duckdb") if _VERSION.match(path.name))


def current(directory: Path) -> int | None:
    """The version number the link points at, or None when nothing is published."""
    link = directory / CURRENT
    return version_of(link.resolve()) if link.exists() else None
