-- depends on: segments.runs
create or replace table marts.customers as
with customers as (
    from features.customer_features
),

{# Every clustering has every customer once, written in the order of the ids, and DuckDB reads a table in the order it was written:
   rows lie side by side, where joins would hold all ids in memory, once for each clustering. A check compares. Parquet files that
   a cluster wrote have no order, and are joined. #}
customers_in_order as (
    from customers
    {% if not context.is_lake %}
    order by customer_id
    {% endif %}
){{ "," if context.clusterings }}

{% for clustering in context.clusterings %}
{{ clustering.dimension }}_beside as (
    select
        customer_id,
        segment_id
    from segments.assignments
    where segmentation = {{ clustering.segmentation | literal }} and algorithm = {{ clustering.algorithm | literal }}
){{ "," if not loop.last }}

{% endfor %}

select
    customers.customer_id,
    {% for column in context.category %}
    customers.{{ column.name }},
    {% endfor %}
    {% for column in context.features %}
    customers.{{ column.name }},
    {% endfor %}
    {% for clustering in context.clusterings %}
    {{ clustering.dimension }}_beside.segment_id as {{ clustering.dimension }}{{ "," if not loop.last }}
    {% endfor %}
from customers_in_order as customers
{% for clustering in context.clusterings %}
{% if context.is_lake %}
inner join {{ clustering.dimension }}_beside on {{ clustering.dimension }}_beside.customer_id = customers.customer_id
{% else %}
positional join {{ clustering.dimension }}_beside
{% endif %}
{% endfor %}
;

comment on table marts.customers is 'Every customer with the segment in each clustering: what filters run on. Grain: one row per customer.';
comment on column marts.customers.customer_id is 'The customer''s id in the source, as text.';
{% for column in context.category + context.features %}
comment on column marts.customers.{{ column.name }} is {{ (column.title ~ "; filled in where the source has none.") | literal }};
{% endfor %}
{% for clustering in context.clusterings %}
comment on column marts.customers.{{ clustering.dimension }} is {{ ("segment_id of the customer in the segmentation " ~ clustering.segmentation ~ " by " ~ clustering.algorithm ~ ".") | literal }};
{% endfor %}
