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

{# The rows of a relation with a product and a category, once by each of them that is named: item_kind and item take their place. #}
{% macro items(lines) -%}
select
        * exclude (product, category),
        'product' as item_kind,
        product as item
    from {{ lines }}
    where product is not null

    union all

    select
        * exclude (product, category),
        'category' as item_kind,
        category as item
    from {{ lines }}
    where category is not null
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

{# The outcome of a campaign, of the column `column`: a number, or yes or no as 1 or 0. #}
{% macro outcome(column) -%}
case
        when regexp_full_match({{ trimmed("outcome") }}, '(?i)true|yes|y') then 1.0
        when regexp_full_match({{ trimmed("outcome") }}, '(?i)false|no|n') then 0.0
        else {{ amount(column, "outcome") }}
    end
{%- endmacro %}

{# The group of a campaign that a text names; null where it names none. #}
{% macro test_group(value) -%}
case
        when regexp_full_match({{ trimmed(value) }}, '(?i)(treatment|treated|test|campaign|addressed|contacted|exposed)( group)?')
            then 'treatment'
        when regexp_full_match({{ trimmed(value) }}, '(?i)(hold[ _-]?out|held[ _-]?out|control|untreated)( group)?') then 'holdout'
    end
{%- endmacro %}

{# The columns of customers that a model reads, as a list. #}
{% macro columns_of(model) -%}
[{% for name in model.features | map(attribute="column") | unique %}{{ name | literal }}{{ ", " if not loop.last }}{% endfor %}]
{%- endmacro %}

{# What the models read, in words. #}
{% macro needs(models) -%}
{% for model in models %}{{ model.segmentation }} needs {{ model.features | map(attribute="column") | unique | join(", ") }}{{ "; " if not loop.last }}{% endfor %}
{%- endmacro %}

{# The first of some columns that has a value in the row. #}
{% macro first_of(names) -%}
coalesce({% for name in names %}{{ present(name) }}{{ ", " if not loop.last }}{% endfor %})
{%- endmacro %}

{# A value for a sentence, cut where it is endless. #}
{% macro shown(value) -%}
if(length({{ value }}) > 60, left({{ value }}, 60) || '…', {{ value }})
{%- endmacro %}

{# What can be wrong with a row as a whole, as branches of a CASE; _first_value is its first value, `thing` what should stand there,
   `prefix` stands before its columns, those of the header; `alone` is what must hold besides of a row of totals. #}
{% macro row_faults(columns, thing, prefix, alone) -%}
when _first_value is null
    then {'rule': 'blank row', 'reason': 'the row is blank'}
when regexp_full_match(lower(_first_value), {{ totals() | literal }}){{ " and " ~ alone if alone }}
    then {
        'rule': 'subtotal row',
        'reason': '''' || {{ shown("_first_value") }} || {{ ("' stands where " ~ thing ~ " should: a row of totals") | literal }}
    }
{% if columns %}
when
    {% for column in columns %}
    coalesce({{ trimmed(prefix ~ column.name) }}, '') = {{ column.source_header.strip() | literal }}
    {{ "and" if not loop.last }}
    {% endfor %}
    then {'rule': 'repeated header', 'reason': 'the row repeats the header'}
{% endif %}
{%- endmacro %}

{# The rows that are judged to have a fault, as write_rejects wants them. #}
{% macro faulty_rows() -%}
select
    source_file,
    source_line,
    count_lines,
    customer_id,
    fault.rule as rule,
    fault.reason as reason,
    row_text
from judged
where fault is not null
{%- endmacro %}

{# A row as text, where the source has none: its values side by side. #}
{% macro row_text(names) -%}
concat_ws(','{% for name in names %}, coalesce({{ name }}, ''){% endfor %})
{%- endmacro %}

{# What can be wrong with a number, as branches of a CASE; _number_... is what was made of it, `prefix` stands before its column. #}
{% macro number_faults(column, prefix) -%}
{% set header = column.source_header.strip() -%}
{% set value = shown(trimmed(prefix ~ column.name)) -%}
when _number_{{ column.name }} is null and {{ present(prefix ~ column.name) }} is not null
    then {
        'rule': 'not a number',
        'reason': {{ (header ~ " is '") | literal }} || {{ value }}
        || {{ ("', which is not a number" ~ (" with a decimal comma" if column.decimal_mark == ",")) | literal }}
    }
{% if column.minimum is not none %}
when _number_{{ column.name }} < {{ column.minimum }}
    then {
        'rule': 'out of range',
        'reason': {{ (header ~ " is ") | literal }} || {{ value }} || {{ (", below %.10g" % (column.minimum * column.divide_by)) | literal }}
    }
{% endif %}
{% if column.maximum is not none %}
when _number_{{ column.name }} > {{ column.maximum }}
    then {
        'rule': 'out of range',
        'reason': {{ (header ~ " is ") | literal }} || {{ value }} || {{ (", above %.10g" % (column.maximum * column.divide_by)) | literal }}
    }
{% endif %}
when abs(_number_{{ column.name }}) > 1e12
    then {
        'rule': 'out of range',
        'reason': {{ (header ~ " is ") | literal }} || {{ value }} || ', beyond a million millions'
    }
{%- endmacro %}

{# A text value as a time, as it was where it was written down; null where it is none. A format that does not fit is costly to try,
   so dates in figures are turned round and read the ISO way, which is quick. #}
{% macro time(column, value) -%}
{% set text = trimmed(value) -%}
{% set order = "\\3-\\1-\\2\\4" if column.date_order == "month" else "\\3-\\2-\\1\\4" -%}
case
        when not regexp_matches({{ text }}, '\d') then null
        when year(try_cast({{ text }} as timestamp)) between 1800 and 2200 then try_cast({{ text }} as timestamp)
        when regexp_matches({{ text }}, '^\d{1,2}[/.-]\d{1,2}[/.-]\d{4}(\D|$)')
            then coalesce(
                try_cast(
                    regexp_replace(
                        regexp_replace({{ text }}, '^(\d{1,2})\.(\d{1,2})\.(\d{4})(.*)$', '\3-\2-\1\4'),
                        '^(\d{1,2})[/-](\d{1,2})[/-](\d{4})(.*)$',
                        '{{ order }}'
                    ) as timestamp
                ),
                try_strptime({{ text }}, {{ time_formats(column.date_order, "%Y") }})
            )
        when regexp_matches({{ text }}, '\d{4}') then try_strptime({{ text }}, {{ time_formats(column.date_order, "%Y") }})
        else try_strptime({{ text }}, {{ time_formats(column.date_order, "%y") }})
    end
{%- endmacro %}

{# How dates may be written but for the ISO way; `year` is that of four figures or that of two. #}
{% macro time_formats(date_order, year) -%}
{% set figures = ("%m/%d/", "%m-%d-") if date_order == "month" else ("%d/%m/", "%d-%m-") -%}
{% set dates = [figures[0] ~ year, figures[1] ~ year, "%d.%m." ~ year] -%}
{% set dates = dates + ["%d %b " ~ year, "%d-%b-" ~ year, "%d %B " ~ year, "%b %d, " ~ year, "%B %d, " ~ year] -%}
{% set dates = dates + (["%Y%m%d", "%Y.%m.%d"] if year == "%Y" else []) -%}
[
            {% for clock in ("", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p") %}
            {% for date in dates %}'{{ date }}{{ clock }}'{{ ", " if not loop.last }}{% endfor %}{{ "," if not loop.last }}

            {% endfor %}
        ]
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

{# A number cut off after its first three digits: 1395 is 1390, -0.01278 is -0.0127. What a division leaves of 500 may be a little
   less, and is 500. #}
{% macro first_digits(value) -%}
case
        when {{ value }} = 0 then 0
        else
            sign({{ value }}) * pow(10, floor(log10(abs({{ value }}))) - 2)
            * floor(round(abs({{ value }}) / pow(10, floor(log10(abs({{ value }}))) - 2), 9))
    end
{%- endmacro %}
