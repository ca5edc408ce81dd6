"""Writing the report: beside the old one first, then in its place, so that an interrupted report leaves the old one whole."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from dashboard.report.contents import Report
from dashboard.report.page import GENERATOR, render
from warehouse.errors import InputError

PAGE = "index.html"


def write_report(report: Report, directory: Path) -> None:
    """Write the page and the pictures to `directory`, in place of an earlier report.

    Raises InputError where that cannot be done, or where the directory holds anything but a report.
    """
    directory = directory.expanduser().resolve()
    try:
        with _replaced(directory) as draft:
            for picture in (*report.pictures, *(picture for section in report.sections for picture in section.pictures)):
                (draft / picture.file).write_bytes(picture.png)
            (draft / PAGE).write_text(render(report), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{directory}: cannot write the report there: {error.strerror or error}") from error


@contextmanager
def _replaced(directory: Path) -> Iterator[Path]:
    """Yield an empty directory that takes the place of `directory` once the block has ended well."""
    if directory.exists() and not _may_go(directory):
        raise InputError(f"{directory}: holds files that are not a report; give REPORT=dir a directory of its own")
    directory.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=directory.parent, prefix=f".{directory.name}-") as scratch:
        new, old = Path(scratch, "new"), Path(scratch, "old")
        new.mkdir()
        yield new
        if directory.exists():
            directory.rename(old)
        try:
            new.rename(directory)
        except BaseException:
            if old.exists():
                old.rename(directory)
            raise


def _may_go(directory: Path) -> bool:
    """Whether the directory is empty, or an earlier report and nothing else."""
    if not directory.is_dir():
        return False
    files = list(directory.iterdir())
    page = directory / PAGE
    if not files:
        return True
    is_ours = page.is_file() and f'content="{GENERATOR}"' in page.read_text(encoding="utf-8", errors="replace")[:1_000]
    return is_ours and all(file == page or (file.suffix == ".png" and file.is_file()) for file in files)
