"""Serve the dashboard: `python -m dashboard`, or `make dashboard`. HOST, PORT and WAREHOUSE are read from the environment."""

import logging
import sys

import waitress

from dashboard.access import door
from dashboard.app import create_app
from dashboard.listening import listen
from warehouse.connection import Warehouse
from warehouse.errors import MallError, refuse
from warehouse.settings import Settings

THREADS = 16
"""Requests that are answered at once; statements in SQL take at most six of them (warehouse/sandbox.py)."""


_BELIEVES = {"clear_untrusted_proxy_headers": False}
"""What a proxy says reaches the application, which knows whom to believe (dashboard/access/proxy.py, dashboard/guard.py)."""


def main() -> int:
    """Serve until interrupted; returns the exit status."""
    try:
        settings = Settings.from_environment()
        door.check(settings)
        Warehouse(settings.warehouse).snapshot()
        logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(message)s")
        sockets = listen(settings.host, settings.port)
        server = waitress.create_server(create_app(settings).server, sockets=sockets, threads=THREADS, **_BELIEVES)
    except MallError as error:
        return refuse("dashboard", error)
    print(f"Dashboard on http://{settings.host}:{settings.port}/  (Ctrl-C stops it)", flush=True)
    try:
        server.run()
    except KeyboardInterrupt:
        print("dashboard: stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
