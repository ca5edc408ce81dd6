"""The refresh: load, build, cluster, check, publish. `python -m etl.refresh --help`; `make refresh` is the same.

Exit status: 0 published, 1 a defect of ours, 2 bad input (nothing published), 3 another refresh is running.
"""

import argparse
import contextlib
import sys
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import duckdb

from analytics.run import Clustering, Segmentation, model_actions, read_playbook, read_segmentations
from analytics.run import run as find_segments
from etl.accounts import LoadReport
from etl.console import Reporter
from etl.customers import load_customers
from etl.further import load_results, load_stock
from etl.gate import (
    Before,
    Gate,
    Offer,
    ask_of_columns,
    ask_of_customers,
    ask_of_rows,
    ask_of_segments,
    ask_of_shifts,
    ask_of_transactions,
    ask_of_values,
)
from etl.gate_further import ask_of_playbook, ask_of_results, ask_of_stock
from etl.mapping import read_mapping
from etl.sample import BUNDLED
from etl.sample_results import BUNDLED_RESULTS
from etl.sample_transactions import BUNDLED_STOCK, BUNDLED_TRANSACTIONS
from etl.transactions import load_transactions, load_transactions_and_customers
from etl.vocabulary import BOTH, RESULTS, STOCK, TRANSACTIONS
from warehouse import forgotten
from warehouse.build import build
from warehouse.catalog import relations
from warehouse.checks import run_checks
from warehouse.connection import Snapshot
from warehouse.errors import DamagedError, InputError, MallError, refuse
from warehouse.history import HISTORY, MARTS, carry_history, gather_labels, highest_ids
from warehouse.publish import Draft, new_version
from warehouse.settings import FEWEST_SEGMENTS, MOST_SEGMENTS, Settings, memory
from warehouse.versions import CURRENT, current, files, published, version_of

KAGGLE_FILE = Path("data/Mall_Customers.csv")
_OF_TRANSACTIONS = (
    *("features.service_rules", "features.products", "features.transaction_lines", "features.observation"),
    *("features.transaction_features", "features.category_shares", "features.columns", "features.stock"),
)
"""What the transactions tell, built first: the gate asks of it which segmentations can be served."""
_NOT_COMPARED = "NOT COMPARED WITH WHAT WAS PUBLISHED, AND WITHOUT ITS HISTORY"


def refresh(settings: Settings, reporter: Reporter) -> int:
    """Build and publish a new warehouse version from the settings' sources; returns its number.

    Raises InputError, GateError or BusyError with nothing published.
    """
    segmentations = read_segmentations(settings.segmentations)
    plays = read_playbook(settings.playbook)
    if settings.k is not None:
        segmentations = tuple(replace(segmentation, k=settings.k) for segmentation in segmentations)
    with new_version(settings.warehouse, settings.keep_versions, settings.memory_limit) as draft:
        before = _before(draft, settings, reporter)
        settings = _with_sources(settings, reporter, before)
        given = settings.customers or settings.transactions
        assert given is not None
        gate = Gate(given, settings.force)
        loaded, served = _load(draft, settings, segmentations, before, gate, reporter)
        if before is not None and before.is_synthetic != loaded.is_synthetic:
            reporter.line(
                "History", f"begins anew: version {before.version} is of {'generated' if before.is_synthetic else 'real'} customers"
            )
            draft = replace(draft, previous=None)
        _cluster(draft, loaded, served, gate, reporter)
        with reporter.step("models"):
            model_actions(draft.connection, draft.number, plays)
        if settings.playbook is not None:
            ask_of_playbook(gate, draft.connection)
        with reporter.step("marts"):
            build(draft.connection, ["marts"])
            _carry(draft, reporter, MARTS)
        ask_of_shifts(gate, draft.connection)
        with reporter.step("checks"), _naming(gate.given):
            checked = run_checks(draft.connection)
        gate.passed("Checks", f"All {checked} hold.")
        gate.write(draft.connection)
    with contextlib.suppress(KeyboardInterrupt):  # too late: it is published
        for warning in gate.warnings:
            reporter.warn(warning)
        reporter.line("Checks", f"all {checked} hold")
        reporter.line("Times", reporter.times())
        reporter.line("Published", f"{settings.warehouse / CURRENT}, version {draft.number}")
    return draft.number


