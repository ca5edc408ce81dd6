"""The processes of `make serve`: gunicorn's workers, which answer in threads.

Clients that neither send nor take are hung up on by the timeouts of the sockets (dashboard/listening.py). A worker that has grown
beyond its part of the memory makes room for a new one, which is started before it has ended.
"""

import contextlib
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

from gunicorn import arbiter, util
from gunicorn.app.base import BaseApplication
from gunicorn.workers import gthread

from dashboard.entrance import Entrance, Wsgi
from dashboard.logs import REQUEST, JsonLogger

THREADS = 16
"""How many requests a worker answers at a time; connections that wait for a next request take none."""
GRACE_SECONDS = 30
"""How long a request in flight may take when its worker is asked to stop."""
LEAST_SECONDS = 60
"""A worker answers so long before it makes room for another: where the memory is too little, that would not end."""

_LINGER_SECONDS = 0.5
_KEEP_SECONDS = 30
_PAGE = os.sysconf("SC_PAGE_SIZE")
_LEAVING = threading.Lock()


@dataclass(frozen=True)
class Plan:
    """What is served, and how."""

    make: Callable[[], Wsgi]
    """Makes the application, in each worker."""
    sockets: list[socket.socket]
    workers: int
    worker_bytes: int
    """A worker that holds more memory makes room for another."""
    most_bytes: int
    """No more is read of the body of a request."""


class Application(BaseApplication):  # type: ignore[misc]
    """gunicorn, told everything here: neither a file nor a variable of its own changes it."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self._listening = [f"fd://{each.detach()}" for each in plan.sockets]
        super().__init__()

    def load_config(self) -> None:
        """Called at the start, and again on SIGHUP."""
        shared = "/dev/shm"
        told = {
            "bind": self._listening,
            "workers": self.plan.workers,
            "worker_class": Worker,
            "logger_class": JsonLogger,
            "threads": THREADS,
            "timeout": 60,  # of the loop of a worker, not of a request
            "graceful_timeout": GRACE_SECONDS,
            "keepalive": _KEEP_SECONDS,
            "limit_request_line": 8190,  # the address of a download has the filters
            "worker_tmp_dir": shared if os.access(shared, os.W_OK) else None,  # signs of life, which no slow disk shall delay
            "accesslog": "-",
            "sendfile": False,  # it heeds no timeout of a socket
            "control_socket_disable": True,
            "forwarder_headers": "",
            "forwarded_allow_ips": "127.0.0.1,::1",
            "http_parser": "python",  # "auto" takes another one wherever gunicorn_h1c is installed, and this one is tested
            "post_worker_init": begin,
            "post_request": make_room,
            "child_exit": count_again,
        }
        for name, value in told.items():
            self.cfg.set(name, value)

    def load(self) -> Wsgi:
        """The application, called in each worker."""
        return Entrance(self.plan.make(), self.plan.most_bytes)

    def run(self) -> NoReturn:
        """Serve until told to stop; ends by SystemExit."""
        serve: Callable[[], NoReturn] = Master(self).run
        serve()


class Master(arbiter.Arbiter):  # type: ignore[misc]
    """The process that starts the others."""

    def handle_int(self) -> None:
        """Ctrl-C lets the requests in flight end, as SIGTERM does."""
        self.handle_term()


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """A process that answers requests in threads."""

    began = 0.0
    """When it could answer."""

    def handle(self, conn: Any) -> Any:
        """Answer a request, in a thread, and wait there for a client to hang up: the loop would wait for one after the other."""
        REQUEST.set(None)
        is_kept = super().handle(conn)
        if not is_kept:
            with contextlib.suppress(OSError):  # it has hung up
                util.close_graceful(conn.sock.dup(), timeout=_LINGER_SECONDS)
                conn.sock.shutdown(socket.SHUT_RD)
        return is_kept


def begin(worker: Any) -> None:
    """In a worker that can answer now. Ctrl-C reaches every process of the terminal, and is the master's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    worker.began = time.monotonic()


def make_room(worker: Any, _request: Any, _environ: Any, _response: Any) -> None:
    """After each request: a worker that holds too much takes no more connections, and asks the master for another one."""
    seconds, held = time.monotonic() - worker.began, resident_bytes()
    if seconds < LEAST_SECONDS or held <= worker.app.plan.worker_bytes:
        return
    with _LEAVING:
        if not worker.alive:
            return
        worker.alive = False
    said = "makes room for a new worker after %d s: it holds %d MB; where that is often, give more SERVE_MEMORY"
    worker.log.warning(said, seconds, held // 1_000_000)
    os.kill(worker.ppid, signal.SIGTTIN)


def count_again(master: Any, _: Any) -> None:
    """In the master, when a worker has ended: the one it asked for is not one more any longer."""
    master.num_workers = master.cfg.workers


def resident_bytes() -> int:
    """The memory that this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * _PAGE
