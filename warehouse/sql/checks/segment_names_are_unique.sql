-- No two segments of a segmentation and algorithm are shown under one name, and none without one.
select
    segmentation,
    algorithm,
    segment_name,
    count(*) as count_segments
from segments.segments
semi join segments.newest_run using (run_id)
group by all
having
    count(*) > 1
    or trim(segment_name) = ''
