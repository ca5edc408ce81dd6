"""The processes of `make serve`: gunicorn's, with what it leaves open shut.

A worker answers in threads. Whoever connects and says nothing, or speaks or listens slowly, holds none of them for long. A worker
that has answered many requests, or has grown beyond its share of the memory, makes room for a new one, which starts before it ends.
"""

import contextlib
import errno
import io
import os
import re
import signal
import socket
import stat
import struct
import threading
import time
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from selectors import EVENT_READ
from typing import Any

from gunicorn import arbiter, util
from gunicorn.app.base import BaseApplication
from gunicorn.workers import gthread

from dashboard.logs import REQUEST, JsonLogger

THREADS = 16
"""How many requests a worker answers at a time; connections that wait for a request take none."""
GRACE_SECONDS = 30
"""How long a request in flight may take when its worker is asked to stop."""

_READ_SECONDS = 10
"""How long a request may take to arrive, from its first byte to its last."""
_WRITE_SECONDS = 30
"""How long a client may take nothing of its answer."""
_LINGER_SECONDS = 0.5
_GLANCE_SECONDS = 0.05
_LONGEST_HEAD = 32_768
_KEEP_SECONDS = 30
_REQUESTS = 20_000
"""A worker is renewed after so many requests, and up to a tenth more: not all at the same time."""
_UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}")
_PAGE = os.sysconf("SC_PAGE_SIZE")

Wsgi = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]


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
            "max_requests": _REQUESTS,
            "max_requests_jitter": _REQUESTS // 10,
            "limit_request_line": 8190,  # the address of a download has the filters
            "worker_tmp_dir": shared if os.access(shared, os.W_OK) else None,  # signs of life, which no slow disk shall delay
            "accesslog": "-",
            "sendfile": False,  # it would wait for a client for ever
            "control_socket_disable": True,
            "forwarder_headers": "",
            "forwarded_allow_ips": "127.0.0.1,::1",
            "http_parser": "python",
        }
        for name, value in told.items():
            self.cfg.set(name, value)

    def load(self) -> Wsgi:
        """The application, called in each worker."""
        return self.plan.make()

    def run(self) -> None:
        """Serve until told to stop; ends by SystemExit."""
        Master(self).run()


class Master(arbiter.Arbiter):  # type: ignore[misc]
    """The process that starts the others."""

    num_workers: int

    def handle_int(self) -> None:
        """Ctrl-C lets the requests in flight end, as SIGTERM does; a second one does not."""
        self.handle_term()

    def handle_usr2(self) -> None:
        """A second master would find the port taken."""
        self.log.warning("a new release is served after a restart")

    def manage_workers(self) -> None:
        """One that is leaving is replaced at once, not when its last request has been answered."""
        wanted = self.cfg.workers + sum(is_leaving(worker) for worker in self.WORKERS.values())
        if wanted != self.num_workers:
            self.num_workers = wanted
        super().manage_workers()


def is_leaving(worker: Any) -> bool:
    """Whether a worker takes no connections any more: it says so by the mode of its file of signs of life."""
    try:
        return not os.fstat(worker.tmp.fileno()).st_mode & stat.S_IWUSR
    except (OSError, ValueError):
        return False


class Connection(gthread.TConn):  # type: ignore[misc]
    """A connection that may be closed twice."""

    def close(self, graceful: bool = False) -> None:
        """Close it, unless it is."""
        if self.sock.fileno() >= 0:
            super().close(graceful)


