create or replace table features.transaction_lines as
with judged as (
    select
        transactions.source_file,
        transactions.source_line,
        transactions.transaction_id,
        transactions.customer_id,
        transactions.occurred_at,
        transactions.product,
        transactions.category,
        transactions.store,
        transactions.quantity,
        transactions.unit_price,
        transactions.amount,
        case
            when transactions.is_duplicate then 'duplicate'
            when products.is_service then 'service'
            when transactions.amount = 0 and transactions.quantity < 0 then 'stock adjustment'
            when transactions.amount = 0 then 'free'
            when
                products.count_priced >= 10
                and transactions.unit_price not between products.median_price / 100 and products.median_price * 100
                then 'odd price'
            when transactions.amount < 0 and regexp_matches(transactions.transaction_id, '^[Cc]\d') then 'cancellation'
            when transactions.amount < 0 then 'return'
            else 'sale'
        end as line_kind
    from staging.transactions as transactions
    left join features.products as products using (product)
)

select
    *,
    line_kind in ('sale', 'return', 'cancellation') as is_counted
from judged;

-- A return undoes an earlier sale of as many pieces of the same product for the same amount to the same customer. Within such a
-- group the first sale is undone first; a return that comes when all sales before it are undone is of something bought earlier.
update features.transaction_lines
set line_kind = 'reversed sale'
where
    rowid in (
        with returned as (
            select distinct
                customer_id,
                product,
                abs(amount) as amount,
                abs(quantity) as quantity
            from features.transaction_lines
            where line_kind in ('return', 'cancellation') and customer_id is not null
        ),

        steps as (
            select
                lines.rowid as line_number,
                lines.source_file,
                lines.source_line,
                lines.occurred_at,
                lines.line_kind = 'sale' as is_sale,
                hash(lines.customer_id, lines.product, returned.amount, returned.quantity) as group_id
            from features.transaction_lines as lines
            inner join returned
                on
                    lines.customer_id = returned.customer_id
                    and lines.product is not distinct from returned.product
                    and abs(lines.amount) = returned.amount
                    and abs(lines.quantity) = returned.quantity
            where lines.line_kind in ('sale', 'return', 'cancellation')
        ),

        balances as (
            select
                *,
                sum(case when is_sale then 1 else -1 end) over so_far as balance,
                count(*) filter (is_sale) over so_far as sale_number
            from steps
            window so_far as (
                partition by group_id
                order by occurred_at, not is_sale, source_file, source_line
                rows unbounded preceding
            )
        ),

        matched as (
            select
                *,
                coalesce(min(balance) over before, 0) as lowest_before
            from balances
            window before as (
                partition by group_id
                order by occurred_at, not is_sale, source_file, source_line
                rows between unbounded preceding and 1 preceding
            )
        )

        select line_number
        from matched
        qualify
            is_sale
            and sale_number <= count(*) filter (not is_sale and balance >= least(0, lowest_before)) over (partition by group_id)
    );

comment on table features.transaction_lines is 'What each line of the transactions is, by the first of these rules that applies. duplicate: identical to an earlier line of its transaction. service: postage, fees and the like, features.service_rules. stock adjustment: pieces taken away for nothing. free: an amount of 0. odd price: more than a hundred times, or less than a hundredth of, the product''s median price over at least 10 lines. cancellation: an amount below 0 on a transaction whose id is C and a number. return: any other amount below 0. reversed sale: a sale that a later return or cancellation of the same customer, product, quantity and amount undoes. sale: all others. Grain: one row per line.';
comment on column features.transaction_lines.source_file is 'Name of the file.';
comment on column features.transaction_lines.source_line is 'Line of the row in the file, as in staging.transactions.';
comment on column features.transaction_lines.transaction_id is 'The transaction.';
comment on column features.transaction_lines.customer_id is 'The customer; null where the line has none.';
comment on column features.transaction_lines.occurred_at is 'When.';
comment on column features.transaction_lines.product is 'The product''s code in capitals, else its name; null where the source has neither.';
comment on column features.transaction_lines.category is 'The product''s category; null where the source has none.';
comment on column features.transaction_lines.store is 'Where; null where the source does not say.';
comment on column features.transaction_lines.quantity is 'Pieces.';
comment on column features.transaction_lines.unit_price is 'Price of one piece, in the money of the source.';
comment on column features.transaction_lines.amount is 'Amount of the line, in the money of the source.';
comment on column features.transaction_lines.line_kind is 'duplicate, service, stock adjustment, free, odd price, cancellation, return, reversed sale or sale.';
comment on column features.transaction_lines.is_counted is 'True when the amount counts as what customers spent: sales, and what undoes them.';
