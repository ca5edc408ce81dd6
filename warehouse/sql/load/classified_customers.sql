{% import "macros.sql" as sql %}
-- depends on: source_rows, the temporary table the loader fills: source_line, then every column as text
create or replace temporary table classified_customers as
with source_rows as (
    from source_rows
),

repeated_ids as (
    select trim(customer_id) as id
    from source_rows
    where customer_id is not null
    group by id
    having count(*) > 1
),

copies as (
    select
        source_rows.source_line,
        row_number() over (
            partition by repeated_ids.id{% for column in context.columns if column.kind != "id" %}, source_rows.{{ column.name }}{% endfor %}

            order by source_rows.source_line
        ) as copy,
        count(*) over (
            partition by repeated_ids.id{% for column in context.columns if column.kind != "id" %}, source_rows.{{ column.name }}{% endfor %}

        ) < count(*) over (partition by repeated_ids.id) as is_conflicting
    from source_rows
    inner join repeated_ids on repeated_ids.id = trim(source_rows.customer_id)
)

select
    source_rows.*,
    coalesce(copies.copy > 1 and not copies.is_conflicting, false) as is_duplicate,
    case
        when {{ sql.present("source_rows.customer_id") | indent(8) }} is null then 'no customer id'
        {% for column in context.numeric %}
        when {{ sql.present("source_rows." ~ column.name) | indent(8) }} is not null
            and {{ sql.number("source_rows." ~ column.name) }} is null
            then 'not a number'
        {% if column.minimum is not none %}
        when {{ sql.number("source_rows." ~ column.name) }} < {{ column.minimum }} then 'out of range'
        {% endif %}
        {% if column.maximum is not none %}
        when {{ sql.number("source_rows." ~ column.name) }} > {{ column.maximum }} then 'out of range'
        {% endif %}
        {% endfor %}
        when copies.is_conflicting then 'conflicting ids'
    end as rule,
    case
        when {{ sql.present("source_rows.customer_id") | indent(8) }} is null then 'the row has no customer id'
        {% for column in context.numeric %}
        when {{ sql.present("source_rows." ~ column.name) | indent(8) }} is not null
            and {{ sql.number("source_rows." ~ column.name) }} is null
            then {{ (column.source_header ~ " is '") | literal }} || source_rows.{{ column.name }} || ''', which is not a number'
        {% if column.minimum is not none %}
        when {{ sql.number("source_rows." ~ column.name) }} < {{ column.minimum }}
            then {{ (column.source_header ~ " is ") | literal }} || source_rows.{{ column.name }} || {{ (", below " ~ "%g" % column.minimum) | literal }}
        {% endif %}
        {% if column.maximum is not none %}
        when {{ sql.number("source_rows." ~ column.name) }} > {{ column.maximum }}
            then {{ (column.source_header ~ " is ") | literal }} || source_rows.{{ column.name }} || {{ (", above " ~ "%g" % column.maximum) | literal }}
        {% endif %}
        {% endfor %}
        when copies.is_conflicting then 'customer id ' || source_rows.customer_id || ' stands more than once, with different values'
    end as reason
from source_rows
left join copies using (source_line)
