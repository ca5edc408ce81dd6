{# places: the columns of a line, in order; value: a regular expression of a value behind its delimiter; longest: characters #}
{% set width = places | length %}
-- depends on: source_lines, the lines of text files that are written alike; source_rows; source_rejects
-- The values of every line below the header, and what is wrong with a line that is no row.
create or replace temporary view source_values as
with cut as (
    select
        source_file,
        source_line,
        line,
        is_readable,
        case
            when length(line) > {{ longest }} then null
            when not contains(line, {{ dialect.quote | literal }}) then string_split(line, {{ dialect.delimiter | literal }})
            when
                array_to_string(regexp_extract_all({{ dialect.delimiter | literal }} || line, {{ value | literal }}, 0), '')
                = {{ dialect.delimiter | literal }} || line
                then list_transform(
                    regexp_extract_all({{ dialect.delimiter | literal }} || line, {{ value | literal }}, 1),
                    lambda _value : case
                        when starts_with(ltrim(_value), {{ dialect.quote | literal }})
                            then replace(
                                regexp_replace(_value, {{ ("^ *" ~ dialect.quote ~ "|" ~ dialect.quote ~ "$") | literal }}, '', 'g'),
                                {{ (dialect.quote * 2) | literal }},
                                {{ dialect.quote | literal }}
                            )
                        else _value
                    end
                )
        end as _values
    from source_lines
    where source_line > {{ dialect.header_line }}
)

select
    *,
    case
        when not is_readable or contains(line, chr(0)) then 'unreadable text'
        when not regexp_matches(line, '\S') then 'blank row'
        when
            _values is null
            or array_length(_values) < {{ width }}
            or regexp_matches(array_to_string(_values[{{ width + 1 }}:], ''), '\S')
            then 'broken row'
    end as _fault
from cut;

insert into scratch.source_rows by name
select
    source_file,
    source_line,
    1 as count_lines{% for column in places if column.kind != "ignore" %},
    nullif(_values[{{ places.index(column) + 1 }}], '') as {{ column.name }}{% endfor %}

from source_values
where _fault is null;

insert into source_rejects
select
    source_file,
    source_line,
    _fault as rule,
    case
        when not is_readable then 'the row has bytes that are not text in the file''s encoding'
        when _fault = 'unreadable text' then 'the row has a NUL character'
        when length(line) > {{ longest }} then {{ "the row has more than {:,} characters".format(longest) | literal }}
        when _fault = 'blank row' then 'the row is blank'
        when _values is null and (length(line) - length(replace(line, {{ dialect.quote | literal }}, ''))) % 2 = 1
            then 'a quote is opened and not closed'
        when _values is null
            then 'its quotes do not fit: there is more between a quote that closes and the end of the value'
        else 'the row has ' || array_length(_values) || ' values where the header has {{ width }}'
    end as reason,
    left(line, 10000) as row_text
from source_values
where _fault is not null
