"""Why a statement that somebody wrote did not run, and what in it is at fault."""

import re

from warehouse.errors import InputError


class StatementError(InputError):
    """A statement failed, or may not run: the message is DuckDB's own.

    `span` are the first character and the one after the last that it speaks of, counted from 0; None where it names no place.
    """

    def __init__(self, message: str, span: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.span = span


def from_duckdb(message: str, sql: str, starts: int = 0, lines_before: int = 0) -> StatementError:
    """An error in DuckDB's words, but for the line it quotes: that is marked where it stands (see `span`)."""
    return StatementError(re.split(r"\n+LINE \d+: ", message)[0].strip(), span(message, sql, starts, lines_before))


def span(message: str, sql: str, starts: int = 0, lines_before: int = 0) -> tuple[int, int] | None:
    """Where in a statement an error of DuckDB points, as the first character and the one after the last; None where nowhere.

    What ran is what `starts` at that character, after so many `lines_before` it that are not of the statement.
    DuckDB quotes the line after "LINE 2: ", with dots where it cuts it, and underlines the place below.
    """
    found = re.search(r"^LINE (\d+): (.*)\n( *)(\^+)\s*$", message, re.MULTILINE)
    if not found:
        return None
    number, quoted, mark = int(found[1]) - lines_before, found[2], len(found[4])
    margin = len(found[3]) - len(f"LINE {found[1]}: ")
    lines = sql[starts:].split("\n")
    if not 0 <= margin <= len(quoted) or not 1 <= number <= len(lines):
        return None
    whole = quoted.removeprefix("...")
    place = lines[number - 1].find(whole.removesuffix("..."))
    if place < 0:
        return None
    start = starts + sum(len(line) + 1 for line in lines[: number - 1]) + place + margin - (len(quoted) - len(whole))
    return start, min(start + mark, len(sql))
