create or replace table raw.stock (
    source_file varchar not null,
    source_line bigint not null{{ "," if context.stock }}
    {% for column in context.stock %}
    {{ column.name }} varchar{{ "," if not loop.last }}
    {% endfor %}
);

comment on table raw.stock is 'What is in stock, as it came, every value as text; empty where nothing was given. Grain: one row per source row that was neither rejected nor identical to an earlier one.';
comment on column raw.stock.source_file is 'Name of the file.';
comment on column raw.stock.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file or a sheet the row.';
{% for column in context.stock %}
comment on column raw.stock.{{ column.name }} is {{ ("Column '" ~ column.source_header ~ "' of the source, as it came.") | literal }};
{% endfor %}
