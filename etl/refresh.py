"""The refresh: load, build, cluster, check, publish. `python -m etl.refresh --help`; `make refresh` is the same.

Exit status: 0 published, 1 a defect of ours, 2 bad input (nothing published), 3 another refresh is running.
"""

import contextlib
import sys
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from analytics.run import Clustering, Segmentation, model_actions, read_playbook, read_segmentations
from analytics.run import run as find_segments
from etl.accounts import LoadReport, tell_rows
from etl.alerts import deliver, read_message, sentences
from etl.console import Reporter
from etl.customers import load_customers
from etl.files import count_bytes
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
)
from etl.gate_further import ask_of_playbook, ask_of_results, ask_of_stock
from etl.gate_values import ask_of_values
from etl.mapping import read_mapping
from etl.options import KAGGLE_FILE, parse
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
from warehouse.errors import DamagedError, InputError, MallError, ReleaseError, refuse
from warehouse.history import HISTORY, MARTS, Carried, carry_history, gather_labels, highest_ids, hold_stays
from warehouse.progress import Progress
from warehouse.publish import Draft, Engine, duckdb_itself, interrupt_on_terminate, new_version
from warehouse.rules import count_rules
from warehouse.settings import Settings
from warehouse.spark.session import on_spark
from warehouse.versions import CURRENT, current, files, published, version_of

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
    engine = _engine(settings)
    with new_version(settings.warehouse, settings.keep_versions, settings.memory_limit, engine) as draft:
        reporter.watch(draft.connection)
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
        with reporter.step("models", "Modelled", loaded.rows_kept) as step:
            model_actions(draft.connection, draft.number, plays, step)
        if settings.playbook is not None:
            ask_of_playbook(gate, draft.connection)
        with reporter.step("marts", "Marts", loaded.rows_kept) as step:
            build(draft.connection, ["marts"], step)
            count_rules(draft.connection)
            _carry(draft, reporter, MARTS)
        ask_of_shifts(gate, draft.connection)
        with reporter.step("checks", "Checked", loaded.rows_kept) as step, _naming(gate.given):
            checked = run_checks(draft.connection, step)
        gate.passed("Checks", f"All {checked} hold.")
        with reporter.step("write", "Written", loaded.rows_kept):
            gate.write(draft.connection)
            message = read_message(draft.connection)
            draft.connection.execute("checkpoint warehouse")  # what is still in memory; it would be written unseen otherwise
    with contextlib.suppress(KeyboardInterrupt):  # too late: it is published
        for warning in gate.warnings:
            reporter.warn(warning)
        for sentence in sentences(message):
            reporter.line("Alert", sentence)
        reporter.line("Checks", f"all {checked} hold")
        reporter.line("Times", reporter.times())
        reporter.line("Published", f"{settings.warehouse / CURRENT}, version {draft.number}")
        deliver(settings, message, reporter.warn)
    return draft.number


def _engine(settings: Settings) -> Engine:
    """What computes over the customers. Raises InputError where the settings do not go together."""
    if settings.engine == "duckdb":
        return duckdb_itself
    if settings.spark_master is None:
        raise InputError("ENGINE=spark needs the address of the cluster: SPARK_MASTER=spark://host:7077")
    if settings.customers is None:
        raise InputError("ENGINE=spark needs CUSTOMERS=path: a file or folder that this machine and every worker can read")
    for name in ("transactions", "stock", "results"):
        if getattr(settings, name) is not None:
            raise InputError(f"{name.upper()}={getattr(settings, name)}: ENGINE=spark reads customers alone; leave it unset")
    return on_spark(settings.spark_master)


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
    with reporter.step("load", "Loaded") as step:
        given = (settings.customers, settings.transactions, settings.stock, settings.results)
        parts = step.split([count_bytes(path) / 1_000 for path in given if path is not None], "kB")
        loaded, transactions = _read(draft, settings, gate, parts)
        further = _read_further(draft, settings, transactions is not None, parts)
        sources = [source for source in (loaded, transactions, *further) if source is not None and source.is_of_files]
        step.amount, step.unit = sum(source.rows_in for source in sources), "rows"
    tell_rows(reporter.line, loaded, transactions, further)
    with reporter.step("transactions", "Purchases", transactions.rows_in if transactions else 0, "lines") as step:
        build(connection, _OF_TRANSACTIONS, step)
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
    with reporter.step("features", "Features", loaded.rows_kept) as step:
        clustered = sorted({feature for segmentation in chosen for feature in segmentation.features})
        connection.execute("update features.columns set is_charted = true where list_contains($1, column_name)", [clustered])
        rest = [relation.qualified for relation in relations() if relation.schema == "features"]
        build(connection, set(rest).difference(_OF_TRANSACTIONS), step)
    return loaded, chosen


