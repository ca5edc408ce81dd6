"""Names and descriptions that people give to segments: `python -m warehouse.label`, or `make label ...`.

A label is a row of segments.labels. The current version is copied with it and with the segment's new name, and the copy takes
the place of the file at once: its number stays, and readers follow by themselves. A refresh carries labels on.
"""

import argparse
import contextlib
import getpass
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
from rich.console import Console
from rich.table import Table

from warehouse.builder import builder
from warehouse.connection import Snapshot
from warehouse.errors import InputError, MallError, refuse
from warehouse.names import folded, one_line
from warehouse.publish import locked, put, unfinished
from warehouse.settings import Settings
from warehouse.versions import current, file_name, files

MOST_NAME, MOST_DESCRIPTION = 60, 500
"""Characters that a name and a description may have."""
_SEGMENTS = """
select
    profiles.segmentation,
    profiles.algorithm,
    profiles.segment_id,
    profiles.segment_name,
    profiles.automatic_name,
    profiles.description,
    profiles.labelled_by,
    profiles.labelled_at,
    labels.segment_name as given_name,
    labels.labelled_at as last_labelled_at
from marts.segment_profiles as profiles
left join segments.newest_labels as labels using (segmentation, algorithm, segment_id)
order by profiles.segmentation, profiles.algorithm desc, profiles.segment_id
"""


@dataclass(frozen=True)
class Label:
    """What a person says of a segment."""

    segmentation: str
    """The name of the feature list, e.g. spending."""
    algorithm: str
    """kmeans or hierarchical."""
    segment_id: int
    """The segment."""
    labelled_by: str
    """Who says so."""
    segment_name: str | None = None
    """Its name; empty gives it back its automatic one, None leaves what is there."""
    description: str | None = None
    """Its description; empty takes it away, None leaves what is there."""


@dataclass(frozen=True)
class Labelled:
    """What a label did."""

    before: str
    """The name that was shown."""
    now: str
    """The name that is."""


def segments(directory: Path) -> list[dict[str, Any]]:
    """The segments of the current version with their names, automatic names and descriptions, and who gave them when.

    Raises InputError where there is no version, or one of an earlier release, which kept no labels.
    """
    return _segments(_current(directory))


def label(directory: Path, given: Label) -> Labelled:
    """Give a segment of the current version a name or a description, at once and for all refreshes to come.

    Raises InputError for a text that cannot be a name, one that another segment has, a segment that is not there and a label that
    changes nothing; BusyError while the warehouse is being refreshed. Nothing is changed then.
    """
    labelled_by = one_line(given.labelled_by, "the name of who says so", MOST_NAME)
    if not labelled_by:
        raise InputError("say who gives the name: your own is kept beside it")
    name = None if given.segment_name is None else one_line(given.segment_name, "the name", MOST_NAME)
    description = None if given.description is None else one_line(given.description, "the description", MOST_DESCRIPTION)
    _current(directory)  # before the lock is made in a directory that has no warehouse
    with locked(directory):
        path = _current(directory)
        known = _segments(path)
        segment = _segment(known, given)
        name = segment["given_name"] if name is None else name or None
        description = segment["description"] if description is None else description or None
        if (name, description) == (segment["given_name"], segment["description"]):
            raise InputError(f"nothing to change: that is what segment {given.segment_id} is called and described as already")
        shown = _shown(name, segment, known)
        row = {
            "segmentation": given.segmentation,
            "algorithm": given.algorithm,
            "segment_id": given.segment_id,
            "segment_name": name,
            "description": description,
            "previous_name": segment["segment_name"],
            "previous_description": segment["description"],
            "labelled_by": labelled_by,
            "labelled_at": _now(known),
        }
        with unfinished(path) as building:
            shutil.copyfile(path, building)
            with builder(building) as connection:
                _write(connection, row, shown)
            put(building, path)
    return Labelled(segment["segment_name"], shown)


def _current(directory: Path) -> Path:
    """The file of the current version. Raises InputError where there is none."""
    number = current(directory) if directory.is_dir() and files(directory) else None
    if number is None:
        raise InputError(f"{directory}: no warehouse has been published there; run `make refresh` first")
    return directory / file_name(number)


def _segments(path: Path) -> list[dict[str, Any]]:
    with contextlib.closing(Snapshot(path)) as snapshot:
        return snapshot.rows(_SEGMENTS)


def _segment(known: Sequence[dict[str, Any]], given: Label) -> dict[str, Any]:
    """The segment that is meant. Raises InputError where it is not there, saying which are."""
    own = [row for row in known if (row["segmentation"], row["algorithm"]) == (given.segmentation, given.algorithm)]
    if not own:
        there = ", ".join(dict.fromkeys(f"{row['segmentation']} by {row['algorithm']}" for row in known))
        raise InputError(f"there is no segmentation '{given.segmentation}' by '{given.algorithm}'; there is {there}")
    for row in own:
        if row["segment_id"] == given.segment_id:
            return row
    numbers = ", ".join(str(row["segment_id"]) for row in own)
    raise InputError(f"{given.segmentation} by {given.algorithm} has no segment {given.segment_id}; it has {numbers}")


