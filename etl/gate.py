"""The gate: what is asked of loaded customers before they may be published. Its verdicts stand in raw.gate.

A question that is answered badly stops the refresh, and the published version stays. Some can be overruled with FORCE=1.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from etl.accounts import LoadReport
from etl.headers import hint
from warehouse.columns import Column
from warehouse.connection import Snapshot
from warehouse.errors import GateError
from warehouse.settings import Settings

_MUCH_MISSING = 0.05
"""From this share of missing values a column is worth a look."""
_MUCH_GONE = 0.1
"""From this share of lost customers on, the loss is worth a look."""


@dataclass(frozen=True)
class Verdict:
    """The answer to one question."""

    rule: str
    """The question, in a few words."""
    verdict: str
    """passed, warned or forced."""
    detail: str
    """What was found, in a sentence."""


@dataclass
class Gate:
    """The questions asked so far."""

    given: Path
    """The file, folder or pattern the customers come from; it stands before every refusal."""
    force: bool
    """Whether FORCE=1 was given."""
    verdicts: list[Verdict] = field(default_factory=list)

    def passed(self, rule: str, detail: str) -> None:
        """Record that all is well."""
        self.verdicts.append(Verdict(rule, "passed", detail))

    def warned(self, rule: str, detail: str) -> None:
        """Record something to look at."""
        self.verdicts.append(Verdict(rule, "warned", detail))

    def refuse(self, rule: str, detail: str, advice: str, can_force: bool = True) -> None:
        """Raise GateError, or record that it was overruled with FORCE=1."""
        if not (can_force and self.force):
            raise GateError(f"{self.given}: not published: {detail}; {advice}{' or accept it with FORCE=1' if can_force else ''}")
        self.verdicts.append(Verdict(rule, "forced", detail))

    @property
    def warnings(self) -> list[str]:
        """What a person should look at."""
        return [f"{verdict.rule}: {verdict.detail}" for verdict in self.verdicts if verdict.verdict != "passed"]

    def write(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Fill raw.gate."""
        connection.executemany(
            "insert into raw.gate values (?, ?, ?, ?)",
            [(place, one.rule, one.verdict, one.detail) for place, one in enumerate(self.verdicts, start=1)],
        )


@dataclass(frozen=True)
class Before:
    """What the published version had."""

    version: int
    count_customers: int
    is_synthetic: bool
    segmentations: frozenset[str]

    @property
    def kept(self) -> frozenset[str]:
        """The segmentations that should not be lost without a word; those of generated customers may."""
        return frozenset() if self.is_synthetic else self.segmentations

    @classmethod
    def of(cls, db: Snapshot) -> "Before":
        """Read it from a published version."""
        about = db.rows("from marts.provenance")[0]
        newest = "select distinct segmentation from segments.runs where run_id = (select max(run_id) from segments.runs)"
        segmentations = frozenset(row["segmentation"] for row in db.rows(newest))
        return cls(db.version, about["count_customers"], about["is_synthetic"], segmentations)


def ask_of_columns(
    gate: Gate, columns: Sequence[Column], segmentations: Mapping[str, Sequence[str]], are_chosen: bool, before: Before | None
) -> list[str]:
    """Which segmentations, given with their features, the columns can serve. Those a person chose must all be served; of the
    standard ones, one at least.

    Raises GateError where that is not so, or where one is lost that the published version has.
    """
    features = {c.name for c in columns if c.kind == "numeric"}
    categories = {c.name for c in columns if c.kind == "category"}
    missing = {
        name: [f for f in needed if f not in features and f.partition("_is_")[0] not in categories]
        for name, needed in segmentations.items()
    }
    served = [name for name in segmentations if not missing[name]]
    wants = "; ".join(f"{name} needs {', '.join(names)}" for name, names in missing.items() if names)
    if not served or (are_chosen and wants):
        gate.refuse("Columns", f"a needed column is missing: {wants}", _remedy(columns, missing), can_force=False)
    lost = [name for name in segmentations if missing[name] and before is not None and name in before.kept]
    if lost and before is not None:
        gate.refuse(
            "Columns",
            f"version {before.version} has {', '.join(lost)}, and now a column is missing: {wants}",
            _remedy(columns, missing),
        )
    elif wants:
        gate.warned("Columns", f"{', '.join(served)} can be served; {wants}")
    else:
        gate.passed("Columns", f"Every column that {', '.join(served)} needs is there.")
    unnamed = sorted(before.kept.difference(segmentations)) if before is not None else []
    if unnamed and before is not None:
        detail = f"version {before.version} has {', '.join(unnamed)}, which is not among the segmentations asked for"
        if are_chosen:
            gate.warned("Segmentations", f"{detail}: it ends here.")
        else:
            gate.refuse("Segmentations", detail, "name the file that has it, SEGMENTATIONS=path.toml,")
    return served


