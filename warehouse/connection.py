"""Opening the warehouse for reading, which never blocks a refresh.

A published version is an immutable file. A reader opens the file that `current.duckdb` points at, by its real path, attached to
a database in memory of its own: DuckDB would hand out the old database for a path that a process already holds, even when
another file has taken its place there.
"""

import json
import logging
import math
import os
import re
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import pandas as pd

from warehouse.errors import DamagedError, InputError, NotKeptError, NotPublishedError, ReleaseError, WriteError
from warehouse.memory import ReaderLimits
from warehouse.versions import CURRENT, file_name, files, version_of

_LOOK_AT = 100_000
"""Tables of up to this many rows are read whole to tell whether a file is damaged."""
_KEPT_OPEN = 3
"""How many versions but the newest a process holds open."""
IN_FILES = r"""
select
    schema_name || '.' || view_name as relation,
    regexp_extract(sql, 'read_parquet\(''((?:[^'']|'''')*)''', 1) as path
from duckdb_views()
where database_name = ? and contains(sql, 'read_parquet(')
"""
"""The relations of a database that lie in Parquet files beside it (warehouse/lake.py), and which files, as a literal has them."""
ROWS = "rows.json"
"""The file of a lake that says how many rows each of its folders has: one that lacks a file reads as well as any other."""
_READ_ALL = 'select max(hash(rows)) from "{}"."{}" as rows'
_DAMAGE = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
_SAID_OF_DAMAGE = ("Corrupt database file", "No magic bytes found", "too small to be a Parquet file")
"""What DuckDB says of damage that has no class of its own: a wrong checksum, a Parquet file that is cut off."""
_NOT_DAMAGE = ("Cannot open file", "Could not set lock", "Too many open files")
"""What DuckDB says of a file that may be as good as ever, but cannot be opened now."""

T = TypeVar("T")
Parameters = Sequence[Any] | Mapping[str, Any]

_looked_at: set[tuple[int, ...] | None] = set()
"""The files that this process found whole: a refresh opens a version several times."""

log = logging.getLogger(__name__)


