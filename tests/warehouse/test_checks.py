import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from tests.helpers import four, published_once
from warehouse.catalog import SQL, checks
from warehouse.checks import failing, run_checks
from warehouse.errors import BuildError, GateError
from warehouse.versions import CURRENT

KMEANS = "segmentation = 'spending' and algorithm = 'kmeans'"

STAY = "insert into segments.past_memberships values ('1', 'spending', 'kmeans', 1,"

LIFT = (
    "insert into segments.campaign_lifts by name select 'x' as campaign, 'amount' as outcome_kind, 5 as count_treated, "
    "5 as count_held_out, 'Student' as method"
)
ALERT = (
    "insert into segments.alerts by name select 1 as run_id, 1 as place, 0 as previous_run_id, 'spending' as segmentation, "
    "'kmeans' as algorithm, 'born' as kind, 'note' as severity, 1 as segment_id, 'x' as sentence"
)
BREAKS = [
    ("alerts_are_beyond_chance", ALERT.replace("0 as previous", "1 as previous")),
    ("alerts_are_beyond_chance", ALERT.replace("note", "panic")),
    ("alerts_are_beyond_chance", ALERT.replace("born", "hunch")),
    ("alerts_are_beyond_chance", ALERT.replace("1 as segment_id", "9 as segment_id")),
    ("alerts_are_beyond_chance", ALERT.replace("born", "gone")),
    ("alerts_are_beyond_chance", f"{ALERT}, 'age' as feature"),
    ("alerts_are_beyond_chance", f"{ALERT}, 'customers' as source"),
    ("alerts_are_beyond_chance", f"{ALERT.replace('born', 'rejects')}, 'customers' as source"),
    ("alerts_are_beyond_chance", f"{ALERT}, 'infinity'::double as value_now"),
    ("alerts_are_beyond_chance", f"{ALERT}; {ALERT}"),
    (
        "alerts_are_beyond_chance",
        "insert into segments.alerts by name select 1 as run_id, 1 as place, 0 as previous_run_id, 'rejects' as kind, "
        "'note' as severity, 'customers' as source, 0.01 as value_before, 0.02 as value_now, 0 as noise_low, 0.03 as noise_high, "
        "'x' as sentence",
    ),
    ("campaigns_are_told", f"{LIFT}, 3 as lift, 4 as lift_low, 5 as lift_high"),
    ("campaigns_are_told", f"{LIFT}, 3 as lift, '-infinity' as lift_low, 5 as lift_high"),
    ("campaigns_are_told", f"{LIFT}, 3 as lift, 2 as lift_low, 5 as lift_high, 'because' as shortfall"),
    ("campaigns_are_told", f"{LIFT}, unnest(['a', 'b']) as shortfall"),
    ("cube_counts_every_customer", "delete from marts.crossfilter_cube where rowid = 0"),
    ("cube_counts_every_customer", "update marts.crossfilter_cube set count_customers = 2 where rowid = 0"),
    ("cube_counts_every_customer", "update marts.crossfilter_cube set sum_age = sum_age + 1 where rowid = 0"),
    ("cube_counts_every_customer", "delete from marts.crossfilter_cube"),
    ("customers_are_in_their_segments", "update marts.customers set spending_kmeans = 3 - spending_kmeans where customer_id = '1'"),
    ("customers_are_in_their_segments", "delete from marts.customers where customer_id = '1'"),
    ("distributions_count_every_customer", "update marts.distribution_history set count_customers = 9 where bin = 0"),
    ("distributions_count_every_customer", "update marts.distribution_history set share = 0.9 where bin = 0"),
    ("every_customer_in_one_segment", "delete from segments.assignments where customer_id = '1'"),
    ("every_customer_in_one_segment", f"delete from segments.assignments where customer_id = '1' and {KMEANS}"),
    ("every_customer_in_one_segment", "insert into segments.assignments from segments.assignments limit 1"),
    ("every_customer_in_one_segment", "update segments.assignments set segment_id = 9 where customer_id = '1'"),
    ("distributions_count_every_customer", "update marts.distribution_history set count_customers = count_customers + 1"),
    ("distributions_count_every_customer", "update marts.distribution_history set share = share / 2"),
    ("distributions_count_every_customer", "delete from marts.distribution_detail where dimension = 'age' and bin % 3 = 0"),
    ("distributions_count_every_customer", "delete from marts.distribution_detail"),
    ("distributions_count_every_customer", "delete from marts.distribution_history"),
    ("distributions_count_every_customer", "delete from marts.distribution_history where dimension = 'gender'"),
    ("every_customer_in_one_segment", "update segments.assignments set algorithm = 'guess' where customer_id = '1'"),
    ("every_customer_in_one_segment", f"delete from segments.segments where segment_id = 1 and {KMEANS}"),
    ("every_customer_in_one_segment", "delete from segments.assignments"),
    ("history_is_whole", "update segments.assignments set from_run_id = 0 where customer_id = '1'"),
    ("history_is_whole", "update segments.assignments set from_run_id = 2 where customer_id = '1'"),
    ("history_is_whole", "update segments.assignments set run_id = 0 where customer_id = '1'"),
    ("history_is_whole", f"delete from segments.runs where {KMEANS}"),
    (
        "history_is_whole",
        "insert into segments.past_memberships select customer_id, segmentation, algorithm, segment_id, 0, from_run_id, "
        "valid_from - interval 1 day, valid_from from segments.membership_history limit 1",
    ),
    ("history_is_whole", f"{STAY} 0, 0, '2000-01-01', '2000-01-02')"),
    ("history_is_whole", f"{STAY} 0, 1, '2000-01-02', '2000-01-01')"),
    ("history_is_whole", f"{STAY} 0, 2, '2000-01-01', '2000-01-02')"),
    ("history_is_whole", f"{STAY} 0, 1, '2000-01-01', '2999-01-01')"),
    ("inertia_is_the_sum_of_squared_distances", "update segments.runs set inertia = inertia * 1.001"),
    ("inertia_is_the_sum_of_squared_distances", "update segments.assignments set distance = distance + 0.1"),
    ("inertia_is_the_sum_of_squared_distances", "delete from segments.assignments"),
    ("inputs_have_no_nulls", "update features.scaling set mean = null where feature = 'age'"),
    ("inputs_have_no_nulls", "update features.scaling set mean = 'infinity' where feature = 'age'"),
    ("inputs_have_no_nulls", "update features.scaling set mean = 'nan' where feature = 'age'"),
    ("numbers_are_finite", "update features.scaling set standard_deviation = 'infinity' where feature = 'age'"),
    ("numbers_are_finite", "update segments.centroids set scaled_value = 'nan' where segment_id = 1"),
    ("numbers_are_finite", "update segments.centroids set value = 'infinity' where segment_id = 1"),
    ("numbers_are_finite", "update segments.runs set inertia = 'nan'"),
    ("numbers_are_finite", "update segments.runs set seed_stability = 'nan'"),
    ("numbers_are_finite", "update segments.segments set stability = 'nan'"),
    ("numbers_are_finite", "update segments.k_evaluation set davies_bouldin = 'nan'"),
    ("numbers_are_finite", "update segments.k_evaluation set gap = 'infinity' where k = 2"),
    ("numbers_are_finite", "update segments.k_evaluation set silhouette_groupless = 'nan' where k = 2"),
    ("numbers_are_finite", "update segments.assignments set distance = 'nan' where customer_id = '1'"),
    ("numbers_are_finite", "update segments.assignments set margin = '-infinity' where customer_id = '1'"),
    ("one_row_per_customer", "insert into raw.customers from raw.customers limit 1"),
    ("one_row_per_customer", "update raw.customers set customer_id = null where source_line = 2"),
    ("one_row_per_customer", "delete from marts.customers where customer_id = '1'"),
    (
        "inventory_plan_lasts",
        "insert into marts.inventory_plan by name select 'x' as item, 0.8 as service_level, 5 as units_expected, 4 as units_needed",
    ),
    (
        "inventory_plan_lasts",
        "insert into marts.inventory_plan by name "
        "select 'x' as item, unnest([0.8, 0.9]) as service_level, 5 as units_expected, unnest([7, 6]) as units_needed",
    ),
    (
        "recommendations_are_new",
        "insert into marts.recommendations by name select 'product' as item_kind, '1' as customer_id, 'x' as item; "
        "insert into features.customer_items by name select 'product' as item_kind, '1' as customer_id, 'x' as item",
    ),
    (
        "recommendations_are_new",
        "insert into marts.recommendations by name "
        "select 'product' as item_kind, '1' as customer_id, 'x' as item, unnest([1, 2]) as place",
    ),
    (
        "recommendations_are_new",
        "insert into marts.segment_products by name select 'x' as item, 'nan'::double as lift, 0 as lift_low, 2 as lift_high",
    ),
    ("retention_covers_every_buyer", "insert into marts.retention by name select '1' as customer_id, 'gone' as standing"),
    (
        "retention_covers_every_buyer",
        "insert into features.purchase_histories by name select 'whole' as period, '1' as customer_id; "
        "insert into segments.retention_models by name "
        "select 0 as run_id, 'whole' as period, date '2024-01-01' as last_day, 9 as horizon_days, "
        "1 as count_customers, 1 as count_repeating, 1.0 as r",
    ),
    ("rows_are_accounted_for", "update raw.sources set rows_in = rows_in + 1"),
    (
        "rows_are_accounted_for",
        "insert into raw.sources by name "
        "(select * replace ('stock' as source, 'stock.csv' as source_file) from raw.sources where source = 'customers')",
    ),
    (
        "rows_are_accounted_for",
        "insert into raw.rejects values ('customers', 'customers.csv', 9, null, 'blank row', 'because', 'x')",
    ),
    ("rows_are_accounted_for", "delete from raw.customers where source_line = 2"),
    ("rules_are_counted", "update segments.segments set rule_coverage = 1.5 where segment_id = 1"),
    ("rules_are_counted", "update segments.segments set rule_coverage = null where segment_id = 1"),
    ("rules_are_counted", "update segments.segments set rule_purity = -0.5 where segment_id = 1"),
    ("rules_are_counted", "update segments.segments set rule_purity = null where segment_id = 1"),
    ("rules_are_counted", "update segments.segments set rule = '' where segment_id = 1"),
    ("rules_are_counted", "update segments.segments set rule_sql = null where segment_id = 1"),
    ("segment_names_are_unique", "update segments.segments set segment_name = 'Big spenders'"),
    ("segment_names_are_unique", "update segments.segments set segment_name = ' ' where segment_id = 1"),
    (
        "sales_forecast_adds_up",
        "insert into marts.sales_forecast by name select unnest(['everyone', 'segment']) as level, 'spending' as segmentation, "
        "date '2024-01-01' as period_start, false as is_forecast, unnest([2, 1]) as amount",
    ),
    (
        "sales_forecast_adds_up",
        "insert into marts.sales_forecast by name select unnest(['everyone', 'segment']) as level, 'spending' as segmentation, "
        "date '2024-01-01' as period_start, true as is_forecast, 2 as expected, "
        "1 as low_80, 3 as high_80, 1.5 as low_95, 4 as high_95",
    ),
    ("sales_forecast_adds_up", "insert into features.customer_sales values ('1', date '2024-01-01', 0.01)"),
    ("segment_sizes_add_up", "update segments.segments set size = size + 1 where segment_id = 1"),
    ("segment_sizes_add_up", "update segments.segments set share = share + 0.1 where segment_id = 1"),
    ("segment_sizes_add_up", "update segments.runs set n_customers = n_customers + 1"),
    ("segment_sizes_add_up", f"delete from segments.segments where segment_id = 1 and {KMEANS}"),
    ("transactions_add_up", "insert into marts.transaction_accounting values ('sale', 'known', true, 1, 1, 0)"),
    ("transactions_add_up", "insert into marts.transaction_accounting values ('sale', 'none', false, 0, 1, 0.01)"),
    ("transactions_add_up", "insert into features.transaction_features by name select 'x' as customer_id, 5 as monetary"),
]
"""A check, and what breaks its claim."""


