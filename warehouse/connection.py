"""Opening the warehouse: readers that never block a refresh, and the one builder that writes a version.

A published version is an immutable file. A reader opens the file that `current.duckdb` points at, by its real path: DuckDB
hands out the old database for a path it already holds, so the link's own path must never be opened by a long-lived process.
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from warehouse.errors import InputError, NotPublishedError
from warehouse.versions import CURRENT, version_of

STORAGE_VERSION = "v1.5.0"
"""The file format readable by duckdb-cli 1.5 and by other tools of that age."""

Parameters = Sequence[Any] | Mapping[str, Any]


class Snapshot:
    """One published version, opened read-only: every query through it answers from the same data."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.version = version_of(path)
        self._connection = duckdb.connect(str(path), read_only=True)

    def rows(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """Run `sql` with bound `parameters`; one dict per row, keyed by column name."""
        cursor = self._cursor(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """Run `sql` and return the first column of its first row, or None without a row."""
        row = self._cursor(sql, parameters).fetchone()
        return row[0] if row else None

    def columns(self, sql: str, parameters: Parameters = ()) -> dict[str, list[Any]]:
        """Run `sql` and return one list per column: the shape the browser and the charts want."""
        cursor = self._cursor(sql, parameters)
        names = [column[0] for column in cursor.description]
        values: list[tuple[Any, ...]] = list(zip(*cursor.fetchall(), strict=True)) or [() for _ in names]
        return {name: list(column) for name, column in zip(names, values, strict=True)}

    def frame(self, sql: str, parameters: Parameters = ()) -> pd.DataFrame:
        """Run `sql` and return a pandas data frame."""
        return self._cursor(sql, parameters).df()

    def _cursor(self, sql: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        # One cursor per query: a connection shared by threads mixes up their results.
        return self._connection.cursor().execute(sql, parameters)


class Warehouse:
    """The reader's door: `snapshot()` is the newest published version, reopened only when it has moved."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None

    def snapshot(self) -> Snapshot:
        """The newest published version. A caller keeps one for a whole page, so that its numbers agree.

        Raises NotPublishedError when there is none.
        """
        with self._lock:
            link = self.directory / CURRENT
            for _ in range(3):  # the target may be retired between reading the link and opening it
                try:
                    path = link.resolve(strict=True)
                    if self._snapshot is None or self._snapshot.path != path:
                        self._snapshot = Snapshot(path)
                    return self._snapshot
                except (FileNotFoundError, duckdb.IOException):
                    continue
        raise NotPublishedError(f"{link}: no warehouse has been published there; run `make refresh` first")


@contextmanager
def builder(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Create the database file `path` and connect to it for writing; closed at the end, whatever happens."""
    connection = duckdb.connect(":memory:")
    try:
        try:
            location = str(path).replace("'", "''")
            connection.execute(f"attach '{location}' as warehouse (storage_version '{STORAGE_VERSION}')")
        except duckdb.IOException as error:
            raise InputError(f"{path}: cannot write the warehouse there: {str(error).splitlines()[0]}") from error
        connection.execute("use warehouse")
        yield connection
    finally:
        connection.close()
