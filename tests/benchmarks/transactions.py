"""How a refresh with transactions grows: against DuckDB's plain load of the same file, in one run. `make bench`.

The lines are those of the synthetic sample, of as many customers as give so many lines; beyond 8.5 million they are copies of these
with ids of their own, a file for each. What a refresh does to them (accounting, rules, features, marts, checks) is meant to take at
most three times a plain load, beside clustering and models; RESULTS.md says how far from that it is.
"""

import argparse
import math
import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from etl.sample import write_sample
from etl.sample_transactions import write_transactions
from tests.benchmarks.measure import Measure, measured, steps_of
from tests.benchmarks.results import RESULTS, dated, save, table

_LINES_PER_CUSTOMER = 14.879
_MOST_AT_ONCE = 8_500_000
_PLAIN = "import duckdb, sys; duckdb.connect(sys.argv[2]).execute(f\"create table lines as from read_csv('{sys.argv[1]}/*')\")"


def bench(lines: int, memory_limit: str, folder: Path) -> list[str]:
    """Measure so many lines; returns a row of the table."""
    people, bought = folder / "customers", folder / "transactions"
    parts = math.ceil(lines / _MOST_AT_ONCE)
    _write(people, bought, max(4, round(lines / parts / _LINES_PER_CUSTOMER)), parts)
    plain = measured("-c", _PLAIN, bought, folder / "plain.duckdb")
    given: list[str | Path] = ["--customers", people, "--transactions", bought, "--warehouse", folder / "warehouse"]
    refresh = measured("-m", "etl.refresh", *given, "--memory-limit", memory_limit)
    return _row(plain, refresh, memory_limit)


def _write(people: Path, bought: Path, customers: int, parts: int) -> None:
    """Write `parts` files of so many customers each, and as many of their transactions."""
    for target, write, ids in (
        (people, write_sample, ["CustomerID"]),
        (bought, write_transactions, ["customer_id", "transaction_id"]),
    ):
        target.mkdir()
        first = target / "00.csv"
        write(first, customers)
        for part in range(1, parts):
            own = ", ".join(rf"regexp_replace({name}, '(\d+)$', '{part:02}\1') as {name}" for name in ids)
            duckdb.execute(
                f"copy (select * replace ({own}) from read_csv('{first}', all_varchar = true)) to '{target / f'{part:02}.csv'}'"
            )


def _row(plain: Measure, refresh: Measure, memory_limit: str) -> list[str]:
    steps = steps_of(refresh)
    found = re.search(r"^Lines +([\d,]+) in", refresh.said, re.MULTILINE)
    assert found, refresh.said
    modelled = steps["segments"] + steps["models"]
    own = refresh.seconds - modelled
    return [
        *(found[1], f"{plain.seconds:.1f} s", f"{refresh.seconds:.1f} s"),
        *(f"{steps['segments']:.1f} s", f"{steps['models']:.1f} s", f"{own:.1f} s", f"{own / plain.seconds:.1f} ×"),
        *(f"{refresh.peak_gigabytes:.1f} GB ({memory_limit} for DuckDB)",),
    ]


def report(rows: Sequence[Sequence[str]]) -> str:
    """The table in Markdown."""
    head = ["lines", "plain load", "refresh", "of it clustering", "of it models", "the rest", "rest / plain load", "peak memory"]
    return dated(table(head, rows))


def main() -> None:
    """Measure what was asked for, print it and save it."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.transactions", description=__doc__)
    parser.add_argument("--lines", type=int, nargs="+", default=[150_000, 1_500_000], help="how many (default %(default)s)")
    parser.add_argument("--memory-limit", default="4GB", help="for DuckDB in the refresh (default %(default)s)")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the page to save to (default %(default)s)")
    parser.add_argument("--folder", type=Path, help="where the files are made and removed again (default: a temporary one)")
    arguments = parser.parse_args()
    rows = []
    for lines in arguments.lines:
        folder = Path(tempfile.mkdtemp(prefix="mall-bench-", dir=arguments.folder))
        try:
            rows.append(bench(lines, arguments.memory_limit, folder))
        finally:
            shutil.rmtree(folder)
        print(" · ".join(rows[-1]), flush=True)
    text = report(rows)
    print(text)
    save("transactions", text, arguments.results)


if __name__ == "__main__":
    main()
