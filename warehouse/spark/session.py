"""The connection to a Spark cluster: what must be there for it, what it is told, and what it must be able to do."""

import contextlib
import logging
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import urlsplit

import duckdb

from warehouse.connection import literal
from warehouse.errors import BuildError, InputError
from warehouse.lake import folder_of, refuse_pattern
from warehouse.lake_connection import LakeConnection
from warehouse.lake_tables import LakeTables
from warehouse.publish import BUILDING, Engine
from warehouse.spark.cluster import Spark, asking

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

OLDEST_JAVA = 17
_PATIENCE = 5.0
"""Seconds in which a master must answer."""
_PATIENCE_WITH_WORKERS = 60.0
"""Seconds in which a worker must take on work."""
_TASKS_TO_REACH_ALL = 4
"""Of so many per processor, every worker does one."""
_SETTINGS = {
    "spark.app.name": "mall-customer-segmentation",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.parquet.compression.codec": "zstd",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.caseSensitive": "true",
    "spark.sql.variable.substitute": "false",
    "spark.sql.files.ignoreMissingFiles": "false",
    "spark.sql.files.ignoreCorruptFiles": "false",
    "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "1",  # a task that is done twice writes once
    # how large files are says little of their rows: ids in order take a byte each. What is small is told to be (Spark.show)
    "spark.sql.autoBroadcastJoinThreshold": "64KB",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "10MB",
}
"""What the results depend on, and whether they fit. Memory, cores and places are for spark-defaults.conf."""
_SAYS_NOTHING = f"-Dlog4j2.configurationFile={(Path(__file__).parent / 'log4j2.properties').as_uri()}"


def on_spark(master: str) -> Engine:
    """The engine that has the customers on the cluster of a master."""

    @contextlib.contextmanager
    def engine(connection: duckdb.DuckDBPyConnection, final: Path) -> Iterator[duckdb.DuckDBPyConnection]:
        final = final.absolute()
        refuse_pattern(final.parent)
        work = final.with_name(f"{final.name}{BUILDING}.work")
        with connected(master) as cluster:
            _refuse_apart(connection, cluster, work)
            # answers whatever a refresh asks of DuckDB's own, which has no type that others could be of
            yield cast(
                duckdb.DuckDBPyConnection, LakeConnection(connection, LakeTables(connection, folder_of(final), work, cluster))
            )

    return engine


@contextlib.contextmanager
def connected(master: str) -> Iterator[Spark]:
    """A session on the cluster of a master, stopped at the end, whatever happens.

    Raises InputError where PySpark or Java is missing, the cluster cannot be reached, or takes on no work.
    """
    _refuse_missing()
    _refuse_unreachable(master)
    with _quiet():
        from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(master)
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    try:
        with _quiet(), _java_options(_SAYS_NOTHING), _own_interrupts(), asking("a session"):
            session = builder.getOrCreate()
    except BuildError as error:
        raise InputError(f"SPARK_MASTER={master}: no session can be had of it: {error}") from error
    for name in ("SQLQueryContextLogger", "py4j"):  # what they have to say comes as an error, too
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    logging.getLogger().addFilter(_is_not_of_py4j)  # which also logs as if it were the program itself
    try:
        _refuse_idle(session)
        yield Spark(session)
    finally:
        with contextlib.suppress(Exception):  # the cluster may be gone
            session.stop()


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return "py4j" not in Path(record.pathname).parts


