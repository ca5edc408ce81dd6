"""Movement between two runs: what the History page asks, and the words for it. The newest run of a snapshot is the later one."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from dashboard import format, queries
from dashboard.export import csv_lines
from dashboard.queries import Row
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError
from warehouse.versions import published

MOVED = ("customer changed", "model changed", "moved")
"""The movements of those who are in another segment than before."""
_CONDITIONS = "segmentation = ? and algorithm = ?"
_SEGMENTS = f"""
    select
        old.segment_id,
        coalesce(new.segment_name, old.segment_name) as segment_name,
        coalesce(new.colour, old.colour) as colour
    from segments.segments as old
    left join (from segments.segments semi join segments.newest_run using (run_id)) as new
        using (segmentation, algorithm, segment_id)
    where old.run_id = ? and {_CONDITIONS}
"""
"""The segments of a run; those that are still there under the name and colour that they have now."""


@dataclass(frozen=True)
class Flow:
    """Customers who went from one segment to another; None stands for no segment: who joined, or who left."""

    previous_segment_id: int | None
    segment_id: int | None


def versions(warehouse: Warehouse) -> list[int]:
    """The kept versions up to the current one, the newest first."""
    newest = warehouse.snapshot().version
    return [number for number in sorted(published(warehouse.directory), reverse=True) if number <= newest]


def earlier_runs(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """The runs before the newest that have the clustering: run_id and created_at, the last one first."""
    return db.rows(
        f"select run_id, created_at from segments.runs where {_CONDITIONS} and run_id < ? order by run_id desc",
        (segmentation, algorithm, db.version),
    )


def matrix(db: Snapshot, since: int, segmentation: str, algorithm: str) -> list[Row]:
    """Customers by previous segment, segment and movement."""
    return db.rows(
        f"from marts.movement_matrix({int(since)}) where {_CONDITIONS} order by previous_segment_id, segment_id, movement",
        (segmentation, algorithm),
    )


def segments(db: Snapshot, run_id: int, segmentation: str, algorithm: str) -> list[Row]:
    """The segments of a run; those that are still there under the name and colour that they have now."""
    return db.rows(f"from ({_SEGMENTS}) order by segment_id", (run_id, segmentation, algorithm))


def sizes(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """The share of every segment in every run: run_id, segment_id, size, share, and its last name and colour."""
    return db.rows(
        f"""
        select
            run_id,
            segment_id,
            size,
            share,
            last_value(segment_name) over each_segment as segment_name,
            last_value(colour) over each_segment as colour
        from segments.segments
        where {_CONDITIONS}
        window each_segment as (
            partition by segment_id order by run_id
            rows between unbounded preceding and unbounded following
        )
        order by segment_id, run_id
        """,
        (segmentation, algorithm),
    )


def events(db: Snapshot, since: int, segmentation: str, algorithm: str) -> list[Row]:
    """What became of the segments from run to run after `since`, the latest first, with the names shown then."""
    return db.rows(
        """
        select
            events.*,
            new.segment_name,
            old.segment_name as previous_segment_name
        from segments.events as events
        left join segments.segments as new using (run_id, segmentation, algorithm, segment_id)
        left join segments.segments as old
            on old.run_id = events.previous_run_id
            and old.segmentation = events.segmentation
            and old.algorithm = events.algorithm
            and old.segment_id = events.previous_segment_id
        where events.run_id > ? and events.segmentation = ? and events.algorithm = ?
        order by events.run_id desc, events.previous_segment_id, events.segment_id
        """,
        (since, segmentation, algorithm),
    )


def answer(rows: Sequence[Row]) -> str:
    """The first line: of those who are in both runs how many moved and why, and who joined and left."""
    count: Counter[str] = Counter()
    for row in rows:
        count[row["movement"]] += row["count_customers"]
    moved = sum(count[movement] for movement in MOVED)
    both = moved + count["stayed"]
    if both == 0:
        start = "No customer is in both."
    elif moved == 0:
        start = f"Of {format.count(both)} customers in both, nobody moved."
    else:
        start = (
            f"Of {format.count(both)} customers in both, {format.count(moved)} ({format.percent(moved / both)}) moved{_why(count)}."
        )
    apart = [(count[word], word) for word in ("joined", "left")]
    said = " and ".join(f"{format.count(number)} {word}" for number, word in apart if number)
    return f"{start} {said[:1].upper()}{said[1:]}." if said else start


def _why(count: Counter[str]) -> str:
    changed, model, unknown = (count[movement] for movement in MOVED)
    causes = [(changed, "because they changed"), (model, "because the model did")]
    said = [f"{format.count(number)} {cause}" for number, cause in causes if number]
    if unknown:
        said.append(f"{format.count(unknown)} for a reason that cannot be told")
    return f": {', '.join(said)}"


def told(rows: Sequence[Row]) -> list[tuple[int, str]]:
    """Events in words: (run_id, sentence), the latest run first; segments that were kept share a sentence."""
    found = []
    for run_id, of_run in groupby(rows, key=lambda row: row["run_id"]):
        found += [(run_id, sentence) for sentence in _sentences(list(of_run))]
    return found


def _sentences(rows: Sequence[Row]) -> list[str]:
    def names(of: Sequence[Row], side: str, share: str) -> str:
        return " and ".join(f"“{row[side]}” ({format.percent(row[share])})" for row in of)

    said = []
    for before in dict.fromkeys(row["previous_segment_id"] for row in rows if row["event"] == "split"):
        parts = [row for row in rows if row["event"] == "split" and row["previous_segment_id"] == before]
        said.append(f"“{parts[0]['previous_segment_name']}” split into {names(parts, 'segment_name', 'share_of_previous')}.")
    for now in dict.fromkeys(row["segment_id"] for row in rows if row["event"] == "merged"):
        parts = [row for row in rows if row["event"] == "merged" and row["segment_id"] == now]
        said.append(f"“{parts[0]['segment_name']}” was merged from {names(parts, 'previous_segment_name', 'share_of_new')}.")
    said += [f"“{row['segment_name']}” is new." for row in rows if row["event"] == "new"]
    said += [f"“{row['previous_segment_name']}” is gone." for row in rows if row["event"] == "gone"]
    kept = [row for row in rows if row["event"] == "kept"]
    if len(kept) == len(rows):
        return ["Every segment was kept."]
    return [*said, *([f"{names(kept, 'segment_name', 'share_of_previous')} kept that share of their customers."] if kept else [])]


def flow(asked: Any) -> Flow | None:
    """The flow that a store or an address names; None for everybody who is elsewhere now. Raises InputError for what is none."""
    if asked is None:
        return None
    if not isinstance(asked, Sequence) or isinstance(asked, str) or len(asked) != 2:
        raise InputError("that is no flow from one segment to another")
    if not all(end is None or (type(end) is int and abs(end) < 2**31) for end in asked):
        raise InputError("that is no flow from one segment to another")
    return Flow(*asked)


def count_movers(db: Snapshot, since: int, key: tuple[str, str], chosen: Flow | None) -> int:
    """How many customers a flow has."""
    condition, values = _where(chosen)
    return int(
        db.value(
            f"select count(*) from marts.movements({int(since)}) as movements where {_CONDITIONS} and {condition}", (*key, *values)
        )
    )


def movers(db: Snapshot, since: int, key: tuple[str, str], chosen: Flow | None, start: int, count: int) -> list[Row]:
    """A page of the customers of a flow: both segments' names, what moved them, and what is known of them today."""
    condition, values = _where(chosen)
    return db.rows(f"{_movers(db, since, condition)} limit ? offset ?", (since, *key, *key, *values, count, start))


