"""What the Data page reads: the load counted by hand, and how far a column moved computed another way."""

import math
from collections import Counter

import pytest
from scipy.stats import chi2

from tests.helpers import HEADER, QUICK, refreshed

BEFORE = [
    f"{place},{'Male' if place % 2 else 'Female'},{20 + place},{15 + place % 7 * 10},{place % 9 * 11}" for place in range(1, 41)
]
NOW = [
    *(
        f"{place},{'Male' if place % 4 else 'Female'},{20 + 2 * place},{15 + place % 7 * 10},{place % 9 * 11}"
        for place in range(1, 39)
    ),
    "39,?,30,,50",  # a gender and an income are missing
    "40,Male,,40,50",
    "40,Male,,40,50",  # a copy
    "41,Male,410,40,50",
    "42,Male,30,forty,50",
    "43,Male,30,40,192",
]


def file(rows):
    return HEADER + "\n".join(rows) + "\n"


pytestmark = pytest.mark.xdist_group("load marts")  # the warehouse is made once


@pytest.fixture(scope="module")
def versions(tmp_path_factory):
    """The first version and the second, of two literal files."""
    folder = tmp_path_factory.mktemp("load")
    (folder / "quick.toml").write_text(QUICK)
    opened = []
    for rows in (BEFORE, NOW):
        (folder / "customers.csv").write_text(file(rows))
        opened.append(refreshed(folder / "warehouse", folder / "customers.csv", folder / "quick.toml", max_rejected=0.5))
    return opened


def index(before, now, group_of):
    """The population stability index of two lists of values, by its definition."""
    counts = [Counter(map(group_of, values)) for values in (before, now)]
    shares = [
        (max(counts[1][group], 0.5) / len(now), max(counts[0][group], 0.5) / len(before))
        for group in set(counts[0]) | set(counts[1])
    ]
    return sum((p - q) * math.log(p / q) for p, q in shares), len(shares)


def tenths(before):
    """Which tenth of `before` a value lies in; equal values lie together, and values above all in the highest."""
    highest = sum(other < max(before) for other in before)
    return lambda value: 10 * min(sum(other < value for other in before), highest) // len(before)


def test_every_row_is_accounted_for(versions):
    """Rows in, kept, rejected and copies are those of the file; each kind of fault has its rows and its share."""
    (source,) = versions[1].rows("from marts.load_sources")
    counts = {name: source[name] for name in source if name.startswith("rows_")}
    assert counts == {"rows_in": 44, "rows_kept": 40, "rows_rejected": 3, "rows_duplicate": 1, "rows_forgotten": 0}
    rejects = versions[1].rows("select rule, place, count_rows, share_of_rows, source_line, row_text from marts.load_rejects")
    assert [tuple(row.values()) for row in rejects] == [
        ("out of range", 1, 2, 2 / 44, 43, "41,Male,410,40,50"),
        ("out of range", 2, 2, 2 / 44, 45, "43,Male,30,40,192"),
        ("not a number", 1, 1, 1 / 44, 44, "42,Male,30,forty,50"),
    ]


def test_columns_say_what_was_missing(versions):
    """Missing values are counted before they are filled in, and the range is that of the source."""
    rows = versions[1].rows("select column_name, count_missing, filled_with, lowest, median, highest from marts.columns")
    found = {row.pop("column_name"): tuple(row.values()) for row in rows}
    assert found["customer_id"] == (0, None, None, None, None)
    assert found["gender"] == (1, "Unknown", None, None, None)
    ages = sorted([*(20 + 2 * place for place in range(1, 39)), 30])
    assert found["age"] == (1, "the median", 22, ages[19], 96)
    assert found["spending_score"][:2] == (0, "the median")


def test_the_gate_is_shown_as_it_spoke(versions):
    """marts.gate has the verdicts of the refresh in their order."""
    assert versions[1].rows("from marts.gate") == versions[1].rows("from raw.gate order by position")


