create or replace view marts.gate as
with gate as (
    from raw.gate
)

select
    position,
    rule,
    verdict,
    detail
from gate
order by position;

comment on view marts.gate is 'What the gate asked before this version was published, and what it found. Grain: one row per question.';
comment on column marts.gate.position is 'Place in the order of asking, from 1.';
comment on column marts.gate.rule is 'The question, in a few words, e.g. Rows rejected.';
comment on column marts.gate.verdict is 'passed, warned (published, but look at it) or forced (published because FORCE=1 was given).';
comment on column marts.gate.detail is 'What was found, in a sentence with its figures.';
