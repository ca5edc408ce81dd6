-- The segments of marts.customers are those of segments.assignments.
with assigned as (
    select
        segmentation,
        algorithm,
        sum(hash(customer_id, segment_id)) as sum_hashes
    from segments.assignments
    group by all
),

sums as (
    select
        count(*) as count_customers,
        {% for clustering in context.clusterings %}
        sum(hash(customer_id, {{ clustering.dimension }})) as {{ clustering.dimension }}{{ "," if not loop.last }}
        {% endfor %}
    from marts.customers
),

shown as (
    {% for clustering in context.clusterings %}
    select
        {{ clustering.segmentation | literal }} as segmentation,
        {{ clustering.algorithm | literal }} as algorithm,
        {{ clustering.dimension }} as sum_hashes
    from sums
    union all
    {% endfor %}
    select
        '' as segmentation,
        '' as algorithm,
        0 as sum_hashes
    where false
)

select
    segmentation,
    algorithm,
    assigned.sum_hashes as in_segments,
    shown.sum_hashes as in_marts
from assigned
full join shown using (segmentation, algorithm)
where assigned.sum_hashes is distinct from shown.sum_hashes
