{# Expressions that more than one file needs. Each expands to plain SQL, so what DuckDB stores can be read as it is. #}

{# A text value without the blanks around it, hard and invisible ones too: warehouse/blanks.py lists them. #}
{% macro trimmed(value) -%}
{{ value | trimmed }}
{%- endmacro %}

{# A text value with its blanks trimmed, and null where the source says that there is none. #}
{% macro present(value) -%}
case
        when
            regexp_full_match(
                {# not IN: DuckDB makes a join of that, one for each column #}
                {{ trimmed(value) }}, '(?i)|na|n/a|#n/a|nan|null|none|nil|missing|[?]{1,3}|--?|–|—|[.]'
            )
            then null
        else {{ trimmed(value) }}
    end
{%- endmacro %}

{# What stands in the place of a customer in a row of totals, as a regular expression for lower-case text. #}
{% macro totals() -%}
((grand|sub|sous)[- ]?)?(totals?|totale|totaux|totaal|totalt|toplam|razem|итого|合计|总计|gesamt|insgesamt|(zwischen|gesamt)?summe)([ :].*)?|(sums?|somme|suma|average|avg|mean|overall|durchschnitt|moyenne|promedio|media)[ :]*
{%- endmacro %}

{# A text value as a number; null where it is missing, and also where it is not a finite number. `mark` is the decimal mark.
   Thousands may be set apart, by the other mark, a blank or an apostrophe, in whole groups of three; a currency may stand by. #}
{% macro number(value, mark) -%}
{% set text = "regexp_replace(" ~ trimmed(value) ~ ", '^[$€£¥₹₺]\\s?|\\s?[$€£¥₹₺]$', '', 'g')" -%}
{% if mark == "," -%}
case
        when regexp_full_match({{ text }}, '[+-]?(\d+|[1-9]\d{0,2}([. ''’\x{a0}\x{202f}]\d{3})+)(,\d+)?')
            then try_cast(replace(regexp_replace({{ text }}, '[^0-9,+-]', '', 'g'), ',', '.') as double)
    end
{%- else -%}
case
        when isfinite(try_cast({{ value }} as double)) and not contains({{ value }}, '_') then try_cast({{ value }} as double)
        when regexp_full_match({{ text }}, '[+-]?(\d+|[1-9]\d{0,2}([, ''’\x{a0}\x{202f}]\d{3})+)(\.\d+)?')
            then try_cast(regexp_replace({{ text }}, '[^0-9.+-]', '', 'g') as double)
    end
{%- endif %}
{%- endmacro %}

{# The number of a column of the source, in the unit of the warehouse. #}
{% macro amount(column, value) -%}
{{ number(value, column.decimal_mark) }}{{ " / " ~ column.divide_by if column.divide_by != 1 }}
{%- endmacro %}

{# A number as the models see it, before it is scaled: as it is, or its logarithm, which knows zero and what is below. #}
{% macro transformed(column, value) -%}
{% if column.scale == "log" %}sign({{ value }}) * ln(1 + abs({{ value }})){% else %}{{ value }}{% endif %}
{%- endmacro %}

{# The index of the bin of width `width` that holds `value`, counted from the bin that starts at first * width.
   Dividing can land a value next to an edge in the wrong bin, so the result is corrected against the edges themselves. #}
{% macro bin_of(value, width, first) -%}
(
        cast(floor({{ value }} / {{ width }}) as bigint) - {{ first }}
        - cast({{ value }} < floor({{ value }} / {{ width }}) * {{ width }} as integer)
        + cast({{ value }} >= (floor({{ value }} / {{ width }}) + 1) * {{ width }} as integer)
    )
{%- endmacro %}

{# The edges of bins on a log scale above zero, five a decade; below zero the same. #}
{% set log_edges = [] -%}
{% for power in range(16) %}{% for digit in (1, 2, 3, 5, 7) %}{% set _ = log_edges.append(digit * 10 ** power) %}{% endfor %}{% endfor -%}

{# The index of the bin of a log scale that holds `value`: bin 0 begins at zero, and ends at 1. #}
{% macro log_bin_of(value) -%}
({% for edge in log_edges %}cast({{ value }} >= {{ edge }} as integer){{ " + " if not loop.last }}{% endfor %}

        - cast({{ value }} < 0 as integer){% for edge in log_edges %} - cast({{ value }} < -{{ edge }} as integer){% endfor %})
{%- endmacro %}

{# The lower edge of bin `bin` of a log scale. #}
{% macro log_edge(bin) -%}
case
        when {{ bin }} = 0 then 0
        else sign({{ bin }}) * coalesce([{{ log_edges | join(", ") }}][abs({{ bin }})], 1e18)
    end
{%- endmacro %}

{# The index of the bin of a column's chart that holds `value`, counted from the bin `first`. #}
{% macro chart_bin_of(column, value, width, first) -%}
{% if column.scale == "log" %}{{ log_bin_of(value) }} - {{ first }}{% else %}{{ bin_of(value, width, first) }}{% endif %}
{%- endmacro %}

{# A number cut off after its first three digits: 1395 is 1390, -0.01278 is -0.0127. #}
{% macro first_digits(value) -%}
case
        when {{ value }} = 0 then 0
        else
            sign({{ value }}) * pow(10, floor(log10(abs({{ value }}))) - 2)
            * floor(abs({{ value }}) / pow(10, floor(log10(abs({{ value }}))) - 2))
    end
{%- endmacro %}
