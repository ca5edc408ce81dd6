{% import "macros.sql" as sql %}
-- depends on: source_rows, the table the loader fills
-- The rows whose customer id stands more than once: which copy of the same values each is, and, where the values differ, the first
-- row that has others and the headers of what differs.
{% set has_ids = (context.columns | selectattr("kind", "equalto", "id") | first).source_header != "" %}
create or replace table scratch.repeated_customers as
with source_rows as (
    from source_rows
),

-- Hashes are grouped in less than half the time of ids; of those that are equal the ids are compared.
repeated_hashes as (
    select hash({{ "customer_id" | trimmed_id }}) as _hash
    from source_rows
    {% if not has_ids %}
    where false
    {% endif %}
    group by _hash
    having count(*) > 1
),

suspects as (
    select
        source_rows.*,
        {{ "source_rows.customer_id" | trimmed_id }} as _id
    from source_rows
    inner join repeated_hashes on repeated_hashes._hash = hash({{ "source_rows.customer_id" | trimmed_id }})
),

repeated_ids as (
    select _id
    from suspects
    where _id is not null
    group by _id
    having count(*) > 1
),

copies as (
    select
        source_file,
        source_line,
        _id,
        [
            {% for column in context.columns if column.kind != "id" %}
            coalesce({{ sql.trimmed(column.name) }}, ''){{ "," if not loop.last }}
            {% endfor %}
        ] as _values
    from suspects
    inner join repeated_ids using (_id)
),

-- The first row of each id, and the first one that has other values.
ranked as (
    select
        _id,
        _place,
        row_number() over (partition by _id order by _place) as _rank
    from (
        select
            _id,
            min({'file': source_file, 'line': source_line, 'row': _values}) as _place
        from copies
        group by _id, _values
    )
),

compared as (
    select
        copies.*,
        case when first._place.row = copies._values then second._place else first._place end as _other
    from copies
    inner join ranked as first on first._id = copies._id and first._rank = 1
    left join ranked as second on second._id = copies._id and second._rank = 2
)

select
    source_file,
    source_line,
    row_number() over (partition by _id, _values order by source_file, source_line) as _copy,
    _other is not null as _is_conflicting,
    _other,
    list_filter(
        [
            {% for column in context.columns if column.kind != "id" %}
            case when _values[{{ loop.index }}] <> _other.row[{{ loop.index }}] then {{ column.source_header.strip() | literal }} end{{ "," if not loop.last }}
            {% endfor %}
        ],
        lambda _header : _header is not null
    ) as _differing
from compared