@contextlib.contextmanager
def _own_interrupts() -> Iterator[None]:
    """Have Ctrl-C do what it did before the block: PySpark would ask the cluster for something, in the middle of an answer."""
    kept = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, kept)


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Let what is started in the block say nothing: Java greets at length, and goes on to whatever was its standard error then."""
    with warnings.catch_warnings(), open(os.devnull, "w") as nowhere:
        warnings.simplefilter("ignore")
        sys.stderr.flush()
        kept = os.dup(2)
        os.dup2(nowhere.fileno(), 2)
        try:
            yield
        finally:
            sys.stderr.flush()
            os.dup2(kept, 2)
            os.close(kept)


@contextlib.contextmanager
def _java_options(options: str) -> Iterator[None]:
    """Give these to a Java that is started in the block, beside what else it is given."""
    name = "SPARK_SUBMIT_OPTS"
    kept = os.environ.get(name)
    os.environ[name] = f"{kept or ''} {options}".strip()
    try:
        yield
    finally:
        os.environ.pop(name) if kept is None else os.environ.update({name: kept})


def _refuse_missing() -> None:
    try:
        with _quiet():
            import pyspark  # noqa: F401
            import sqlglot  # noqa: F401
    except ImportError as error:
        raise InputError(
            f"ENGINE=spark needs {error.name}, which is not installed: install the extra, pip install '.[spark]'"
        ) from error
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    version = _java_version(java) if java else None
    if version is None:
        raise InputError(
            f"ENGINE=spark needs Java {OLDEST_JAVA} or newer, and there is none: install it, or say with JAVA_HOME where it is"
        )
    if version < OLDEST_JAVA:
        raise InputError(f"ENGINE=spark needs Java {OLDEST_JAVA} or newer, and {java} is Java {version}")


def _java_version(java: str) -> int | None:
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, check=True).stderr
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    return int(found.group(1)) if found else None


def _refuse_unreachable(master: str) -> None:
    """Spark itself would try for a minute, and say so in many lines."""
    if not master.startswith("spark://"):
        return
    reasons = []
    for place in master.removeprefix("spark://").split(","):
        try:
            parts = urlsplit(f"spark://{place}")
            with socket.create_connection((parts.hostname or "", parts.port or 0), timeout=_PATIENCE):
                return
        except (OSError, ValueError) as error:  # the latter for what is no name of a machine
            reasons.append(str(getattr(error, "strerror", None) or error))
    raise InputError(f"SPARK_MASTER={master}: the cluster cannot be reached: {reasons[0]}")


def _refuse_idle(session: "SparkSession") -> None:
    """Raise InputError where no worker takes on the least work: Spark itself would wait for one for ever."""
    answered = threading.Event()
    failures: list[Exception] = []

    def ask() -> None:
        try:
            session.range(1).count()
        except Exception as error:
            failures.append(error)
        answered.set()

    threading.Thread(target=ask, daemon=True).start()
    is_answered = answered.wait(_PATIENCE_WITH_WORKERS)
    with asking("a first count"):
        for failure in failures:
            raise failure
    if not is_answered:
        asked = session.conf.get("spark.executor.memory", "1g")
        raise InputError(
            f"SPARK_MASTER={session.sparkContext.master}: no worker took on work within {_PATIENCE_WITH_WORKERS:.0f} s: none is "
            f"free, none has the memory that is asked for, {asked} (spark.executor.memory in spark-defaults.conf), or none can "
            "reach this machine (spark.driver.host)"
        )


def _refuse_apart(connection: duckdb.DuckDBPyConnection, cluster: Spark, work: Path) -> None:
    """Raise InputError where what the workers write does not arrive here: each may have a folder of that name of its own."""
    folder = work / "reached"
    folder.mkdir(parents=True)
    tasks = _TASKS_TO_REACH_ALL * cluster.session.sparkContext.defaultParallelism
    with asking("a first write"):
        cluster.session.range(0, tasks, numPartitions=tasks).write.mode("append").parquet(str(folder))
    found = list(folder.glob("*.parquet"))
    count = connection.execute(f"select count(*) from read_parquet({literal(folder / '*.parquet')})").fetchone() if found else None
    if count != (tasks,):
        raise InputError(
            f"{work.parent}: what the workers of the cluster write there does not arrive: WAREHOUSE must be a folder that this "
            "machine and every worker share, by the same path"
        )
