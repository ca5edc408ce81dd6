-- In which segments did a campaign work?
-- Those addressed against those held out, by the segment they are in now. Many small groups make one of them stand out by chance:
-- difference should be well over twice its standard_error. Results that name customers by hash: join on
-- sha256(members.customer_id). Reads all results: some five seconds per million.
-- needs: results
with clustering as (
    -- another one: where segmentation = 'lifestyle' and algorithm = 'hierarchical'
    select
        segmentation,
        algorithm
    from marts.clusterings
    where algorithm = 'kmeans'
    order by segmentation_position
    limit 1
),

results as (
    from staging.results
),

members as (
    from segments.assignments
    semi join clustering using (segmentation, algorithm)
),

segments as (
    from marts.segment_profiles
),

outcomes as (
    select
        results.campaign,
        members.segmentation,
        members.algorithm,
        members.segment_id,
        count(*) filter (results.test_group = 'treatment') as count_treated,
        count(*) filter (results.test_group = 'holdout') as count_held_out,
        avg(results.outcome) filter (results.test_group = 'treatment') as treated,
        avg(results.outcome) filter (results.test_group = 'holdout') as held_out,
        var_samp(results.outcome) filter (results.test_group = 'treatment') as variance_treated,
        var_samp(results.outcome) filter (results.test_group = 'holdout') as variance_held_out
    from results
    inner join members using (customer_id)
    group by all
)

select
    outcomes.campaign,
    segments.segment_name,
    outcomes.count_treated,
    outcomes.count_held_out,
    outcomes.treated,
    outcomes.held_out,
    outcomes.treated - outcomes.held_out as difference,
    sqrt(
        outcomes.variance_treated / outcomes.count_treated + outcomes.variance_held_out / outcomes.count_held_out
    ) as standard_error
from outcomes
inner join segments using (segmentation, algorithm, segment_id)
order by outcomes.campaign, difference desc, segments.segment_name
