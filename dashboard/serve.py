"""Serve the dashboard to many: `python -m dashboard.serve`, or `make serve`.

Its settings are read from the environment (warehouse/settings.py). SIGTERM and SIGINT let the
requests in flight end; SIGHUP renews the workers, and no request fails.
"""

import atexit
import gc
import multiprocessing
import os
import sys
from dataclasses import replace
from functools import partial
from pathlib import Path

from dashboard.access import door
from dashboard.app import create_app
from dashboard.entrance import Wsgi
from dashboard.guard import MOST_BYTES
from dashboard.listening import bound_clients, listen
from dashboard.logs import log_as_json
from dashboard.workers import Application, Plan
from warehouse.connection import Warehouse
from warehouse.errors import InputError, MallError, refuse
from warehouse.memory import ReaderLimits, in_bytes
from warehouse.settings import Settings

LEAST_BYTES = 500_000_000
"""The least memory that a worker is given."""
PYTHON_BYTES = 300_000_000
"""What a worker holds before DuckDB holds anything."""


def main() -> int:
    """Serve until told to stop; returns the exit status."""
    try:
        settings = Settings.from_environment()
        door.check(settings)
        each = worker_bytes(settings)
        sockets = listen(settings.host, settings.port)
    except MallError as error:
        return refuse("serve", error)
    if (status := _status_of_reading(settings.warehouse)) != 0:
        for one in sockets:
            one.close()
        return status
    bound_clients(sockets)
    plan = Plan(partial(application, settings), sockets, settings.workers, each, MOST_BYTES)
    log_as_json()
    gc.freeze()  # what is loaded now is shared by the workers as long as none writes to it, as looking for garbage does
    atexit.register(gc.unfreeze)  # or DuckDB calls it leaked
    return Application(plan).run()  # it ends by SystemExit


def worker_bytes(settings: Settings) -> int:
    """The memory of one worker: its part of SERVE_MEMORY. Raises InputError where that is too little.

    A share of the machine's memory that is too little is taken for as much as is needed.
    """
    each = in_bytes(settings.serve_memory) // settings.workers
    if each < LEAST_BYTES and not settings.serve_memory.endswith("%"):
        least = f"{LEAST_BYTES * settings.workers // 1_000_000}MB"
        raise InputError(
            f"SERVE_MEMORY={settings.serve_memory}: {settings.workers} workers need {least}; give more, or fewer WORKERS"
        )
    return max(each, LEAST_BYTES)


def limits(settings: Settings) -> ReaderLimits:
    """What DuckDB may take in one worker."""
    cores = len(os.sched_getaffinity(0))
    return ReaderLimits(worker_bytes(settings) - PYTHON_BYTES, max(1, cores // settings.workers))


def application(settings: Settings) -> Wsgi:
    """The dashboard, in a worker.

    Where nobody is asked who they are, an unset ALLOW_SQL is off: behind a proxy here every stranger asks from 127.0.0.1.
    """
    if not settings.is_asked_who:
        settings = replace(settings, allow_sql=bool(settings.allow_sql))
    wsgi: Wsgi = create_app(settings, limits(settings)).server
    return wsgi


def _status_of_reading(directory: Path) -> int:
    """Open the warehouse once, in a process of its own: a connection must not be there when workers are forked. Its exit status."""
    probe = multiprocessing.get_context("fork").Process(target=_read, args=(directory,))
    probe.start()
    probe.join()
    return abs(probe.exitcode or 0)


def _read(directory: Path) -> None:
    try:
        Warehouse(directory).snapshot()
    except MallError as error:
        sys.exit(refuse("serve", error))


if __name__ == "__main__":
    sys.exit(main())