def _shown(name: str | None, segment: dict[str, Any], known: Sequence[dict[str, Any]]) -> str:
    """What the segment is called with that name, or without one. Raises InputError where another one is called that."""
    shown = str(segment["automatic_name"] if name is None else name)
    for other in known:
        is_beside = all(other[key] == segment[key] for key in ("segmentation", "algorithm"))
        if is_beside and other["segment_id"] != segment["segment_id"] and folded(other["segment_name"]) == folded(shown):
            raise InputError(f"segment {other['segment_id']} is called “{other['segment_name']}” already; give another name")
    return shown


def _now(known: Sequence[dict[str, Any]]) -> datetime:
    """The time, UTC; later than every earlier label even where the clock was set back, so that the newest is the last given."""
    given: list[datetime] = [
        row["last_labelled_at"] + timedelta(microseconds=1) for row in known if row["last_labelled_at"] is not None
    ]
    return max([datetime.now(UTC).replace(tzinfo=None), *given])


def _write(connection: duckdb.DuckDBPyConnection, row: dict[str, Any], shown: str) -> None:
    columns = ", ".join(f"${column} as {column}" for column in row)
    connection.execute(
        f"insert into segments.labels by name select (select run_id from segments.newest_run) as run_id, {columns}", row
    )
    connection.execute(
        """
        update segments.segments
        set segment_name = $shown, description = $description
        where
            run_id = (select run_id from segments.newest_run)
            and segmentation = $segmentation
            and algorithm = $algorithm
            and segment_id = $segment_id
        """,
        {"shown": shown, **{key: row[key] for key in ("description", "segmentation", "algorithm", "segment_id")}},
    )
    if connection.execute("select 1 from duckdb_tables() where schema_name = 'segments' and table_name = 'alerts'").fetchone():
        connection.execute(  # what is told of the newest run is told under the new name
            """
            update segments.alerts
            set sentence = replace(sentence, '“' || $before || '”', '“' || $shown || '”')
            where
                run_id = (select run_id from segments.newest_run)
                and segmentation = $segmentation
                and algorithm = $algorithm
                and segment_id = $segment_id
            """,
            {
                "before": row["previous_name"],
                "shown": shown,
                **{key: row[key] for key in ("segmentation", "algorithm", "segment_id")},
            },
        )
    connection.execute("checkpoint warehouse")


def _whoever() -> str:
    """The login name; empty where the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, ImportError, OSError):  # a user id without a name
        return ""


def _print(rows: Sequence[dict[str, Any]]) -> None:
    table = Table(box=None, pad_edge=False)
    for title in ("segmentation", "algorithm", "segment", "name", "automatic name", "description", "by", "at, UTC"):
        table.add_column(title, overflow="fold", justify="right" if title == "segment" else "left")
    for row in rows:
        is_named = row["segment_name"] != row["automatic_name"]
        table.add_row(
            row["segmentation"],
            row["algorithm"],
            str(row["segment_id"]),
            row["segment_name"],
            row["automatic_name"] if is_named else "",
            row["description"] or "",
            row["labelled_by"] or "",
            f"{row['labelled_at']:%Y-%m-%d %H:%M}" if row["labelled_at"] else "",
        )
    console = Console(highlight=False, markup=False, emoji=False)
    if not console.is_terminal:  # a pipe has no width to keep to
        console.width = 1_000
    console.print(table)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m warehouse.label", description="Name and describe segments, or list them.")
    parser.add_argument("--segmentation", default="", help="the segmentation, e.g. spending")
    parser.add_argument("--algorithm", default="kmeans", help="kmeans or hierarchical (default: %(default)s)")
    parser.add_argument("--segment", type=int, help="the segment's number")
    parser.add_argument("--name", help="its name; empty gives it back its automatic one")
    parser.add_argument("--description", help="what it is like; empty takes the description away")
    parser.add_argument("--by", default="", help="who says so (default: the login name)")
    given = parser.parse_args(arguments)
    try:
        directory = Settings.from_environment().warehouse
        if given.name is None and given.description is None:
            _print([row for row in segments(directory) if given.segmentation in ("", row["segmentation"])])
            return 0
        if not given.segmentation or given.segment is None:
            raise InputError('say which segment: make label SEGMENTATION_NAME=spending SEGMENT=3 NAME="Big spenders"')
        by = given.by or _whoever()
        done = label(directory, Label(given.segmentation, given.algorithm, given.segment, by, given.name, given.description))
    except MallError as error:
        return refuse("label", error)
    before = f"; before, “{done.before}”" if done.now != done.before else ""
    print(f"Segment {given.segment} of {given.segmentation}, {given.algorithm}, is called “{done.now}”{before}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
