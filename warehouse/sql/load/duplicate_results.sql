-- depends on: source_rows, the table the loader fills; faults
-- The rows that are identical, in every column, to an earlier one.
{% set names = context.results | map(attribute="name") | join(", ") %}
create or replace temporary table duplicate_rows as
select
    source_file,
    source_line
from source_rows
anti join faults using (source_file, source_line)
qualify row_number() over (partition by {{ names }} order by source_file, source_line) > 1
