-- What is on a receipt and is no product. Add a line where your files have another; a rule is a regular expression that must match
-- the whole of the code or the name, whatever its case.
create or replace table features.service_rules as
select
    applies_to,
    pattern,
    meaning
from (
    values
        ('product', 'post|postage', 'postage'),
        ('product', 'dot', 'postage of online orders'),
        ('product', 'c2', 'carriage'),
        ('product', 'd', 'discount'),
        ('product', 'm', 'entered by hand'),
        ('product', 's', 'samples'),
        ('product', 'b', 'bad debt'),
        ('product', 'cruk', 'commission to a charity'),
        ('product', '(bank ?charges|amazon ?fee)', 'fees'),
        ('product', 'gift_\d+', 'gift vouchers'),
        ('product_name', '(dotcom |next day |packing and )?(postage|carriage|freight|shipping|delivery)( (fee|cost|charge)s?)?', 'postage'),
        ('product_name', '(.* )?(bank charges?|commission|(handling|service|booking|card|amazon|late|delivery) fees?|fees?)', 'fees'),
        ('product_name', '(discount|rounding|tip|deposit|donation)s?', 'money that is no purchase'),
        ('product_name', '(.* )?gift (card|voucher|certificate)s?( .*)?', 'gift vouchers'),
        ('product_name', 'manual|adjust(ment)? ?(bad debt)?|samples?', 'entered by hand')
) as rules (applies_to, pattern, meaning);

comment on table features.service_rules is 'What is on a receipt and is no product: lines of these are services and do not count as purchases. Grain: one row per rule.';
comment on column features.service_rules.applies_to is 'The column that is looked at: product or product_name.';
comment on column features.service_rules.pattern is 'Regular expression that matches the whole of it, whatever its case.';
comment on column features.service_rules.meaning is 'What such a line is.';
