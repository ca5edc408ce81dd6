create or replace view marts.algorithm_agreement as
with cells as (
    from marts.algorithm_cross_table
),

pairs as (
    select
        segmentation,
        sum(count_customers) as count_customers,
        coalesce(sum(count_customers) filter (not is_agreement), 0) as count_disagreements,
        sum(cast(count_customers as double) * (count_customers - 1) / 2) as pairs_together
    from cells
    group by segmentation
),

kmeans as (
    select
        segmentation,
        sum(size * (size - 1) / 2) as pairs_together
    from (
        select
            segmentation,
            cast(sum(count_customers) as double) as size
        from cells
        group by segmentation, kmeans_segment_id
    )
    group by segmentation
),

hierarchical as (
    select
        segmentation,
        sum(size * (size - 1) / 2) as pairs_together
    from (
        select
            segmentation,
            cast(sum(count_customers) as double) as size
        from cells
        group by segmentation, hierarchical_segment_id
    )
    group by segmentation
),

expected as (
    select
        pairs.segmentation,
        pairs.count_customers,
        pairs.count_disagreements,
        pairs.pairs_together,
        kmeans.pairs_together * hierarchical.pairs_together
        / (pairs.count_customers * (pairs.count_customers - 1) / 2) as pairs_by_chance,
        (kmeans.pairs_together + hierarchical.pairs_together) / 2 as pairs_at_most
    from pairs
    inner join kmeans using (segmentation)
    inner join hierarchical using (segmentation)
)

select
    segmentation,
    count_customers,
    count_disagreements,
    coalesce((pairs_together - pairs_by_chance) / nullif(pairs_at_most - pairs_by_chance, 0), 1) as adjusted_rand_index
from expected
order by segmentation;

comment on view marts.algorithm_agreement is 'How far K-Means and Ward agree. Grain: one row per segmentation.';
comment on column marts.algorithm_agreement.segmentation is 'Name of the feature list.';
comment on column marts.algorithm_agreement.count_customers is 'Customers compared.';
comment on column marts.algorithm_agreement.count_disagreements is 'Customers in pairs of segments that do not go together: those of marts.algorithm_disagreements.';
comment on column marts.algorithm_agreement.adjusted_rand_index is 'Adjusted Rand index (Hubert & Arabie 1985): 1 for the same groups, about 0 for chance.';
