-- depends on: repeated_customers; faults
-- The rows that say again what a row before them said.
create or replace table scratch.duplicate_rows as
select
    source_file,
    source_line
from repeated_customers
anti join faults using (source_file, source_line)
where _copy > 1
