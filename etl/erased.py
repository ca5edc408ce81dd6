"""Leaving out whom a person asked to be erased: their rows, and what other rows say of them."""

from collections.abc import Sequence

import duckdb

from warehouse.blanks import trimmed
from warehouse.columns import Column
from warehouse.forgotten import LONG_ID, Forgotten


def leave_out(connection: duckdb.DuckDBPyConnection, forgotten: Forgotten) -> list[str]:
    """Take the rows of erased people out of what was read. Returns a warning per file."""
    theirs = forgotten.holds_sql("customer_id") if forgotten.hashes else "false"
    connection.execute(
        f"create or replace temporary table forgotten_rows as select source_file, source_line from source_rows where {theirs}"
    )
    if not forgotten.hashes:
        return []
    connection.execute(
        "create or replace table scratch.source_rows as from source_rows anti join forgotten_rows using (source_file, source_line)"
    )
    found = connection.execute(
        "select source_file, count(*), list(source_line order by source_line)[:10] from forgotten_rows group by all order by all"
    ).fetchall()
    return [
        f"{file}: still holds people who were erased on request, in {count:,} row{'s' if count > 1 else ''} (line "
        f"{', '.join(map(str, lines))}{', …' if count > len(lines) else ''}); they were not loaded: take them out of the file"
        for file, count, lines in found
    ]


def redact(connection: duckdb.DuckDBPyConnection, forgotten: Forgotten, columns: Sequence[Column]) -> list[str]:
    """Take texts that mention an erased person out of the text columns of what was read.

    A short id stands in other people's rows by chance, so that it is not looked for there. Returns a warning for each column from
    which texts were taken.
    """
    if not forgotten.hashes:
        return []
    warnings = []
    for column in columns:
        if column.kind == "text":
            mentioning = _mentioning("source_rows", "source_file, source_line", column.name, f"length(word) >= {LONG_ID}")
            connection.execute(f"create or replace temporary table mentions as {mentioning}", _given(forgotten))
            (count,) = connection.execute("select count(*) from mentions").fetchone() or (0,)
            if count:
                what = "text that mentions" if count == 1 else "texts that mention"
                warnings.append(f"{column.source_header}: left out {count:,} {what} people who were erased on request")
                blanked = f"case when mentions.source_line is null then {column.name} end as {column.name}"
                connection.execute(
                    f"create or replace table scratch.source_rows as select source_rows.* replace ({blanked}) "
                    "from source_rows left join mentions using (source_file, source_line)"
                )
    return warnings


def redact_rejects(connection: duckdb.DuckDBPyConnection, forgotten: Forgotten) -> None:
    """Take what mentions an erased person out of raw.rejects: by a short id too where nobody knows whose row it is."""
    if forgotten.hashes:
        mentioning = _mentioning("raw.rejects", "rowid", "row_text", f"customer_id is null or length(word) >= {LONG_ID}")
        connection.execute(
            f"update raw.rejects set row_text = null, reason = 'erased on request' where rowid in ({mentioning})",
            _given(forgotten),
        )


def _given(forgotten: Forgotten) -> dict[str, object]:
    return {"hashes": list(forgotten.hashes), "salt": forgotten.salt}


def _mentioning(table: str, keys: str, column: str, condition: str) -> str:
    """SQL: the `keys` of the rows of a table in which a text has an erased id as a word, between blanks or quoted."""
    return f"""
        with words as (
            select
                {keys},
                customer_id,
                unnest(list_concat(
                    regexp_split_to_array({column}, '[^\\p{{L}}\\p{{M}}\\p{{N}}_-]+'),
                    regexp_split_to_array({column}, '[\\s\\p{{Z}},;|"''()<>]+|[.:!?]+([\\s\\p{{Z}},;|"''()<>]+|$)'),
                    list_transform(regexp_split_to_array({column}, '[,;|\\t\\r\\n]'), lambda value : trim(trim(value), '"')),
                    list_transform(
                        regexp_extract_all({column}, '"([^"]*(?:""[^"]*)*)"', 1), lambda value : replace(value, '""', '"')
                    )
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

        select distinct {keys}
        from trimmed
        semi join (select unnest($hashes::varchar[]) as erased) as forgotten on sha256($salt || word) = erased
        where {condition}
    """
