"""The gate: what is asked of loaded customers before they may be published. Its verdicts stand in raw.gate.

A question that is answered badly stops the refresh, and the published version stays. Some can be overruled with FORCE=1.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from etl.accounts import LoadReport
from etl.vocabulary import CUSTOMERS
from warehouse.columns import Column
from warehouse.connection import Snapshot
from warehouse.errors import GateError
from warehouse.settings import Settings

MUCH_MISSING = 0.05
"""From this share of missing values a column is worth a look."""
_MUCH_GONE = 0.1
"""From this share of lost customers on, the loss is worth a look."""
_ROWS = {"customers": "rows", "transactions": "lines of transactions", "stock": "rows of stock", "results": "rows of results"}
"""What the rows of each source are called."""


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

    def refuse(self, rule: str, detail: str, advice: str, can_force: bool = True, given: Path | None = None) -> None:
        """Raise GateError, naming `given` (the customers' by default), or record that it was overruled with FORCE=1."""
        if not (can_force and self.force):
            raise GateError(
                f"{given or self.given}: not published: {detail}; {advice}{' or accept it with FORCE=1' if can_force else ''}"
            )
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


@dataclass(frozen=True)
class Offer:
    """What can be clustered on."""

    columns: tuple[Column, ...]
    """The columns of the customers."""
    features: frozenset[str]
    """The numeric features there are."""
    of_transactions: frozenset[str]
    """Those that transactions give, or would."""
    has_customers_file: bool
    """Whether the customers are not made from the transactions."""

    @classmethod
    def of(cls, connection: duckdb.DuckDBPyConnection, loaded: LoadReport) -> "Offer":
        """Read it from what is loaded."""
        features = connection.execute("select column_name from features.columns").fetchall()
        known = connection.execute("select column_name from (describe features.transaction_features)").fetchall()
        names = frozenset(name for (name,) in features)
        return cls(loaded.columns, names, frozenset(name for (name,) in known) - {"customer_id"}, loaded.is_of_files)

    def lacks(self, needed: Sequence[str]) -> list[str]:
        """Which features of a segmentation there are not."""
        categories = {column.name for column in self.columns if column.kind == "category"}
        return [name for name in needed if name not in self.features and name.partition("_is_")[0] not in categories]


def ask_of_columns(
    gate: Gate, offer: Offer, segmentations: Mapping[str, Sequence[str]], are_chosen: bool, before: Before | None
) -> list[str]:
    """Which segmentations, given with their features, can be served. Those a person chose must all be; of the standard ones, one
    at least.

    Raises GateError where that is not so, or where one is lost that the published version has.
    """
    missing = {name: lacking for name, needed in segmentations.items() if (lacking := offer.lacks(needed))}
    served = [name for name in segmentations if name not in missing]
    if not served or (are_chosen and missing):
        gate.refuse("Columns", f"a needed column is missing: {_wants(missing)}", _remedy(offer, missing), can_force=False)
    lost = {name: lacking for name, lacking in missing.items() if before is not None and name in before.kept}
    unserved = {name: lacking for name, lacking in missing.items() if not offer.of_transactions.issuperset(lacking)}
    if lost and before is not None:
        gate.refuse(
            "Columns",
            f"version {before.version} has {', '.join(lost)}, and now a column is missing: {_wants(lost)}",
            _remedy(offer, lost),
        )
    elif unserved and offer.has_customers_file:
        gate.warned("Columns", f"{', '.join(served)} can be served; {_wants(unserved)}")
    else:
        more = f" {_wants(missing)}: give {'TRANSACTIONS' if offer.has_customers_file else 'CUSTOMERS'}=path." if missing else ""
        gate.passed("Columns", f"Every column that {', '.join(served)} needs is there.{more}")
    unnamed = sorted(before.kept.difference(segmentations)) if before is not None else []
    if unnamed and before is not None:
        detail = f"version {before.version} has {', '.join(unnamed)}, which is not among the segmentations asked for"
        if are_chosen:
            gate.warned("Segmentations", f"{detail}: it ends here.")
        else:
            gate.refuse("Segmentations", detail, "name the file that has it, SEGMENTATIONS=path.toml,")
    return served


def _wants(missing: Mapping[str, Sequence[str]]) -> str:
    return "; ".join(f"{name} needs {', '.join(names)}" for name, names in missing.items())


def _remedy(offer: Offer, missing: Mapping[str, Sequence[str]]) -> str:
    """What to do about features that are missing: those carried as text only need a word, others a name or transactions."""
    columns = offer.columns
    wanted = list(dict.fromkeys(feature for features in missing.values() for feature in features))
    texts = {column.name: column.source_header for column in columns if column.kind == "text" and column.name in wanted}
    advice = []
    if texts:
        headers, first = ", ".join(f"'{header}'" for header in texts.values()), next(iter(texts.values()))
        advice.append(
            f'{headers}: carried as text; say in MAPPING=path.toml that they are numbers: [columns] "{first}" = "numeric"'
        )
    bought = [feature for feature in wanted if feature in offer.of_transactions and feature not in texts]
    if bought:
        advice.append(
            f"{', '.join(bought)} come from transactions: give TRANSACTIONS=path, or leave the segmentation out of "
            "SEGMENTATIONS=path.toml"
        )
    others = [feature for feature in wanted if feature not in texts and feature not in bought]
    if others:
        found = ", ".join(f"'{column.source_header}'" for column in columns if column.source_header)
        advice.append(
            f"the file's columns are {found}. Headers that are recognised: {'; '.join(map(CUSTOMERS.hint, others))}. Say in "
            "MAPPING=path.toml which is which, or name other features in SEGMENTATIONS=path.toml (etl/README.md: Your own columns)"
        )
    return "; ".join(advice)


def ask_of_rows(gate: Gate, connection: duckdb.DuckDBPyConnection, loaded: LoadReport, settings: Settings) -> None:
    """Whether too many rows of a source were rejected. Raises GateError."""
    what = _ROWS[loaded.source]
    rule = f"{what.capitalize()} rejected"
    detail = f"{loaded.rows_rejected:,} of {loaded.rows_in:,} {what} cannot be used"
    if loaded.rows_rejected > settings.max_rejected * loaded.rows_in:
        of_source = f"from raw.rejects where source = '{loaded.source}'"
        rules = connection.execute(f"select rule, count(*) {of_source} group by rule order by 2 desc, 1").fetchall()
        ((file, line, reason),) = connection.execute(
            f"select source_file, source_line, reason {of_source} order by 1, 2 limit 1"
        ).fetchall()
        where = f"{file}, line {line}" if len(loaded.files) > 1 else f"line {line}"
        counts = ", ".join(f"{count:,} {name}" for name, count in rules)
        gate.refuse(
            rule,
            f"{detail} ({counts}), more than the {settings.max_rejected:.0%} allowed",
            f"the first is {where}: {reason}. Correct the file, allow more with MAX_REJECTED={_enough(loaded):g}",
            given=loaded.given,
        )
    elif loaded.rows_rejected:
        gate.warned(rule, f"{detail}; {settings.max_rejected:.0%} are allowed. They are in raw.rejects, with reasons.")
    else:
        gate.passed(rule, f"Every one of the {loaded.rows_in:,} {what} can be used.")


def ask_of_customers(gate: Gate, loaded: LoadReport, settings: Settings, before: Before | None) -> None:
    """Whether too many customers were lost. Raises GateError."""
    if before is None or (before.is_synthetic and not loaded.is_synthetic):
        return
    change = f"{loaded.rows_kept:,} customers after {before.count_customers:,} in version {before.version}"
    if loaded.rows_kept < (1 - settings.max_shrink) * before.count_customers:
        enough = math.ceil(1000 * (1 - loaded.rows_kept / before.count_customers)) / 1000
        gate.refuse(
            "Customers", f"{change}: more than {settings.max_shrink:.0%} are gone", f"give the whole file, MAX_SHRINK={enough:g}"
        )
    elif loaded.rows_kept < (1 - _MUCH_GONE) * before.count_customers:
        gone = before.count_customers - loaded.rows_kept
        cut = f" {loaded.open_ends[0]} ends without a line end: it may have been cut off." if loaded.open_ends else ""
        gate.warned("Customers", f"{change}: {gone:,} ({gone / before.count_customers:.0%}) are gone.{cut}")
    else:
        gate.passed("Customers", f"{change}.")


def ask_of_transactions(gate: Gate, connection: duckdb.DuckDBPyConnection, loaded: LoadReport) -> set[str]:
    """Whose the lines of the transactions are, and what they tell. Returns the features that are the same for every customer.

    Raises GateError where no line is of a customer.
    """
    for warning in loaded.warnings:
        gate.warned("Reading transactions", warning)
    known, none, strangers, ids = connection.execute(
        """
        select
            count(customers.customer_id),
            count(*) filter (lines.customer_id is null),
            count(*) filter (lines.customer_id is not null and customers.customer_id is null),
            count(distinct lines.customer_id) filter (customers.customer_id is null)
        from features.transaction_lines as lines
        left join staging.customers as customers using (customer_id)
        """
    ).fetchone() or (0, 0, 0, 0)
    total = known + none + strangers
    detail = f"{known:,} of {total:,} lines are of a customer"
    detail += f", {none:,} name nobody" if none else ""
    detail += f", {strangers:,} are of {ids:,} people who are not among the customers" if strangers else ""
    if not known:
        advice = "write the ids of both files alike, or leave CUSTOMERS unset to have the customers made from the transactions"
        gate.refuse("Lines of customers", detail, advice, can_force=False, given=loaded.given)
    say = gate.warned if none + strangers > MUCH_MISSING * total else gate.passed
    say("Lines of customers", f"{detail}.")
    kinds = connection.execute(
        "select line_kind, count(*) from features.transaction_lines where not is_counted group by all order by 2 desc, 1"
    ).fetchall()
    apart = ", ".join(f"{count:,} {kind}" for kind, count in kinds)
    gate.passed("Lines that count", f"Not counted: {apart}." if apart else "All are sales or undo one.")
    buyers, most = connection.execute(
        "select count(*) filter (frequency > 0), max(frequency) from features.transaction_features"
    ).fetchone() or (0, 0)
    if not buyers:
        gate.refuse("Purchases", "no customer has bought anything", "look at raw.transactions", can_force=False, given=loaded.given)
    alike = connection.execute(
        """
        select feature
        from (from features.transaction_features unpivot include nulls (value for feature in (* exclude (customer_id))))
        group by feature
        having count(distinct value) = 1 and count(value) = count(*)
        """
    ).fetchall()
    if most > 1:
        return {name for (name,) in alike}
    gate.warned("Purchases", "No customer bought more than once, so that how lately and how often says nothing of them.")
    return {"recency_days", "frequency", *(name for (name,) in alike)}


def _enough(loaded: LoadReport) -> float:
    """A share of rejected rows, in whole twentieths, that would let these through."""
    return math.ceil(20 * loaded.rows_rejected / loaded.rows_in) / 20


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
