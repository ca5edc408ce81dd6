-- The counts of a version that was copied without a customer, made to follow those who remain. What was fitted stays.
update raw.sources
set
    rows_kept = remaining.count_rows,
    rows_duplicate = coalesce(remaining.count_duplicates, rows_duplicate),
    rows_forgotten = rows_forgotten + rows_kept + rows_duplicate
    - remaining.count_rows - coalesce(remaining.count_duplicates, rows_duplicate)
from (
    select
        'customers' as source,
        source_file,
        (select count(*) from raw.customers where customers.source_file = sources.source_file) as count_rows,
        null as count_duplicates
    from raw.sources
    where source = 'customers'

    union all

    select
        'transactions' as source,
        source_file,
        (
            select count(*)
            from raw.transactions
            where transactions.source_file = sources.source_file and not is_duplicate
        ) as count_rows,
        (
            select count(*)
            from raw.transactions
            where transactions.source_file = sources.source_file and is_duplicate
        ) as count_duplicates
    from raw.sources
    where source = 'transactions'

    union all

    select
        'results' as source,
        source_file,
        (select count(*) from raw.results where results.source_file = sources.source_file) as count_rows,
        null as count_duplicates
    from raw.sources
    where source = 'results'
) as remaining
where sources.source = remaining.source and sources.source_file = remaining.source_file;

update segments.segments
set
    size = counted.size,
    share = counted.share
from (
    with sizes as (
        select
            run_id,
            segmentation,
            algorithm,
            segment_id,
            count(customer_id) as size
        from segments.segments
        left join segments.assignments using (run_id, segmentation, algorithm, segment_id)
        where run_id = (select max(run_id) from segments.assignments)
        group by all
    )

    select
        *,
        size / sum(size) over (partition by segmentation, algorithm) as share
    from sizes
) as counted
where
    segments.run_id = counted.run_id
    and segments.segmentation = counted.segmentation
    and segments.algorithm = counted.algorithm
    and segments.segment_id = counted.segment_id;

update segments.runs
set
    n_customers = counted.n_customers,
    inertia = counted.inertia
from (
    select
        run_id,
        segmentation,
        algorithm,
        count(*) as n_customers,
        sum(distance * distance) as inertia
    from segments.assignments
    group by all
) as counted
where runs.run_id = counted.run_id and runs.segmentation = counted.segmentation and runs.algorithm = counted.algorithm;

update segments.events
set
    count_shared = coalesce(counted.count_shared, 0),
    share_of_previous = counted.share_of_previous,
    share_of_new = counted.share_of_new
from (
    with events as (
        from segments.events
        where run_id = (select max(run_id) from segments.assignments)
    ),

    previous_runs as (
        select distinct
            segmentation,
            algorithm,
            previous_run_id
        from events
    ),

    -- a stay of the previous run lasts still, or has ended since
    shared as (
        select
            segmentation,
            algorithm,
            segment_id as previous_segment_id,
            segment_id
        from segments.assignments
        inner join previous_runs using (segmentation, algorithm)
        where from_run_id <= previous_run_id

        union all

        select
            segmentation,
            algorithm,
            past.segment_id as previous_segment_id,
            assignments.segment_id
        from segments.past_memberships as past
        inner join previous_runs using (segmentation, algorithm)
        inner join segments.assignments as assignments using (segmentation, algorithm, customer_id)
        where
            past.from_run_id <= previous_run_id
            and past.to_run_id > previous_run_id
    ),

    counts as (
        select
            *,
            count(*) as count_shared
        from shared
        group by all
    ),

    shares as (
        select
            *,
            count_shared / sum(count_shared) over (partition by segmentation, algorithm, previous_segment_id) as share_of_previous,
            count_shared / sum(count_shared) over (partition by segmentation, algorithm, segment_id) as share_of_new
        from counts
    )

    select
        events.run_id,
        segmentation,
        algorithm,
        previous_segment_id,
        segment_id,
        shares.count_shared,
        shares.share_of_previous,
        shares.share_of_new
    from events
    left join shares using (segmentation, algorithm, previous_segment_id, segment_id)
) as counted
where
    events.run_id = counted.run_id
    and events.segmentation = counted.segmentation
    and events.algorithm = counted.algorithm
    and events.previous_segment_id = counted.previous_segment_id
    and events.segment_id = counted.segment_id;

update segments.retention_models
set
    count_customers = counted.count_customers,
    count_repeating = counted.count_repeating
from (
    select
        period,
        count(*) as count_customers,
        count(*) filter (repeat_days > 0) as count_repeating
    from features.purchase_histories
    group by period
) as counted
where retention_models.period = counted.period;

delete from segments.retention_expectations
where not exists (
    select 1
    from features.purchase_histories as histories
    where
        histories.period = retention_expectations.period
        and histories.repeat_days = retention_expectations.repeat_days
        and histories.days_observed = retention_expectations.days_observed
);

update segments.item_models
set count_customers = counted.count_customers
from (
    select
        models.item_kind,
        models.period,
        count(distinct items.customer_id) as count_customers
    from segments.item_models as models
    inner join features.customer_items as items
        on models.item_kind = items.item_kind and items.first_day <= models.last_day
    group by all
) as counted
where item_models.item_kind = counted.item_kind and item_models.period = counted.period;

update segments.k_evaluation
set
    inertia = counted.inertia,
    smallest_segment = counted.smallest_segment
from (
    select
        run_id,
        segmentation,
        algorithm,
        any_value(inertia) as inertia,
        min(size) as smallest_segment
    from segments.segments
    inner join segments.runs using (run_id, segmentation, algorithm)
    where run_id = (select max(run_id) from segments.assignments)
    group by all
) as counted
where
    k_evaluation.is_chosen
    and k_evaluation.run_id = counted.run_id
    and k_evaluation.segmentation = counted.segmentation
    and k_evaluation.algorithm = counted.algorithm;

update segments.merges
set size = counted.size
from (
    with recursive parts as (
        select
            run_id,
            segmentation,
            merge_id,
            unnest([left_id, right_id]) as node_id
        from segments.merges
        where run_id = (select max(run_id) from segments.assignments)
    ),

    -- every leaf with a customer, and every merge that it is a part of
    held as (
        select
            run_id,
            segmentation,
            leaf_id as node_id,
            count(*) as count_customers
        from segments.assignments
        where leaf_id is not null
        group by all

        union all

        select
            run_id,
            segmentation,
            parts.merge_id as node_id,
            held.count_customers
        from held
        inner join parts using (run_id, segmentation, node_id)
    )

    select
        run_id,
        segmentation,
        node_id as merge_id,
        coalesce(sum(count_customers), 0) as size
    from (select distinct run_id, segmentation, merge_id as node_id from parts)
    left join held using (run_id, segmentation, node_id)
    group by all
) as counted
where
    merges.run_id = counted.run_id
    and merges.segmentation = counted.segmentation
    and merges.merge_id = counted.merge_id
