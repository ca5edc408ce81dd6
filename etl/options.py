"""The options of a refresh: those of a command line, over the settings of the environment."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from warehouse.errors import InputError
from warehouse.settings import (
    FEWEST_SEGMENTS,
    MOST_SEGMENTS,
    Settings,
    alerts_file,
    engine,
    memory,
    spark_master,
    webhook,
)

KAGGLE_FILE = Path("data/Mall_Customers.csv")
_PATHS = {
    "customers": "CSV, Parquet or Excel file, a folder or a pattern "
    f"(default: {KAGGLE_FILE} where it is, else the bundled synthetic sample)",
    "mapping": "TOML file that says what the columns are",
    "transactions": "lines of purchases, in a file, a folder or a pattern",
    "stock": "what is in stock of the products, in a file, a folder or a pattern",
    "results": "what customers did after campaigns, in a file, a folder or a pattern",
    "warehouse": "directory of versions (now %(default)s)",
    "segmentations": "TOML file of feature lists (default: analytics/segmentations.toml)",
    "playbook": "TOML file of what to do with which kind of segment (default: analytics/playbook.toml)",
}


def parse(arguments: Sequence[str], settings: Settings) -> Settings:
    """Put the options of a command line over the settings of the environment."""
    parser = _Parser(
        prog="python -m etl.refresh",
        description="Load customers, build the warehouse, find segments, check everything and publish a new version.",
        epilog="Every option can also be set by the environment variable named after it. "
        "Exit status: 0 published, 1 a defect of ours, 2 bad input, 3 another refresh is running.",
    )

    def add(name: str, kind: Callable[[str], object], told: str) -> None:
        default = getattr(settings, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=kind, default=default, help=f"{name.upper()}: {told}")

    for name, told in _PATHS.items():
        add(name, Path, told)
    add(
        "k",
        _whole(FEWEST_SEGMENTS, MOST_SEGMENTS),
        "how many segments every segmentation shall have (default: what the segmentations file says, else the evidence)",
    )
    add("max_rejected", _share, "share of rows, 0 to 1, that may be rejected (now %(default)s)")
    add("max_shrink", _share, "share of its customers, 0 to 1, that the warehouse may lose (now %(default)s)")
    add("keep_versions", _whole(1, 1_000), "published versions that stay on disk (now %(default)s)")
    add("alerts_file", _kind(alerts_file), "JSON file that the alerts of the refresh are written to")
    add(
        "alerts_webhook", _kind(webhook), "address that they are posted to, when there are any; better kept out of the command line"
    )
    add(
        "memory_limit",
        _kind(memory, is_said=True),
        "memory that DuckDB may use, such as 4GB or 60%% of the machine's (now %(default)s)",
    )
    add("engine", _kind(engine, is_said=True), "what computes over the customers: duckdb, or spark on a cluster (now %(default)s)")
    add("spark_master", _kind(spark_master, is_said=True), "address of the cluster's master, such as spark://host:7077")
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


def _kind(read: Callable[[str], object], is_said: bool = False) -> Callable[[str], object]:
    """What reads a setting, as a command line has it; the text stands before what is wrong with it, if that is said."""

    def kind(text: str) -> object:
        try:
            return read(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{text}: {error}" if is_said else str(error)) from None

    return kind


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
