"""Fetching the Kaggle file: `python -m etl.fetch`, or `make data`. Needs the optional extra `data` (kagglehub)."""

import shutil
import sys
from pathlib import Path

from etl.files import fingerprint
from etl.options import KAGGLE_FILE
from warehouse.errors import InputError, MallError, refuse

DATASET = "vjchoudhary7/customer-segmentation-tutorial-in-python"
SHA256 = "416a4f62a8f33841a16e1db5297f0e05d3b65b05e73632cedae58e739e1e1f77"
_BY_HAND = f"download Mall_Customers.csv of the Kaggle dataset {DATASET} by hand and put it at {KAGGLE_FILE}"


def verify(path: Path) -> None:
    """Check that a file is the published one, byte by byte. Raises InputError when it is not."""
    found = fingerprint(path)
    if found != SHA256:
        raise InputError(f"{path}: is not the published file: its SHA-256 is {found}, not {SHA256}; {_BY_HAND}")


def fetch(target: Path = KAGGLE_FILE) -> None:
    """Download the file to `target` unless it is there. Raises InputError when it cannot be had, saying what to do."""
    if target.exists():
        verify(target)
        return
    try:
        import kagglehub

        folder = Path(kagglehub.dataset_download(DATASET))
    except Exception as error:  # kagglehub raises whatever its network library does
        raise InputError(f"the Kaggle file could not be fetched ({type(error).__name__}); {_BY_HAND}") from error
    source = folder / target.name
    if not source.exists():
        raise InputError(f"the Kaggle dataset no longer holds {target.name}; {_BY_HAND}")
    verify(source)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, target)


def main() -> int:
    """The command line; returns the exit status."""
    try:
        fetch()
    except MallError as error:
        return refuse("data", error)
    print(f"{KAGGLE_FILE}: verified, as published on Kaggle")
    return 0


if __name__ == "__main__":
    sys.exit(main())
