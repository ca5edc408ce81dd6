"""The audit log as CSV, of which no spreadsheet takes a text for a formula: `python -m dashboard.access.audit`, or `make audit`."""

import argparse
import sys
from datetime import UTC, datetime

import pandas as pd

from dashboard.access.records import COLUMNS, Records, path_of
from dashboard.export import csv_lines
from warehouse.errors import InputError, MallError, refuse
from warehouse.settings import Settings


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.access.audit", description="Who did what in the dashboard, as CSV.")
    parser.add_argument("--since", type=_day, help="a day, or a time, in UTC: 2026-11-01 or 2026-11-01T12:00")
    asked = parser.parse_args()
    try:
        path = path_of(Settings.from_environment())
        if not path.exists():
            raise InputError(f"{path}: nothing is written down there yet; a dashboard that asks who enters does (USERS=)")
        rows = pd.DataFrame(Records(path).audit(asked.since), columns=COLUMNS)
        sys.stdout.writelines(csv_lines(rows.convert_dtypes()))
    except MallError as error:
        return refuse("audit", error)
    except BrokenPipeError:  # head has seen enough
        sys.stderr.close()
    return 0


def _day(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    return found if found.tzinfo else found.replace(tzinfo=UTC)


if __name__ == "__main__":
    sys.exit(main())
