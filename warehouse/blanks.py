"""What counts as a blank around a value, and which id a value is: once, for Python and for the SQL of the warehouse."""

import re

BLANKS = " \t\n\r\u00a0\u200b\ufeff"
"""Blank, tab, line feed, carriage return, hard blank, zero-width blank, byte order mark."""


def stripped(value: str) -> str:
    """`value` without the blanks around it."""
    return value.strip(BLANKS)


def trimmed(expression: str) -> str:
    """SQL for the text that `expression` gives, without the blanks around it."""
    return f"trim({expression}, {' || '.join(f'chr({ord(blank)})' for blank in BLANKS)})"


def trimmed_id(expression: str) -> str:
    """The same, for a column of ids: each row has another, and to look for all blanks takes ten times as long as this."""
    ends = " and ".join(f"{end} >= '!' and {end} <= '~'" for end in (f"left({expression}, 1)", f"right({expression}, 1)"))
    return f"case when {ends} then {expression} else {trimmed(expression)} end"


def id_of(value: str) -> str:
    """The id that `value` is: as lists of campaigns have it, its SHA-256 may be in capitals, and an apostrophe may stand before
    what a spreadsheet would take for a formula.
    """
    bare = stripped(value)
    return bare.lower() if re.fullmatch("[0-9A-Fa-f]{64}", bare) else re.sub("^'([=+@-])", r"\1", bare)


def named_id(expression: str) -> str:
    """SQL for the same of the text that `expression` gives."""
    bare = trimmed(expression)
    return (
        f"case when regexp_full_match({bare}, '[0-9A-Fa-f]{{64}}') then lower({bare}) "
        f"else regexp_replace({bare}, '^''([=+@-])', '\\1') end"
    )
