{# Digits around one mark that cannot be that of thousands, or thousands set apart by another mark before it. #}
{% macro decimals(mark, other) -%}
'\D*(\d*{{ mark }}(\d{0,2}|\d{4,})|0\d*{{ mark }}\d{3}|\d{4,}{{ mark }}\d{3}|\d{1,3}([{{ other }} ]\d{3})+{{ mark }}\d+|\d{1,3}({{ other if other == "," else "\\." }}\d{3}){2,})\D*'
{%- endmacro %}
-- depends on: source_rows, the table the loader fills
-- What the numbers of each column say, file by file, about their decimal mark: 15,5 can only be a comma, 15.5 only a point,
-- 1,234 either. Grain: one row per numeric column and file with a number that has a mark in it.
create or replace temporary table decimal_evidence as
with source_rows as (
    from source_rows
)

{% for column in context.numeric %}
select
    {{ column.name | literal }} as column_name,
    source_file,
    count(*) filter (contains({{ column.name }}, '.')) as count_dotted,
    count(*) filter (regexp_full_match({{ column.name }}, {{ decimals(",", ".") }})) as count_comma,
    count(*) filter (regexp_full_match({{ column.name }}, {{ decimals("\\.", ",") }})) as count_point,
    min(trim({{ column.name }})) filter (regexp_full_match({{ column.name }}, '\D*[1-9]\d{0,2}[.,]\d{3}\D*')) as either
from source_rows
where contains({{ column.name }}, '.') or contains({{ column.name }}, ',')
group by source_file
{{ "union all" if not loop.last }}
{% else %}
select
    '' as column_name,
    '' as source_file,
    0 as count_dotted,
    0 as count_comma,
    0 as count_point,
    '' as either
from source_rows
where false
{% endfor %}