class Snapshot:
    """One published version, opened read-only: every query through it answers from the same data.

    With `is_thorough` its large tables are read too before it is taken for whole. `config` is what DuckDB is told beside the usual.
    Raises DamagedError when the file is damaged or gone, InputError when it may be whole but cannot be opened.
    """

    def __init__(
        self,
        path: Path,
        stands_in_for: int | None = None,
        is_thorough: bool = False,
        config: Mapping[str, str | int] | None = None,
    ) -> None:
        self.path = path
        self.version = version_of(path)
        self.stands_in_for = stands_in_for
        """The version that should be read and is damaged, where this one is read instead."""
        self.is_damaged = False
        """Whether a query has come upon a part of the file that cannot be read."""
        self.identity = identity(path)
        self._found: dict[str, Any] = {}
        self._finding: dict[str, threading.Lock] = {}
        _ask_to_read(path)
        self._connection = duckdb.connect(":memory:", config={"temp_directory": _spill(), **(config or {})})
        try:
            self._connection.execute(f"attach {literal(path)} as warehouse (read_only)")
            if is_thorough or self.identity not in _looked_at:
                self._look(math.inf if is_thorough else _LOOK_AT)
                _looked_at.add(self.identity)
        except duckdb.Error as error:
            self._connection.close()
            raise _refusal(path, error) from error

    @property
    def edition(self) -> str:
        """What changes when a version is written anew under its number, because a person was erased or the directory emptied."""
        return "-".join(f"{part:x}" for part in self.identity or ())

    def rows(self, sql: str, parameters: Parameters = ()) -> list[dict[str, Any]]:
        """Run `sql` with bound `parameters`; one dict per row, keyed by column name."""
        cursor = self._cursor(sql, parameters)
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in self._read(cursor.fetchall)]

    def value(self, sql: str, parameters: Parameters = ()) -> Any:
        """Run `sql` and return the first column of its first row, or None without a row."""
        row = self._read(self._cursor(sql, parameters).fetchone)
        return row[0] if row else None

    def columns(self, sql: str, parameters: Parameters = ()) -> dict[str, list[Any]]:
        """Run `sql` and return one list per column: the shape the browser and the charts want."""
        cursor = self._cursor(sql, parameters)
        names = [column[0] for column in cursor.description]
        values: list[tuple[Any, ...]] = list(zip(*self._read(cursor.fetchall), strict=True)) or [() for _ in names]
        return {name: list(column) for name, column in zip(names, values, strict=True)}

    def chunks(self, sql: str, size: int, parameters: Parameters = ()) -> tuple[list[str], Iterator[list[tuple[Any, ...]]]]:
        """Run `sql`; the names of its columns, and its rows `size` at a time, so that they never stand in memory together."""
        cursor = self._cursor(sql, parameters)
        rows = iter(lambda: self._read(lambda: cursor.fetchmany(size)), [])
        return [column[0] for column in cursor.description], rows

    def once(self, what: str, find: Callable[["Snapshot"], T]) -> T:
        """What `find` says of this version under the name `what`, asked once, by one thread: a version never changes."""
        if what not in self._found:
            with self._finding.setdefault(what, threading.Lock()):
                if what not in self._found:
                    self._found[what] = find(self)
        return self._found[what]  # type: ignore[no-any-return]

    def frame(self, sql: str, parameters: Parameters = ()) -> pd.DataFrame:
        """Run `sql` and return a pandas data frame."""
        frame: pd.DataFrame = self._read(self._cursor(sql, parameters).df)
        return frame

    def copy(self, sql: str, path: Path, about: Mapping[str, Any] | None = None) -> None:
        """Write the rows of `sql` to a file, CSV or Parquet as its name ends; `about` goes into the Parquet file's own metadata.

        Raises WriteError where the file cannot be written: the version is not taken to be damaged by that.
        """
        how = "header" if path.suffix == ".csv" else "format parquet, compression zstd"
        if about:
            pairs = ", ".join(f"{literal(key)}: {literal(value)}" for key, value in about.items())
            how += f", kv_metadata {{{pairs}}}"
        try:
            self._in_warehouse().execute(f"copy ({sql}) to {literal(path)} ({how})")
        except duckdb.Error as error:
            if not is_of_the_machine(error):
                raise
            raise WriteError(f"{path}: cannot be written: {str(error).splitlines()[0]}") from error

    def close(self) -> None:
        """Let go of the file. What other threads still read through this snapshot fails."""
        self._connection.close()

    def _in_warehouse(self) -> duckdb.DuckDBPyConnection:
        # One cursor per query: a connection shared by threads mixes up their results. A cursor starts in the database in memory.
        cursor = self._connection.cursor()
        cursor.execute("use warehouse")
        return cursor

    def _cursor(self, sql: str, parameters: Parameters) -> duckdb.DuckDBPyConnection:
        cursor = self._in_warehouse()
        return self._read(lambda: cursor.execute(sql, parameters))  # type: ignore[no-any-return]

    def _read(self, query: Any) -> Any:
        """Run a query, and remember when it comes upon damage: the next reader then gets another version."""
        try:
            return query()
        except (duckdb.CatalogException, duckdb.BinderException) as error:
            missing = str(error).splitlines()[0]
            raise ReleaseError(
                f"{self.path}: is of another release; `make refresh` publishes a version of this one ({missing})"
            ) from error
        except duckdb.Error as error:
            is_gone = any(words in str(error) for words in ("Cannot open file", "No files found"))
            if is_gone and identity(self.path) != self.identity:  # its Parquet files went with it
                raise NotKeptError(f"version {self.version} was removed or written anew while it was read: ask again") from error
            if not _is_damage(error):
                raise
            self.is_damaged = True
            raise _refusal(self.path, error) from error

    def look_into(self, relations: Sequence[str]) -> None:
        """Read these tables, schema.table, to the last row, where they are there. Raises DamagedError where one cannot be read."""
        for relation in relations:
            schema, _, table = relation.partition(".")
            if self.value("select 1 from duckdb_tables() where schema_name = ? and table_name = ?", [schema, table]):
                self.value(_READ_ALL.format(schema, table))

    def _look(self, most_rows: float) -> None:
        """Read every table of up to `most_rows` rows, and the ends of the Parquet files beside it: DuckDB checks what it reads.

        Raises duckdb.Error where it cannot.
        """
        self._connection.execute("use warehouse")
        tables = self._connection.execute(
            "select schema_name, table_name, estimated_size from duckdb_tables() where database_name = 'warehouse'"
        ).fetchall()
        for schema, table, size in tables:
            if size <= most_rows:
                self._connection.execute(_READ_ALL.format(schema, table)).fetchone()
        for relation, pattern in self._connection.execute(IN_FILES, ["warehouse"]).fetchall():
            folder = Path(pattern.replace("''", "'")).parent
            count = self._connection.execute(f"select count(*) from {relation}").fetchone()  # every file says how many rows it has
            with suppress(FileNotFoundError):  # of a lake that an earlier release wrote
                if count != (expected := json.loads((folder.parent / ROWS).read_text())[folder.name],):
                    raise duckdb.IOException(f"IO Error: {relation}: of {expected:,} rows some are missing")


