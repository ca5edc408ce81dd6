-- depends on: raw.transactions
-- In parts: what is known of all pairs of customer and item is a hundred times what is listed of them.
{% set parts = 1 + context.count_lines // context.lines_at_a_time %}
create or replace temporary table parts as
select
    customer_id,
    hash(customer_id) % {{ parts }} as part
from (select distinct customer_id from features.customer_items) as buyers
order by part;

create or replace table marts.recommendations (
    item_kind varchar,
    customer_id varchar,
    place bigint,
    item varchar,
    item_name varchar,
    score double,
    because_item varchar,
    because_name varchar
);

{% for part in range(parts) %}
insert into marts.recommendations
with members as (
    select customer_id
    from parts
    where part = {{ part }}
),

products as (
    from features.products
)

select
    candidates.item_kind,
    candidates.customer_id,
    candidates.place,
    candidates.item,
    coalesce(items.product_name, candidates.item) as item_name,
    candidates.score,
    candidates.because_item,
    coalesce(reasons.product_name, candidates.because_item) as because_name
from marts.item_candidates('whole', members := 'members') as candidates
inner join segments.item_models as models using (item_kind)
left join products as items on candidates.item_kind = 'product' and candidates.item = items.product
left join products as reasons on candidates.item_kind = 'product' and candidates.because_item = reasons.product
where models.period = 'whole' and candidates.place <= models.count_listed
order by candidates.customer_id, candidates.item_kind, candidates.place;

{% endfor %}
drop table parts;

comment on table marts.recommendations is 'What each customer may buy next, of what they have not bought yet. Empty where the transactions name neither products nor categories, or too few customers bought several. Grain: one row per kind of item, customer who bought any of that kind, and place.';
comment on column marts.recommendations.item_kind is 'product or category.';
comment on column marts.recommendations.customer_id is 'The customer.';
comment on column marts.recommendations.place is 'From 1, the first that should be offered.';
comment on column marts.recommendations.item is 'The product''s code, or the category.';
comment on column marts.recommendations.item_name is 'Its name.';
comment on column marts.recommendations.score is 'What it is ordered by: how much what the customer bought speaks for it. Items at 0 are filled in by popularity.';
comment on column marts.recommendations.because_item is 'What the customer bought that speaks for it most; null where nothing does.';
comment on column marts.recommendations.because_name is 'Its name.';
