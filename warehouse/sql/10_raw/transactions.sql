create or replace table raw.transactions (
    source_file varchar not null,
    source_line bigint not null,
    {% for column in context.transactions %}
    {{ column.name }} varchar,
    {% else %}
    customer_id varchar,
    {% endfor %}
    is_duplicate boolean not null
);

comment on table raw.transactions is 'The lines of the transactions as they came, every value as text; empty where none were given. Grain: one row per source row that was not rejected.';
comment on column raw.transactions.source_file is 'Name of the file.';
comment on column raw.transactions.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file the row, from 1.';
{% for column in context.transactions %}
comment on column raw.transactions.{{ column.name }} is {{ ("Column '" ~ column.source_header ~ "' of the source, as it came.") | literal }};
{% else %}
comment on column raw.transactions.customer_id is 'The customer; there are none.';
{% endfor %}
comment on column raw.transactions.is_duplicate is 'True when an earlier line of the same transaction is identical in every column: it does not count.';
