"""Versions whose customers lie in a lake, made of ordinary ones: what a cluster leaves, without a cluster."""

import shutil
from pathlib import Path

import duckdb

from warehouse.connection import literal
from warehouse.lake import folder_of, rows_of, seal
from warehouse.lake_tables import OF_CUSTOMERS
from warehouse.versions import files


def with_lake(directory: Path, copy: Path) -> Path:
    """Copy a warehouse, and move what is as large as its customers out of the file of each version; returns the copy."""
    shutil.copytree(directory, copy, symlinks=True)
    for version in files(copy):
        version.chmod(0o644)
        with duckdb.connect(str(version)) as connection:
            for relation in OF_CUSTOMERS:
                _move(connection, relation, folder_of(version.absolute()) / relation)
        seal(folder_of(version.absolute()))
    return copy


def _move(connection: duckdb.DuckDBPyConnection, relation: str, folder: Path) -> None:
    """Write a table to two files, in no order, and put a view over them in its place, with the same comments."""
    schema, name = relation.split(".")
    comments = connection.execute(
        "select null, comment from duckdb_tables() where schema_name = $1 and table_name = $2 "
        "union all select column_name, comment from duckdb_columns() where schema_name = $1 and table_name = $2",
        [schema, name],
    ).fetchall()
    folder.mkdir(parents=True)
    for part in range(2):
        rows = f"from {relation} where hash(customer_id) % 2 = {part} order by md5(customer_id)"
        connection.execute(f"copy ({rows}) to {literal(folder / f'part-{part}.parquet')} (format parquet)")
    connection.execute(f"drop table {relation}; create view {relation} as {rows_of(folder)}")
    for column, comment in comments:
        place = f"column {relation}.{column}" if column else f"view {relation}"
        connection.execute(f"comment on {place} is {literal(comment)}")
