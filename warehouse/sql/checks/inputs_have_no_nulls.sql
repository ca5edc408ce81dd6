-- What the models see has no null and no infinity.
with inputs as (
    from features.customer_features_scaled
)

select customer_id
from inputs
where
    customer_id is null
    {% for column in context.features %}
    or {{ column.name }} is null or not isfinite({{ column.name }})
    {% endfor %}
    {% for category in context.categories %}
    or {{ category.encoded_column }} is null
    {% endfor %}
