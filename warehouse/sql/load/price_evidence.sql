{% import "macros.sql" as sql %}
-- depends on: source_rows, the table the loader fills
-- Whether "price" is that of one piece or of the line: within a product (or a category) the one that is meant varies less. Squared
-- deviations of the logarithms, summed over the products.
{% set names = context.transactions | map(attribute="name") | list %}
{% set price = context.transactions | selectattr("name", "equalto", "unit_price") | first %}
{% set quantity = context.transactions | selectattr("name", "equalto", "quantity") | first %}
create or replace temporary table price_evidence as
with lines as (
    select
        {{ (["product", "product_name", "category"] | select("in", names) | first) or "null" }} as _product,
        {{ sql.amount(price, "unit_price") | indent(8) }} as price,
        {{ sql.amount(quantity, "quantity") | indent(8) }} as quantity
    from source_rows
),

deviations as (
    select
        count(*) * var_pop(ln(price)) as of_price,
        count(*) * var_pop(ln(price / quantity)) as of_price_by_quantity
    from lines
    where price > 0 and quantity > 0
    group by _product
)

select coalesce(sum(of_price_by_quantity) < sum(of_price), false) as is_of_the_line
from deviations
