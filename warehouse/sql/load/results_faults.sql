{% import "macros.sql" as sql %}
-- depends on: source_rows, the table the loader fills
-- What is wrong with a row of results: the first of these questions that is answered badly. Rows without a fault are not here. What
-- is worked out on the way begins with an underscore: no column of a file does.
{% set columns = context.results %}
{% set names = columns | map(attribute="name") | list %}
{% macro header(name) %}
{{ (columns | selectattr("name", "equalto", name) | first).source_header.strip() }}
{%- endmacro %}
{% set outcome = columns | selectattr("name", "equalto", "outcome") | first %}
create or replace temporary table faults as
with numbered as (
    select
        *,
        {{ sql.present("campaign") | indent(4) }} as _campaign,
        {{ sql.present("customer_id") | indent(4) }} as _id,
        {{ sql.outcome(outcome) | indent(4) }} as _number_outcome,
        {{ sql.test_group("test_group") | indent(4) }} as _group,
        {{ sql.first_of(names) }} as _first_value
    from source_rows
),

counted as (
    select
        *,
        min(hash(_group, _number_outcome)) over (partition by _campaign, _id)
        <> max(hash(_group, _number_outcome)) over (partition by _campaign, _id) as _is_conflicting
    from numbered
),

judged as (
    select
        source_file,
        source_line,
        count_lines,
        _id as customer_id,
        case
            {{ sql.row_faults(columns, "a campaign", "", "_id is null") | indent(12) }}
            when _campaign is null
                then {'rule': 'no campaign', 'reason': {{ ("the row has no " ~ header("campaign")) | literal }}}
            when _id is null
                then {'rule': 'no customer id', 'reason': {{ ("the row has no " ~ header("customer_id")) | literal }}}
            when _group is null
                then {
                    'rule': 'no group',
                    'reason': {{ (header("test_group") ~ " is '") | literal }} || coalesce({{ sql.shown(sql.trimmed("test_group")) }}, '')
                    || ''', which is neither treatment nor holdout'
                }
            when {{ sql.present("outcome") | indent(12) }} is null
                then {'rule': 'no outcome', 'reason': {{ ("the row has no " ~ header("outcome") ~ "; who did nothing has 0") | literal }}}
            {{ sql.number_faults(outcome, "") | indent(12) }}
            when _is_conflicting
                then {
                    'rule': 'conflicting rows',
                    'reason': 'customer ' || {{ sql.shown("_id") }} || ' stands in the campaign more than once, with different values'
                }
        end as fault,
        {{ sql.row_text(names) }} as row_text
    from counted
)

{{ sql.faulty_rows() }}
