"""The refresh: load, build, cluster, check, publish. `python -m etl.refresh --help`; `make refresh` is the same.

Exit status: 0 published, 1 a defect of ours, 2 bad input (nothing published), 3 another refresh is running.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from analytics.run import Clustering, Segmentation, read_segmentations
from analytics.run import run as find_segments
from etl.console import Reporter
from etl.customers import LoadReport, load_customers
from etl.sample import BUNDLED
from warehouse.build import build
from warehouse.checks import run_checks
from warehouse.connection import Warehouse
from warehouse.errors import InputError, MallError, NotPublishedError, refuse
from warehouse.history import Carried, carry_history
from warehouse.publish import new_version
from warehouse.settings import Settings
from warehouse.versions import CURRENT

KAGGLE_FILE = Path("data/Mall_Customers.csv")


def refresh(settings: Settings, reporter: Reporter) -> int:
    """Build and publish a new warehouse version from the settings' sources; returns its number.

    Raises InputError or BusyError with nothing published.
    """
    if settings.transactions is not None:
        raise InputError(f"{settings.transactions}: transactions cannot be loaded yet; leave TRANSACTIONS unset")
    segmentations = read_segmentations(settings.segmentations)
    source = _customers(settings, reporter)
    with new_version(settings.warehouse, settings.keep_versions) as draft:
        with reporter.step("load"):
            needed = _source_columns(segmentations)
            loaded = load_customers(draft.connection, source, needed, settings.max_rejected, settings.force)
        _report_rows(reporter, loaded)
        with reporter.step("features"):
            build(draft.connection, ["staging", "features"])
        with reporter.step("history"):
            build(draft.connection, ["segments"])
            carried = carry_history(draft.connection, draft.previous, draft.number) if draft.previous else []
        _report_history(reporter, carried)
        with reporter.step("segments") as progress, _naming(source):
            clusterings = find_segments(draft.connection, draft.number, segmentations, progress=progress)
        for clustering in clusterings:
            _report_clustering(reporter, clustering)
        with reporter.step("marts"):
            build(draft.connection, ["marts"])
        with reporter.step("checks"), _naming(source):
            checked = run_checks(draft.connection)
    reporter.line("Checks", f"all {checked} hold")
    reporter.line("Times", reporter.times())
    reporter.line("Published", f"{settings.warehouse / CURRENT}, version {draft.number}")
    return draft.number


@contextmanager
def _naming(source: Path) -> Iterator[None]:
    """Put the name of the customers file before what is wrong with its customers."""
    try:
        yield
    except InputError as error:
        raise type(error)(f"{source}: {error}") from error


def _customers(settings: Settings, reporter: Reporter) -> Path:
    if settings.customers is not None:
        return settings.customers
    if KAGGLE_FILE.exists():
        return KAGGLE_FILE
    if not settings.force and _holds_real_customers(settings.warehouse):
        raise InputError(
            f"{settings.warehouse}: holds real customers, and the bundled sample of synthetic ones will not take their place: "
            "give CUSTOMERS=path, or FORCE=1"
        )
    reporter.warn(
        f"SYNTHETIC CUSTOMERS: no CUSTOMERS=path was given and there is no {KAGGLE_FILE}, so this is the bundled sample "
        "of generated people. `make data` fetches the Kaggle file."
    )
    return BUNDLED


def _holds_real_customers(warehouse: Path) -> bool:
    try:
        return not Warehouse(warehouse).snapshot().value("select is_synthetic from marts.provenance")
    except NotPublishedError:
        return False


def _source_columns(segmentations: Sequence[Segmentation]) -> list[str]:
    """The columns of the source that the segmentations need; an encoded feature (gender_is_female) needs its category."""
    return list(dict.fromkeys(feature.partition("_is_")[0] for s in segmentations for feature in s.features))


def _report_rows(reporter: Reporter, loaded: LoadReport) -> None:
    reporter.line("Customers", f"{loaded.file}{' (SYNTHETIC)' if loaded.is_synthetic else ''}")
    reporter.line(
        "Rows",
        f"{loaded.rows_in:,} in = {loaded.rows_kept:,} kept + {loaded.rows_rejected:,} rejected "
        f"+ {loaded.rows_duplicate:,} identical to a kept one",
    )


def _report_history(reporter: Reporter, carried: Sequence[Carried]) -> None:
    for problem in dict.fromkeys(each.problem for each in carried if each.problem):
        reporter.warn(f"HISTORY NOT CARRIED ON: {problem}")


def _report_clustering(reporter: Reporter, clustering: Clustering) -> None:
    reporter.line(clustering.segmentation.name.capitalize()[:12], f"{clustering.algorithm:<13} k = {clustering.choice.reason}")


def parse(arguments: Sequence[str], settings: Settings) -> Settings:
    """Put the options of a command line over the settings of the environment."""
    parser = argparse.ArgumentParser(
        prog="python -m etl.refresh",
        description="Load customers, build the warehouse, find segments, check everything and publish a new version.",
        epilog="Every option can also be set by the environment variable named after it. "
        "Exit status: 0 published, 1 a defect of ours, 2 bad input, 3 another refresh is running.",
    )
    parser.add_argument(
        "--customers",
        type=Path,
        default=settings.customers,
        help=f"CUSTOMERS: CSV or Parquet file (default: {KAGGLE_FILE} where it is, else the bundled synthetic sample)",
    )
    parser.add_argument("--transactions", type=Path, default=settings.transactions, help="TRANSACTIONS: not supported yet")
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
        "--max-rejected",
        type=_share,
        default=settings.max_rejected,
        help="MAX_REJECTED: share of rows, 0 to 1, that may be rejected (now %(default)s)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        default=settings.force,
        help="FORCE: publish however many rows are rejected, and replace real customers by the sample",
    )
    given = parser.parse_args(arguments)
    return replace(settings, **vars(given))


def _share(text: str) -> float:
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError("give a share from 0 to 1")
    return value


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
