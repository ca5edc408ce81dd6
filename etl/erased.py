"""Leaving out whom a person asked to be erased: their rows, and what other rows say of them."""

from collections.abc import Sequence

import duckdb

from warehouse.blanks import trimmed
from warehouse.columns import Column
from warehouse.forgotten import LONG_ID, Forgotten


def leave_out(connection: duckdb.DuckDBPyConnection, forgotten: Forgotten) -> list[str]:
    """Take the rows of erased people out of what was read. Returns a warning per file."""
    connection.execute(
        f"""
        create or replace temporary table forgotten_rows as
        select source_file, source_line
        from source_rows
        where {forgotten.holds_sql("customer_id")}
        """
    )
    if not forgotten.hashes:
        return []
    connection.execute(
        "delete from source_rows using forgotten_rows "
        "where source_rows.source_file = forgotten_rows.source_file and source_rows.source_line = forgotten_rows.source_line"
    )
    found = connection.execute(
        "select source_file, count(*), list(source_line order by source_line)[:10] from forgotten_rows group by all order by all"
    ).fetchall()
    return [
        f"{file}: still holds people who were erased on request, in {count:,} row{'s' if count > 1 else ''} (line "
        f"{', '.join(map(str, lines))}{', …' if count > len(lines) else ''}); they were not loaded: take them out of the file"
        for file, count, lines in found
    ]


def redact(connection: duckdb.DuckDBPyConnection, forgotten: Forgotten, source: str, columns: Sequence[Column]) -> list[str]:
    """Take what mentions an erased person out of raw.rejects and out of the text columns of a source's rows.

    A short id stands in other people's rows by chance, so that it counts only where nobody knows whose row it is.
    Returns a warning for each column from which texts were taken.
    """
    if not forgotten.hashes:
        return []
    given = {"hashes": list(forgotten.hashes), "salt": forgotten.salt}
    mentioning = _mentioning("raw.rejects", "row_text", f"customer_id is null or length(word) >= {LONG_ID}")
    connection.execute(f"update raw.rejects set row_text = null, reason = 'erased on request' where rowid in ({mentioning})", given)
    warnings = []
    for column in columns:
        if column.kind == "text":
            mentioning = _mentioning(f"raw.{source}", column.name, f"length(word) >= {LONG_ID}")
            (count,) = connection.execute(
                f"update raw.{source} set {column.name} = null where rowid in ({mentioning})", given
            ).fetchone() or (0,)
            if count:
                what = "text that mentions" if count == 1 else "texts that mention"
                warnings.append(f"{column.source_header}: left out {count:,} {what} people who were erased on request")
    return warnings


def _mentioning(table: str, column: str, condition: str) -> str:
    """SQL: the rows of a table in which a text has an erased id as a word, between blanks, or as a value, bare or quoted."""
    return f"""
        with words as (
            select
                rowid as place,
                customer_id,
                unnest(list_concat(
                    regexp_split_to_array({column}, '[^\\p{{L}}\\p{{M}}\\p{{N}}_-]+'),
                    regexp_split_to_array({column}, '[\\s\\p{{Z}},;|"''()<>]+|[.:!?]+([\\s\\p{{Z}},;|"''()<>]+|$)'),
                    list_transform(regexp_split_to_array({column}, '[,;|\\t\\r\\n]'), lambda value : trim(trim(value), '"')),
                    list_transform(regexp_extract_all({column}, '"((?:[^"]|"")*)"', 1), lambda value : replace(value, '""', '"'))
                )) as bare
            from {table}
            where {column} is not null
        ),

        trimmed as (
            select
                *,
                {trimmed("bare")} as word
            from words
        )

        select place
        from trimmed
        semi join (select unnest($hashes::varchar[]) as erased) on sha256($salt || word) = erased
        where {condition}
    """
