-- depends on: segments.runs
create or replace table marts.customers as
with customers as (
    from features.customer_features
),

memberships as (
    select
        customer_id,
        {% for clustering in context.clusterings %}
        max(segment_id) filter (
            segmentation = {{ clustering.segmentation | literal }} and algorithm = {{ clustering.algorithm | literal }}
        ) as {{ clustering.dimension }}{{ "," if not loop.last }}
        {% endfor %}
    from segments.assignments
    group by customer_id
)

select
    customers.customer_id,
    {% for column in context.category %}
    customers.{{ column.name }},
    {% endfor %}
    {% for column in context.features %}
    customers.{{ column.name }},
    {% endfor %}
    {% for clustering in context.clusterings %}
    memberships.{{ clustering.dimension }}{{ "," if not loop.last }}
    {% endfor %}
from customers
inner join memberships using (customer_id)
order by customers.customer_id;

comment on table marts.customers is 'Every customer with the segment in each clustering: what filters run on. Grain: one row per customer.';
comment on column marts.customers.customer_id is 'The customer''s id in the source, as text.';
{% for column in context.category + context.features %}
comment on column marts.customers.{{ column.name }} is {{ (column.title ~ "; filled in where the source has none.") | literal }};
{% endfor %}
{% for clustering in context.clusterings %}
comment on column marts.customers.{{ clustering.dimension }} is {{ ("segment_id of the customer in the segmentation " ~ clustering.segmentation ~ " by " ~ clustering.algorithm ~ ".") | literal }};
{% endfor %}
