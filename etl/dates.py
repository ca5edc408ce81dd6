"""What comes first in dates such as 03/04/2024, the day or the month: what a person says, or what the dates themselves tell."""

import duckdb

from etl.loading import Files
from warehouse.build import execute_file
from warehouse.catalog import SQL
from warehouse.errors import InputError


def set_date_order(connection: duckdb.DuckDBPyConnection, files: Files) -> list[str]:
    """Settle the order of the dates, which is one for all files: what a person said, else most dates, else the day first.

    Returns a warning where nothing tells. Raises InputError where files differ.
    """
    execute_file(connection, SQL / "load" / "date_orders.sql")
    rows = connection.execute("from date_evidence order by source_file").fetchall()
    connection.execute("drop table date_evidence")
    if not rows:
        return []
    file_of = {"day" if day > month else "month": file for file, day, month, _ in rows if day != month}
    said = files.mapping.options.dates
    if said is None and len(file_of) > 1:
        raise InputError(
            f"{file_of['day']}: its dates have the day first, and those of {file_of['month']} the month; "
            "files that are loaded together must write dates alike: convert one of them"
        )
    order = said or next(iter(file_of), "day")
    connection.execute(
        "update raw.columns set date_order = $1 where source = 'transactions' and column_name = 'occurred_at'", [order]
    )
    either = next((either for *_, either in rows if either is not None), None)
    if said is None and not file_of and either is not None:
        remedy = 'if that is wrong, say so in a MAPPING file: [transactions.file] dates = "month"'
        return [f"'{either}' was read with the day first; {remedy}"]
    return []
