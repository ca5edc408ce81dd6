create or replace table raw.gate (
    position integer not null,
    rule varchar not null,
    verdict varchar not null,
    detail varchar not null
);

comment on table raw.gate is 'What the gate asked before this version was published, and what it found. Grain: one row per question.';
comment on column raw.gate.position is 'Place in the order of asking, from 1.';
comment on column raw.gate.rule is 'The question, in a few words, e.g. Rows rejected.';
comment on column raw.gate.verdict is 'passed, warned (published, but look at it) or forced (published because FORCE=1 was given).';
comment on column raw.gate.detail is 'What was found, in a sentence with its figures.';
