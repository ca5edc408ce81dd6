{% set values = context.columns | rejectattr("kind", "equalto", "id") | map(attribute="name") | list %}
-- depends on: source_rows, the table the loader fills
-- Where there are no ids, a row is told by its values, so that the same customer is the same in the next file.
create or replace table scratch.source_rows as
with hashed as (
    select
        *,
        'row-' || left(md5(concat_ws(chr(31){% for value in values %}, coalesce({{ value }}, ''){% endfor %})), 16) as _hash
    from source_rows
)

select
    source_file,
    source_line,
    count_lines,
    _hash || case when row_number() over same = 1 then '' else '-' || row_number() over same end as customer_id{% for value in values %},
    {{ value }}{% endfor %}

from hashed
window same as (partition by _hash order by source_file, source_line)
