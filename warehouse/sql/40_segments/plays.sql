create or replace table segments.plays (
    position integer not null,
    play varchar not null,
    advice varchar not null
);

comment on table segments.plays is 'The lines of the playbook that the newest refresh was given, as in analytics/playbook.toml or PLAYBOOK. Grain: one row per play.';
comment on column segments.plays.position is 'Place in the file, from 1.';
comment on column segments.plays.play is 'What to do, in a word or three.';
comment on column segments.plays.advice is 'The same, in sentences.';
