create or replace macro marts.item_lifts(members) as table
with given as (
    select
        grouping,
        group_id,
        customer_id
    from query_table(members)
),

bought as (
    select
        given.grouping,
        given.group_id,
        items.item_kind,
        items.item,
        count(*) as count_customers,
        sum(items.quantity) as quantity,
        sum(items.amount) as amount
    from given
    inner join features.customer_items as items using (customer_id)
    group by all
),

-- Every kind of item has its own buyers: who bought none of that kind tells nothing. Who is in no group is one of all.
buyers as (
    select
        given.grouping,
        given.group_id,
        kinds.item_kind,
        count(*) as n,
        sum(count(*)) over (partition by given.grouping, kinds.item_kind) as n_all
    from given
    inner join (select distinct item_kind, customer_id from features.customer_items) as kinds using (customer_id)
    group by given.grouping, given.group_id, kinds.item_kind
),

amounts as (
    select
        grouping,
        group_id,
        item_kind,
        sum(amount) as amount
    from bought
    group by all
),

groups as (
    from buyers
    inner join amounts using (grouping, group_id, item_kind)
),

everyone as (
    select
        grouping,
        item_kind,
        item,
        sum(count_customers) as count_everyone
    from bought
    group by all
),

-- also what a group never bought: that is what it is furthest from
cells as (
    select
        groups.grouping,
        groups.group_id,
        groups.item_kind,
        everyone.item,
        coalesce(bought.count_customers, 0) as count_customers,
        everyone.count_everyone,
        coalesce(bought.quantity, 0) as quantity,
        coalesce(bought.amount, 0) as amount,
        groups.amount as group_amount,
        groups.n,
        everyone.count_everyone / groups.n_all as p
    from groups
    inner join everyone using (grouping, item_kind)
    left join bought using (grouping, group_id, item_kind, item)
),

-- How much shares differ between groups beyond chance, by moments (Kleinman 1973): the less they do, the more each is drawn to
-- everyone's. As many customers as `prior` stand behind that.
priors as (
    select
        grouping,
        item_kind,
        1 / least(0.5, greatest(
            1e-6,
            -- in an order, as sums of doubles differ in the last digit from run to run
            sum(power(count_customers - n * p, 2) - n * p * (1 - p) order by item, group_id)
            / nullif(sum(n * (n - 1) * p * (1 - p) order by item, group_id), 0)
        )) - 1 as prior
    from cells
    group by all
),

drawn as (
    select
        cells.*,
        n + coalesce(prior, 1e6) as weight,
        (count_customers + coalesce(prior, 1e6) * p) / (n + coalesce(prior, 1e6)) as share_drawn
    from cells
    inner join priors using (grouping, item_kind)
),

-- Wilson's interval (1927) of the drawn share
intervals as (
    select
        *,
        (share_drawn + 1.9208 / weight) / (1 + 3.8416 / weight) as middle,
        1.96 / (1 + 3.8416 / weight) * sqrt(share_drawn * (1 - share_drawn) / weight + 0.9604 / power(weight, 2)) as half
    from drawn
    where greatest(count_customers, n * p) >= 5
)

select
    grouping,
    group_id,
    item_kind,
    item,
    count_customers,
    count_everyone,
    count_customers / n as share,
    p as everyone_share,
    share_drawn / p as lift,
    least(middle - half, share_drawn) / p as lift_low,
    greatest(middle + half, share_drawn) / p as lift_high,
    quantity,
    cast(amount as double) as amount,
    cast(amount as double) / nullif(cast(group_amount as double), 0) as amount_share
from intervals;

comment on macro table marts.item_lifts is 'What groups of customers buy more or less than all of them together. The argument names a table, view or common table expression with grouping (groups of one name are compared with each other), group_id and customer_id. Per kind of item, share is that of the group''s buyers who bought it at least once; lift is the share, drawn towards everyone''s as far as shares differ by chance alone (beta-binomial by moments, Kleinman 1973), divided by everyone''s; lift_low and lift_high are its 95 % interval (Wilson 1927). Items that fewer than 5 of a group bought, and fewer than 5 would have if it were like everyone, are left out. Grain: one row per grouping, group, kind of item and item.';
