{% import "macros.sql" as sql %}
{% set columns = context.stock %}
{% set names = columns | map(attribute="name") | list %}
{# The text of one of the known columns, null where the files have no such column. #}
{% macro text_of(name) %}
{% if name in names %}{{ sql.present(name) }}{% else %}cast(null as varchar){% endif %}
{% endmacro %}
create or replace view staging.stock as
with stock as (
    from raw.stock
)

select
    source_file,
    source_line,
    upper({{ text_of("product") | trim }}) as product,
    {{ text_of("product_name") | trim }} as product_name,
    {{ text_of("category") | trim }} as category,
    {% for column in columns if column.name == "on_hand" %}
    {{ sql.amount(column, "on_hand") }} as on_hand,
    {% else %}
    cast(null as double) as on_hand,
    {% endfor %}
    {{ text_of("store") | trim }} as store
from stock;

comment on view staging.stock is 'What is in stock, renamed, trimmed and cast; a missing value is null. Empty where nothing was given. Grain: one row per row of the source.';
comment on column staging.stock.source_file is 'Name of the file.';
comment on column staging.stock.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file or a sheet the row.';
comment on column staging.stock.product is 'The product''s code in capitals; null where the source has none.';
comment on column staging.stock.product_name is 'The product''s name; null where the source has none.';
comment on column staging.stock.category is 'The category; null where the source has none.';
comment on column staging.stock.on_hand is 'Pieces that are there, below zero where more are promised than there are.';
comment on column staging.stock.store is 'Where they are; null where the source does not say.';
