"""What can go wrong on a cluster: a worker or the refresh is killed, nobody answers, or not everyone sees the same files."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from etl.sample import write_sample
from tests.helpers import QUICK, refreshed
from tests.spark.compared import differences
from tests.spark.standalone import Standalone, end, standalone
from warehouse.versions import CURRENT

PATIENCE = 400.0
"""Seconds that a refresh may take, on a machine that does much else."""


@pytest.fixture(scope="module")
def customers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """6,000 customers: more than are points each."""
    path = tmp_path_factory.mktemp("customers") / "customers.csv"
    write_sample(path, 6_000)
    return path


@pytest.fixture(scope="module")
def segmentations(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("segmentations") / "quick.toml"
    path.write_text(QUICK)
    return path


@contextmanager
def _refreshing(
    warehouse: Path,
    customers: Path,
    segmentations: Path,
    master: str,
    environment: Mapping[str, str] | None = None,
    patience: int = 60,
) -> Iterator["subprocess.Popen[str]"]:
    """A refresh in a process of its own, which waits so many seconds for a worker; killed at the end, should it still run."""
    command = (
        "import sys, warehouse.spark.session as session; from etl.refresh import main; "
        f"session._PATIENCE_WITH_WORKERS = {patience}; sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["--engine", "spark", "--spark-master", master, "--customers", str(customers), "--warehouse", str(warehouse)]
    process = subprocess.Popen(
        [sys.executable, "-c", command, *arguments, "--segmentations", str(segmentations)],
        env={**os.environ, **(environment or {})},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()


def _until(process: "subprocess.Popen[str]", path: Path, pattern: str) -> None:
    """Wait until files of a pattern are there."""
    deadline = time.monotonic() + PATIENCE
    while not list(path.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _refused(process: "subprocess.Popen[str]") -> str:
    """The one line of a refresh that is refused."""
    _, said = process.communicate(timeout=PATIENCE)
    lines = said.strip().splitlines()
    assert process.returncode == 2, said
    assert len(lines) == 1, said
    return lines[0]


def test_a_killed_worker_changes_nothing(tmp_path: Path, customers: Path, segmentations: Path):
    """The others do its work again, and what is published is what DuckDB publishes."""
    refreshed(tmp_path / "duckdb", customers, segmentations).close()
    with (
        standalone(tmp_path / "cluster") as cluster,
        _refreshing(tmp_path / "spark", customers, segmentations, cluster.address) as process,
    ):
        _until(process, tmp_path / "spark", "v1.parquet/segments.assignments/part-*.parquet")
        end(cluster.workers[0])
        _, said = process.communicate(timeout=PATIENCE)
        assert process.returncode == 0, said
    assert differences(tmp_path / "duckdb/v1.duckdb", tmp_path / "spark/v1.duckdb", ("source_fingerprint",)) == {}


def test_a_killed_refresh_leaves_nothing(cluster: Standalone, tmp_path: Path, customers: Path, segmentations: Path):
    """Nothing is published, and the next refresh clears up what was begun."""
    with _refreshing(tmp_path / "w", customers, segmentations, cluster.address) as process:
        _until(process, tmp_path / "w", "v1.parquet/raw.customers/part-*.parquet")
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
    assert (tmp_path / "w" / "v1.parquet").exists()
    assert not (tmp_path / "w" / CURRENT).exists()
    refreshed(tmp_path / "w", customers, segmentations).close()
    assert {path.name for path in (tmp_path / "w").iterdir()} == {"v1.duckdb", CURRENT, "refresh.lock"}


def test_an_interrupted_refresh_leaves_nothing(cluster: Standalone, tmp_path: Path, customers: Path, segmentations: Path):
    """By Ctrl-C, in the middle of what the cluster is asked. DuckDB's binding may add what it has leaked then."""
    with _refreshing(tmp_path / "w", customers, segmentations, cluster.address) as process:
        _until(process, tmp_path / "w", "v1.parquet/raw.customers/part-*.parquet")
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=PATIENCE)
    assert (process.returncode, said.splitlines()[0]) == (130, "refresh: interrupted; nothing was published")
    assert "Traceback" not in said
    assert {path.name for path in (tmp_path / "w").iterdir()} == {"refresh.lock"}


def test_nobody_answers(tmp_path: Path, customers: Path, segmentations: Path):
    with _refreshing(tmp_path / "w", customers, segmentations, "spark://127.0.0.1:9") as process:
        said = _refused(process)
    assert said == "refresh: SPARK_MASTER=spark://127.0.0.1:9: the cluster cannot be reached: Connection refused"


def test_no_worker_has_the_memory(cluster: Standalone, tmp_path: Path, customers: Path, segmentations: Path):
    """What is asked for is told, and where it is said."""
    (tmp_path / "spark-defaults.conf").write_text("spark.executor.memory 64g\n")
    asked = {"SPARK_CONF_DIR": str(tmp_path)}
    with _refreshing(tmp_path / "w", customers, segmentations, cluster.address, asked, patience=8) as process:
        said = _refused(process)
    assert "no worker took on work within 8 s" in said
    assert "64g (spark.executor.memory in spark-defaults.conf)" in said


def _blind(folder: Path) -> Sequence[str]:
    """A command that runs another one for which a folder is empty."""
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("only root can hide a folder from a process")
    return ("unshare", "--mount", "--propagation", "private", "sh", "-c", 'mount -t tmpfs none "$0" && exec "$@"', str(folder))


@pytest.mark.parametrize("hidden", ["customers", "warehouse"])
def test_a_worker_sees_other_files(tmp_path: Path, customers: Path, segmentations: Path, hidden: str):
    """A folder that this machine has and a worker has not: of the customers, and of the warehouse."""
    (tmp_path / "customers").mkdir()
    (tmp_path / "warehouse").mkdir()
    shutil.copy(customers, tmp_path / "customers")
    with standalone(tmp_path / "cluster", workers=0) as cluster:
        cluster.start_worker(before=_blind(tmp_path / hidden))
        with _refreshing(tmp_path / "warehouse", tmp_path / "customers", segmentations, cluster.address) as process:
            said = _refused(process)
    if hidden == "customers":
        assert f"{tmp_path}/customers/customers.csv: this machine sees it, a worker of the cluster does not" in said
    else:
        assert "WAREHOUSE must be a folder that this machine and every worker share" in said
