{% import "macros.sql" as sql %}
{% set columns = context.results %}
{% set names = columns | map(attribute="name") | list %}
{% set further = columns | rejectattr("name", "in", ("campaign", "customer_id", "test_group", "outcome", "stratum")) | list %}
create or replace view staging.results as
{% if columns %}
with results as (
    from raw.results
)

select
    source_file,
    source_line,
    {{ sql.present("campaign") }} as campaign,
    {{ "customer_id" | named_id }} as customer_id,
    {{ sql.test_group("test_group") }} as test_group,
    {{ sql.outcome(columns | selectattr("name", "equalto", "outcome") | first) }} as outcome,
    {% for column in further %}
    {{ sql.present(column.name) }} as {{ column.name }},
    {% endfor %}
    {{ sql.present("stratum") if "stratum" in names else "cast(null as varchar)" }} as stratum
from results
-- who stands in a campaign more than once, in rows that differ in what is not looked at, counts once
qualify row_number() over (partition by campaign, customer_id order by source_file, source_line) = 1;
{% else %}
select
    source_file,
    source_line,
    cast(null as varchar) as campaign,
    cast(null as varchar) as customer_id,
    cast(null as varchar) as test_group,
    cast(null as double) as outcome,
    cast(null as varchar) as stratum
from raw.results;
{% endif %}

comment on view staging.results is 'What customers did after campaigns, renamed, trimmed and cast. Empty where no results were given. Grain: one row per campaign and customer.';
comment on column staging.results.source_file is 'Name of the file.';
comment on column staging.results.source_line is 'Line of the row in the file, from 1, the header included; in a Parquet file or a sheet the row.';
comment on column staging.results.campaign is 'The campaign.';
comment on column staging.results.customer_id is 'The customer, by id or by the hash of it that the list had.';
comment on column staging.results.test_group is 'treatment (addressed) or holdout (left alone, to compare with).';
comment on column staging.results.outcome is 'What the customer did: 1 or 0 for yes or no, or an amount.';
{% for column in further %}
comment on column staging.results.{{ column.name }} is {{ ("Column '" ~ column.source_header ~ "' of the source, as text.") | literal }};
{% endfor %}
comment on column staging.results.stratum is 'The group of similar customers within which the split was made; null where the source does not say.';
