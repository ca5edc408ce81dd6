{% import "macros.sql" as sql %}
-- depends on: source_rows, the table the loader fills; faults
-- The lines that are identical, in every column, to an earlier one of the same transaction. Without ids of transactions nothing
-- tells a copy from a second purchase, and there are none.
{% set names = context.transactions | map(attribute="name") | list %}
create or replace temporary table duplicate_rows as
with source_rows as (
    from source_rows
    anti join faults using (source_file, source_line)
    where {{ sql.present("transaction_id") | indent(4) if "transaction_id" in names else "null" }} is not null
),

alike as (
    select hash({{ names | join(", ") }}) as _hash
    from source_rows
    group by _hash
    having count(*) > 1
),

copies as (
    select
        source_file,
        source_line,
        row_number() over (
            partition by {{ names | join(", ") }}
            order by source_file, source_line
        ) as _copy
    from source_rows
    semi join alike on alike._hash = hash({{ names | join(", ") }})
)

select
    source_file,
    source_line
from copies
where _copy > 1
