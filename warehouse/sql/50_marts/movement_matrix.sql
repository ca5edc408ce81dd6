create or replace macro marts.movement_matrix(since_run_id) as table
select
    segmentation,
    algorithm,
    previous_segment_id,
    segment_id,
    movement,
    count(*) as count_customers
from marts.movements(since_run_id)
group by all;

comment on macro table marts.movement_matrix is 'How many customers went from which segment of the run since_run_id to which of the newest, by what moved them (marts.movements). previous_segment_id is null for who joined, segment_id for who left. Grain: one row per segmentation, algorithm, pair of segments and movement.';
