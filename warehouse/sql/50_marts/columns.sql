{% import "macros.sql" as sql %}
{% set names = context.transactions | map(attribute="name") | list %}
{% set numbers = names | select("in", ("quantity", "unit_price", "amount")) | list %}
{# what staging casts is counted where that is done already, and what it completes or only trims as it came #}
{% set cast = ("customer_id", "occurred_at", "category", "store", "quantity", "unit_price", "amount") %}
create or replace table marts.columns as
with columns as (
    from raw.columns
),

customers as (
    from staging.customers
),

{# a median filled in where values are missing leaves the median as it was, so it need not be computed again #}
medians as (
    select
        'customers' as source,
        feature as column_name,
        imputed_value as median
    from features.imputation
),

{% if context.transactions %}
{# read once, however many columns #}
lines as (
    select
        count(*) as n,
        {% for name in names if name in cast %}
        count({{ name }}) as count_{{ name }},
        {% endfor %}
        {% for name in numbers %}
        min({{ name }}) as min_{{ name }},
        max({{ name }}) as max_{{ name }}{{ "," if not loop.last }}
        {% endfor %}
    from features.transaction_lines
),

given as (
    select
        {% for name in names if name not in cast %}
        count({{ sql.present(name) }}) as count_{{ name }}{{ "," if not loop.last }}
        {% else %}
        0 as count_none
        {% endfor %}
    from raw.transactions
),

{% endif %}
measured as (
    {% for column in context.transactions %}
    select
        'transactions' as source,
        {{ column.name | literal }} as column_name,
        lines.n - count_{{ column.name }} as count_missing,
        null as filled_with,
        {{ "min_" ~ column.name if column.name in numbers else "null" }} as lowest,
        {{ "max_" ~ column.name if column.name in numbers else "null" }} as highest
    from lines
    cross join given
    union all
    {% endfor %}
    {% for source, columns in (("stock", context.stock), ("results", context.results)) %}
    {% for column in columns %}
    select
        {{ source | literal }} as source,
        {{ column.name | literal }} as column_name,
        count(*) - count({{ column.name }}) as count_missing,
        null as filled_with,
        {{ "min(" ~ column.name ~ ")" if column.kind == "numeric" else "null" }} as lowest,
        {{ "max(" ~ column.name ~ ")" if column.kind == "numeric" else "null" }} as highest
    from staging.{{ source }}
    union all
    {% endfor %}
    {% endfor %}
    {% for column in context.numeric %}
    select
        'customers' as source,
        {{ column.name | literal }} as column_name,
        count(*) - count({{ column.name }}) as count_missing,
        'the median' as filled_with,
        min({{ column.name }}) as lowest,
        max({{ column.name }}) as highest
    from customers
    union all
    {% endfor %}
    {% for column in context.category + context.text %}
    select
        'customers' as source,
        {{ column.name | literal }} as column_name,
        count(*) - count({{ column.name }}) as count_missing,
        {{ "'Unknown'" if column.kind == "category" else "null" }} as filled_with,
        null as lowest,
        null as highest
    from customers
    union all
    {% endfor %}
    select
        'customers' as source,
        'customer_id' as column_name,
        0 as count_missing,
        null as filled_with,
        null as lowest,
        null as highest
)

select
    columns.source,
    columns.column_name,
    columns.source_header,
    columns.kind,
    columns.label,
    columns.short_label,
    columns.unit,
    columns.minimum,
    columns.maximum,
    columns.divide_by,
    columns.scale,
    columns.decimal_mark,
    columns.date_order,
    columns.position,
    cast(measured.count_missing as bigint) as count_missing,
    measured.filled_with,
    cast(measured.lowest as double) as lowest,
    medians.median,
    cast(measured.highest as double) as highest
from columns
left join measured using (source, column_name)
left join medians using (source, column_name)
order by columns.source, columns.position;

comment on table marts.columns is 'What each column of the sources was taken for, and what it holds. Grain: one row per source and column.';
comment on column marts.columns.source is 'What the files hold: customers, transactions, stock or results.';
comment on column marts.columns.column_name is 'Name of the column in the warehouse; one that is not loaded has a number instead.';
comment on column marts.columns.source_header is 'Header of the source, as it came.';
comment on column marts.columns.kind is 'id, numeric (a feature), category (profiled and encoded), text (carried as it came), time or ignore (not loaded).';
comment on column marts.columns.label is 'What people call the column.';
comment on column marts.columns.short_label is 'The label inside the name of a segment.';
comment on column marts.columns.unit is 'Unit of the values; empty where there is none.';
comment on column marts.columns.minimum is 'Smallest value that can be true; a row below it is rejected. Null: no limit.';
comment on column marts.columns.maximum is 'Largest value that can be true; a row above it is rejected. Null: no limit.';
comment on column marts.columns.divide_by is 'What the number in the source is divided by to get the unit of the warehouse; 1 where they are the same.';
comment on column marts.columns.scale is 'How the models see the number: linear (as it is) or log, sign(x) * ln(1 + |x|).';
comment on column marts.columns.decimal_mark is 'Decimal mark of the numbers in the source: a point or a comma.';
comment on column marts.columns.date_order is 'What comes first in dates written like 03/04/2024: day or month; empty where no date is written so.';
comment on column marts.columns.position is 'Place of the column, from 1: an id that is made first, then the order of the file, then what further files add.';
comment on column marts.columns.count_missing is 'Customers, lines of transactions, rows of stock or of results without a value in the source; null for a column that is not loaded.';
comment on column marts.columns.filled_with is 'What stands in for a missing value: the median, or Unknown; null where none does.';
comment on column marts.columns.lowest is 'Smallest value of the source; null unless numeric.';
comment on column marts.columns.median is 'Half of the customers with a value have at most this; null unless numeric.';
comment on column marts.columns.highest is 'Largest value of the source; null unless numeric.';
