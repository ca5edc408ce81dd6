"""Rows of a delimited text file, one by one and exactly: where each stands, and which lines are no rows.

Slower than DuckDB's reader, and used where that could see something else than a person would: open quotes, values with line
ends inside, rows with a value too many, blank lines, bytes that are no text. A line is never joined to the next by mistake:
where lines do not make one whole row together, each is judged alone.
"""

import re
from collections import deque
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cache

from etl.text import UNREADABLE

_MOST_LINES = 100
"""Lines a row may span."""
MOST_CHARACTERS = 1_000_000
"""Characters a line may have."""


@dataclass(frozen=True)
class Dialect:
    """How a delimited text file is written."""

    delimiter: str = ","
    """What separates the values."""
    quote: str = '"'
    """What a value with a delimiter in it is wrapped in; doubled inside."""
    header_line: int = 1
    """The line of the header, from 1."""


@dataclass(frozen=True)
class Row:
    """A row of a file."""

    line: int
    """Its first line, from 1."""
    count_lines: int
    """How many lines it spans."""
    values: list[str]
    """Its values."""


@dataclass(frozen=True)
class Broken:
    """Lines that are not a row."""

    line: int
    """The line, from 1."""
    rule: str
    """The kind of fault."""
    reason: str
    """What is wrong, in a sentence."""
    text: str
    """The line as it stands."""


class QuoteError(ValueError):
    """The quotes of a line do not fit."""


class OpenQuoteError(QuoteError):
    """A quote is opened and not closed."""


def parse(line: str, dialect: Dialect) -> list[str]:
    """The values of one row, with the blanks around them, except those before a quote. Raises QuoteError."""
    line = line.rstrip("\r\n")
    if dialect.quote not in line:
        return line.split(dialect.delimiter)
    value = _value(dialect.delimiter, dialect.quote)
    values, position = [], 0
    while position <= len(line):
        found = value.match(line, position)
        if found is None:
            raise _misfit(line, position, dialect)
        quoted, plain = found.groups()
        values.append(plain if quoted is None else quoted.replace(dialect.quote * 2, dialect.quote))
        position = found.end() + 1
    return values


@cache
def _value(delimiter: str, quote: str) -> re.Pattern[str]:
    """A value up to its delimiter or the end of the line: in quotes, or beginning with none."""
    end, mark, blanks = re.escape(delimiter), re.escape(quote), "" if delimiter == " " else " *+"
    return re.compile(rf"(?:{blanks}{mark}((?:[^{mark}]++|{mark}{mark})*+){mark}|(?!{blanks}{mark})([^{end}\r\n]*+))(?={end}|\Z)")


def _misfit(line: str, position: int, dialect: Dialect) -> QuoteError:
    mark = re.escape(dialect.quote)
    is_closed = re.compile(rf" *+{mark}(?:[^{mark}]++|{mark}{mark})*+{mark}|(?! *+{mark})").match(line, position)
    if is_closed:
        return QuoteError("its quotes do not fit: there is more between a quote that closes and the end of the value")
    return OpenQuoteError("a quote is opened and not closed")


def rows(lines: Iterable[str], dialect: Dialect, width: int, free: Collection[int]) -> Iterator[Row | Broken]:
    """The rows below the header line, in order, and the lines that are none.

    `width` is how many values a row has; `free` are the places, from 0, whose values may have line ends inside.
    Lines with nothing on them are rows without a value, except at the end of the file.
    """
    source = _Lines(lines)
    for _ in range(dialect.header_line):
        source.take()
    blank: list[Broken] = []
    while (line := source.take()) is not None:
        if not line.strip():
            blank.append(Broken(source.number, "blank row", "the row is blank", ""))
            continue
        yield from blank
        blank.clear()
        yield _row(line, source, dialect, width, free)


class _Lines:
    """Lines that can be put back, and the number of the one taken last."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._rest = iter(lines)
        self._returned: deque[str] = deque()
        self.number = 0

    def take(self) -> str | None:
        """The next line, or None at the end."""
        line = self._returned.popleft() if self._returned else next(self._rest, None)
        self.number += line is not None
        return line

    def put_back(self, lines: list[str]) -> None:
        """Give back the lines taken last."""
        self._returned.extendleft(reversed(lines))
        self.number -= len(lines)


def _row(line: str, source: _Lines, dialect: Dialect, width: int, free: Collection[int]) -> Row | Broken:
    start = source.number
    fault = _fault(line)
    if fault:
        return Broken(start, *fault, readable(line))
    try:
        values = parse(line, dialect)
    except QuoteError as error:
        further = _further(line, source, dialect, width, free) if isinstance(error, OpenQuoteError) else None
        if further is not None:
            return Row(start, source.number - start + 1, further)
        return Broken(start, "broken row", str(error), readable(line))
    if len(values) > width and not any(value.strip() for value in values[width:]):
        values = values[:width]  # delimiters at the end of a line hold nothing
    if len(values) != width:
        reason = f"the row has {len(values):,} values where the header has {width:,}"
        return Broken(start, "broken row", reason, readable(line))
    return Row(start, 1, values)


def _further(line: str, source: _Lines, dialect: Dialect, width: int, free: Collection[int]) -> list[str] | None:
    """The values of a row that goes on in the next lines; None, and the lines put back, where they make no whole row."""
    taken: list[str] = []
    text = line
    while len(taken) < _MOST_LINES and (following := source.take()) is not None:
        taken.append(following)
        text += following
        if _fault(following):
            break
        if text.count(dialect.quote) % 2 == 0:
            try:
                values = parse(text, dialect)
            except QuoteError:
                break
            inside = {place for place, value in enumerate(values) if "\n" in value or "\r" in value}
            if len(values) == width and inside <= set(free):
                return values
            break
    source.put_back(taken)
    return None


def _fault(line: str) -> tuple[str, str] | None:
    if UNREADABLE in line:
        return "unreadable text", "the row has bytes that are not text in the file's encoding"
    if "\0" in line:
        return "unreadable text", "the row has a NUL character"
    if len(line) > MOST_CHARACTERS:
        return "broken row", f"the row has more than {MOST_CHARACTERS:,} characters"
    return None


def readable(line: str) -> str:
    """A line as text that can be stored: without its end, faults shown as replacement characters, cut where it is endless."""
    return line.rstrip("\r\n").replace(UNREADABLE, "\ufffd").replace("\0", "\ufffd")[:10_000]