def _read_further(draft: Draft, settings: Settings, has_transactions: bool, parts: Iterator[Progress]) -> list[LoadReport]:
    """Load what was given beside: stock, and results of campaigns."""
    found = []
    if settings.stock is not None:
        if not has_transactions:
            raise InputError(f"{settings.stock}: what is in stock says something beside what is sold: give TRANSACTIONS=path too")
        found.append(load_stock(draft.connection, settings.stock, read_mapping(settings.mapping, STOCK), next(parts)))
    if settings.results is not None:
        mapping, erased = read_mapping(settings.mapping, RESULTS), forgotten.read(settings.warehouse)
        found.append(load_results(draft.connection, settings.results, mapping, erased, next(parts)))
    return found


def _read(draft: Draft, settings: Settings, gate: Gate, parts: Iterator[Progress]) -> tuple[LoadReport, LoadReport | None]:
    """Load customers, transactions beside them, or transactions that customers are made from."""
    erased = forgotten.read(settings.warehouse)
    if settings.customers is None and settings.transactions is not None:
        mapping = read_mapping(settings.mapping, BOTH)
        transactions, loaded = load_transactions_and_customers(
            draft.connection, settings.transactions, mapping, erased, next(parts)
        )
        return loaded, transactions
    loaded = load_customers(draft.connection, gate.given, read_mapping(settings.mapping), erased, next(parts))
    if settings.transactions is None:
        return loaded, None
    mapping = read_mapping(settings.mapping, TRANSACTIONS)
    return loaded, load_transactions(draft.connection, settings.transactions, mapping, erased, next(parts))


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
    with reporter.step("history", "History", loaded.rows_kept) as step:
        build(draft.connection, ["segments"])
        step(0, 2, "earlier runs")
        _carry(draft, reporter, HISTORY)
        if draft.previous is not None:
            erased = forgotten.read(draft.previous.parent)
            _warn_of_lost(reporter, [hold_stays(draft.connection, draft.previous, draft.number, erased)])
        step(1, 2, "names that people gave")
        others = [path for path in files(draft.previous.parent) if path != draft.previous] if draft.previous is not None else []
        gather_labels(draft.connection, others, draft.number)
    with reporter.step("segments", "Clustered", loaded.rows_kept) as step, _naming(gate.given):
        clusterings = find_segments(
            draft.connection, draft.number, segmentations, progress=step, taken_ids=highest_ids(draft.connection, others)
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
    except (DamagedError, ReleaseError, duckdb.Error) as error:
        reporter.warn(f"{_NOT_COMPARED}: {error}")
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


def _carry(draft: Draft, reporter: Reporter, relations: Sequence[str]) -> None:
    """Carry the history of the version before into the draft, and say where that was not possible."""
    if draft.previous is not None:
        erased = forgotten.read(draft.previous.parent)
        _warn_of_lost(reporter, carry_history(draft.connection, draft.previous, draft.number, relations, erased))


def _warn_of_lost(reporter: Reporter, carried: Sequence[Carried]) -> None:
    for problem in dict.fromkeys(each.problem for each in carried if each.problem):
        reporter.warn(f"HISTORY NOT CARRIED ON: {problem}")


def _report_clustering(reporter: Reporter, clustering: Clustering) -> None:
    reporter.line(clustering.segmentation.name.capitalize()[:12], f"{clustering.algorithm:<13} k = {clustering.choice.reason}")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; returns the exit status."""
    interrupt_on_terminate()
    try:
        settings = parse(sys.argv[1:] if arguments is None else arguments, Settings.from_environment())
        refresh(settings, Reporter())
    except MallError as error:
        return refuse("refresh", error)
    except (KeyboardInterrupt, RuntimeError) as error:
        if isinstance(error, RuntimeError) and str(error) != "Query interrupted":  # DuckDB's word for it, within a statement
            raise
        print("refresh: interrupted; nothing was published", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
