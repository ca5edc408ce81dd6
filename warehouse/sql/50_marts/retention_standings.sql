-- Where a customer stands by the probability that they still are one. Edit the limits here.
create or replace table marts.retention_standings as
select
    standing,
    position,
    least_probability,
    meaning
from (
    values
        ('active', 1, 0.8, 'Very probably still a customer'),
        ('at risk', 2, 0.2, 'May have left, and may be won back: worth saving'),
        ('gone', 3, 0.0, 'Very probably no customer any more')
) as standings (standing, position, least_probability, meaning);

comment on table marts.retention_standings is 'The standings of marts.retention by the probability of being alive. Grain: one row per standing; who bought on one day is in none of them.';
comment on column marts.retention_standings.standing is 'The standing.';
comment on column marts.retention_standings.position is 'Its place in lists, from 1.';
comment on column marts.retention_standings.least_probability is 'Least probability of being alive; below that it is the next standing.';
comment on column marts.retention_standings.meaning is 'What it means, in words.';
