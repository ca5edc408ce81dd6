create or replace table raw.results (
    source_file varchar not null,
    source_line bigint not null{{ "," if context.results }}
    {% for column in context.results %}
    {{ column.name }} varchar{{ "," if not loop.last }}
    {% endfor %}
);

comment on table raw.results is 'What customers did after campaigns, as it came, every value as text; empty where nothing was given. Grain: one row per source row that was neither rejected nor identical to an earlier one.';
comment on column raw.results.source_file is 'Name of the file.';
comment on column raw.results.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file or a sheet the row.';
{% for column in context.results %}
comment on column raw.results.{{ column.name }} is {{ ("Column '" ~ column.source_header ~ "' of the source, as it came.") | literal }};
{% endfor %}
