"""A Spark cluster on the loopback address: a master and workers in processes of their own, ended by their own process ids."""

import contextlib
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

PATIENCE = 60.0
"""Seconds in which a process must be ready."""


@dataclass
class Standalone:
    """A cluster that runs."""

    address: str
    """spark://127.0.0.1:port"""
    folder: Path
    """Where its processes write what they say, and what they work on."""
    processes: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    """The master, then the workers."""

    def start_worker(self, cores: int = 1, memory: str = "2g", before: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        """Start a worker, by the command `before` where one is given, and wait until the master has it."""
        name = f"worker{len(self.processes)}"
        process = _start(
            self.folder / f"{name}.log",
            [*before, *_spark_class("deploy.worker.Worker")],
            *("--host", "127.0.0.1", "--webui-port", "0", "--cores", str(cores), "--memory", memory),
            *("--work-dir", str(self.folder / name), self.address),
        )
        self.processes.append(process)
        _await(self.folder / f"{name}.log", "Successfully registered with master", process)
        return process

    @property
    def workers(self) -> list["subprocess.Popen[bytes]"]:
        """The workers, the one started first before the others."""
        return self.processes[1:]


@contextlib.contextmanager
def standalone(folder: Path, workers: int = 2) -> Iterator[Standalone]:
    """Run a master and so many workers of one core each while the block runs."""
    folder.mkdir(parents=True, exist_ok=True)
    port = _free_port()
    command = ("--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
    cluster = Standalone(f"spark://127.0.0.1:{port}", folder)
    try:
        cluster.processes.append(_start(folder / "master.log", _spark_class("deploy.master.Master"), *command))
        _await(folder / "master.log", "New state: ALIVE", cluster.processes[0])
        for _ in range(workers):
            cluster.start_worker()
        yield cluster
    finally:
        for process in reversed(cluster.processes):
            end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Kill a process of the cluster with those that it started: executors."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _spark_class(name: str) -> list[str]:
    import pyspark

    return [str(Path(pyspark.__file__).parent / "bin" / "spark-class"), f"org.apache.spark.{name}"]


def _start(log: Path, command: Sequence[str], *arguments: str) -> "subprocess.Popen[bytes]":
    environment: Mapping[str, str] = {**os.environ, "SPARK_LOCAL_IP": "127.0.0.1", "SPARK_NO_DAEMONIZE": "1"}
    with log.open("wb") as said:
        return subprocess.Popen(
            [*command, *arguments], stdout=said, stderr=subprocess.STDOUT, env=dict(environment), start_new_session=True
        )


def _await(log: Path, words: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE
    while words not in log.read_text(errors="replace"):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{log}: {log.read_text(errors='replace')[-2_000:]}")
        time.sleep(0.1)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