def _remedy(columns: Sequence[Column], missing: Mapping[str, Sequence[str]]) -> str:
    """What to do about features that are missing: those carried as text only need a word, others a name."""
    wanted = list(dict.fromkeys(feature for features in missing.values() for feature in features))
    texts = {column.name: column.source_header for column in columns if column.kind == "text" and column.name in wanted}
    advice = []
    if texts:
        headers, first = ", ".join(f"'{header}'" for header in texts.values()), next(iter(texts.values()))
        advice.append(
            f'{headers}: carried as text; say in MAPPING=path.toml that they are numbers: [columns] "{first}" = "numeric"'
        )
    others = [feature for feature in wanted if feature not in texts]
    if others:
        found = ", ".join(f"'{column.source_header}'" for column in columns if column.source_header)
        advice.append(
            f"the file's columns are {found}. Headers that are recognised: {'; '.join(map(hint, others))}. Say in "
            "MAPPING=path.toml which is which, or name other features in SEGMENTATIONS=path.toml (README: Your own columns)"
        )
    return "; ".join(advice)


def ask_of_rows(
    gate: Gate, connection: duckdb.DuckDBPyConnection, loaded: LoadReport, settings: Settings, before: Before | None
) -> None:
    """Whether too many rows were rejected, or too many customers lost. Raises GateError."""
    detail = f"{loaded.rows_rejected:,} of {loaded.rows_in:,} rows cannot be used"
    if loaded.rows_rejected > settings.max_rejected * loaded.rows_in:
        first = connection.execute("select source_file, source_line, reason from raw.rejects order by 1, 2 limit 1").fetchone()
        assert first is not None
        where = f"{first[0]}, line {first[1]}" if len(loaded.files) > 1 else f"line {first[1]}"
        gate.refuse(
            "Rows rejected",
            f"{detail}, more than the {settings.max_rejected:.0%} allowed",
            f"the first is {where}: {first[2]}. Correct the file, allow more with MAX_REJECTED={_enough(loaded):g}",
        )
    elif loaded.rows_rejected:
        gate.warned("Rows rejected", f"{detail}; {settings.max_rejected:.0%} are allowed. They are in raw.rejects, with reasons.")
    else:
        gate.passed("Rows rejected", f"Every one of the {loaded.rows_in:,} rows can be used.")
    if before is None or (before.is_synthetic and not loaded.is_synthetic):
        return
    change = f"{loaded.rows_kept:,} customers after {before.count_customers:,} in version {before.version}"
    if loaded.rows_kept < (1 - settings.max_shrink) * before.count_customers:
        gate.refuse("Customers", f"{change}: more than {settings.max_shrink:.0%} are gone", "give the whole file, MAX_SHRINK=0.9")
    elif loaded.rows_kept < (1 - _MUCH_GONE) * before.count_customers:
        gone = before.count_customers - loaded.rows_kept
        cut = f" {loaded.open_ends[0]} ends without a line end: it may have been cut off." if loaded.open_ends else ""
        gate.warned("Customers", f"{change}: {gone:,} ({gone / before.count_customers:.0%}) are gone.{cut}")
    else:
        gate.passed("Customers", f"{change}.")


