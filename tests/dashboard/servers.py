"""Servers in processes of their own: the dashboard's, and one of an application of a few lines."""

import http.client
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.dashboard.browser import wait_until

FEW_LINES = """
import os, sys, time
from dashboard import workers
from dashboard.listening import bound_clients, listen
from dashboard.logs import log_as_json

def answer(environ, start):
    path = environ["PATH_INFO"]
    if path == "/fails":
        {}["customer zoe-11"]
    if path == "/slow":
        time.sleep(1.5)
    start("200 OK", [("Content-Type", "text/plain")])
    return [b"x" * 1_000_000] * 50 if path == "/large" else [str(os.getpid()).encode()]

_, port, count, worker_bytes = sys.argv
workers.LEAST_SECONDS = 0
sockets = listen("127.0.0.1", int(port))
bound_clients(sockets, 1, 1)
log_as_json()
workers.Application(workers.Plan(lambda: answer, sockets, int(count), int(worker_bytes), 1000)).run()
"""


@dataclass
class Server:
    """A server that runs, and what it says: requests on stdout, the rest on stderr."""

    process: subprocess.Popen
    port: int
    folder: Path

    def ask(self, path: str, method: str = "GET", **headers: str) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of an answer, on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read(), dict(answer.getheaders())
        finally:
            connection.close()

    def connect(self, said: bytes = b"") -> socket.socket:
        """A connection on which so much of a request has been said."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        connection.sendall(said)
        return connection

    def pids(self) -> set[int]:
        """The processes that answer."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return {int(pid) for pid in children.read_text().split()}

    def stdout(self) -> str:
        return (self.folder / "stdout").read_text(encoding="utf-8")

    def stderr(self) -> str:
        return (self.folder / "stderr").read_text(encoding="utf-8")

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; the exit status."""
        self.process.send_signal(how)
        return self.process.wait(timeout=45)

    def answers(self) -> bool:
        try:
            return self.ask("/healthz")[0] == 200
        except OSError:
            assert self.process.poll() is None, self.stderr()
            return False


@contextmanager
def serving(folder: Path, *command: str, **environ: object) -> Iterator[Server]:
    """A server of `command`, once it answers; what is left of it at the end is killed."""
    port = free_port()
    given = {**os.environ, **{name: str(value) for name, value in environ.items()}, "PORT": str(port)}
    arguments = [each.replace("{port}", str(port)) for each in command]
    with (folder / "stdout").open("w") as stdout, (folder / "stderr").open("w") as stderr:
        process = subprocess.Popen([sys.executable, *arguments], env=given, stdout=stdout, stderr=stderr, start_new_session=True)
    server = Server(process, port, folder)
    try:
        wait_until(server.answers, what="the server to answer")
        yield server
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=10)


def few_lines(folder: Path, count: int = 1, worker_bytes: int = 10**12):
    """A server of an application that tells the process which answers; slow and large where its address says so."""
    return serving(folder, "-c", FEW_LINES, "{port}", str(count), str(worker_bytes))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
