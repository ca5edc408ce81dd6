"""Which files a path means: one file, those of a folder, or those of a pattern."""

import contextlib
import glob
import hashlib
import re
from pathlib import Path

from warehouse.errors import InputError


def find_files(given: Path) -> list[tuple[Path, str]]:
    """Every file that `given` means, in order of its name, with the name to show for it.

    A folder means the files in it; a path with *, ? or [ that is no file itself is a pattern (** goes into folders). Names
    that begin with a point or an underscore are passed over: systems leave those behind.
    Raises InputError when there is none.
    """
    try:
        if given.is_dir():
            found = sorted(path for path in given.iterdir() if path.is_file() and path.name[0] not in "._")
            if not found:
                raise InputError(f"{given}: is a folder without files; give a file, a folder of files or a pattern: '{given}/**/*'")
            return [(path, printable(str(Path(given.name) / path.name))) for path in found]
        if given.exists() or not glob.has_magic(str(given)):
            return [(given, printable(given.name))]
    except (OSError, ValueError) as error:
        raise InputError(f"{short(given)}: cannot be read: {getattr(error, 'strerror', None) or error}") from error
    matches = _matches(given)
    if not matches:
        raise InputError(f"{given}: no file matches this pattern")
    root = _common(matches)
    return [(path, printable(str(path.relative_to(root)))) for path in matches]


def count_bytes(given: Path) -> int:
    """The size of every file that `given` means; 0 where none can be found, which is for whoever reads them to say."""
    with contextlib.suppress(InputError, OSError):
        return sum(path.stat().st_size for path, _ in find_files(given))
    return 0


def _matches(pattern: Path) -> list[Path]:
    """The files of a pattern, each once. Links to folders are not followed by **: they may lead back to where they are."""
    anchor = Path(pattern.anchor) if pattern.is_absolute() else Path()
    try:
        found = sorted(path for path in anchor.glob(str(pattern.relative_to(anchor))) if path.is_file())
    except (OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{short(pattern)}: is no pattern that can be followed: {error}") from error
    named = set(pattern.parts)
    seen = [path for path in found if all(part[0] not in "._" or part in named for part in path.parts)]
    return list({path.resolve(): path for path in reversed(seen)}.values())[::-1]


def _common(paths: list[Path]) -> Path:
    folders = [set(path.parents) for path in paths]
    return max(set.intersection(*folders), key=lambda folder: len(folder.parts))


def printable(name: str) -> str:
    r"""A name that can be stored and shown: a byte that is no text stands as \xe9, so that no two names look alike."""
    return name.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="backslashreplace")


def short(path: Path) -> str:
    """A path for a message, cut where it is endless."""
    text = printable(str(path))
    return text if len(text) <= 300 else f"{text[:150]} … {text[-50:]}"


def fingerprint(path: Path) -> str:
    """SHA-256 of a file's bytes, hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def first_line(error: Exception) -> str:
    """What DuckDB says of a file, without its own name for the kind of error."""
    return re.sub(r"^\w+( \w+)* Error: ", "", str(error).splitlines()[0])
