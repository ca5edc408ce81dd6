-- What should be done with each segment?
-- The play of the playbook that fits its profile, and because of what; offer is what it most surely buys more than everyone, where
-- there are transactions. The plays are analytics/playbook.toml or a file of your own. Change the clustering in the first step.
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

playbook as (
    from marts.playbook
)

select
    segment_name,
    size,
    play,
    because,
    advice,
    offer,
    offer_lift
from playbook
semi join clustering using (segmentation, algorithm)
order by size desc, segment_name
