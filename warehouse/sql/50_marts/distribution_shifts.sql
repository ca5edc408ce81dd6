-- The population stability index (Lewis 1994; Siddiqi 2006, Credit Risk Scorecards): the sum over groups of customers of
-- (share now - share before) * ln(share now / share before). Groups are the tenths of the earlier customers, which equal values
-- may make fewer, or the nine most frequent categories and the others. A group without customers counts as half a customer.
-- Of two samples of one population the index is about (1/n + 1/m) times a chi-square of groups - 1 degrees of freedom
-- (Yurdakul & Naranjo 2020); what it exceeds in one case of twenty is that chi-square's 95 % point (Wilson & Hilferty 1931).
create or replace view marts.distribution_shifts as
with history as (
    from marts.distribution_history
),

runs as (
    select
        max(run_id) as run_id,
        max(run_id) filter (run_id < (select max(run_id) from history)) as previous_run_id
    from history
),

bins as (
    select
        history.*,
        history.run_id = runs.run_id as is_newest
    from history
    cross join runs
    where history.run_id in (runs.run_id, runs.previous_run_id)
),

totals as (
    select
        dimension,
        sum(count_customers) filter (is_newest) as count_now,
        sum(count_customers) filter (not is_newest) as count_before,
        sum(sum_values) filter (is_newest) / count_now as mean_now,
        sum(sum_values) filter (not is_newest) / count_before as mean_before
    from bins
    group by dimension
    having count_now > 0 and count_before > 0
),

-- Categories are placed by how frequent they were.
categories as (
    select
        bins.dimension,
        dense_rank() over (partition by bins.dimension order by coalesce(before.count_customers, 0) desc, bins.category) as place,
        bins.is_newest,
        bins.count_customers
    from bins
    left join bins as before
        on before.dimension = bins.dimension and before.category = bins.category and not before.is_newest
    where bins.category is not null
),

cells as (
    select
        detail.*,
        detail.run_id = runs.run_id as is_newest
    from marts.distribution_detail as detail
    cross join runs
    where detail.run_id in (runs.run_id, runs.previous_run_id)
),

-- A width is 1, 2 or 5 times a power of ten and edges are its multiples, so the wider of two bins is made of whole narrower
-- ones, except where they are 2 and 5: both fit into 10, which is twice the wider.
widths as (
    select
        dimension,
        max(bin_width) / min(bin_width) as ratio,
        case
            when abs(ratio - round(ratio)) < 0.01 then max(bin_width)
            else 2 * max(bin_width)
        end as width
    from cells
    group by dimension
),

numbers as (
    select
        cells.dimension,
        dense_rank() over (
            partition by cells.dimension
            order by floor(cells.bin / round(widths.width / cells.bin_width)), cells.first_digits
        ) as place,
        cells.is_newest,
        cells.count_customers
    from cells
    inner join widths using (dimension)
),

places as (
    select
        *,
        true as is_category
    from categories
    union all by name
    select
        *,
        false as is_category
    from numbers
),

placed as (
    select
        dimension,
        is_category,
        place,
        coalesce(sum(count_customers) filter (is_newest), 0) as count_now,
        coalesce(sum(count_customers) filter (not is_newest), 0) as count_before
    from places
    group by dimension, is_category, place
),

lower as (
    select
        *,
        coalesce(sum(count_before) over (partition by dimension order by place rows between unbounded preceding and 1 preceding), 0) as count_below
    from placed
),

-- Places above everyone of before join the highest group that has someone.
grouped as (
    select
        lower.dimension,
        case
            when lower.is_category then least(lower.place, 10)
            else
                cast(10 * least(
                    lower.count_below,
                    max(lower.count_below) filter (lower.count_before > 0) over (partition by lower.dimension)
                ) as bigint) // cast(totals.count_before as bigint)
        end as group_number,
        lower.count_now,
        lower.count_before
    from lower
    inner join totals using (dimension)
),

groups as (
    select
        grouped.dimension,
        grouped.group_number,
        greatest(sum(grouped.count_now), 0.5) / any_value(totals.count_now) as share_now,
        greatest(sum(grouped.count_before), 0.5) / any_value(totals.count_before) as share_before
    from grouped
    inner join totals using (dimension)
    group by grouped.dimension, grouped.group_number
),

indices as (
    select
        dimension,
        count(*) as count_groups,
        count(*) - 1 as freedom,
        sum((share_now - share_before) * ln(share_now / share_before)) as population_stability_index
    from groups
    group by dimension
),

judged as (
    select
        indices.*,
        totals.mean_now,
        totals.mean_before,
        case
            when indices.freedom > 0
                then
                    (1 / totals.count_now + 1 / totals.count_before) * indices.freedom
                    * pow(1 - 2 / (9 * indices.freedom) + 1.6449 * sqrt(2 / (9 * indices.freedom)), 3)
            else 0
        end as index_by_chance
    from indices
    inner join totals using (dimension)
)

select
    judged.dimension,
    runs.run_id,
    runs.previous_run_id,
    judged.count_groups,
    judged.mean_now,
    judged.mean_before,
    judged.population_stability_index,
    judged.index_by_chance,
    case
        when judged.population_stability_index < 0.1 or judged.population_stability_index <= judged.index_by_chance then 'steady'
        when judged.population_stability_index < 0.25 then 'moved'
        else 'moved a lot'
    end as shift
from judged
cross join runs
order by judged.dimension;

comment on view marts.distribution_shifts is 'How far each column has moved since the version before; without one, no rows. Grain: one row per dimension that both versions have.';
comment on column marts.distribution_shifts.dimension is 'A numeric or category column of features.customer_features.';
comment on column marts.distribution_shifts.run_id is 'The newest run.';
comment on column marts.distribution_shifts.previous_run_id is 'The run it is compared with.';
comment on column marts.distribution_shifts.count_groups is 'Groups of customers that are compared: tenths of the earlier customers, fewer where values are equal, or categories.';
comment on column marts.distribution_shifts.mean_now is 'Mean of the newest run; null unless numeric.';
comment on column marts.distribution_shifts.mean_before is 'Mean of the run before; null unless numeric.';
comment on column marts.distribution_shifts.population_stability_index is 'Sum over the groups of (share now - share before) times ln(share now / share before); 0: the same.';
comment on column marts.distribution_shifts.index_by_chance is 'What the index exceeds in one case of twenty when both are samples of one population.';
comment on column marts.distribution_shifts.shift is 'steady (below 0.1, or no more than chance gives), moved (below 0.25) or moved a lot.';
