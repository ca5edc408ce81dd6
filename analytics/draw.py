"""Drawing customers by their ids: the same ones every time, in every order of the rows, on every engine."""

COUNT = 1 << 60
"""How many numbers there are to be drawn."""


def number_of(key: str) -> str:
    """SQL: a number from 0 to COUNT - 1 that depends on nothing but the text `key`, as random as MD5 (RFC 1321)."""
    return f"cast('0x' || left(md5({key}), 15) as bigint)"
