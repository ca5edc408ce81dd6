-- Every segment with customers has a rule, in words and in SQL, and what it catches is a share.
select
    segmentation,
    algorithm,
    segment_id,
    rule_sql,
    rule_coverage,
    rule_purity
from segments.segments
where
    run_id = (select max(run_id) from segments.assignments)
    and size > 0
    and not (
        coalesce(rule <> '' and rule_sql <> '', false)
        and coalesce(rule_coverage between 0 and 1, false)
        and coalesce(rule_purity between 0 and 1, rule_coverage = 0)
    )
