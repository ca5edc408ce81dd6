"""The mapping file: what a person says of the columns of a file, and of how it is written. TOML; see etl/README.md."""

import re
from collections.abc import Mapping as Table
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from math import isfinite
from pathlib import Path
from typing import Any, get_args

from etl.vocabulary import CUSTOMERS, IGNORE, RESULTS, STOCK, TRANSACTIONS, Vocabulary, normalise
from warehouse.columns import Column, Scale
from warehouse.errors import InputError
from warehouse.toml import MOST_LETTERS, read_toml

NO_DELIMITERS = "\"'\r\n\0"
"""Characters that separate no values."""

_KINDS = ("numeric", "category", "text")
_TAKEN = frozenset(
    (
        *("segmentation", "algorithm", "segment_id", "segment_name", "second_segment_id", "distance", "margin", "silhouette"),
        *("kmeans_segment", "hierarchical_segment"),
        *("run_id", "version", "bin", "count_customers", "source_file", "source_line", "count_lines", "rule", "reason"),
        *("is_duplicate", "point_id", "weight", "scatter", "label", "place", "rowid", "line_kind", "is_counted"),
    )
)
"""Names that stand beside a customer's columns in the warehouse's own relations."""
_NUMBERED = re.compile(r"(distance|bin)_\d+|\w+_(kmeans|hierarchical)")
"""The same, one per segment, feature or clustering."""
_FURTHER = (TRANSACTIONS.source, STOCK.source, RESULTS.source)
"""The sources whose tables have their name before them."""
_ACRONYM = 3
"""So many capitals are probably the first letters of words."""
_DETAILS = {"label": str, "short": str, "unit": str, "minimum": float, "maximum": float, "divide_by": float, "scale": str}


@dataclass(frozen=True)
class FileOptions:
    """How the files are written, where that cannot be told from them."""

    delimiter: str | None = None
    """What separates the values of a text file."""
    encoding: str | None = None
    """The encoding of a text file, as Python names it: latin-1."""
    decimal: str | None = None
    """The decimal mark of its numbers: a point or a comma."""
    header_line: int | None = None
    """The line of the header, from 1; what stands above it is left out."""
    sheet: str | None = None
    """The sheet of a workbook."""
    dates: str | None = None
    """What comes first in dates such as 03/04/2024, of transactions: day or month."""


@dataclass(frozen=True)
class Mapping:
    """What a mapping file says; empty where there is none."""

    path: Path | None = None
    """The file."""
    columns: dict[str, Column] = field(default_factory=dict)
    """The column that each header, as it stands in the file, is taken for."""
    options: FileOptions = FileOptions()
    """How the files are written."""


def read_mapping(path: Path | None, vocabulary: Vocabulary = CUSTOMERS) -> Mapping:
    """Read what a mapping file says of the files of one source.

    Raises InputError naming the file and the entry that is wrong.
    """
    if path is None:
        return Mapping()
    tables = read_toml(path)
    try:
        further = {name: _table(name, tables, ("columns", "file")) for name in _FURTHER}
        _refuse_unknown("", tables, ("columns", "file", *further))
        said = further.get(vocabulary.source, tables)
        return Mapping(path, _columns(_table("columns", said), vocabulary), _options(_table("file", said), vocabulary))
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _table(name: str, tables: Table[str, Any], known: Sequence[str] = ()) -> Table[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, Table):
        raise ValueError(f"'{name}' is not a table; write [{name}]")
    if known:
        _refuse_unknown(f"{name}.", table, known)
    return table


def _refuse_unknown(prefix: str, table: Table[str, Any], known: Sequence[str]) -> None:
    unknown = sorted(set(table) - set(known))
    if unknown:
        names = [f"[{prefix}{name}]" for name in known]
        raise ValueError(f"unknown entry {', '.join(unknown)}; known are {', '.join(names[:-1])} and {names[-1]}")


def _columns(table: Table[str, Any], vocabulary: Vocabulary) -> dict[str, Column]:
    columns = {header: _column(header, said, vocabulary) for header, said in table.items()}
    names: dict[str, str] = {}
    for header, column in columns.items():
        if column.kind != IGNORE and names.setdefault(column.name, header) != header:
            raise ValueError(f"[{vocabulary.prefix}columns] '{names[column.name]}' and '{header}' are both {column.name}")
    for name, header in names.items():
        for made in (f"sum_{name}", f"size_{name}", f"{name}_bin"):
            if made in names:
                raise ValueError(
                    f"[{vocabulary.prefix}columns] '{names[made]}': the warehouse makes a {made} of '{header}'; "
                    "give it another name"
                )
    return columns


