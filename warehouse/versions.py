"""How versions are named on disk: v<number>.duckdb, and the link that says which one is current."""

import os
import re
from pathlib import Path

from warehouse.errors import InputError

CURRENT = "current.duckdb"
_VERSION = re.compile(r"^v(\d{1,9})\.duckdb$")


def file_name(number: int) -> str:
    """The file of version `number`."""
    return f"v{number}.duckdb"


def version_of(path: Path) -> int:
    """The version number in a file's name. Raises InputError for a file that is not a version."""
    match = _VERSION.match(path.name)
    if match is None:
        raise InputError(
            f"{path}: is not a warehouse version (v<number>.duckdb), though {CURRENT} points at it; point it at one, or remove it"
        )
    return int(match.group(1))


def files(directory: Path) -> list[Path]:
    """The files of the versions in `directory`, oldest first."""
    found = (path for path in directory.glob("v*.duckdb") if _VERSION.match(path.name))
    return sorted((path for path in found if path.is_file()), key=version_of)  # not a pipe: opening one would never end


def taken(directory: Path) -> list[int]:
    """The version numbers that something in `directory` bears, whether it can be read or not."""
    return [version_of(path) for path in directory.iterdir() if _VERSION.match(path.name)]


def published(directory: Path) -> list[int]:
    """The version numbers in `directory`, oldest first."""
    return [version_of(path) for path in files(directory)]


def current(directory: Path) -> int | None:
    """The version number the link points at, whether its file is there or not; None when nothing is published."""
    link = directory / CURRENT
    return version_of(directory / os.readlink(link)) if link.is_symlink() else None
