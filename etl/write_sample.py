"""The command line of the synthetic sample. `python -m etl.write_sample --help`; `make sample` is the same."""

import argparse
import sys
from pathlib import Path

from etl.sample import BUNDLED_CUSTOMERS, SEED, write_sample
from etl.sample_results import write_results
from etl.sample_transactions import write_stock, write_transactions
from warehouse.errors import MallError, refuse


def main() -> int:
    """Write what was asked for; returns the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m etl.write_sample", description="Write synthetic customers of five planted groups, and what they bought."
    )
    parser.add_argument("--customers-n", type=int, default=BUNDLED_CUSTOMERS, help="how many (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="another seed gives other customers (default %(default)s)")
    parser.add_argument("--output", type=Path, default=Path("data/sample_customers.csv"), help="default %(default)s")
    parser.add_argument("--transactions", type=Path, help="also write two years of their transactions, as .csv or .parquet")
    parser.add_argument("--stock", type=Path, help="also write what is in stock of what they buy, as .csv or .parquet")
    parser.add_argument("--results", type=Path, help="also write what they did after two campaigns, as .csv or .parquet")
    arguments = parser.parse_args()
    if arguments.customers_n < 1:
        parser.error("--customers-n: give a number of customers, at least 1")
    try:
        write_sample(arguments.output, arguments.customers_n, arguments.seed)
        print(f"{arguments.output}: {arguments.customers_n:,} synthetic customers")
        if arguments.transactions is not None:
            write_transactions(arguments.transactions, arguments.customers_n, arguments.seed)
            print(f"{arguments.transactions}: their transactions")
        if arguments.stock is not None:
            write_stock(arguments.stock, arguments.customers_n, arguments.seed)
            print(f"{arguments.stock}: what is in stock")
        if arguments.results is not None:
            write_results(arguments.results, arguments.customers_n, arguments.seed)
            print(f"{arguments.results}: what they did after campaigns")
    except MallError as error:
        return refuse("sample", error)
    return 0


if __name__ == "__main__":
    sys.exit(main())
