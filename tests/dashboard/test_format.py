"""Numbers as people read them."""

from datetime import datetime

import pytest

from dashboard import format


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (format.count(12403), "12,403"),
        (format.percent(0.062), "6.2 %"),
        (format.percent(0.175), "18 %"),
        (format.percent(0), "0 %"),
        (format.percent(1), "100 %"),
        (format.number(86.538), "86.5"),
        (format.number(0.00012), "0.00012"),
        (format.number(0.0000012), "0.0000"),
        (format.number(-3.0), "−3"),
        (format.number(1234.5), "1,234"),
        (format.number(-1234.5), "−1,234"),
        (format.exact(1234567.5), "1,234,567.5"),
        (format.exact(20.0), "20"),
        (format.exact(3 * 0.1), "0.3"),
        (format.exact(-0.25), "−0.25"),
        (format.exact(1e15), "1,000,000,000,000,000"),
        (format.level(42.0, 59.6), "42.0"),
        (format.level(26, 38.85), "26.0"),
        (format.level(1200.4, 985), "1,200"),
        (format.level(0.0123, 0.00456), "0.0123"),
        (format.level(-0.01, 50.0), "0.0"),
        (format.level(0.5, 0.0), "0.50"),
        (format.difference(0.602, 50.2), "+0.6"),
        (format.difference(-0.0332, 44.1), "0.0"),
        (format.difference(-1715.0, 1234.0), "−1,715"),
        (format.quantity(86.5, "k$"), "86.5 k$"),
        (format.quantity(50.2, "1–100"), "50.2"),
        (format.inline("Days since NPS"), "days since NPS"),
        (format.ago(datetime(2026, 1, 1), datetime(2026, 1, 1, 0, 0, 30)), "just now"),
        (format.ago(datetime(2026, 1, 1), datetime(2026, 1, 1, 0, 3)), "3 minutes ago"),
        (format.ago(datetime(2026, 1, 1), datetime(2026, 1, 2, 1)), "1 day ago"),
    ],
)
def test_numbers_read_well(shown, expected):
    """Separators, three significant digits, percent without decimals from 10 %."""
    assert shown == expected


def test_a_statement_loses_our_indentation_and_nothing_else():
    """What stands in a literal keeps its blanks, tabs and ends of lines."""
    told = format.sql("\n        select *\n        from t\n            where a = 'x\n    y\t''z\n  ' and b = ' '\n    ")
    assert told == "select *\nfrom t\n    where a = 'x\n    y\t''z\n  ' and b = ' '"
    assert format.sql("") == ""
    assert format.customers(1) == "1 customer"
    assert format.customers(2000) == "2,000 customers"
