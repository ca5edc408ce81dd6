"""Sales: what the page of the forecast asks of the warehouse. Clauses narrow what was sold to a selection of Explore."""

from collections.abc import Iterator, Sequence

from dashboard.export import csv_lines
from dashboard.filters import Clause, inlined, where
from dashboard.queries import Row
from warehouse.connection import Snapshot

_ORDER = "order by level = 'everyone' desc, level = 'segment' desc, segment_id"


def model(db: Snapshot) -> Row | None:
    """How sales are forecast, or why they are not; None without transactions."""
    return next(iter(db.rows("from segments.sales_models")), None)


def methods(db: Snapshot) -> list[Row]:
    """The methods that were tried on all sales, the best first."""
    return db.rows("from segments.sales_methods order by mase nulls last, is_benchmark")


def outlooks(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """What is expected over the horizon: of everyone, of each segment of a clustering with name and colour, and of nobody known."""
    return db.rows(_outlooks("?", "?"), [segmentation, algorithm])


def outlooks_sql(segmentation: str, algorithm: str) -> str:
    """The statement of `outlooks`, to be run as it stands."""
    return _outlooks(f"'{segmentation}'", f"'{algorithm}'")


def _outlooks(segmentation: str, algorithm: str) -> str:
    return f"""
        select outlooks.*, segments.segment_name, segments.colour
        from marts.sales_outlook as outlooks
        left join marts.segment_profiles as segments using (segmentation, algorithm, segment_id)
        where level = 'everyone' or (segmentation = {segmentation} and algorithm = {algorithm})
        {_ORDER}
    """


def periods(db: Snapshot, segmentation: str, algorithm: str) -> list[Row]:
    """What was sold and what is expected per period, of the same."""
    return db.rows(f"{_periods('?', '?')} {_ORDER}, period_start", [segmentation, algorithm])


def periods_sql(segmentation: str, algorithm: str) -> str:
    """The statement of `periods`, to be run as it stands."""
    return f"""
        {_periods(f"'{segmentation}'", f"'{algorithm}'")}
        {_ORDER}, period_start
    """


def _periods(segmentation: str, algorithm: str) -> str:
    return f"from marts.sales_forecast where level = 'everyone' or (segmentation = {segmentation} and algorithm = {algorithm})"


def tried(db: Snapshot) -> list[Row]:
    """What the chosen method forecast of everyone in its trial: last_period, period_start, expected."""
    return db.rows(
        """
        select last_period, period_start, expected
        from segments.sales_forecasts as forecasts
        anti join segments.sales_models using (last_period)
        where level = 'everyone'
        order by last_period, period_start
        """
    )


def of_selection(db: Snapshot, clauses: Sequence[Clause], segmentation: str, algorithm: str) -> list[Row]:
    """What the customers whom the clauses leave bought per period, and their part of what their segments are expected to buy."""
    condition, values = where(clauses)
    return db.rows(_of_selection(condition, segmentation, algorithm), values)


def selection_sql(clauses: Sequence[Clause], segmentation: str, algorithm: str) -> str:
    """The statement of `of_selection`, to be run as it stands."""
    return _of_selection(inlined(clauses), segmentation, algorithm)


def _of_selection(condition: str, segmentation: str, algorithm: str) -> str:
    """The names are of a known clustering."""
    return f"""
        with members as (
            select customer_id, {segmentation}_{algorithm} as segment_id
            from marts.customers
            where {condition}
        ),

        segments as (
            select
                *,
                row_number() over (partition by segment_id, is_forecast order by period_start desc) as from_last
            from marts.sales_forecast
            where level = 'segment' and segmentation = '{segmentation}' and algorithm = '{algorithm}'
        ),

        sold as (
            select segment_id, period_start, sum(sales.amount) as amount
            from members
            inner join features.customer_sales as sales using (customer_id)
            group by all
        ),

        -- a segment's customers are expected to keep the parts of its sales that they had in as many periods before
        parts as (
            select
                segments.segment_id,
                coalesce(sum(sold.amount), 0) / nullif(greatest(sum(segments.amount), 0), 0) as part
            from segments
            left join sold using (segment_id, period_start)
            where not segments.is_forecast and segments.from_last <= (select horizon from segments.sales_models)
            group by segments.segment_id
        )

        select
            segments.period_start,
            segments.is_forecast,
            case when not segments.is_forecast then cast(coalesce(sum(sold.amount), 0) as double) end as amount,
            sum(cast(parts.part as double) * segments.expected) as expected
        from segments
        left join sold using (segment_id, period_start)
        left join parts using (segment_id)
        group by segments.period_start, segments.is_forecast
        order by segments.period_start
    """


def export(db: Snapshot, clauses: Sequence[Clause], segmentation: str, algorithm: str) -> Iterator[str]:
    """All periods of `periods`, or of the selection where there is one, as the lines of a CSV file."""
    if clauses:
        condition, values = where(clauses)
        yield from csv_lines(db.frame(_of_selection(condition, segmentation, algorithm), values))
    else:
        yield from csv_lines(db.frame(f"{_periods('?', '?')} {_ORDER}, period_start", [segmentation, algorithm]))