def export(db: Snapshot, since: int, key: tuple[str, str], chosen: Flow | None) -> Iterator[str]:
    """The same customers, all of them, as the lines of a CSV file; no text of it is a formula to a spreadsheet."""
    condition, values = _where(chosen)
    yield from csv_lines(db.frame(_movers(db, since, condition), (since, *key, *key, *values)))


def _where(chosen: Flow | None) -> tuple[str, tuple[int | None, ...]]:
    if chosen is None:
        return "movement <> 'stayed'", ()
    condition = "movements.previous_segment_id is not distinct from ? and movements.segment_id is not distinct from ?"
    return condition, (chosen.previous_segment_id, chosen.segment_id)


def _movers(db: Snapshot, since: int, condition: str) -> str:
    columns = [column for column in queries.customer_columns(db) if column["kind"] != "id"]
    known = "".join(f", customers.{row['column_name']}" for row in columns)
    return f"""
        select
            movements.customer_id,
            old.segment_name as previous_segment_name,
            new.segment_name,
            movements.movement
            {known}
        from marts.movements({int(since)}) as movements
        left join ({_SEGMENTS}) as old on old.segment_id = movements.previous_segment_id
        left join marts.segment_profiles as new
            on new.segmentation = movements.segmentation and new.algorithm = movements.algorithm
            and new.segment_id = movements.segment_id
        left join features.customer_values as customers using (customer_id)
        where movements.segmentation = ? and movements.algorithm = ? and {condition}
        order by {queries.sorted_by("customer_id", is_descending=False)}
    """
