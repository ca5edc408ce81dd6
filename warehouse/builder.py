"""The connection that builds a version: nobody else writes to its file."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.connection import literal
from warehouse.errors import InputError
from warehouse.settings import Settings

STORAGE_VERSION = "v1.5.0"
"""The file format readable by duckdb-cli 1.5 and by other tools of that age."""


def add_scratch(connection: duckdb.DuckDBPyConnection, path: str = ":memory:") -> None:
    """Attach a database for large tables that are needed on the way only; they are found without naming it.

    In a file they are compressed, and read by the column. What is in memory and does not fit is spilled as it is.
    """
    connection.execute(f"attach {literal(path)} as scratch")
    connection.execute("set search_path = current_database() || '.main,scratch.main'")


@contextmanager
def builder(path: Path, memory_limit: str = Settings.memory_limit) -> Iterator[duckdb.DuckDBPyConnection]:
    """Create the database file `path` and connect to it for writing; closed at the end, whatever happens.

    What `memory_limit` leaves no room for is spilled beside the file.
    """
    connection = duckdb.connect(":memory:", config={"temp_directory": f"{path}.spill", "memory_limit": memory_limit})
    try:
        try:
            connection.execute(f"attach {literal(path)} as warehouse (storage_version '{STORAGE_VERSION}')")
        except duckdb.IOException as error:
            raise InputError(f"{path}: cannot write the warehouse there: {str(error).splitlines()[0]}") from error
        connection.execute("use warehouse")
        yield connection
    finally:
        connection.close()
