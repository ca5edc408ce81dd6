"""What warehouse/README.md lists, as Markdown: the comments of every relation and column, and the recipes. `make dictionary`."""

import sys
from itertools import groupby
from pathlib import Path

from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, MallError, refuse
from warehouse.recipes import FOLDER, recipes
from warehouse.settings import Settings

START = "<!-- dictionary: written by `make dictionary` from the comments in warehouse/sql -->"
END = "<!-- end of dictionary -->"
RECIPES_START = "<!-- recipes: written by `make dictionary` from the files in warehouse/recipes -->"
RECIPES_END = "<!-- end of recipes -->"
PAGE = Path("warehouse/README.md")
"""Where both stand."""

_SQL = """
with relations as (
    select
        schema_name,
        table_name as relation,
        comment
    from duckdb_tables()
    union all
    select
        schema_name,
        view_name as relation,
        comment
    from duckdb_views()
    where not internal
)

select
    columns.schema_name,
    columns.table_name as relation,
    relations.comment as relation_comment,
    columns.column_name,
    lower(columns.data_type) as data_type,
    columns.comment
from duckdb_columns() as columns
inner join relations on relations.schema_name = columns.schema_name and relations.relation = columns.table_name
where not columns.internal
order by
    list_position(['raw', 'staging', 'features', 'segments', 'marts'], columns.schema_name),
    relation,
    columns.column_index
"""

_MACROS = """
select
    schema_name || '.' || function_name as macro,
    parameters,
    comment
from duckdb_functions()
where function_type = 'table_macro' and not internal and schema_name = ?
order by macro
"""


def markdown(db: Snapshot) -> str:
    """The dictionary of a warehouse version: a table per relation and a line per table macro, folded up per schema."""
    lines: list[str] = []
    for schema, of_schema in groupby(db.rows(_SQL), key=lambda row: row["schema_name"]):
        lines += ["<details>", f"<summary><code>{schema}</code></summary>", ""]
        for relation, of_relation in groupby(of_schema, key=lambda row: row["relation"]):
            columns = list(of_relation)
            lines += [
                f"**{schema}.{relation}**: {columns[0]['relation_comment']}",
                "",
                "| column | type | meaning |",
                "|---|---|---|",
            ]
            lines += [f"| `{column['column_name']}` | {column['data_type']} | {_cell(column['comment'])} |" for column in columns]
            lines += [""]
        macros = db.rows(_MACROS, (schema,))
        lines += [line for row in macros for line in (f"**{row['macro']}({', '.join(row['parameters'])})**: {row['comment']}", "")]
        lines += ["</details>", ""]
    return "\n".join(lines)


def recipe_table() -> str:
    """The recipes: a line each with the question, which leads to the file, and what it needs."""
    lines = ["| question | needs |", "|---|---|"]
    for path, recipe in zip(sorted(FOLDER.glob("*.sql")), recipes(), strict=True):
        lines.append(f"| [{recipe.question}]({FOLDER.name}/{path.name}) | {', '.join(recipe.needs)} |")
    return "\n".join([*lines, ""])


def written(text: str, db: Snapshot) -> str:
    """The page with both lists written anew. Raises InputError when a mark is missing."""
    return replace_section(replace_section(text, markdown(db)), recipe_table(), RECIPES_START, RECIPES_END)


def replace_section(text: str, section: str, start: str = START, end: str = END) -> str:
    """`text` with what stands between the marks replaced. Raises InputError when a mark is missing."""
    before, found_start, rest = text.partition(start)
    _, found_end, after = rest.partition(end)
    if not found_start or not found_end:
        raise InputError(f"the marks are missing: {start} … {end}")
    return f"{before}{start}\n\n{section}\n{end}{after}"


def _cell(comment: str | None) -> str:
    return (comment or "").replace("|", "\\|")


def main() -> int:
    """Rewrite the lists of the page, or of the file named on the command line, from the published warehouse."""
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PAGE
    try:
        text = path.read_text(encoding="utf-8")
        path.write_text(written(text, Warehouse(Settings.from_environment().warehouse).snapshot()), encoding="utf-8")
    except OSError as error:
        print(f"dictionary: {path}: {error.strerror}", file=sys.stderr)
        return 2
    except MallError as error:
        return refuse("dictionary", error)
    print(f"{path}: the data dictionary and the recipes are up to date")
    return 0


if __name__ == "__main__":
    sys.exit(main())