class Warehouse:
    """The reader's door: `snapshot()` is the newest published version, reopened only when it has moved.

    `limits` bounds what DuckDB takes for it and for the older versions that stay open; without, each may take what DuckDB would.
    """

    def __init__(self, directory: Path, limits: ReaderLimits | None = None) -> None:
        self.directory = directory
        self._limits = limits
        self._lock = threading.Lock()
        self._snapshot: Snapshot | None = None
        self._seen: object = None
        self._damaged: set[object] = set()
        self._kept: dict[int, Snapshot] = {}  # other versions that were asked for, the latest last

    def snapshot(self) -> Snapshot:
        """The newest published version. A caller keeps one for a whole page, so that its numbers agree.

        Where its file is damaged, the newest older one that is not (`stands_in_for` then says which it replaces).
        Raises NotPublishedError when there is none, DamagedError when all are damaged.
        """
        link = self.directory / CURRENT
        with self._lock:
            while link.is_symlink():
                path = link.resolve()
                seen = (path, identity(path))
                if self._snapshot is not None and self._snapshot.is_damaged:
                    self._damaged.add(self._snapshot.identity)
                elif self._snapshot is not None and self._seen == seen:
                    return self._snapshot
                try:
                    self._snapshot = self._open(path)
                    self._let_go()
                except DamagedError:
                    if link.resolve() == path:
                        raise
                if link.resolve() == path and self._snapshot is not None:  # it may have moved on meanwhile
                    self._seen = seen
                    return self._snapshot
        there = [version_of(path) for path in files(self.directory)]
        if there:
            raise NotPublishedError(
                f"{link}: the link to the published version is missing; `make rollback VERSION={there[-1]}` sets it, "
                "or run `make refresh`"
            )
        raise NotPublishedError(f"{link}: no warehouse has been published there; run `make refresh` first")

    def version(self, number: int | None) -> Snapshot:
        """A version that is kept; the newest published one for None.

        A version asked for by its number is the one that is meant: no other stands in for it.
        Raises NotKeptError when it is not there any more, DamagedError when it cannot be read.
        """
        newest = self.snapshot()
        self._let_go()
        if number in (None, newest.version):
            return newest
        path = self.directory / file_name(number)
        there = identity(path)
        if there is None:
            raise NotKeptError(f"version {number} is not kept any more")
        kept = self._kept.get(number)
        if kept is None or kept.identity != there or kept.is_damaged:
            kept = Snapshot(path, config=self._limits.older(_KEPT_OPEN) if self._limits else None)
        with self._lock:
            self._kept.pop(number, None)
            self._kept[number] = kept
            while len(self._kept) > _KEPT_OPEN:
                del self._kept[next(iter(self._kept))]  # closed when its last reader has done
        return kept

    def _let_go(self) -> None:
        """Hold no version open that is gone, or was written anew."""
        for number, kept in list(self._kept.items()):
            if identity(kept.path) != kept.identity:
                self._kept.pop(number, None)

    def _open(self, path: Path) -> Snapshot:
        """Open a version, or the newest older one that can be read. Raises DamagedError where there is none."""
        wanted = version_of(path)
        refused: DamagedError | None = None
        for candidate in [path, *(older for older in reversed(files(self.directory)) if version_of(older) < wanted)]:
            if identity(candidate) in self._damaged:
                refused = refused or DamagedError(f"{candidate}: is damaged")
                continue
            try:
                config = self._limits.newest() if self._limits else None
                snapshot = Snapshot(candidate, stands_in_for=None if candidate == path else wanted, config=config)
            except DamagedError as error:
                refused = refused or error
                continue
            if refused is not None:
                log.warning("%s; version %d is read instead", refused, snapshot.version)
            return snapshot
        assert refused is not None
        raise refused


def identity(path: Path) -> tuple[int, ...] | None:
    """What tells a file from another one that takes its place; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size


def _ask_to_read(path: Path) -> None:
    """Raises DamagedError for a file that is gone, InputError for one that may not be read."""
    try:
        with path.open("rb"):
            pass
    except FileNotFoundError as error:
        raise DamagedError(f"{path}: the file is gone") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _is_damage(error: duckdb.Error) -> bool:
    """Whether the file is at fault, not the query, the memory or another program."""
    said = str(error)
    if isinstance(error, duckdb.OutOfMemoryException) or any(words in said for words in _NOT_DAMAGE):
        return False
    return isinstance(error, _DAMAGE) or any(words in said for words in _SAID_OF_DAMAGE)


def _refusal(path: Path, error: duckdb.Error) -> InputError:
    said = str(error).splitlines()[0]
    if _is_damage(error):
        return DamagedError(f"{path}: is damaged and cannot be read: {said}")
    return InputError(f"{path}: cannot be read: {said}")


def is_of_the_machine(error: BaseException) -> bool:
    """Whether an error says that the disk or the memory failed, not what was asked of them."""
    machine = (OSError, MemoryError, duckdb.IOException, duckdb.OutOfMemoryException)
    return isinstance(error, machine) or any(
        word in str(error)
        for word in ("No space left", "Could not write", "could not write", "File too large", "failed to checkpoint")
    )


def literal(text: object) -> str:
    """`text` as a SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def escaped(path: Path) -> str:
    """A path that means just this file to DuckDB, which takes *, ? and [ for a pattern."""
    return re.sub(r"([*?\[])", r"[\1]", str(path))


def identifier(name: str) -> str:
    """`name` as a SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def _spill() -> str:
    """Where a reader puts what does not fit into memory: it need not have the right to write beside the version."""
    try:
        return str(Path(tempfile.gettempdir()) / f"mall-reader-{os.getpid()}")
    except FileNotFoundError:  # no room there for a single byte: then it does without
        return ""
