create or replace table features.stock as
with products as (
    from features.products
),

-- a name tells a product where only one has it
names as (
    select
        upper(product_name) as name,
        any_value(product) as product
    from products
    group by name
    having count(*) = 1
),

stock as (
    select
        stock.*,
        coalesce(coded.product, named.product) as sold_product,
        coalesce(coded.category, named.category, stock.category) as sold_category
    from staging.stock
    left join products as coded on stock.product = coded.product
    left join names on upper(coalesce(stock.product, stock.product_name)) = names.name
    left join products as named on names.product = named.product
),

-- as the transactions write them
categories as (
    select
        upper(category) as name,
        min(category) as category
    from features.transaction_lines
    where category is not null
    group by name
),

rows as (
    select
        'product' as item_kind,
        coalesce(sold_product, product, product_name) as item,
        sold_product is not null as is_sold,
        on_hand
    from stock
    where coalesce(product, product_name) is not null

    union all

    select
        'category' as item_kind,
        coalesce(categories.category, stock.sold_category) as item,
        categories.category is not null as is_sold,
        stock.on_hand
    from stock
    left join categories on upper(stock.sold_category) = categories.name
    where stock.sold_category is not null
)

select
    item_kind,
    item,
    sum(on_hand order by on_hand) as on_hand,
    count(*) as count_rows,
    bool_or(is_sold) as is_sold
from rows
group by item_kind, item
order by item_kind, item;

comment on table features.stock is 'What is in stock, put together from all rows of an item: places, sizes. A row is of the product that has its code, else of the only one whose name is its code, or its name where it has no code, and counts for the category in which that is sold. Empty where no stock was given. Grain: one row per kind of item and item.';
comment on column features.stock.item_kind is 'product or category.';
comment on column features.stock.item is 'The product''s code as in features.products, else as in staging.stock, or the category.';
comment on column features.stock.on_hand is 'Pieces that are there, below zero where more are promised than there are.';
comment on column features.stock.count_rows is 'Rows of staging.stock it is the sum of.';
comment on column features.stock.is_sold is 'Whether the transactions know the item.';
