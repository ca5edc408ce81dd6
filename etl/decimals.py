"""Which decimal mark the numbers of each column have: what a person says, or what the numbers themselves tell."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from etl.loading import Files
from warehouse.build import Context, execute_file
from warehouse.catalog import SQL
from warehouse.columns import Column
from warehouse.errors import InputError


@dataclass
class _Evidence:
    """What the numbers of one column say, in one file or in all."""

    comma: int = 0
    """Numbers whose mark can only be a comma."""
    point: int = 0
    """Numbers whose mark can only be a point."""
    either: str | None = None
    """A number that can be read either way."""

    @property
    def mark(self) -> str:
        """The mark of most; empty where nothing tells."""
        return "," if self.comma > self.point else "." if self.point else ""


def set_decimal_marks(connection: duckdb.DuckDBPyConnection, files: Files) -> list[str]:
    """Settle each column's decimal mark: what a person said, else its own numbers, else those of all columns, else a point.

    Returns a warning for each column whose numbers could be read either way. Raises InputError where the files of a column differ.
    """
    said = files.mapping.options.decimal
    typed = {
        (source.name, columns[place].name)
        for source, columns in zip(files.sources, files.columns_of, strict=True)
        for place in source.typed
    }
    execute_file(connection, SQL / "load" / "decimal_marks.sql", Context.read(connection).of_source(files.vocabulary.source))
    rows = connection.execute("from decimal_evidence order by source_file, column_name").fetchall()
    connection.execute("drop table decimal_evidence")
    marks: dict[str, dict[str, str]] = defaultdict(dict)  # by column and mark: a file that has it
    found: dict[str, _Evidence] = defaultdict(_Evidence)
    for name, file, count_dotted, comma, point, either in rows:
        is_typed = (file, name) in typed  # its numbers stand with a point, whatever they look like
        here = _Evidence(0, count_dotted) if is_typed else _Evidence(comma, point, either)
        mark = "." if is_typed and count_dotted else said or here.mark
        if mark:
            marks[name].setdefault(mark, file)
        total = found[name]
        total.comma, total.point, total.either = total.comma + here.comma, total.point + here.point, total.either or here.either
    _refuse_mixed(marks, files.columns_of)
    of_all = _Evidence(sum(one.comma for one in found.values()), sum(one.point for one in found.values()))
    warnings = []
    for name, evidence in found.items():
        mark = next(iter(marks[name]), "") or of_all.mark or "."
        connection.execute(
            "update raw.columns set decimal_mark = $1 where source = $2 and column_name = $3", [mark, files.vocabulary.source, name]
        )
        if said is None and evidence.either and not evidence.mark and not of_all.mark:
            warnings.append(_doubt(name, evidence.either, files.vocabulary.prefix))
    return warnings


def _refuse_mixed(marks: dict[str, dict[str, str]], columns_of: Sequence[Sequence[Column]]) -> None:
    """A column has one mark: read with the other file's, 15.501 would become 15501."""
    headers = {column.name: column.source_header.strip() for columns in columns_of for column in columns}
    for name, file_of in marks.items():
        if len(file_of) > 1:
            raise InputError(
                f"{file_of[',']}: column '{headers[name]}' has a decimal comma, and a decimal point in {file_of['.']}; "
                "files that are loaded together must write numbers alike: convert one of them"
            )


def _doubt(name: str, number: str, prefix: str) -> str:
    what = "a decimal mark" if "." in number else "thousands set apart"
    return f"{name}: '{number}' was read with {what}; if that is wrong, say so in a MAPPING file: [{prefix}file] decimal = \",\""
