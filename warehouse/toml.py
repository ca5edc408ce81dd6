"""Reading the TOML files that people write: mappings and segmentations."""

import tomllib
from pathlib import Path
from typing import Any

from warehouse.errors import InputError

MOST_LETTERS = 200
"""Of what a file calls something: it stands beside charts and in the heads of tables."""


def read_toml(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. Raises InputError naming it, where it cannot be read or is no TOML."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):  # a pipe might never end
            raise InputError(f"{path}: is no file")
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # Windows editors put a mark in front
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:  # also numbers of thousands of digits
        raise InputError(f"{path}: is not TOML: {str(error)[:200]}") from error
