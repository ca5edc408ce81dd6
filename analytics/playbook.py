"""The playbook: what to do with a segment that is high or low in some features, read from a TOML file that a team can edit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.errors import InputError
from warehouse.toml import MOST_LETTERS, read_toml

DEFAULT = Path(__file__).parent / "playbook.toml"
LEVELS = ("high", "average", "low")
"""How a segment may differ from everyone in a feature; marts.playbook says from where on."""
_LONGEST_ADVICE = 2_000


@dataclass(frozen=True)
class Play:
    """One line of the playbook."""

    name: str
    """What to do, in a word or three."""
    advice: str
    """The same, in sentences."""
    when: tuple[tuple[str, str], ...] = ()
    """Features with their level; none fit every segment."""


def read_playbook(path: Path | None = None) -> tuple[Play, ...]:
    """Read the plays of a TOML file (analytics/playbook.toml by default), in its order.

    Raises InputError naming the file and the entry that is wrong.
    """
    path = path or DEFAULT
    tables = read_toml(path)
    try:
        listed = tables.get("play")
        if set(tables) != {"play"} or not isinstance(listed, list) or not all(isinstance(play, Mapping) for play in listed):
            raise ValueError('give a table per play: [[play]], and below it name = "...", advice = "..." and when = { ... }')
        plays = tuple(_play(place, table) for place, table in enumerate(listed, start=1))
        names = [play.name for play in plays]
        if twice := [name for name in names if names.count(name) > 1]:
            raise ValueError(f"two plays are called '{twice[0]}'")
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error
    return plays


def _play(place: int, table: Mapping[str, Any]) -> Play:
    where = f"play {place}"
    if unknown := set(table) - {"name", "advice", "when"}:
        raise ValueError(f"{where}: unknown entry {', '.join(sorted(unknown))}; known are name, advice, when")
    for key, most in (("name", MOST_LETTERS), ("advice", _LONGEST_ADVICE)):
        if not isinstance(table.get(key), str) or not 0 < len(table[key].strip()) <= most:
            raise ValueError(f"{where}: {key} must be text of up to {most:,} letters")
    when = table.get("when", {})
    if not isinstance(when, Mapping):
        raise ValueError(f'{where}: when must be a table, for example {{ frequency = "high" }}')
    for feature, level in when.items():
        if level not in LEVELS:
            raise ValueError(f"{where}: {feature} must be {', '.join(LEVELS[:-1])} or {LEVELS[-1]}")
    return Play(table["name"].strip(), table["advice"].strip(), tuple(when.items()))


def write_playbook(connection: duckdb.DuckDBPyConnection, plays: Sequence[Play]) -> None:
    """Fill segments.plays and segments.play_conditions."""
    rows = {
        "segments.plays": [(place, play.name, play.advice) for place, play in enumerate(plays, start=1)],
        "segments.play_conditions": [(place, *condition) for place, play in enumerate(plays, start=1) for condition in play.when],
    }
    for table, values in rows.items():
        if values:
            connection.executemany(f"insert into {table} values (?, ?, ?)", values)
