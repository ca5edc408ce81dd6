"""The synthetic sample: customers of five planted groups, in the Kaggle file's columns."""

from pathlib import Path

import duckdb

from etl.accounts import SYNTHETIC_PREFIX
from warehouse.errors import InputError

BUNDLED = Path(__file__).parent / "sample_customers.csv"
BUNDLED_CUSTOMERS = 2_000
SEED = 20

# Per group: between what its uniform number lies, then mean and standard deviation of income (k$), score and age, then the share
# of women.
GROUPS = """
    (0.00, 0.12, 26, 5, 79, 8, 26, 5, 0.57),
    (0.12, 0.25, 27, 6, 20, 8, 45, 13, 0.60),
    (0.25, 0.63, 55, 7, 50, 6, 43, 16, 0.58),
    (0.63, 0.82, 86, 9, 82, 7, 33, 4, 0.54),
    (0.82, 1.00, 88, 10, 17, 7, 41, 10, 0.47)
"""

# Numbers come from hashes of the text seed/customer/column (hashes of numbers side by side are correlated): the same on any
# machine and number of threads. Box-Muller makes
# them normal; the greatest and least keep them in the ranges of the Kaggle file.
_SQL = f"""
with groups(low, high, income, income_sd, score, score_sd, age, age_sd, female) as (values {GROUPS}),

uniforms as (
    select
        i,
        [hash(concat_ws('/', $seed, i, c)) / 18446744073709551616.0 for c in range(8)] as u
    from range(1, $customers + 1) as customers(i)
),

normals as (
    select
        i,
        u,
        sqrt(-2 * ln(1 - u[1])) * cos(2 * pi() * u[2]) as z_income,
        sqrt(-2 * ln(1 - u[3])) * cos(2 * pi() * u[4]) as z_score,
        sqrt(-2 * ln(1 - u[5])) * cos(2 * pi() * u[6]) as z_age
    from uniforms
)

select
    '{SYNTHETIC_PREFIX}' || lpad(cast(i as varchar), $digits, '0') as "CustomerID",
    if(u[7] < female, 'Female', 'Male') as "Gender",
    cast(greatest(18, least(75, age + age_sd * z_age)) as integer) as "Age",
    cast(greatest(8, income + income_sd * z_income) as integer) as "Annual Income (k$)",
    cast(greatest(1, least(100, score + score_sd * z_score)) as integer) as "Spending Score (1-100)"
from normals
inner join groups on u[8] >= low and u[8] < high
order by i
"""


def write_sample(path: Path, customers: int = BUNDLED_CUSTOMERS, seed: int = SEED) -> None:
    """Write `customers` synthetic customers to `path`, as Parquet where it is called so, else as CSV. The same arguments give the
    same bytes.

    Raises InputError when the file cannot be written.
    """
    write_rows(_SQL, path, customers, seed)


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
