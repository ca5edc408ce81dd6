"""The command line of the synthetic sample. `python -m etl.write_sample --help`; `make sample` is the same."""

import argparse
import sys
from pathlib import Path

from etl.sample import BUNDLED_CUSTOMERS, SEED, write_sample, write_truth
from etl.sample_results import write_results
from etl.sample_transactions import write_stock, write_transactions
from warehouse.errors import MallError, refuse

_BESIDE = {
    "transactions": (write_transactions, "their transactions"),
    "stock": (write_stock, "what is in stock of what they buy"),
    "results": (write_results, "what they did after two campaigns"),
}
"""What is written beside the customers where it is asked for: by which function, and what it is."""


def main() -> int:
    """Write what was asked for; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m etl.write_sample",
        description="Write synthetic customers of five planted groups, and what they bought in two years.",
    )
    parser.add_argument("--customers-n", type=int, default=BUNDLED_CUSTOMERS, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed gives other customers (default %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("data/sample_customers.csv"), help="default %(default)s")
    for name, (_, told) in _BESIDE.items():
        parser.add_argument(f"--{name}", type=Path, help=f"also write {told}, as .csv or .parquet")
    arguments = parser.parse_args()
    if arguments.customers_n < 1:
        parser.error("--customers-n: give a number of customers, at least 1")
    try:
        write_sample(arguments.output, arguments.customers_n, arguments.seed)
        print(f"{arguments.output}: {arguments.customers_n:,} synthetic customers")
        truth = write_truth(arguments.output, arguments.customers_n, arguments.seed)
        print(f"{truth}: the group in which each was planted")
        for name, (write, told) in _BESIDE.items():
            path = getattr(arguments, name)
            if path is not None:
                write(path, arguments.customers_n, arguments.seed)
                print(f"{path}: {told}")
    except MallError as error:
        return refuse("sample", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
