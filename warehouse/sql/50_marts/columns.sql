create or replace table marts.columns as
with columns as (
    from raw.columns
    where source = 'customers'
),

customers as (
    from staging.customers
),

{# a median filled in where values are missing leaves the median as it was, so it need not be computed again #}
medians as (
    select
        feature as column_name,
        imputed_value as median
    from features.imputation
),

measured as (
    {% for column in context.numeric %}
    select
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
        {{ column.name | literal }} as column_name,
        count(*) - count({{ column.name }}) as count_missing,
        {{ "'Unknown'" if column.kind == "category" else "null" }} as filled_with,
        null as lowest,
        null as highest
    from customers
    union all
    {% endfor %}
    select
        'customer_id' as column_name,
        0 as count_missing,
        null as filled_with,
        null as lowest,
        null as highest
)

select
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
    columns.position,
    cast(measured.count_missing as bigint) as count_missing,
    measured.filled_with,
    cast(measured.lowest as double) as lowest,
    medians.median,
    cast(measured.highest as double) as highest
from columns
left join measured using (column_name)
left join medians using (column_name)
order by columns.position;

comment on table marts.columns is 'What each column of the source was taken for, and what it holds. Grain: one row per column of the source.';
comment on column marts.columns.column_name is 'Name of the column in the warehouse; one that is not loaded has a number instead.';
comment on column marts.columns.source_header is 'Header of the source, as it came.';
comment on column marts.columns.kind is 'id, numeric (a feature), category (profiled and encoded), text (carried as it came) or ignore (not loaded).';
comment on column marts.columns.label is 'What people call the column.';
comment on column marts.columns.short_label is 'The label inside the name of a segment.';
comment on column marts.columns.unit is 'Unit of the values; empty where there is none.';
comment on column marts.columns.minimum is 'Smallest value that can be true; a row below it is rejected. Null: no limit.';
comment on column marts.columns.maximum is 'Largest value that can be true; a row above it is rejected. Null: no limit.';
comment on column marts.columns.divide_by is 'What the number in the source is divided by to get the unit of the warehouse; 1 where they are the same.';
comment on column marts.columns.scale is 'How the models see the number: linear (as it is) or log, sign(x) * ln(1 + |x|).';
comment on column marts.columns.decimal_mark is 'Decimal mark of the numbers in the source: a point or a comma.';
comment on column marts.columns.position is 'Place of the column, from 1: an id that is made first, then the order of the file, then what further files add.';
comment on column marts.columns.count_missing is 'Customers without a value in the source; null for a column that is not loaded.';
comment on column marts.columns.filled_with is 'What stands in for a missing value: the median, or Unknown; null where none does.';
comment on column marts.columns.lowest is 'Smallest value of the source; null unless numeric.';
comment on column marts.columns.median is 'Half of the customers with a value have at most this; null unless numeric.';
comment on column marts.columns.highest is 'Largest value of the source; null unless numeric.';
