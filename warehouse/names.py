"""What people may call things: texts that are one line, can be seen, and cannot pass for one another."""

import unicodedata

from warehouse.blanks import stripped
from warehouse.errors import InputError

_UNFIT = ("Cc", "Cs", "Zl", "Zp")
"""Unicode categories without a place in one line of text: control characters, halves of a character, ends of lines."""
_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Marks that turn the direction of what follows: a name with one would turn the words after it as well."""


def one_line(text: str, what: str, most: int) -> str:
    """`text` without the blanks around it; `what` names it where it is refused.

    Raises InputError for more than `most` characters, for control characters, and for a text in which nothing can be seen.
    """
    said = stripped(unicodedata.normalize("NFC", text))
    if any(unicodedata.category(character) in _UNFIT or character in _TURNING for character in said):
        raise InputError(f"{what} has control characters or more than one line; write plain text")
    if len(said) > most:
        raise InputError(f"{what} has {len(said)} characters; at most {most} are kept")
    if said and all(unicodedata.category(character)[0] in "CMZ" for character in said):
        raise InputError(f"{what} has nothing that can be seen")
    return said


def folded(name: str) -> str:
    """What is left of a name where capitals, widths of letters, blanks and what cannot be seen do not count.

    Names that read alike are equal then.
    """
    seen = "".join(character for character in unicodedata.normalize("NFKC", name) if unicodedata.category(character) != "Cf")
    return " ".join(seen.casefold().split())