class Worker(gthread.ThreadWorker):  # type: ignore[misc]
    """A process that answers requests in threads."""

    alive: bool
    wsgi: Wsgi

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._begun: dict[Connection, float] = {}  # of whose next request not even the head is there, and until when it may come
        self._arriving: dict[int, tuple[Connection, float]] = {}  # by thread: the request it reads, and until when
        self._looked = 0.0

    def init_signals(self) -> None:
        """Ctrl-C reaches every process of the terminal, and is the master's to answer."""
        super().init_signals()
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def load_wsgi(self) -> None:
        """Make the application, and put in front of it what every request goes through."""
        super().load_wsgi()
        self.wsgi = partial(self._answer, self.wsgi)

    def accept(self, listener: Any) -> None:
        """Wait for the request of a new connection where kept ones wait for theirs: in no thread."""
        try:
            client, address = listener.accept()
        except (BlockingIOError, ConnectionAbortedError):  # another worker has it
            return
        client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", _WRITE_SECONDS, 0))
        connection = Connection(self.cfg, client, address, listener.getsockname())
        connection.set_timeout()
        self.nr_conns += 1
        self.keepalived_conns.append(connection)
        self.poller.register(client, EVENT_READ, partial(self.on_client_socket_readable, connection))

    def on_client_socket_readable(self, connection: Connection, client: Any) -> None:
        """Give a request to a thread, once its head is there."""
        if _has_head(client):
            super().on_client_socket_readable(connection, client)
            return
        self.poller.unregister(client)
        self.keepalived_conns.remove(connection)
        self._begun[connection] = time.monotonic() + _READ_SECONDS

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for what happens, and look after the requests that have begun: what they bring by and by wakes nobody."""
        super().wait_for_and_dispatch_events(min(timeout, _GLANCE_SECONDS) if self._begun else timeout)
        for connection, until in list(self._begun.items()):
            if _has_head(connection.sock):
                del self._begun[connection]
                self.enqueue_req(connection)
            elif time.monotonic() > until or not self.alive:
                del self._begun[connection]
                self.nr_conns -= 1
                connection.close()

    def handle(self, connection: Connection) -> Any:
        """Answer a request; in a thread."""
        self._arriving[threading.get_ident()] = (connection, time.monotonic() + _READ_SECONDS)
        try:
            is_kept = super().handle(connection)
        finally:
            self._arriving.pop(threading.get_ident(), None)
            REQUEST.set(None)
        if not is_kept and connection.sock.fileno() >= 0:  # here, for it may take a while, and the loop must not wait
            connection.sock.setblocking(True)
            util.close_graceful(connection.sock, timeout=_LINGER_SECONDS)
        return is_kept

    def handle_request(self, request: Any, connection: Connection) -> Any:
        """Answer a request that has arrived but for its body. A client that takes nothing of the answer is as one that has gone."""
        try:
            return super().handle_request(request, connection)
        except BlockingIOError as error:
            raise BrokenPipeError(errno.EPIPE, "the client takes nothing") from error

    def _answer(self, wsgi: Wsgi, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        name = given if _UUID.fullmatch(given) else uuid.uuid4().hex
        REQUEST.set(name)
        environ["wsgi.input"] = io.BytesIO(environ["wsgi.input"].read(self.app.plan.most_bytes + 1))
        self._arriving.pop(threading.get_ident(), None)

        def start_with_name(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            return start(status, [*headers, ("X-Request-ID", name)], error)

        return wsgi(environ, start_with_name)

    def murder_keepalived(self, force: bool = False) -> None:
        """What the loop does once a second, or oftener: look after connections, and after itself."""
        super().murder_keepalived(force)
        now = time.monotonic()
        for connection, until in list(self._arriving.values()):
            if now > until:
                _hear_no_more(connection)
        if self.alive and now > self._looked + 1:
            self._looked = now
            held = resident_bytes()
            if held > self.app.plan.worker_bytes:
                self.log.warning("makes room for a new worker: it holds %d MB", held // 1_000_000)
                self.alive = False

    def set_accept_enabled(self, enabled: bool) -> None:
        """Take new connections or not; when it ends, say so to the master."""
        if not self.alive:
            os.fchmod(self.tmp.fileno(), stat.S_IRUSR)
        super().set_accept_enabled(enabled)


def resident_bytes() -> int:
    """The memory that this process holds."""
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * _PAGE


def _has_head(client: socket.socket) -> bool:
    """Whether the head of a request has arrived, or what tells that none will."""
    try:
        arrived = client.recv(_LONGEST_HEAD, socket.MSG_PEEK)
    except BlockingIOError:
        return False
    except OSError:
        return True
    return not arrived or b"\r\n\r\n" in arrived or len(arrived) == _LONGEST_HEAD


def _hear_no_more(connection: Connection) -> None:
    """End the reading of a request, as if the client had; it can still be answered."""
    with contextlib.suppress(OSError):
        connection.sock.shutdown(socket.SHUT_RD)
