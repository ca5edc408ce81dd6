{% import "macros.sql" as sql %}
-- depends on: source_rows, the table the loader fills
-- What is wrong with a row of stock: the first of these questions that is answered badly. Rows without a fault are not here. What is
-- worked out on the way begins with an underscore: no column of a file does.
{% set columns = context.stock %}
{% set names = columns | map(attribute="name") | list %}
{% set on_hand = columns | selectattr("name", "equalto", "on_hand") | first %}
{% set items = columns | selectattr("name", "in", ("product", "product_name", "category")) | list %}
create or replace temporary table faults as
with numbered as (
    select
        *,
        {{ sql.amount(on_hand, "on_hand") | indent(4) }} as _number_on_hand,
        {{ sql.first_of(items | map(attribute="name")) }} as _item,
        {{ sql.first_of(names) }} as _first_value,
        {% for name in names if name != "on_hand" %}
        cast({{ sql.present(name) }} is not null as integer){{ " +" if not loop.last }}
        {% endfor %}
        as _count_texts
    from source_rows
),

judged as (
    select
        source_file,
        source_line,
        count_lines,
        cast(null as varchar) as customer_id,
        case
            {{ sql.row_faults(columns, "an item", "", "_count_texts = 1") | indent(12) }}
            when _item is null
                then {'rule': 'no item', 'reason': {{ ("the row has no " ~ items | map(attribute="source_header") | map("trim") | join(" and no ")) | literal }}}
            when {{ sql.present("on_hand") | indent(12) }} is null
                then {'rule': 'no amount', 'reason': {{ ("the row has no " ~ on_hand.source_header.strip()) | literal }}}
            {{ sql.number_faults(on_hand, "") | indent(12) }}
        end as fault,
        {{ sql.row_text(names) }} as row_text
    from numbered
)

{{ sql.faulty_rows() }}
