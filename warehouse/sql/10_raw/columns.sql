create or replace table raw.columns (
    source varchar not null,
    column_name varchar not null,
    source_header varchar not null,
    kind varchar not null,
    label varchar not null,
    short_label varchar not null,
    unit varchar not null,
    minimum double,
    maximum double,
    divide_by double not null,
    scale varchar not null,
    decimal_mark varchar not null,
    date_order varchar not null,
    position integer not null
);

comment on table raw.columns is 'What each column of the sources was taken for. Grain: one row per source and column.';
comment on column raw.columns.source is 'What the files hold: customers, transactions, stock or results.';
comment on column raw.columns.column_name is 'Name of the column in the warehouse; one that is not loaded has a number instead.';
comment on column raw.columns.source_header is 'Header of the source, as it came.';
comment on column raw.columns.kind is 'id, numeric (a feature), category (profiled and encoded), time, text (carried as it came) or ignore (not loaded).';
comment on column raw.columns.label is 'What people call the column.';
comment on column raw.columns.short_label is 'The label inside the name of a segment.';
comment on column raw.columns.unit is 'Unit of the values; empty where there is none.';
comment on column raw.columns.minimum is 'Smallest value that can be true; a row below it is rejected. Null: no limit.';
comment on column raw.columns.maximum is 'Largest value that can be true; a row above it is rejected. Null: no limit.';
comment on column raw.columns.divide_by is 'What the number in the source is divided by to get the unit of the warehouse; 1 where they are the same.';
comment on column raw.columns.scale is 'How the models see the number: linear (as it is) or log, sign(x) * ln(1 + |x|), where a few values are far larger than most.';
comment on column raw.columns.decimal_mark is 'Decimal mark of the numbers in the source: a point or a comma.';
comment on column raw.columns.date_order is 'What comes first in dates written like 03/04/2024: day or month; empty where no date is written so.';
comment on column raw.columns.position is 'Place of the column, from 1: an id that is made first, then the order of the file, then what further files add.';
