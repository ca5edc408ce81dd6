{# Expressions that more than one file needs. Each expands to plain SQL, so what DuckDB stores can be read as it is. #}

{# A text value with its blanks trimmed, and null where the source says that there is none. #}
{% macro present(value) -%}
case
        when lower(trim({{ value }})) in ('', 'na', 'n/a', 'nan', 'null', 'none', '?', '??', '-') then null
        else trim({{ value }})
    end
{%- endmacro %}

{# A text value as a number; null where it is missing, and also where it is not a finite number. #}
{% macro number(value) -%}
case when isfinite(try_cast(trim({{ value }}) as double)) then try_cast(trim({{ value }}) as double) end
{%- endmacro %}

{# The index of the bin of width `width` that holds `value`, counted from the bin that starts at first * width.
   Dividing can land a value next to an edge in the wrong bin, so the result is corrected against the edges themselves. #}
{% macro bin_of(value, width, first) -%}
cast(
        floor({{ value }} / {{ width }}) - {{ first }}
        - cast({{ value }} < floor({{ value }} / {{ width }}) * {{ width }} as integer)
        + cast({{ value }} >= (floor({{ value }} / {{ width }}) + 1) * {{ width }} as integer)
        as integer
    )
{%- endmacro %}
