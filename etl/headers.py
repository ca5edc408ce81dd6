"""Which column of a file is which: what a mapping says, a known header, and a readable name for everything else."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from dataclasses import replace

from etl.vocabulary import CUSTOMERS, IGNORE, Vocabulary, normalise
from warehouse.columns import Column
from warehouse.errors import InputError


def likeness(header: str) -> str:
    """What headers of several files have in common when they mean one column: their letters of any script, and figures."""
    return re.sub(r"[\W_]+", "_", header.casefold()).strip("_")


def match(
    headers: Sequence[str],
    mapped: Mapping[str, Column] | None = None,
    reserved: Iterable[str] = (),
    earlier: Mapping[str, str] | None = None,
    vocabulary: Vocabulary = CUSTOMERS,
) -> tuple[Column, ...]:
    """Give every header its column: what `mapped` says, else a known one, else a text column named after the header.

    `mapped` has a column per header; a header that only differs in case, blanks or signs is meant too. `reserved` are words
    that cannot stand as a column's name in SQL, `earlier` the names of the text columns of the files before, by `likeness`,
    `vocabulary` the known columns.
    Returns one Column per header, in order.
    Raises InputError when two headers mean the same column, or no column has a name.
    """
    if not any(header.strip() for header in headers):
        raise InputError("no column has a name; give a file with a header and rows")
    unusable = frozenset(reserved)
    said = {header: _said(header, mapped or {}) for header in headers}
    for header, column in said.items():
        if column is not None and column.kind != IGNORE and column.name in unusable:
            raise InputError(f"column '{header}': {column.name} is a word of SQL; give it another name in the MAPPING file")
    # the loader's own columns, and those a person gave: a header that only looks like one of them is a further column
    given = {column.name for column in said.values() if column is not None and column.kind != IGNORE}
    taken = dict.fromkeys(("source_file", "source_line", "count_lines", "is_duplicate", "rule", "reason", "rowid"), "")
    others = set((earlier or {}).values())
    columns = []
    for position, header in enumerate(headers, start=1):
        column = said[header] or vocabulary.column_of(header)
        if column is None or (said[header] is None and column.name in given):
            known = (earlier or {}).get(likeness(header))
            name = (
                known
                if known and known not in taken
                else _free(normalise(header), position, {*taken, *given, *others}, unusable | vocabulary.names.keys())
            )
            column = Column(name, "text", header.strip() or f"Column {position}")
        elif column.kind == IGNORE:
            column = replace(column, name=f"ignored_{position}")
        elif column.name in taken:
            raise InputError(
                f"columns '{taken[column.name]}' and '{header}' both mean {column.name}; rename or remove one, "
                f'or say in a MAPPING file which to leave out: [{vocabulary.prefix}columns] "{header}" = "{IGNORE}"'
            )
        taken[column.name] = header
        columns.append(replace(column, source_header=header))
    return tuple(columns)


def _said(header: str, mapped: Mapping[str, Column]) -> Column | None:
    if header in mapped:
        return mapped[header]
    alike = [column for said, column in mapped.items() if normalise(said) == normalise(header) != ""]
    return alike[0] if len(alike) == 1 else None


def unused(mapped: Iterable[str], headers: Iterable[str]) -> list[str]:
    """The headers of a mapping that no file has."""
    there = {normalise(header) for header in headers} | set(headers)
    return [header for header in mapped if header not in there and normalise(header) not in there]


def _free(name: str, position: int, taken: Collection[str], reserved: Set[str]) -> str:
    base = name if name and not name[0].isdigit() else f"column_{name or position}"
    if base in reserved:
        base = f"{base}_"
    free, count = base, 1
    while free in taken:
        count += 1
        free = f"{base}_{count}"
    return free
