-- The classic groups, one for each pair of scores: recency across, the mean of frequency and monetary, rounded, down. Edit them here.
create or replace table marts.rfm_groups as
select
    group_name,
    lowest_recency,
    highest_recency,
    lowest_value,
    highest_value,
    meaning
from (
    values
        ('Champions', 5, 5, 4, 5, 'Bought lately, buy often and spend the most'),
        ('Loyal', 3, 4, 4, 5, 'Buy often and spend much'),
        ('Potential loyalists', 4, 5, 2, 3, 'Bought lately, and more than once'),
        ('New', 5, 5, 1, 1, 'Bought lately for the first time'),
        ('Promising', 4, 4, 1, 1, 'Bought a while ago, little so far'),
        ('Need attention', 3, 3, 3, 3, 'Middling in all three'),
        ('About to sleep', 3, 3, 1, 2, 'Seldom, little, and not lately'),
        ('Cannot lose them', 1, 1, 5, 5, 'Were among the best, and have not come for long'),
        ('At risk', 1, 2, 3, 4, 'Bought often, and have not come for long'),
        ('At risk', 2, 2, 5, 5, 'Bought often, and have not come for long'),
        ('Hibernating', 2, 2, 1, 2, 'Bought little, long ago'),
        ('Lost', 1, 1, 1, 2, 'Bought little, and have not come for very long')
) as groups (group_name, lowest_recency, highest_recency, lowest_value, highest_value, meaning);

comment on table marts.rfm_groups is 'The groups of marts.rfm by their scores. Grain: one row per group and block of scores; every pair of scores is in one.';
comment on column marts.rfm_groups.group_name is 'The group.';
comment on column marts.rfm_groups.lowest_recency is 'Lowest recency score in it.';
comment on column marts.rfm_groups.highest_recency is 'Highest recency score in it.';
comment on column marts.rfm_groups.lowest_value is 'Lowest mean of the frequency and the monetary score, rounded half up, in it.';
comment on column marts.rfm_groups.highest_value is 'Highest such mean in it.';
comment on column marts.rfm_groups.meaning is 'Who they are, in words.';
