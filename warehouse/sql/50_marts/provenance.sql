create or replace view marts.provenance as
-- where there is no file of customers, they come from the transactions
with sources as (
    select
        case when count(*) = 1 then min(source_file) else count(*) || ' files' end as source_file,
        bool_and(is_synthetic) as is_synthetic
    from raw.sources
    where source = (select min(source) from raw.sources where source in ('customers', 'transactions'))
),

customers as (
    select count(*) as count_customers
    from raw.customers
),

runs as (
    select
        max(run_id) as version,
        any_value(source_fingerprint) as source_fingerprint,
        max(created_at) as built_at
    from segments.runs
    semi join segments.newest_run using (run_id)
),

loads as (
    from segments.loads
),

newest_loads as (
    from loads
    semi join segments.newest_run using (run_id)
),

-- the last run in which a source was another one
others as (
    select
        loads.source,
        max(loads.run_id) as run_id
    from loads
    inner join newest_loads
        on newest_loads.source = loads.source
        and newest_loads.source_fingerprint <> loads.source_fingerprint
    group by loads.source
),

first_loads as (
    select
        loads.source,
        min(loads.run_id) as run_id
    from loads
    semi join newest_loads using (source)
    left join others using (source)
    where loads.run_id > coalesce(others.run_id, 0)
    group by loads.source
),

ages as (
    select min(created_at) as data_since
    from segments.runs
    where run_id = (select max(run_id) from first_loads)
)

select
    runs.version,
    sources.source_file,
    runs.source_fingerprint,
    customers.count_customers,
    sources.is_synthetic,
    runs.built_at,
    coalesce(ages.data_since, runs.built_at) as data_since
from sources
cross join customers
cross join runs
cross join ages;

comment on view marts.provenance is 'Where the numbers come from: what the header of every page shows. Grain: one row.';
comment on column marts.provenance.version is 'Number of the warehouse version.';
comment on column marts.provenance.source_file is 'Name of the customers file, or how many there are.';
comment on column marts.provenance.source_fingerprint is 'SHA-256 of the customers file; of the fingerprints of the files, joined by commas in order of their names, where there are several.';
comment on column marts.provenance.count_customers is 'Customers in the warehouse.';
comment on column marts.provenance.is_synthetic is 'True when the customers were generated: they are nobody.';
comment on column marts.provenance.built_at is 'When the segments were made, UTC.';
comment on column marts.provenance.data_since is 'When the newest of what was loaded was new: built_at of the first run that had it, UTC. A refresh of files that have not changed makes the data no younger.';
