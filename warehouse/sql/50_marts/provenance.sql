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
)

select
    runs.version,
    sources.source_file,
    runs.source_fingerprint,
    customers.count_customers,
    sources.is_synthetic,
    runs.built_at
from sources
cross join customers
cross join runs;

comment on view marts.provenance is 'Where the numbers come from: what the header of every page shows. Grain: one row.';
comment on column marts.provenance.version is 'Number of the warehouse version.';
comment on column marts.provenance.source_file is 'Name of the customers file, or how many there are.';
comment on column marts.provenance.source_fingerprint is 'SHA-256 of the customers file; of the fingerprints of the files, joined by commas in order of their names, where there are several.';
comment on column marts.provenance.count_customers is 'Customers in the warehouse.';
comment on column marts.provenance.is_synthetic is 'True when the customers were generated: they are nobody.';
comment on column marts.provenance.built_at is 'When the segments were made, UTC.';