@pytest.fixture(scope="session")
def good(shared_folder: Path) -> Path:
    """The file of a small warehouse in which every claim holds."""
    own = '[spending]\nfeatures = ["annual_income_k", "spending_score"]\nk = 2\n[who]\nfeatures = ["age"]\nk = 2\n'
    return (published_once(shared_folder / "checks", four(), own) / "w" / CURRENT).resolve()


@pytest.fixture(scope="session")
def opened(good: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of it that can be written."""
    path = shutil.copyfile(good, tmp_path_factory.mktemp("checks") / "copy.duckdb")
    with duckdb.connect(path) as connection:
        yield connection


@pytest.fixture
def copy(opened: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
    """The same for one test: what it writes is taken back."""
    opened.begin()
    yield opened
    opened.rollback()


@pytest.mark.parametrize(("check", "sql"), BREAKS)
def test_a_broken_claim_is_found(copy: duckdb.DuckDBPyConnection, check: str, sql: str):
    """Each check fails when its claim is broken, and says the claim, the file and a row that breaks it."""
    path = SQL / "checks" / f"{check}.sql"
    assert failing(copy, path) is None
    copy.execute(sql)
    failure = failing(copy, path)
    assert failure is not None
    assert failure.path == path
    assert f"-- {failure.claim}" == path.read_text(encoding="utf-8").splitlines()[0]
    assert failure.count >= 1
    assert failure.example


@pytest.mark.parametrize(("check", "sql"), dict(BREAKS).items())
def test_nothing_is_published_past_a_broken_claim(copy: duckdb.DuckDBPyConnection, check: str, sql: str):
    """Whichever check fails, what stops is told the claim and the file, among all checks together."""
    copy.execute(sql)
    failure = failing(copy, SQL / "checks" / f"{check}.sql")
    assert failure is not None
    message = f"not published, because a check failed: .*{re.escape(failure.claim)} .*sql/checks/{check}.sql"
    with pytest.raises(GateError, match=message):
        run_checks(copy)


def test_no_check_is_left_unbroken():
    """Every file of sql/checks is in the table above."""
    assert {path.stem for path in checks()} == {check for check, _ in BREAKS}


def test_good_data_pass(copy: duckdb.DuckDBPyConnection):
    """In a warehouse as it is built every claim holds, and the number of claims is returned."""
    assert run_checks(copy) == len(checks()) > 0


def test_whoever_waits_is_told_what_is_checked(copy: duckdb.DuckDBPyConnection):
    """Each claim is told before it is checked, with how many are done of all."""
    seen: list[tuple[int, int, str]] = []
    run_checks(copy, lambda *told: seen.append(told))
    assert seen == [(done, len(checks()), path.stem) for done, path in enumerate(checks())]


def test_a_check_that_cannot_run_names_its_file(copy: duckdb.DuckDBPyConnection):
    """A defect of a check is told apart from a claim that does not hold."""
    copy.execute("drop table marts.crossfilter_cube")
    with pytest.raises(BuildError, match=r"checks/cube_counts_every_customer\.sql: Catalog Error"):
        run_checks(copy)


def test_several_failures_are_all_named(copy: duckdb.DuckDBPyConnection):
    """One message lists every claim that does not hold."""
    copy.execute("update raw.sources set rows_in = 0; update segments.runs set inertia = 0")
    with pytest.raises(GateError, match=r"inertia_is_the_sum.*; .*rows_are_accounted_for"):
        run_checks(copy)
