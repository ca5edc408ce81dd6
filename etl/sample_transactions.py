"""The transactions of the synthetic sample: two years of purchases by the customers of etl.sample, with what a shop's file has.

Planted, so that it can be looked for: how often each group buys and what it prefers, a favourite product per customer, a group that
comes less and less, customers who stay away for good, the seasons, the days of the week, returns, delivery fees, copies of lines
and purchases of nobody known.
"""

from pathlib import Path

from etl.accounts import SYNTHETIC_PREFIX
from etl.sample import BUNDLED_CUSTOMERS, GROUPS, SEED, U_GROUP, by_group, uniform, write_rows

BUNDLED_TRANSACTIONS = Path(__file__).parent / "sample_transactions.parquet"
BUNDLED_STOCK = Path(__file__).parent / "sample_stock.csv"
FIRST_DAY, WEEKS = "2024-01-01", 104

# Per group, in the order of etl.sample: purchases a week, what they become by the end, the hour they come at, and how much they
# like each category.
_HABITS = """
    (1, 0.20, 0.06, 16, [5, 2, 1, 3, 1, 4]),
    (2, 0.05, 0.05, 11, [1, 5, 1, 1, 3, 1]),
    (3, 0.09, 0.10, 14, [2, 3, 2, 2, 2, 2]),
    (4, 0.20, 0.24, 18, [4, 1, 5, 3, 1, 2]),
    (5, 0.06, 0.05, 13, [1, 3, 1, 1, 5, 1])
"""

_PRODUCTS = """
    (1, 'Fashion', ['Linen shirt', 'Denim jacket', 'Wool scarf', 'Summer dress', 'Sneakers', 'Leather belt', 'Raincoat', 'Socks'],
        [39.9, 89.0, 24.5, 59.9, 79.0, 29.9, 119.0, 6.9]),
    (2, 'Groceries', ['Coffee beans', 'Olive oil', 'Green tea', 'Dark chocolate', 'Pasta', 'Honey', 'Almonds', 'Spring water'],
        [12.9, 9.5, 5.9, 3.2, 1.9, 7.4, 6.8, 0.9]),
    (3, 'Electronics', ['Headphones', 'Phone case', 'Tablet', 'Smart watch', 'Charger', 'Speaker', 'Camera', 'Cable'],
        [129.0, 19.9, 349.0, 229.0, 24.9, 89.9, 549.0, 9.9]),
    (4, 'Beauty', ['Face cream', 'Perfume', 'Lipstick', 'Shampoo', 'Sun cream', 'Nail polish', 'Soap', 'Hand cream'],
        [27.9, 64.0, 18.5, 8.9, 14.9, 9.9, 3.9, 7.9]),
    (5, 'Home', ['Candle', 'Cushion', 'Desk lamp', 'Vase', 'Blanket', 'Mug', 'Picture frame', 'Kettle'],
        [9.9, 24.9, 44.9, 19.9, 39.9, 8.5, 14.9, 49.0]),
    (6, 'Toys and books', ['Novel', 'Board game', 'Puzzle', 'Cookbook', 'Plush bear', 'Building bricks', 'Comic', 'Travel guide'],
        [14.9, 34.9, 17.9, 24.9, 19.9, 49.9, 7.9, 16.9])
"""