def _column(header: str, said: Any, vocabulary: Vocabulary) -> Column:
    """One entry: the name of a column the product knows, a kind, "ignore", or a table of details."""
    where = f"[{vocabulary.prefix}columns] '{header}'"
    if isinstance(said, str):
        said = {"kind": said} if said in (*_KINDS, IGNORE) else {"column": said}
    if not isinstance(said, Table):
        raise ValueError(f'{where}: give a column, a kind or a table, for example {{ kind = "numeric", unit = "k$" }}')
    unknown = set(said) - {"column", "kind", "name", *_DETAILS}
    if unknown:
        raise ValueError(
            f"{where}: unknown entry {', '.join(sorted(unknown))}; known are column, kind, name, {', '.join(_DETAILS)}"
        )
    details = _details(where, said)
    column = replace(_base(where, header, said, vocabulary), **details)
    if "short" not in details and ("label" in details or not column.short):
        column = replace(column, short=_short(column.label))
    if column.scale not in get_args(Scale):
        raise ValueError(f"{where}: scale must be {' or '.join(get_args(Scale))}")
    if column.divide_by <= 0:
        raise ValueError(f"{where}: divide_by must be above 0")
    if column.minimum is not None and column.maximum is not None and column.minimum > column.maximum:
        raise ValueError(f"{where}: minimum is above maximum")
    return column


def _base(where: str, header: str, said: Table[str, Any], vocabulary: Vocabulary) -> Column:
    known = vocabulary.names
    if "column" in said:
        if not isinstance(said["column"], str) or said["column"] not in known:
            raise ValueError(
                f"{where}: there is no column '{said['column']}'; known are {', '.join(known)}, "
                f"or give a kind: {', '.join(_KINDS)} or {IGNORE}"
            )
        return known[said["column"]]
    if said.get("kind") not in (*_KINDS, IGNORE):
        raise ValueError(f"{where}: kind must be {', '.join(_KINDS)} or {IGNORE}")
    if said["kind"] == IGNORE:
        return Column("ignored", "ignore", _label(header))  # whatever it is called, nothing in the warehouse is
    name = said.get("name", normalise(header))
    is_taken = name in known or name in _TAKEN or _NUMBERED.fullmatch(str(name))
    if not isinstance(name, str) or normalise(name) != name or not name or name[0].isdigit() or is_taken:
        raise ValueError(
            f"{where}: '{name}' cannot be the name of a column: "
            'give name = "..." of lower-case letters, digits and underscores, not one that the warehouse uses itself'
        )
    return Column(name, said["kind"], _label(header))


def _label(header: str) -> str:
    """A header as people write: "BALANCE_FREQUENCY" -> "Balance frequency"; a word of a few capitals stays as it is: "NPS"."""
    words = " ".join(header.replace("_", " ").split())
    if words.isupper() and len(words) > _ACRONYM:
        words = words.lower()
    return words[:1].upper() + words[1:]


def _short(label: str) -> str:
    """A label inside a sentence: in lower case, but for words in capitals."""
    return " ".join(word if len(word) > 1 and word.isupper() else word.lower() for word in label.split())


def _details(where: str, said: Table[str, Any]) -> dict[str, Any]:
    details = {}
    for key, kind in _DETAILS.items():
        if key in said:
            value = said[key]
            if kind is float and type(value) is int and abs(value) < 1e300:
                value = float(value)
            is_fit = isfinite(value) if isinstance(value, float) else isinstance(value, str) and len(value) <= MOST_LETTERS
            if type(value) is not kind or not is_fit:
                raise ValueError(f"{where}: {key} must be {f'text of up to {MOST_LETTERS} letters' if kind is str else 'a number'}")
            details[key] = value
    return details


def _options(table: Table[str, Any], vocabulary: Vocabulary) -> FileOptions:
    where = f"[{vocabulary.prefix}file]"
    known = [option.name for option in fields(FileOptions) if option.name != "dates" or "occurred_at" in vocabulary.names]
    unknown = set(table).difference(known)
    if unknown:
        raise ValueError(f"{where}: unknown entry {', '.join(sorted(unknown))}; known are {', '.join(known)}")
    for key, value in table.items():
        if key == "header_line" and (type(value) is not int or not 1 <= value <= 1_000):
            raise ValueError(f"{where}: header_line must be a whole number from 1 to 1000")
        if key != "header_line" and not isinstance(value, str):
            raise ValueError(f"{where}: {key} must be text")
    if table.get("decimal", ".") not in (".", ","):
        raise ValueError(f'{where}: decimal must be "." or ","')
    if table.get("dates", "day") not in ("day", "month"):
        raise ValueError(f'{where}: dates must be "day" or "month", what comes first in 03/04/2024')
    if len(table.get("delimiter", ",")) != 1 or table.get("delimiter", ",") in NO_DELIMITERS:
        raise ValueError(f"{where}: delimiter must be one character, and no quote or line end")
    return FileOptions(**table)