def _load(
    draft: Draft,
    settings: Settings,
    segmentations: Sequence[Segmentation],
    before: Before | None,
    gate: Gate,
    reporter: Reporter,
) -> tuple[LoadReport, list[Segmentation]]:
    """Load the sources and ask the gate. Returns what became of the customers, and the segmentations that can be served."""
    connection = draft.connection
    with reporter.step("load"):
        loaded, transactions = _read(draft, settings, gate)
        further = _read_further(draft, settings, transactions is not None)
    _report_rows(reporter, loaded, transactions, further)
    with reporter.step("transactions"):
        build(connection, _OF_TRANSACTIONS)
    if transactions is not None:
        ask_of_rows(gate, connection, transactions, settings)
        silent = ask_of_transactions(gate, connection, transactions)
        segmentations = segmentations if settings.segmentations else _telling(segmentations, silent, gate)
    for source in further:
        ask_of_rows(gate, connection, source, settings)
        (ask_of_stock if source.source == STOCK.source else ask_of_results)(gate, connection, source)
    needs = {segmentation.name: segmentation.features for segmentation in segmentations}
    offer = Offer.of(connection, loaded)
    served = ask_of_columns(gate, offer, needs, settings.segmentations is not None, before)
    if loaded.is_of_files:
        ask_of_rows(gate, connection, loaded, settings)
    ask_of_customers(gate, loaded, settings, before)
    ask_of_values(gate, connection, loaded)
    chosen = [segmentation for segmentation in segmentations if segmentation.name in served]
    with reporter.step("features"):
        clustered = sorted({feature for segmentation in chosen for feature in segmentation.features})
        connection.execute("update features.columns set is_charted = true where list_contains($1, column_name)", [clustered])
        rest = [relation.qualified for relation in relations() if relation.schema == "features"]
        build(connection, set(rest).difference(_OF_TRANSACTIONS))
    return loaded, chosen


def _read_further(draft: Draft, settings: Settings, has_transactions: bool) -> list[LoadReport]:
    """Load what was given beside: stock, and results of campaigns."""
    found = []
    if settings.stock is not None:
        if not has_transactions:
            raise InputError(f"{settings.stock}: what is in stock says something beside what is sold: give TRANSACTIONS=path too")
        found.append(load_stock(draft.connection, settings.stock, read_mapping(settings.mapping, STOCK)))
    if settings.results is not None:
        mapping, erased = read_mapping(settings.mapping, RESULTS), forgotten.read(settings.warehouse)
        found.append(load_results(draft.connection, settings.results, mapping, erased))
    return found


def _read(draft: Draft, settings: Settings, gate: Gate) -> tuple[LoadReport, LoadReport | None]:
    """Load customers, transactions beside them, or transactions that customers are made from."""
    erased = forgotten.read(settings.warehouse)
    if settings.customers is None and settings.transactions is not None:
        mapping = read_mapping(settings.mapping, BOTH)
        transactions, loaded = load_transactions_and_customers(draft.connection, settings.transactions, mapping, erased)
        return loaded, transactions
    loaded = load_customers(draft.connection, gate.given, read_mapping(settings.mapping), erased)
    if settings.transactions is None:
        return loaded, None
    mapping = read_mapping(settings.mapping, TRANSACTIONS)
    return loaded, load_transactions(draft.connection, settings.transactions, mapping, erased)


def _telling(segmentations: Sequence[Segmentation], silent: Collection[str], gate: Gate) -> list[Segmentation]:
    """The standard segmentations without the features that tell no two customers apart, and without those that have no other."""
    found = []
    for segmentation in segmentations:
        left = tuple(feature for feature in segmentation.features if feature not in silent)
        mute = [feature for feature in segmentation.features if feature in silent]
        if mute:
            what = f"is made from {', '.join(left)} alone" if left else "is left out"
            gate.warned("Purchases", f"{segmentation.name} {what}: {', '.join(mute)} tell nothing of these customers.")
        if left:
            found.append(replace(segmentation, features=left))
    return found


