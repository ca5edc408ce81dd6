create or replace table marts.transaction_accounting as
with lines as (
    select
        lines.line_kind,
        lines.is_counted,
        lines.quantity,
        lines.amount,
        case
            when lines.customer_id is null then 'none'
            when customers.customer_id is null then 'not among the customers'
            else 'known'
        end as customer
    from features.transaction_lines as lines
    left join staging.customers as customers using (customer_id)
)

select
    line_kind,
    customer,
    any_value(is_counted and customer = 'known') as is_counted,
    count(*) as count_lines,
    sum(quantity) as quantity,
    sum(amount) as amount
from lines
group by line_kind, customer
order by is_counted desc, count_lines desc, line_kind, customer;

comment on table marts.transaction_accounting is 'What became of every line of the transactions, adding up to the source to the cent; empty where no transactions were given. Rows that were rejected have no amount and are not here. Grain: one row per kind of line and of customer.';
comment on column marts.transaction_accounting.line_kind is 'What the lines are, as in features.transaction_lines.';
comment on column marts.transaction_accounting.customer is 'Whose they are: known, none (the line names nobody) or not among the customers (it names somebody who is not in the customers file).';
comment on column marts.transaction_accounting.is_counted is 'True when the amounts are part of what the customers spent, features.transaction_features.';
comment on column marts.transaction_accounting.count_lines is 'Lines.';
comment on column marts.transaction_accounting.quantity is 'Pieces, less those that came back.';
comment on column marts.transaction_accounting.amount is 'Amount, in the money of the source, less what came back.';
