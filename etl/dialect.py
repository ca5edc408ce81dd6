"""How a delimited text file is written: its delimiter, its quotes and where its header stands, from its first lines."""

from collections.abc import Callable
from itertools import islice

from etl.mapping import NO_DELIMITERS, FileOptions
from etl.records import Dialect, QuoteError, parse
from etl.text import UNREADABLE, Text
from warehouse.errors import InputError

_DELIMITERS = (",", ";", "\t", "|", "^", "~", ":")
"""Tried in this order where nothing else decides."""
_LOOK = 100
"""Lines looked at."""
_HEADER_LINES = 5
"""Lines a header may span, with line ends inside its quotes."""


def detect(text: Text, options: FileOptions, is_known: Callable[[str], bool]) -> tuple[Dialect, tuple[str, ...]]:
    """The dialect of a file, and its headers. `is_known` tells whether a header is one that the product recognises.

    What `options` says is taken as it is. Raises InputError where there is no header.
    """
    lines = list(islice(text.lines(), max(_LOOK, (options.header_line or 0) + _LOOK)))
    start = options.header_line or next((number for number, line in enumerate(lines, start=1) if line.strip()), 0)
    delimiters = (options.delimiter,) if options.delimiter else _DELIMITERS
    if not start or start > len(lines):
        raise InputError(f"{text.path}: {'has no line ' + str(start) if start else 'is empty'}; give a file with a header and rows")
    said = lines[start - 1].rstrip("\r\n")
    if options.header_line is None and said[:4].lower() == "sep=" and said[5:].strip() == "" and said[4:5] not in NO_DELIMITERS:
        delimiters, start = (said[4],), start + 1  # a note of Excel to itself
    if start > len(lines):
        raise InputError(f"{text.path}: has no header; give a file with a header and rows")
    found = [_read(lines, start, delimiter, is_known) for delimiter in delimiters]
    readable = [one for one in found if one is not None]
    if not readable:
        raise InputError(f"{text.path}: line {start} is not the header of a table: a quote in it is opened and not closed")
    _, dialect, headers = max(readable, key=lambda one: one[0])
    _refuse(text, start, headers)
    return dialect, headers


def _read(
    lines: list[str], start: int, delimiter: str, is_known: Callable[[str], bool]
) -> tuple[tuple[int, float, int], Dialect, tuple[str, ...]] | None:
    """How well a delimiter fits, the dialect with it, and the headers; None where the header's quotes do not close."""
    first = lines[start - 1]
    quote = "'" if first.startswith("'") and '"' not in first else '"'
    header = ""
    for last in range(start, min(start + _HEADER_LINES, len(lines) + 1)):
        header += lines[last - 1]
        try:
            headers = tuple(parse(header, Dialect(delimiter, quote)))
            break
        except QuoteError:
            continue
    else:
        return None
    dialect = Dialect(delimiter, quote, last)
    below = [line for line in lines[last:] if line.strip()]
    fitting = sum(_width(line, dialect) == len(headers) for line in below)
    share = fitting / len(below) if below and len(headers) > 1 else 0.0
    return (sum(map(is_known, headers)), round(share, 1), len(headers)), dialect, headers


def _width(line: str, dialect: Dialect) -> int:
    try:
        return len(parse(line, dialect))
    except QuoteError:
        return 0


def _refuse(text: Text, line: int, headers: tuple[str, ...]) -> None:
    """A first line that is no header is refused: reading it as one would lose a customer and name columns after values."""
    if any(UNREADABLE in header or "\0" in header for header in headers):
        raise InputError(f"{text.path}: line {line}, the header, has bytes that are not {text.encoding} text")
    if sum(_is_number(header) for header in headers) * 2 > len(headers):
        raise InputError(
            f"{text.path}: line {line} holds values where the header should be; put the columns' names in its first line"
        )
    first = headers[0].lstrip()[:1]
    if first and first in "{[<":
        raise InputError(f"{text.path}: looks like {'HTML or XML' if first == '<' else 'JSON'}; give CSV, Parquet or Excel")


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return True
