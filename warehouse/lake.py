"""What is as large as the customers, kept beside the file of a version: in a folder of Parquet files that the file has views over.

That is how a cluster leaves a version (warehouse/spark). The views name the folder by its whole path.
"""

import json
import re
from pathlib import Path

import duckdb

from warehouse.connection import IN_FILES, ROWS, Snapshot, literal
from warehouse.errors import InputError

_FOLDER = re.compile(r"^v\d{1,9}(\.\d+)?\.parquet$")


def folder_of(version: Path, edition: int = 1) -> Path:
    """Where a version, v<number>.duckdb, keeps what is as large as its customers; in its next edition, once it is written anew."""
    return version.with_name(f"{version.stem}{f'.{edition}' if edition > 1 else ''}.parquet")


def lakes(directory: Path, version: Path | None = None) -> list[Path]:
    """The folders in which versions, or one of them, keep what is as large as their customers."""
    found = (path for path in directory.glob("v*.parquet") if _FOLDER.match(path.name) and path.is_dir())
    return sorted(path for path in found if version is None or version_with(path) == version)


def version_with(folder: Path) -> Path:
    """The version that a folder belongs to."""
    return folder.with_name(folder.name.split(".")[0] + ".duckdb")


def lake_of(version: Path) -> Path | None:
    """The folder that a version reads; None where it reads none, or cannot be read itself."""
    with duckdb.connect(":memory:") as connection:
        try:
            connection.execute(f"attach {literal(version)} as version (read_only)")
        except duckdb.Error:
            return None
        found = list(folders(connection, "version").values())
    return found[0].parent if found else None


def lake_in(snapshot: Snapshot) -> Path | None:
    """The folder that an open version reads; None where it reads none."""
    return snapshot.once("lake", lambda db: next((_folder(row["path"]).parent for row in db.rows(IN_FILES, ["warehouse"])), None))


def seal(lake: Path) -> None:
    """Write down how many rows each folder of a lake has."""
    with duckdb.connect(":memory:") as connection:
        counts = {
            folder.name: (connection.execute(f"select count(*) {rows_of(folder)}").fetchone() or (0,))[0]
            for folder in sorted(lake.iterdir())
            if folder.is_dir() and any(folder.glob("*.parquet"))
        }
    (lake / ROWS).write_text(json.dumps(counts))


def refuse_pattern(path: Path) -> None:
    """Raise InputError for a path that a cluster would take for a pattern, or for an address, whatever it is told."""
    if odd := re.search(r"[\[\]{}*?\\:]", str(path)):
        raise InputError(f"{path}: ENGINE=spark cannot read a path with {odd.group()} in it: give it another name")


def next_edition(lake: Path) -> Path:
    """The folder that takes the place of a lake which is written anew."""
    edition = int(lake.name.split(".")[1]) if lake.name.count(".") > 1 else 1
    return folder_of(version_with(lake), edition + 1)


def rows_of(folder: Path) -> str:
    """SQL: the rows of the Parquet files of a folder."""
    return f"from read_parquet({literal(folder / '*.parquet')}, hive_partitioning = false)"


def folders(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, Path]:
    """By relation of a database that lies in Parquet files, the folder of these."""
    return {relation: _folder(path) for relation, path in connection.execute(IN_FILES, [database]).fetchall()}


def _folder(path: str) -> Path:
    """The folder of a path with a pattern, as it stands in a statement."""
    return Path(path.replace("''", "'")).parent