def _enough(loaded: LoadReport) -> float:
    """A share of rejected rows, in whole twentieths, that would let these through."""
    return math.ceil(20 * loaded.rows_rejected / loaded.rows_in) / 20


def ask_of_values(gate: Gate, connection: duckdb.DuckDBPyConnection, loaded: LoadReport) -> None:
    """What can be right and should be looked at: ids that are made, units, decimal marks, missing values."""
    if not loaded.has_ids:
        gate.warned(
            "Customer ids",
            "There is no column of customer ids; they are made from the rows' values, so a customer whose values change "
            'counts as a new one. A MAPPING file can name the column: [columns] "..." = "customer_id"',
        )
    for warning in loaded.warnings:
        gate.warned("Reading", warning)
    for column in loaded.columns:
        if column.kind in ("numeric", "category"):
            _ask_of_missing(gate, connection, column)
        if column.usual is not None:
            _ask_of_unit(gate, connection, column)


def _ask_of_missing(gate: Gate, connection: duckdb.DuckDBPyConnection, column: Column) -> None:
    held, total = connection.execute(f"select count({column.name}), count(*) from staging.customers").fetchone() or (0, 0)
    if column.kind == "numeric" and not held:
        gate.refuse(
            "Missing values",
            f"column '{column.source_header}' has no value in any row",
            f'fill it, or leave it out in a MAPPING file: [columns] "{column.source_header}" = "ignore"',
            can_force=False,
        )
    if held < total:
        share = f"{(total - held) / total:.1%}"
        say = gate.warned if (total - held) > _MUCH_MISSING * total else gate.passed
        say("Missing values", f"{column.label}: {total - held:,} of {total:,} ({share}) have none and are filled in.")


def _ask_of_unit(gate: Gate, connection: duckdb.DuckDBPyConnection, column: Column) -> None:
    assert column.usual is not None
    (median,) = connection.execute(f"select median({column.name}) from staging.customers").fetchone() or (None,)
    low, high = column.usual
    if median is None or low <= median <= high:
        return
    factors = [f for f in (1_000.0, 10.0, 100.0, 1e6, 0.01, 0.1, 0.001) if low <= median / f <= high]
    remedy = f", divide_by = {factors[0] * column.divide_by:g}" if factors else ", divide_by = ..."
    gate.warned(
        "Units",
        f"{column.label}: half of the customers are above {median:,.10g} {column.unit}, where {low:g} to {high:g} is usual. If the "
        f'file has another unit, say so in a MAPPING file: [columns] "{column.source_header.strip()}" = '
        f'{{ column = "{column.name}"{remedy} }}',
    )


def ask_of_segments(gate: Gate, segmentation: str, wanted: int, tried: int, customers: int) -> None:
    """How many segments could be tried; customers too few, and features that do not vary, were refused before fitting."""
    if tried < wanted:
        detail = f"{segmentation}: {customers:,} customers are too few to try {wanted} segments; up to {tried} were."
        gate.warned("Segments", detail)
    else:
        gate.passed("Segments", f"{segmentation}: customers enough to try {wanted} segments, and every feature varies.")


def ask_of_shifts(gate: Gate, connection: duckdb.DuckDBPyConnection) -> None:
    """How far the distributions have moved since the version before: worth a look, never a refusal."""
    shifts = connection.execute(
        "select dimension, previous_run_id, population_stability_index, shift from marts.distribution_shifts order by dimension"
    ).fetchall()
    moved = [f"{name} (population stability index {index:.2f})" for name, _, index, shift in shifts if shift == "moved a lot"]
    if moved:
        gate.warned("Distributions", f"Moved a lot since version {shifts[0][1]}: {', '.join(moved)}.")
    elif shifts:
        gate.passed("Distributions", f"No column has moved a lot since version {shifts[0][1]}.")
