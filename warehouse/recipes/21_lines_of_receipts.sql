-- What became of every line of the receipts?
-- The amounts add up to the files, to the cent; is_counted marks those that make up what customers spent. A line of a customer who
-- is not in the customers file, or of nobody, is in sales and in no segment.
-- needs: transactions
with accounting as (
    from marts.transaction_accounting
)

select
    line_kind,
    customer,
    is_counted,
    count_lines,
    amount,
    count_lines / sum(count_lines) over () as share_of_lines
from accounting
order by is_counted desc, count_lines desc, line_kind, customer