# A customer may come once a week; numbers come from hashes, as in etl.sample, so that they are the same on any machine.
_SQL = f"""
with habits(place, rate, rate_at_end, usual_hour, likes) as (values {_HABITS}),

shelves(category_id, category, names, prices) as (values {_PRODUCTS}),

products as (
    select
        category_id,
        category,
        unnest(range(1, 9)) as place,
        'P' || category_id || lpad(cast(unnest(range(1, 9)) as varchar), 2, '0') as product,
        unnest(names) as product_name,
        unnest(prices) as unit_price
    from shelves
),

uniform_of as (
    select
        i,
        {U_GROUP},
        {by_group(range(1, len(GROUPS) + 1))} as place,
        {uniform("joins")} as u_joins,
        {uniform("stays")} as u_stays,
        {uniform("eager")} as u_eager,
        1 + hash(concat_ws('/', $seed, i, 'likes')) % 8 as favourite
    from range(1, $customers + 1) as customers(i)
),

customers as (
    select
        uniform_of.i,
        habits.*,
        uniform_of.favourite,
        0.4 + 1.2 * u_eager as eagerness,
        greatest(0, floor(60 * u_joins - 30)) as first_week,
        first_week - 150 * ln(1 - u_stays) as last_week
    from uniform_of
    inner join habits using (place)
),

visits as (
    select
        customers.*,
        week,
        hash(concat_ws('/', $seed, i, week, 'day')) / 18446744073709551616.0 as u_day,
        hash(concat_ws('/', $seed, i, week, 'hour')) / 18446744073709551616.0 as u_hour,
        hash(concat_ws('/', $seed, i, week, 'lines')) / 18446744073709551616.0 as u_lines,
        hash(concat_ws('/', $seed, i, week, 'fee')) / 18446744073709551616.0 as u_fee
    from customers
    cross join range({WEEKS}) as weeks(week)
    where
        week between first_week and last_week
        and hash(concat_ws('/', $seed, i, week, 'comes')) / 18446744073709551616.0
        < eagerness * (rate + (rate_at_end - rate) * week / {WEEKS}) * case
            when week % 52 >= 47 then 1.9
            when week % 52 < 8 then 0.7
            when week % 52 between 26 and 33 then 0.85
            else 1
        end
),

-- Friday, Saturday and Sunday are the busiest
receipts as (
    select
        *,
        timestamp '{FIRST_DAY}'
        + to_days(cast(7 * week + len(list_filter([0.1, 0.2, 0.3, 0.42, 0.6, 0.83], lambda edge : edge <= u_day)) as integer))
        + to_minutes(cast(60 * greatest(9, least(20, usual_hour + 8 * (u_hour - 0.5))) as bigint)) as occurred_at,
        1 + floor(3.4 * u_lines * u_lines) as count_lines
    from visits
),

numbered as (
    select
        *,
        cast(row_number() over (order by occurred_at, i) as varchar) as number,
        '7' || repeat('0', 6 - length(number)) || number as transaction_id
    from receipts
),

lines as (
    select
        numbered.*,
        unnest(range(1, cast(count_lines as bigint) + 1)) as line
    from numbered
),

chosen as (
    select
        *,
        hash(concat_ws('/', $seed, i, week, line, 'category')) / 18446744073709551616.0 as u_category,
        hash(concat_ws('/', $seed, i, week, line, 'favourite')) / 18446744073709551616.0 as u_favourite,
        hash(concat_ws('/', $seed, i, week, line, 'product')) / 18446744073709551616.0 as u_product,
        hash(concat_ws('/', $seed, i, week, line, 'pieces')) / 18446744073709551616.0 as u_pieces,
        hash(concat_ws('/', $seed, i, week, line, 'back')) / 18446744073709551616.0 as u_back,
        hash(concat_ws('/', $seed, i, week, line, 'copy')) / 18446744073709551616.0 as u_copy
    from lines
),

picked as (
    select
        *,
        1 + len(list_filter([1, 2, 3, 4, 5], lambda n : list_sum(likes[:n]) / list_sum(likes) <= u_category)) as category_id,
        case when u_favourite < 0.35 then favourite else 1 + floor(8 * u_product) end as product_place
    from chosen
),

sold as (
    select
        picked.transaction_id,
        picked.occurred_at,
        picked.i,
        products.product,
        products.product_name,
        products.category,
        1 + cast(floor(2.6 * u_pieces * u_pieces) as integer) as quantity,
        products.unit_price,
        picked.week,
        picked.line,
        picked.u_back,
        picked.u_copy,
        picked.u_fee
    from picked
    inner join products on products.category_id = picked.category_id and products.place = picked.product_place
    qualify row_number() over (partition by picked.transaction_id, products.product order by picked.line) = 1
),

everything as (
    select
        transaction_id,
        occurred_at,
        i,
        product,
        product_name,
        category,
        quantity,
        unit_price,
        line
    from sold
    cross join range(2) as copies(copy)
    where copy = 0 or u_copy < 0.002

    union all

    select
        'C' || transaction_id,
        occurred_at + to_days(cast(1 + 200 * u_back as integer)),
        i,
        product,
        product_name,
        category,
        -quantity,
        unit_price,
        line
    from sold
    where u_back < 0.05 and week < {WEEKS} - 2

    union all

    select
        transaction_id,
        occurred_at,
        i,
        'POST' as product,
        'Delivery fee' as product_name,
        null as category,
        1 as quantity,
        4.9 as unit_price,
        99 as line
    from sold
    where line = 1 and u_fee < 0.08
)

select
    transaction_id,
    occurred_at,
    case
        when hash(concat_ws('/', $seed, ltrim(transaction_id, 'C'), 'known')) / 18446744073709551616.0 >= 0.04
            then '{SYNTHETIC_PREFIX}' || lpad(cast(i as varchar), $digits, '0')
    end as customer_id,
    product,
    product_name,
    category,
    quantity,
    unit_price
from everything
order by occurred_at, transaction_id, line, product
"""

# Of each product what was sold in the last four weeks, times a number between 0.1 and 1.
_STOCK = f"""
select
    product as "Product code",
    any_value(product_name) as "Product name",
    any_value(category) as "Category",
    cast(ceil(sum(quantity) * (0.1 + 0.9 * hash(concat_ws('/', $seed, product, 'stock')) / 18446744073709551616.0)) as integer)
        as "On hand"
from ({_SQL})
where quantity > 0 and category is not null and occurred_at >= timestamp '{FIRST_DAY}' + to_weeks({WEEKS - 4})
group by product
order by product
"""


def write_transactions(path: Path, customers: int = BUNDLED_CUSTOMERS, seed: int = SEED) -> None:
    """Write the transactions of `customers` synthetic customers to `path`, as Parquet where it is called so, else as CSV.

    The same arguments give the same rows. Raises InputError when the file cannot be written.
    """
    write_rows(_SQL, path, customers, seed)


def write_stock(path: Path, customers: int = BUNDLED_CUSTOMERS, seed: int = SEED) -> None:
    """Write what is in stock at their end to `path`, likewise. Raises InputError when the file cannot be written."""
    write_rows(_STOCK, path, customers, seed)
