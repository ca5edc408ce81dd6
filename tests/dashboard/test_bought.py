"""The pages of a warehouse with transactions, and what stands where on a log scale."""

import math
from itertools import pairwise

import numpy as np
import pytest

from dashboard import distributions, format, scales
from dashboard.pages import data, evidence, segments
from dashboard.pages.data_tables import accounting_table
from dashboard.queries import known_run
from dashboard.scoring import fields, score
from dashboard.theme import DARK, LIGHT
from tests.dashboard.words import text
from warehouse.connection import Snapshot


@pytest.mark.parametrize("look", [LIGHT, DARK])
def test_every_page_draws(bought: Snapshot, look):
    """Segments by recency, frequency and money, with the other features in their profiles, and the files as they came."""
    run = known_run(bought, "value", "kmeans")
    page = text(segments.content(bought, run, look))
    for label in ("Recency", "Monetary value", "Average basket", "Time between purchases", "Evening share"):
        assert label in page
    assert run["k_reason"] in text(evidence.content(bought, run, look))
    assert "lines of transactions were kept" in text(data.content(bought, look))


def test_the_data_page_has_the_accounts(bought: Snapshot):
    """Every kind of line with its count and amount, and sums that are those of the source."""
    page = text(data.content(bought, LIGHT))
    for row in bought.rows("from marts.transaction_accounting"):
        assert f'"{format.count(row["count_lines"])}"' in page
        assert f'"{format.money(row["amount"])}"' in page
    lines, amount = bought.columns("select count(*) as n, sum(amount) as amount from staging.transactions").values()
    table = text(accounting_table(bought.rows("from marts.transaction_accounting")))
    assert f'"{format.count(lines[0])}"' in table
    assert f'"{format.money(amount[0])}"' in table


def test_a_page_without_transactions_says_nothing_of_them(sample: Snapshot):
    """No accounts, no files, no features of what nobody bought."""
    page = text(data.content(sample, LIGHT))
    assert "transactions" not in page.replace("give TRANSACTIONS", "").lower()
    assert "Recency" not in text(segments.content(sample, known_run(sample, "spending", "kmeans"), LIGHT))


def test_the_form_asks_for_what_was_clustered_on(bought: Snapshot):
    """A typed customer is scored by recency, frequency and money; what is left out is filled in as in the clustering."""
    assert [field.name for field in fields(bought, "value")] == ["recency_days", "frequency", "monetary"]
    often = score(bought, "value", "kmeans", {"recency_days": "3", "frequency": "12", "monetary": "4000"})
    seldom = score(bought, "value", "kmeans", {"frequency": "1"})
    assert often is not None
    assert seldom is not None
    assert often.row["segment_id"] != seldom.row["segment_id"]
    assert [field.name for field in seldom.missing] == ["recency_days", "monetary"]


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 1_000_000, 8, [0, 1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]),
        (0, 1_000_000, 5, [0, 10, 1_000, 100_000]),
        (0, 300, 8, [0, 1, 3, 10, 30, 100, 300]),
        (0, 30, 8, [0, 1, 2, 5, 10, 20]),
        (0, 7, 8, [0, 1, 2, 3, 5, 7]),
        (30, 400, 8, [30, 50, 70, 100, 200, 300]),
        (-2_000, 250_000, 8, [-1_000, -10, 0, 10, 1_000, 100_000]),
        (4.2, 4.6, 8, []),
    ],
)
def test_marks_are_few_and_round(low: float, high: float, most: int, expected: list[float]):
    """As many round values as fit, nought among them where it is in sight."""
    found = scales.marks(float(scales.seen(low, "log")), float(scales.seen(high, "log")), most)
    assert len(found) <= most
    assert all(low <= value <= high for value in found)
    assert found == expected


def test_short_numbers():
    """Thousands are set apart up to ten thousand, then shortened."""
    assert scales.short([0, 7, -1_000, 10_000, 2_000_000, 1e9]) == ["0", "7", "−1,000", "10k", "2M", "1B"]
    assert np.allclose(scales.seen([-math.e + 1, 0, math.e - 1], "log"), [-1, 0, 1])
    assert np.allclose(scales.seen([-3, 5], "linear"), [-3, 5])


def bins(*edges: float, share: float = 0.25):
    return [{"lower_edge": low, "upper_edge": high, "share": share, "count_customers": 4} for low, high in pairwise(edges)]


def test_bins_of_a_log_scale_stand_side_by_side():
    """They are equally wide on the page, and the outline of a run with other edges stands where they are."""
    figure = distributions.numeric(bins(0, 1, 2, 3, 5), bins(2, 3, 5, 7), "days", LIGHT, "log")
    assert list(figure.data[0].x) == [0, 1, 2, 3]
    assert figure.data[0].width == 1
    assert list(figure.data[1].x) == [2, 2, 3, 3, 4, 4, 5, 5]
    assert list(figure.layout.xaxis.ticktext) == ["0", "1", "2", "3", "5", "7"]
    linear_before = distributions.numeric(bins(0, 1, 2), bins(0, 4, 8), "days", LIGHT, "log")
    assert len(linear_before.data) == 1
