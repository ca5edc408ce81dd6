"""When a worker makes room for another, and that gunicorn still has what is told otherwise here."""

import inspect
import os
import signal
import time
from types import SimpleNamespace

import pytest
from gunicorn import arbiter, config, glogging, util
from gunicorn.workers import gthread

from dashboard import logs, workers


@pytest.mark.parametrize(
    ("ours", "theirs", "name"),
    [
        (workers.Worker, gthread.ThreadWorker, "handle"),
        (workers.Master, arbiter.Arbiter, "handle_int"),
        (workers.Application, workers.BaseApplication, "load_config"),
        (workers.Application, workers.BaseApplication, "load"),
        (workers.Application, workers.BaseApplication, "run"),
        (logs.JsonLogger, glogging.Logger, "_set_handler"),
        (logs.JsonLogger, glogging.Logger, "access"),
        (logs.JsonLogger, glogging.Logger, "warning"),
        (logs.JsonLogger, glogging.Logger, "exception"),
    ],
)
def test_what_is_overridden_is_there(ours, theirs, name):
    """With as many parameters, of the same kinds and with defaults where gunicorn has them."""

    def shape(owner):
        return [(each.kind, each.default) for each in inspect.signature(getattr(owner, name)).parameters.values()]

    assert shape(ours) == shape(theirs)


def test_what_is_used_is_there():
    """Signals that gunicorn answers, settings that it has, and what is read and set of a worker and of the master."""
    assert {"handle_term", "handle_ttin", "num_workers"} <= set(dir(arbiter.Arbiter))
    assert {"timeout", "sock"} <= set(inspect.signature(util.close_graceful).parameters)
    assert {"post_worker_init", "post_request", "child_exit", "control_socket_disable", "http_parser"} <= set(
        {each.name for each in config.KNOWN_SETTINGS}
    )
    assert all(word in inspect.getsource(gthread.base.Worker.__init__) for word in ("self.alive = True", "self.ppid", "self.app"))


@pytest.mark.parametrize(
    ("age", "worker_bytes", "makes_room"), [(workers.LEAST_SECONDS + 1, 1, True), (1, 1, False), (10**6, 10**12, False)]
)
def test_a_worker_makes_room_once_and_not_too_soon(age, worker_bytes, makes_room, monkeypatch):
    """One that holds too much asks for another one and says what to do, once it is old enough; then it is leaving."""
    asked, said = [], []
    monkeypatch.setattr(os, "kill", lambda *given: asked.append(given))
    worker = SimpleNamespace(
        alive=True,
        ppid=4711,
        began=time.monotonic() - age,
        app=SimpleNamespace(plan=SimpleNamespace(worker_bytes=worker_bytes)),
        log=SimpleNamespace(warning=lambda text, *given: said.append(text % given)),
    )
    for _ in range(2):
        workers.make_room(worker, None, {}, None)
    assert worker.alive is not makes_room
    assert asked == [(4711, signal.SIGTTIN)] * makes_room
    assert [text.endswith("give more SERVE_MEMORY") for text in said] == [True] * makes_room
