create or replace view segments.newest_run as
select max(run_id) as run_id
from segments.runs;

comment on view segments.newest_run is 'Which rows of this schema are true now; the others are history. Grain: one row.';
comment on column segments.newest_run.run_id is 'Number of the newest refresh; `semi join segments.newest_run using (run_id)` keeps its rows.';
