create or replace table marts.segment_products as
with members as (
    select
        segmentation || '/' || algorithm as grouping,
        segment_id as group_id,
        customer_id
    from segments.assignments
    {% if not context.transactions %}
    where false
    {% endif %}
),

clusterings as (
    select distinct
        segmentation || '/' || algorithm as grouping,
        segmentation,
        algorithm
    from segments.assignments
),

products as (
    from features.products
)

select
    clusterings.segmentation,
    clusterings.algorithm,
    lifts.group_id as segment_id,
    lifts.item_kind,
    lifts.item,
    coalesce(products.product_name, lifts.item) as item_name,
    lifts.count_customers,
    lifts.share,
    lifts.everyone_share,
    lifts.lift,
    lifts.lift_low,
    lifts.lift_high,
    case when lifts.lift_low > 1 then 'more' when lifts.lift_high < 1 then 'less' else 'alike' end as verdict,
    lifts.quantity,
    lifts.amount,
    lifts.amount_share
from marts.item_lifts('members') as lifts
inner join clusterings using (grouping)
left join products on lifts.item_kind = 'product' and lifts.item = products.product
order by segmentation, algorithm, segment_id, lifts.item_kind, lift_low desc, lifts.item;

comment on table marts.segment_products is 'What each segment buys more, and less, than everyone: marts.item_lifts of the segments. Empty where the transactions name neither products nor categories. Grain: one row per segmentation, algorithm, segment and item that at least 5 customers of the segment bought, or would have if it were like everyone.';
comment on column marts.segment_products.segmentation is 'Name of the feature list.';
comment on column marts.segment_products.algorithm is 'kmeans or hierarchical.';
comment on column marts.segment_products.segment_id is 'The segment.';
comment on column marts.segment_products.item_kind is 'product or category.';
comment on column marts.segment_products.item is 'The product''s code, or the category.';
comment on column marts.segment_products.item_name is 'Its name.';
comment on column marts.segment_products.count_customers is 'Customers of the segment who bought it.';
comment on column marts.segment_products.share is 'They as a share of those in the segment who bought anything of that kind, 0 to 1.';
comment on column marts.segment_products.everyone_share is 'The same of all customers.';
comment on column marts.segment_products.lift is 'How many times as many of the segment buy it as of everyone: share by everyone_share, after share was drawn to the latter as far as chance goes.';
comment on column marts.segment_products.lift_low is 'Lower end of its 95 % interval.';
comment on column marts.segment_products.lift_high is 'Upper end.';
comment on column marts.segment_products.verdict is 'more or less, where the interval leaves out 1; else alike.';
comment on column marts.segment_products.quantity is 'Pieces that the segment bought; null where the source has no quantities.';
comment on column marts.segment_products.amount is 'What it spent on them, in the money of the source.';
comment on column marts.segment_products.amount_share is 'The same as a share of what it spent on anything of that kind, 0 to 1.';
