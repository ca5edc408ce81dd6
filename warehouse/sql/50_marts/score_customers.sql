{% import "macros.sql" as sql %}
create or replace macro marts.score_customers(customers, of_run_id := null) as table
with given as (
    from query_table(customers)
),

-- a segmentation is told where all of its columns are given
held as (
    select
        list_transform(struct_keys(one), lambda name : lower(name)) as names,
        case
            when
                {% for model in context.models %}
                not list_has_all(names, {{ sql.columns_of(model) }}){{ " and" if not loop.last }}
                {% endfor %}
                then error(
                    {{ ("no segmentation can be told: " ~ sql.needs(context.models) ~ "; the customers have ") | literal }}
                    || array_to_string(names, ', ')
                )
            else names
        end as columns
    from (from given limit 1) as one
),

customers as (
    select
        {% for column in context.models | map(attribute="features") | sum(start=()) | unique(attribute="column") %}
        cast(null as {{ "varchar" if column.category_column else "double" }}) as {{ column.column }}{{ "," if not loop.last }}
        {% endfor %}
    where false

    union all by name

    from given
),

scored_run as (
    select coalesce(of_run_id, (select max(run_id) from segments.runs)) as run_id
),

scaling as (
    from segments.scaling
    semi join scored_run using (run_id)
),

centroids as (
    from segments.centroids
    semi join scored_run using (run_id)
),

names as (
    select
        segmentation,
        algorithm,
        segment_id,
        segment_name
    from segments.segments
    semi join scored_run using (run_id)
),

{% for model in context.models %}
scaling_of_{{ model.segmentation }} as (
    select
        {% for feature in model.features %}
        max(scale) filter (feature = {{ feature.name | literal }}) as scale_{{ loop.index }},
        max(mean) filter (feature = {{ feature.name | literal }}) as mean_{{ loop.index }},
        max(standard_deviation) filter (feature = {{ feature.name | literal }}) as deviation_{{ loop.index }},
        {% if feature.category_column %}
        max(category_value) filter (feature = {{ feature.name | literal }}) as category_{{ loop.index }}{{ "," if not loop.last }}
        {% else %}
        max(imputed_value) filter (feature = {{ feature.name | literal }}) as imputed_{{ loop.index }}{{ "," if not loop.last }}
        {% endif %}
        {% endfor %}
    from scaling
    where segmentation = {{ model.segmentation | literal }}
),

scaled_for_{{ model.segmentation }} as (
    select
        customers.customer_id,
        {% for feature in model.features %}
        {% if feature.category_column %}
        (
            cast(coalesce(customers.{{ feature.category_column }}, 'Unknown') = model.category_{{ loop.index }} as double)
            - model.mean_{{ loop.index }}
        ) / model.deviation_{{ loop.index }} as value_{{ loop.index }}{{ "," if not loop.last }}
        {% else %}
        {% set value = "coalesce(cast(customers." ~ feature.name ~ " as double), model.imputed_" ~ loop.index ~ ")" %}
        (
            case
                when model.scale_{{ loop.index }} = 'log' then {{ sql.transformed({"scale": "log"}, value) | indent(16) }}
                else {{ value }}
            end - model.mean_{{ loop.index }}
        ) / model.deviation_{{ loop.index }} as value_{{ loop.index }}{{ "," if not loop.last }}
        {% endif %}
        {% endfor %}
    from customers
    cross join scaling_of_{{ model.segmentation }} as model
    cross join held
    where list_has_all(held.columns, {{ sql.columns_of(model) }})
),

centroids_of_{{ model.segmentation }} as (
    select
        algorithm,
        segment_id,
        segment_name,
        {% for feature in model.features %}
        max(scaled_value) filter (feature = {{ feature.name | literal }}) as value_{{ loop.index }}{{ "," if not loop.last }}
        {% endfor %}
    from centroids
    inner join names using (segmentation, algorithm, segment_id)
    where segmentation = {{ model.segmentation | literal }}
    group by algorithm, segment_id, segment_name
),

segments_of_{{ model.segmentation }} as (
    select
        algorithm,
        list(segment order by segment.segment_id) as segments
    from centroids_of_{{ model.segmentation }} as segment
    group by algorithm
),

-- the squares are added up as in the clustering, so that distances are equal to the last bit; of equal ones the lowest id is first
distances_in_{{ model.segmentation }} as (
    select
        scaled.customer_id,
        model.algorithm,
        list_sort(
            list_transform(
                model.segments,
                lambda segment: struct_pack(
                    distance := sqrt(
                        {% for feature in model.features %}
                        (scaled.value_{{ loop.index }} - segment.value_{{ loop.index }})
                        * (scaled.value_{{ loop.index }} - segment.value_{{ loop.index }}){{ " +" if not loop.last }}
                        {% endfor %}
                    ),
                    segment_id := segment.segment_id,
                    segment_name := segment.segment_name
                )
            )
        ) as nearest
    from scaled_for_{{ model.segmentation }} as scaled
    cross join segments_of_{{ model.segmentation }} as model
),

{% endfor %}
-- who is nowhere, or too far away to compute with, is in no segment
distances as (
    {% for model in context.models %}
    select
        customer_id,
        {{ model.segmentation | literal }} as segmentation,
        algorithm,
        case when isfinite(nearest[1].distance) then nearest end as nearest
    from distances_in_{{ model.segmentation }}
    {{ "union all" if not loop.last }}
    {% endfor %}
)

select
    customer_id,
    segmentation,
    algorithm,
    nearest[1].segment_id as segment_id,
    nearest[1].segment_name as segment_name,
    nearest[1].distance as distance,
    nearest[2].segment_id as second_segment_id,
    nearest[2].segment_name as second_segment_name,
    nearest[2].distance - nearest[1].distance as margin
from distances;

comment on macro table marts.score_customers is 'The segment that any customers would be in by the model of the newest run, or of the run of_run_id. The argument names a table, view or common table expression that has customer_id and the columns of features.customer_values that were clustered on, in the same units. A segmentation whose columns are not all there is left out, and where none is left that is an error; a missing value is filled in as in the clustering. For K-Means the answer is that of segments.assignments, to the last bit; Ward''s method has no rule for new customers, so its segments are told by their centroids too. Of two centroids at the same distance the lower segment_id counts. Who has a value that is not a number, infinite or too large to compute with is in no segment: null. Grain: one row per row given, segmentation and algorithm.';