def test_both_versions_are_remembered(versions):
    """The distributions of the first version stand unchanged beside those of the second, and all add up."""
    of_first = "from marts.distribution_history where run_id = 1 order by dimension, bin"
    assert versions[1].rows(of_first) == versions[0].rows(of_first)
    totals = versions[1].rows(
        "select run_id, dimension, sum(count_customers) as n, sum(share) as share, sum(sum_values) as total "
        "from marts.distribution_history group by all"
    )
    assert {(row["run_id"], row["dimension"]) for row in totals} == {
        (run, name) for run in (1, 2) for name in ("gender", "age", "annual_income_k", "spending_score")
    }
    for row in totals:
        assert (row["n"], row["share"]) == (40, pytest.approx(1))
    assert {row["total"] for row in totals if row["dimension"] == "age"} == {
        sum(20 + place for place in range(1, 41)),
        versions[1].value("select sum(age) from features.customer_features"),
    }


def test_the_first_version_has_nothing_to_compare(versions):
    """Without an earlier version no column has moved."""
    assert versions[0].rows("from marts.distribution_shifts") == []


@pytest.mark.parametrize("name", ["age", "annual_income_k", "spending_score"])
def test_the_index_is_that_of_the_tenths(versions, name):
    """The population stability index equals its definition on the customers, though the bins of the versions differ."""
    before, now = (snapshot.columns(f"select {name} from features.customer_features")[name] for snapshot in versions)
    expected, groups = index(before, now, tenths(before))
    row = versions[1].rows("from marts.distribution_shifts where dimension = ?", [name])[0]
    assert row["population_stability_index"] == pytest.approx(expected)
    assert row["count_groups"] == groups
    assert (row["mean_now"], row["mean_before"]) == pytest.approx((sum(now) / len(now), sum(before) / len(before)))
    assert row["index_by_chance"] == pytest.approx(chi2.ppf(0.95, groups - 1) * (1 / 40 + 1 / 40), rel=0.01)
    assert row["shift"] == ("moved a lot" if name == "age" else "steady")


def test_the_index_of_a_category_by_hand(versions):
    """20 of 40 men became 30, 20 women 9, and a new value counts against half a customer."""
    row = versions[1].rows("from marts.distribution_shifts where dimension = 'gender'")[0]
    shares = [(30 / 40, 20 / 40), (9 / 40, 20 / 40), (1 / 40, 0.5 / 40)]
    assert row["population_stability_index"] == pytest.approx(sum((p - q) * math.log(p / q) for p, q in shares))
    assert (row["mean_now"], row["count_groups"]) == (None, 3)


@pytest.fixture(scope="module")
def shifts(tmp_path_factory):
    """How far columns with one outlier moved: `doubled` from 11 to 69 to twice that, incomes from 100 to 104 to 105 to 109."""
    folder = tmp_path_factory.mktemp("shifts")
    (folder / "quick.toml").write_text(QUICK)
    (folder / "mapping.toml").write_text('[columns]\nDoubled = { kind = "numeric" }\n')
    for factor, least in ((1, 100), (2, 105)):
        rows = [
            f"{place},Male,{20 + place % 50},{least + place % 5},{place % 90},{factor * (10 + place % 59)}"
            for place in range(1, 101)
        ]
        rows.append("101,Male,30,5000,50,90000")
        (folder / "customers.csv").write_text("\n".join([f"{HEADER.strip()},Doubled", *rows, ""]))
        snapshot = refreshed(folder / "warehouse", folder / "customers.csv", folder / "quick.toml", mapping=folder / "mapping.toml")
    return {row["dimension"]: row for row in snapshot.rows("from marts.distribution_shifts")}


def test_a_skewed_column_that_moves_within_a_bin_has_moved(shifts):
    """One large value stretches the bins so that all others share one; that they doubled is still seen."""
    assert (shifts["doubled"]["count_groups"], shifts["doubled"]["shift"]) == (10, "moved a lot")


def test_a_narrow_column_beside_one_outlier(shifts):
    """Incomes of 100 to 104 that became 105 to 109 have moved a lot, although one of 5,000 makes all of them look alike."""
    moved = shifts["annual_income_k"]
    assert (moved["count_groups"], moved["shift"]) == (6, "moved a lot")  # the five values, and what is above
