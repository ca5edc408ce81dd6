create or replace table segments.play_conditions (
    position integer not null,
    feature varchar not null,
    level varchar not null
);

comment on table segments.play_conditions is 'When a play fits a segment: when all of its conditions hold. A play without one fits every segment. Grain: one row per play and feature.';
comment on column segments.play_conditions.position is 'The play, as in segments.plays.';
comment on column segments.play_conditions.feature is 'A numeric feature, as in marts.segment_feature_profiles.';
comment on column segments.play_conditions.level is 'high, average or low, as in marts.playbook.';
