-- Which columns of the data have moved since the run before?
-- population_stability_index is 0 where customers lie as before, and 0.1 where it is worth a look; index_by_chance is what two
-- samples of the same people exceed once in twenty times. Means are null for categories.
-- needs: two runs
with shifts as (
    from marts.distribution_shifts
),

columns as (
    from marts.customer_columns
)

select
    columns.label as column_label,
    columns.unit,
    shifts.shift,
    shifts.population_stability_index,
    shifts.index_by_chance,
    shifts.mean_before,
    shifts.mean_now
from shifts
inner join columns on columns.column_name = shifts.dimension
order by shifts.population_stability_index desc, columns.position
