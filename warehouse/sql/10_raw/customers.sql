create or replace table raw.customers (
    source_file varchar not null,
    source_line bigint not null,
    {% for column in context.columns %}
    {{ column.name }} varchar{{ " using compression zstd" if column.kind == "id" }}{{ "," if not loop.last }}
    {% endfor %}
);

comment on table raw.customers is 'The customers as they came, every value as text. Grain: one row per source row that was kept.';
comment on column raw.customers.source_file is 'Name of the file.';
comment on column raw.customers.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file the row, from 1.';
{% for column in context.columns %}
comment on column raw.customers.{{ column.name }} is {{ ("Column '" ~ column.source_header ~ "' of the source, as it came.") | literal }};
{% endfor %}
