"""What an analyst can ask: the relations, columns and macros of a version, with their comments, and recipes."""

from textwrap import wrap
from typing import Any

from dashboard.palette import segment_colour
from warehouse.connection import Snapshot
from warehouse.errors import ReleaseError
from warehouse.recipes import NEEDS, missing, recipes

_SCHEMAS = ["marts", "segments", "features", "staging", "raw"]
"""In the order in which an analyst looks for something."""
_WIDTH = 96
"""Of a comment, in characters."""


def schema(db: Snapshot) -> dict[str, Any]:
    """The relations and macros, the recipes, and the colours of the segments of each clustering, as JSON has them.

    Asked once per version. One of another release may have neither recipes nor colours.
    """
    return db.once("schema", _schema)


def _schema(db: Snapshot) -> dict[str, Any]:
    try:
        of_this_release = {"recipes": _recipes(db), "colours": _colours(db)}
    except ReleaseError:
        of_this_release = {"recipes": [], "colours": {}}
    return {"relations": _relations(db), **of_this_release}


def _relations(db: Snapshot) -> list[dict[str, Any]]:
    columns: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for row in db.rows(
        """
        select schema_name, table_name, column_name as name, data_type as type, comment
        from duckdb_columns()
        where database_name = 'warehouse' and not internal and not starts_with(column_name, '_')
        order by table_oid, column_index
        """
    ):
        columns.setdefault((row.pop("schema_name"), row.pop("table_name")), []).append(row)
    tables = db.rows(
        """
        select schema_name, table_name as name, comment, 'table' as kind from duckdb_tables() where database_name = 'warehouse'
        union all by name
        select schema_name, view_name as name, comment, 'view' as kind from duckdb_views()
        where database_name = 'warehouse' and not internal
        union all by name
        select
            schema_name, function_name as name, any_value(comment) as comment,
            'macro' as kind, any_value(parameters) as parameters
        from duckdb_functions()
        where database_name = 'warehouse' and function_type in ('macro', 'table_macro')
        group by all
        """
    )
    known = [{**table, "columns": columns.get((table["schema_name"], table["name"]), [])} for table in tables]
    shown = [table for table in known if table["schema_name"] in _SCHEMAS and not table["name"].startswith("_")]
    return sorted(shown, key=lambda table: (_SCHEMAS.index(table["schema_name"]), table["name"]))


def _colours(db: Snapshot) -> dict[str, dict[str, str]]:
    """Segmentation/algorithm -> name of a segment -> its colour: segments of two clusterings may share a name."""
    colours: dict[str, dict[str, str]] = {}
    for row in db.rows("select segmentation, algorithm, segment_name, colour from marts.segment_profiles"):
        colours.setdefault(f"{row['segmentation']}/{row['algorithm']}", {})[row["segment_name"]] = segment_colour(row["colour"])
    return colours


def _recipes(db: Snapshot) -> list[dict[str, Any]]:
    """Questions with the SQL that answers them, and what the version lacks for it."""
    return [
        {
            "question": recipe.question,
            "about": recipe.about,
            "sql": "\n".join([f"-- {line}" for line in [recipe.question, *wrap(recipe.about, _WIDTH)]] + [recipe.sql]),
            "missing": [NEEDS[need].advice for need in missing(db, recipe)],
        }
        for recipe in recipes()
    ]
