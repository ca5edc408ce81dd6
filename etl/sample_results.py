"""The results of two campaigns of the synthetic sample: one that helped, and one that changed nothing.

Planted: of those held out 10 % answered the voucher, of those addressed 16 %; the evening brought as much from both groups.
"""

from pathlib import Path

from etl.accounts import SYNTHETIC_PREFIX
from etl.sample import BUNDLED_CUSTOMERS, SEED, write_rows

BUNDLED_RESULTS = Path(__file__).parent / "sample_results.parquet"

# Numbers come from hashes, as in etl.sample, so that they are the same on any machine.
_SQL = f"""
with campaigns(campaign, held_out, rate, rate_addressed, is_amount) as (
    values ('Spring voucher', 0.3, 0.1, 0.16, false), ('Loyalty evening', 0.2, 0.3, 0.3, true)
),

uniforms as (
    select
        *,
        [hash(concat_ws('/', $seed, campaign, i, c)) / 18446744073709551616.0 for c in range(4)] as u
    from campaigns
    cross join range(1, $customers + 1) as customers(i)
),

split as (
    select
        *,
        u[1] < held_out as is_held_out
    from uniforms
)

select
    campaign,
    '{SYNTHETIC_PREFIX}' || lpad(cast(i as varchar), $digits, '0') as customer_id,
    if(is_held_out, 'holdout', 'treatment') as test_group,
    case
        when u[2] >= if(is_held_out, rate, rate_addressed) then 0
        when is_amount then round(exp(3.2 + 0.7 * sqrt(-2 * ln(1 - u[3])) * cos(2 * pi() * u[4])), 2)
        else 1
    end as outcome
from split
order by campaign, i
"""


def write_results(path: Path, customers: int = BUNDLED_CUSTOMERS, seed: int = SEED) -> None:
    """Write what `customers` synthetic customers did after two campaigns to `path`, as Parquet where it is called so, else as CSV.

    The same arguments give the same rows. Raises InputError when the file cannot be written.
    """
    write_rows(_SQL, path, customers, seed)
