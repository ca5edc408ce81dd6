create or replace table features.products as
with lines as (
    from staging.transactions
    where not is_duplicate and product is not null
),

priced as (
    select
        product,
        unit_price,
        count(*) as count_lines
    from lines
    where quantity > 0 and unit_price > 0
    group by all
),

-- the price at which half of the lines are reached, found on the distinct prices: there are few, however many lines
cumulated as (
    select
        product,
        unit_price,
        sum(count_lines) over (partition by product order by unit_price) as count_up_to,
        sum(count_lines) over (partition by product) as count_priced
    from priced
),

medians as (
    select
        product,
        min(unit_price) as median_price,
        any_value(count_priced) as count_priced
    from cumulated
    where 2 * count_up_to >= count_priced
    group by product
),

names as (
    select
        product,
        product_name,
        category,
        count(*) as count_lines
    from lines
    group by all
),

described as (
    select
        product,
        arg_max(product_name, {'lines': count_lines, 'name': product_name}) as product_name,
        arg_max(category, {'lines': count_lines, 'name': category}) as category,
        sum(count_lines) as count_lines
    from names
    group by product
),

services as (
    select distinct described.product
    from described
    inner join features.service_rules as rules
        on regexp_full_match(
            case rules.applies_to when 'product' then described.product else described.product_name end,
            '(?i)' || rules.pattern
        )
)

select
    described.product,
    described.product_name,
    described.category,
    cast(described.count_lines as bigint) as count_lines,
    medians.median_price,
    cast(coalesce(medians.count_priced, 0) as bigint) as count_priced,
    services.product is not null as is_service
from described
left join medians using (product)
left join services using (product)
order by described.product;

comment on table features.products is 'What was bought. Grain: one row per product.';
comment on column features.products.product is 'The product''s code in capitals, else its name.';
comment on column features.products.product_name is 'The name it has most often.';
comment on column features.products.category is 'The category it has most often; null where the source has none.';
comment on column features.products.count_lines is 'Lines of it, without duplicates.';
comment on column features.products.median_price is 'Its median price, over the lines that sell it; null where none does.';
comment on column features.products.count_priced is 'The lines that median is made of.';
comment on column features.products.is_service is 'True when a rule of features.service_rules says that it is no product.';
