"""The synthetic sample: customers of five planted groups, in the Kaggle file's columns."""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import duckdb

from etl.accounts import SYNTHETIC_PREFIX
from warehouse.errors import InputError

BUNDLED = Path(__file__).parent / "sample_customers.csv"
BUNDLED_CUSTOMERS = 2_000
SEED = 20


class Group(NamedTuple):
    """A planted group of customers: normal distributions, and the share of women."""

    name: str
    up_to: float
    """Customers whose uniform number is below this, and not below that of the group before, are of this group."""
    income: int
    """Thousands."""
    income_sd: int
    score: int
    score_sd: int
    age: int
    age_sd: int
    female: float


GROUPS = (
    Group("low income, high score", 0.12, 26, 5, 79, 8, 26, 5, 0.57),
    Group("low income, low score", 0.25, 27, 6, 20, 8, 45, 13, 0.60),
    Group("middle income, middle score", 0.63, 55, 7, 50, 6, 43, 16, 0.58),
    Group("high income, high score", 0.82, 86, 9, 82, 7, 33, 4, 0.54),
    Group("high income, low score", 1.00, 88, 10, 17, 7, 41, 10, 0.47),
)


def uniform(*keys: int | str) -> str:
    """The SQL of a number from 0 to 1 of customer `i`, another one for other keys.

    It is a hash of the text seed/customer/key (hashes of numbers side by side are correlated): the same on any machine and
    number of threads.
    """
    return f"hash($seed || '/' || i || '/{'/'.join(map(str, keys))}') / 18446744073709551616.0"


def by_group(values: Iterable[object]) -> str:
    """The SQL of what customer `i` has by their group, one of five `values`."""
    cases = [f"when u_group < {group.up_to} then {value}" for group, value in zip(GROUPS, values, strict=True)]
    return f"case {' '.join(cases)} end"


U_GROUP = f"{uniform(7)} as u_group"
"""The number that says of which group a customer is."""


def _of(name: str) -> str:
    return by_group(getattr(group, name) for group in GROUPS)


# Box-Muller makes the numbers normal; the greatest and least keep them in the ranges of the Kaggle file. Customers come in their
# order as they are made: to sort ten million takes longer than to make them.
_SQL = f"""
with uniforms as (
    select
        i,
        {", ".join(f"{uniform(place)} as u_{place}" for place in range(7))},
        {U_GROUP}
    from range(1, $customers + 1) as customers(i)
),

normals as (
    select
        *,
        sqrt(-2 * ln(1 - u_0)) * cos(2 * pi() * u_1) as z_income,
        sqrt(-2 * ln(1 - u_2)) * cos(2 * pi() * u_3) as z_score,
        sqrt(-2 * ln(1 - u_4)) * cos(2 * pi() * u_5) as z_age
    from uniforms
),

customers as (
    select
        '{SYNTHETIC_PREFIX}' || lpad(cast(i as varchar), $digits, '0') as customer_id,
        {by_group(f"'{group.name}'" for group in GROUPS)} as planted_group,
        if(u_6 < {_of("female")}, 'Female', 'Male') as gender,
        cast(greatest(18, least(75, {_of("age")} + {_of("age_sd")} * z_age)) as integer) as age,
        cast(greatest(8, {_of("income")} + {_of("income_sd")} * z_income) as integer) as income,
        cast(greatest(1, least(100, {_of("score")} + {_of("score_sd")} * z_score)) as integer) as score
    from normals
)
"""
_CUSTOMERS = f"""
{_SQL}
select
    customer_id as "CustomerID",
    gender as "Gender",
    age as "Age",
    income as "Annual Income (k$)",
    score as "Spending Score (1-100)"
from customers
"""
_TRUTH = f"{_SQL} select customer_id, planted_group from customers"


def write_sample(path: Path, customers: int = BUNDLED_CUSTOMERS, seed: int = SEED) -> None:
    """Write `customers` synthetic customers to `path`, as Parquet where it is called so, else as CSV. The same arguments give the
    same bytes.

    Raises InputError when the file cannot be written.
    """
    write_rows(_CUSTOMERS, path, customers, seed)


def write_truth(path: Path, customers: int = BUNDLED_CUSTOMERS, seed: int = SEED) -> Path:
    """Write in which group each customer of a sample at `path` was planted: customer_id and planted_group, a row per customer.

    Returns the file: beside the sample, with an underscore before its name, so that a folder can still be loaded as customers.
    Raises InputError when it cannot be written.
    """
    truth = path.with_name(f"_{path.stem}_truth{'.parquet' if path.suffix == '.parquet' else '.csv'}")
    write_rows(_TRUTH, truth, customers, seed)
    return truth


def write_rows(sql: str, path: Path, customers: int, seed: int) -> None:
    """Write the rows of a statement about so many customers. Raises InputError when the file cannot be written."""
    kind = "format parquet, compression zstd" if path.suffix == ".parquet" else "header"
    given = {"customers": customers, "seed": seed, "digits": max(5, len(str(customers)))}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect() as connection:
            location = str(path).replace("'", "''")
            connection.execute(f"copy ({sql}) to '{location}' ({kind})", given)
    except (OSError, duckdb.IOException) as error:
        raise InputError(f"{path}: cannot be written: {error}") from error
