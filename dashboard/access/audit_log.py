"""Writing down what somebody is about to do, without anything of a customer."""

from collections.abc import Collection

import duckdb
from flask import current_app, has_app_context

from dashboard.access.proxy import Proxy
from dashboard.access.records import Event, Records
from dashboard.access.roles import current
from warehouse.connection import Snapshot

EXTENSION = "audit_log"
"""Under which the app keeps (Records, Proxy), where people are asked who they are."""


def write_down(event: Event, version: int | None = None, rows: int | None = None, detail: str = "") -> None:
    """Write down what who asks is about to do, where people are asked who they are. Raises BusyError where that is not possible."""
    kept: tuple[Records, Proxy] | None = current_app.extensions.get(EXTENSION) if has_app_context() else None
    if kept:
        records, proxy = kept
        records.write(event, current(), proxy.address(), version, rows, detail)


def shape(sql: str, known: Collection[str]) -> str:
    """A statement without what it looks for: "?" for every number, text and name that is none of `known`, in small letters.

    What stands in quotes of the wrong kind, or in none, is a name to SQL and may be a customer's.
    """
    encoded = sql.encode(errors="replace")
    kinds = duckdb.tokenize(encoded.decode())
    ends = [*(start for start, _ in kinds), len(encoded)][1:]
    parts = [(encoded[start:end].decode(errors="replace").strip(), kind) for (start, kind), end in zip(kinds, ends, strict=True)]
    return " ".join(_hidden(text, kind, known) for text, kind in parts if kind != duckdb.token_type.comment)


def _hidden(text: str, kind: duckdb.token_type, known: Collection[str]) -> str:
    is_word = kind in (duckdb.token_type.keyword, duckdb.token_type.operator) or text == "."
    return text if is_word or text.strip('"').lower() in known else "?"


def names(db: Snapshot) -> frozenset[str]:
    """The names of a version that say nothing of a customer: of its relations and columns, and of functions and types."""
    return db.once("names", _names)


def _names(db: Snapshot) -> frozenset[str]:
    rows = db.rows(
        """
        select schema_name as name from duckdb_schemas()
        union select table_name from duckdb_tables()
        union select view_name from duckdb_views()
        union select column_name from duckdb_columns()
        union select function_name from duckdb_functions()
        union select type_name from duckdb_types()
        """
    )
    return frozenset(row["name"].lower() for row in rows)
