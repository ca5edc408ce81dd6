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

{# The index of the bin of width `width` that holds `value`, counted from the bin that starts at first * width.
   Dividing can land a value next to an edge in the wrong bin, so the result is corrected against the edges themselves. #}
{% macro bin_of(value, width, first) -%}
(
        cast(floor({{ value }} / {{ width }}) as bigint) - {{ first }}
        - cast({{ value }} < floor({{ value }} / {{ width }}) * {{ width }} as integer)
        + cast({{ value }} >= (floor({{ value }} / {{ width }}) + 1) * {{ width }} as integer)
    )
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