def _cluster(draft: Draft, loaded: LoadReport, segmentations: Sequence[Segmentation], gate: Gate, reporter: Reporter) -> None:
    """Find the segments, upon what earlier versions found."""
    with reporter.step("history"):
        build(draft.connection, ["segments"])
        _carry(draft, reporter, HISTORY)
        others = [path for path in files(draft.previous.parent) if path != draft.previous] if draft.previous is not None else []
        gather_labels(draft.connection, others, draft.number)
    with reporter.step("segments") as progress, _naming(gate.given):
        clusterings = find_segments(
            draft.connection, draft.number, segmentations, progress=progress, taken_ids=highest_ids(draft.abandoned)
        )
    for clustering in clusterings:
        _report_clustering(reporter, clustering)
        if clustering.algorithm == "kmeans":
            tried = max(evaluation.k for evaluation in clustering.evaluations)
            ask_of_segments(gate, clustering.segmentation.name, clustering.segmentation.k_max, tried, loaded.rows_kept)


@contextmanager
def _naming(source: Path) -> Iterator[None]:
    """Put the name of the customers file before what is wrong with its customers."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{source}: {error}") from error


def _before(draft: Draft, settings: Settings, reporter: Reporter) -> Before | None:
    """What the version before had; None where there is none, or none that can be read: that is said, and does not stop us."""
    if draft.previous is None:
        if published(settings.warehouse):
            reporter.warn(f"{_NOT_COMPARED}: {settings.warehouse}: no version there can be read")
        return None
    now = current(settings.warehouse)
    if now not in (None, version_of(draft.previous)):
        reporter.warn(f"VERSION {now} IS DAMAGED: this one is built upon version {version_of(draft.previous)}")
    db = Snapshot(draft.previous)
    try:
        return Before.of(db)
    except (DamagedError, duckdb.Error) as error:
        reporter.warn(f"{_NOT_COMPARED}: {' '.join(str(error).splitlines())}")
        return None
    finally:
        db.close()


def _with_sources(settings: Settings, reporter: Reporter, before: Before | None) -> Settings:
    """The settings with what is to be loaded: what was given, else the Kaggle file, else the sample."""
    if settings.customers is not None or settings.transactions is not None:
        return settings
    if KAGGLE_FILE.exists():
        return replace(settings, customers=KAGGLE_FILE)
    is_known = before is not None and before.version == current(settings.warehouse)
    is_synthetic = is_known and before is not None and before.is_synthetic
    if not settings.force and not is_synthetic and published(settings.warehouse):
        held = "real customers" if is_known else "a version that cannot be read, perhaps of real customers"
        raise InputError(
            f"{settings.warehouse}: holds {held}, and the bundled sample of synthetic ones will not take their place: "
            "give CUSTOMERS=path, or FORCE=1"
        )
    reporter.warn(
        f"SYNTHETIC CUSTOMERS: no CUSTOMERS=path was given and there is no {KAGGLE_FILE}, so this is the bundled sample "
        "of generated people and purchases. `make data` fetches the Kaggle file."
    )
    return replace(
        settings,
        customers=BUNDLED,
        transactions=BUNDLED_TRANSACTIONS,
        stock=settings.stock or BUNDLED_STOCK,
        results=settings.results or BUNDLED_RESULTS,
    )


def _report_rows(reporter: Reporter, loaded: LoadReport, transactions: LoadReport | None, further: Sequence[LoadReport]) -> None:
    if loaded.is_of_files:
        _report_source(reporter, "Customers", "Rows", loaded)
    if transactions is not None:
        _report_source(reporter, "Transactions", "Lines", transactions)
    if not loaded.is_of_files:
        reporter.line("Customers", f"{loaded.rows_kept:,}, made from the transactions")
    for source in further:
        _report_source(reporter, source.source.capitalize(), "Rows", source)


def _report_source(reporter: Reporter, what: str, rows: str, loaded: LoadReport) -> None:
    files = f", {len(loaded.files)} files" if len(loaded.files) > 1 else ""
    reporter.line(what, f"{loaded.given}{files}{' (SYNTHETIC)' if loaded.is_synthetic else ''}")
    reporter.line(
        rows,
        f"{loaded.rows_in:,} in = {loaded.rows_kept:,} kept + {loaded.rows_rejected:,} rejected "
        f"+ {loaded.rows_duplicate:,} identical to a kept one"
        + (f" + {loaded.rows_forgotten:,} erased on request" if loaded.rows_forgotten else ""),
    )


def _carry(draft: Draft, reporter: Reporter, relations: Sequence[str]) -> None:
    """Carry the history of the version before into the draft, and say where that was not possible."""
    if draft.previous is not None:
        carried = carry_history(draft.connection, draft.previous, draft.number, relations)
        for problem in dict.fromkeys(each.problem for each in carried if each.problem):
            reporter.warn(f"HISTORY NOT CARRIED ON: {problem}")


def _report_clustering(reporter: Reporter, clustering: Clustering) -> None:
    reporter.line(clustering.segmentation.name.capitalize()[:12], f"{clustering.algorithm:<13} k = {clustering.choice.reason}")


def parse(arguments: Sequence[str], settings: Settings) -> Settings:
    """Put the options of a command line over the settings of the environment."""
    parser = _Parser(
        prog="python -m etl.refresh",
        description="Load customers, build the warehouse, find segments, check everything and publish a new version.",
        epilog="Every option can also be set by the environment variable named after it. "
        "Exit status: 0 published, 1 a defect of ours, 2 bad input, 3 another refresh is running.",
    )
    parser.add_argument(
        "--customers",
        type=Path,
        default=settings.customers,
        help="CUSTOMERS: CSV, Parquet or Excel file, a folder or a pattern "
        f"(default: {KAGGLE_FILE} where it is, else the bundled synthetic sample)",
    )
    parser.add_argument("--mapping", type=Path, default=settings.mapping, help="MAPPING: TOML file that says what the columns are")
    parser.add_argument(
        "--transactions",
        type=Path,
        default=settings.transactions,
        help="TRANSACTIONS: lines of purchases, in a file, a folder or a pattern",
    )
    parser.add_argument(
        "--stock",
        type=Path,
        default=settings.stock,
        help="STOCK: what is in stock of the products, in a file, a folder or a pattern",
    )
    parser.add_argument(
        "--results",
        type=Path,
        default=settings.results,
        help="RESULTS: what customers did after campaigns, in a file, a folder or a pattern",
    )
    parser.add_argument(
        "--warehouse", type=Path, default=settings.warehouse, help="WAREHOUSE: directory of versions (now %(default)s)"
    )
    parser.add_argument(
        "--segmentations",
        type=Path,
        default=settings.segmentations,
        help="SEGMENTATIONS: TOML file of feature lists (default: analytics/segmentations.toml)",
    )
    parser.add_argument(
        "--playbook",
        type=Path,
        default=settings.playbook,
        help="PLAYBOOK: TOML file of what to do with which kind of segment (default: analytics/playbook.toml)",
    )
    parser.add_argument(
        "--k",
        type=_whole(FEWEST_SEGMENTS, MOST_SEGMENTS),
        default=settings.k,
        help="K: how many segments every segmentation shall have (default: what the segmentations file says, else the evidence)",
    )
    parser.add_argument(
        "--max-rejected",
        type=_share,
        default=settings.max_rejected,
        help="MAX_REJECTED: share of rows, 0 to 1, that may be rejected (now %(default)s)",
    )
    parser.add_argument(
        "--max-shrink",
        type=_share,
        default=settings.max_shrink,
        help="MAX_SHRINK: share of its customers, 0 to 1, that the warehouse may lose (now %(default)s)",
    )
    parser.add_argument(
        "--keep-versions",
        type=_whole(1, 1_000),
        default=settings.keep_versions,
        help="KEEP_VERSIONS: published versions that stay on disk (now %(default)s)",
    )
    parser.add_argument(
        "--memory-limit",
        type=_memory,
        default=settings.memory_limit,
        help="MEMORY_LIMIT: memory that DuckDB may use, such as 4GB or 60%% of the machine's (now %(default)s)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        default=settings.force,
        help="FORCE: publish although many rows are rejected, customers or a segmentation are lost, or the sample replaces them",
    )
    given = parser.parse_args(arguments)
    return replace(settings, **vars(given))


def _share(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text}: give a share from 0 to 1")
    return value


def _memory(text: str) -> str:
    try:
        return memory(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from error


def _whole(low: int, high: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isascii() or not text.isdigit() or not low <= int(text) <= high:
            raise argparse.ArgumentTypeError(f"{text}: give a whole number from {low} to {high}")
        return int(text)

    return number


class _Parser(argparse.ArgumentParser):
    """An argument parser whose refusals are one line, like all others."""

    def error(self, message: str) -> NoReturn:
        raise InputError(f"{message}; python -m etl.refresh --help lists the options")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    try:
        settings = parse(sys.argv[1:] if arguments is None else arguments, Settings.from_environment())
        refresh(settings, Reporter())
    except MallError as error:
        return refuse("refresh", error)
    except KeyboardInterrupt:
        print("refresh: interrupted; nothing was published", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
