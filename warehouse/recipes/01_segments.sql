-- Which segments are there, how large are they, and how sure are we of them?
-- stability is 1 where a segment comes out the same whoever of the customers is drawn, and doubtful below 0.75. Where is_clear is
-- false, the customers do not fall into groups by themselves: the segments divide them all the same. For one segmentation add a
-- condition.
with segments as (
    from marts.segment_profiles
),

clusterings as (
    from marts.clusterings
)

select
    clusterings.segmentation_title,
    clusterings.algorithm,
    clusterings.is_clear,
    segments.segment_name,
    segments.size,
    segments.share,
    segments.stability,
    segments.stability_band
from segments
inner join clusterings using (segmentation, algorithm)
order by clusterings.segmentation_position, clusterings.algorithm desc, segments.size desc, segments.segment_name
