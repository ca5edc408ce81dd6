create or replace table marts.retention_segments as
with members as (
    from segments.assignments
    {% if not context.transactions %}
    where false
    {% endif %}
),

retention as (
    from marts.retention
)

select
    members.segmentation,
    members.algorithm,
    members.segment_id,
    count(*) as count_customers,
    count(retention.customer_id) as count_buyers,
    count(*) filter (retention.standing = 'active') as count_active,
    count(*) filter (retention.standing = 'at risk') as count_at_risk,
    count(*) filter (retention.standing = 'gone') as count_gone,
    count(*) filter (retention.standing = 'bought once') as count_bought_once,
    avg(retention.probability_buys) as mean_probability_buys,
    coalesce(sum(retention.expected_purchases), 0) as expected_purchases,
    sum(retention.expected_value) as expected_value,
    sum(retention.value_at_risk) filter (retention.standing = 'at risk') as value_at_risk
from members
left join retention using (customer_id)
group by members.segmentation, members.algorithm, members.segment_id
-- none where nobody's retention is known: asked by `exists`, DuckDB 2.0 never ends where it has to spill
qualify sum(count(retention.customer_id)) over () > 0
order by members.segmentation, members.algorithm, members.segment_id;

comment on table marts.retention_segments is 'Retention by segment: marts.retention, added up. Empty where that is. Grain: one row per segmentation, algorithm and segment.';
comment on column marts.retention_segments.segmentation is 'Name of the feature list.';
comment on column marts.retention_segments.algorithm is 'kmeans or hierarchical.';
comment on column marts.retention_segments.segment_id is 'The segment.';
comment on column marts.retention_segments.count_customers is 'Customers in it.';
comment on column marts.retention_segments.count_buyers is 'Those who ever bought: the four below, together.';
comment on column marts.retention_segments.count_active is 'Those who very probably still are customers.';
comment on column marts.retention_segments.count_at_risk is 'Those who may have left.';
comment on column marts.retention_segments.count_gone is 'Those who very probably have.';
comment on column marts.retention_segments.count_bought_once is 'Those who bought on one day, of whom it cannot be told.';
comment on column marts.retention_segments.mean_probability_buys is 'Mean probability of a purchase within the horizon over those who ever bought, 0 to 1; null where nobody did.';
comment on column marts.retention_segments.expected_purchases is 'Days with a purchase to expect within the horizon, of all of them together.';
comment on column marts.retention_segments.expected_value is 'What to expect of them within the horizon, in the money of the source; null where there is no model of amounts or nobody bought.';
comment on column marts.retention_segments.value_at_risk is 'What those at risk would bring beyond that if they surely had not left; null where there is no model of amounts or nobody is at risk.';
