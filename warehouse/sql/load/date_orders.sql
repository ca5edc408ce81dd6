-- depends on: source_rows, the table the loader fills
-- What the dates of each file say about the order of day and month, where they stand as 03/04/2024: only one that has a figure
-- above 12 can tell. Grain: one row per file with such a date.
{% set date = "'^\\D{0,2}(\\d{1,2})[/-](\\d{1,2})[/-](\\d{4}|\\d{2})(\\D.*)?$'" %}
create or replace temporary table date_evidence as
with dates as (
    select
        source_file,
        trim(occurred_at) as date,
        try_cast(regexp_extract(occurred_at, {{ date }}, 1) as integer) as first_figure,
        try_cast(regexp_extract(occurred_at, {{ date }}, 2) as integer) as second_figure
    from source_rows
    where regexp_matches(occurred_at, '^\D{0,2}\d{1,2}[/-]\d{1,2}[/-]')
)

select
    source_file,
    count(*) filter (first_figure between 13 and 31 and second_figure <= 12) as count_day_first,
    count(*) filter (second_figure between 13 and 31 and first_figure <= 12) as count_month_first,
    min(date) filter (first_figure <= 12 and second_figure <= 12 and first_figure <> second_figure) as either
from dates
where first_figure is not null
group by source_file
