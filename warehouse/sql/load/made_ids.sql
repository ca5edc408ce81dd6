{% set values = context.columns | rejectattr("kind", "equalto", "id") | map(attribute="name") | list %}
-- depends on: source_rows, the table the loader fills
-- Where there are no ids, a row is told by its values, so that the same customer is the same in the next file.
create or replace table scratch.rows_with_ids as
with hashed as (
    select
        *,
        'row-' || left(md5(concat_ws(chr(31){% for value in values %}, coalesce({{ value }}, ''){% endfor %})), 16) as _hash
    from source_rows
)

select
    * exclude (_hash) replace (
        _hash || if(row_number() over same = 1, '', '-' || row_number() over same) as customer_id
    )
from hashed
window same as (partition by _hash order by source_file, source_line);

drop table source_rows;

alter table scratch.rows_with_ids rename to source_rows
