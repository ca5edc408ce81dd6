"""The page of campaigns: its words, splits and lists say what pandas and SQL say."""

import csv
import json
from hashlib import sha256
from io import BytesIO, StringIO
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from werkzeug.test import TestResponse

from dashboard import campaigns, filters, format, power, queries
from dashboard.app import create_app
from dashboard.campaigns import Campaign
from dashboard.pages.campaigns_parts import LISTS, answer, playbook, results, segments_offered, split
from etl.sample_transactions import BUNDLED_TRANSACTIONS
from tests.dashboard.browser import open_action, serve, wait_until
from tests.dashboard.words import said, text
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError
from warehouse.settings import Settings

AGED = {"age": {"op": "between", "value": [20, 50]}}
"""A selection of Explore."""


def planned(db: Snapshot, name: str = "spring", segment: str = "4", share: str = "0.1", chosen: object = None) -> Campaign:
    """A campaign for a segment of the spending clustering."""
    clauses = filters.parse(chosen, queries.dimensions(db))
    return campaigns.campaign(db, queries.known_run(db, "spending", "kmeans"), clauses, name, segment, share)


def test_the_playbook_of_a_clustering(bundled: Snapshot):
    """A line per segment: the play, the measured numbers beside everyone's, and the offer."""
    shown = text(playbook(bundled, queries.known_run(bundled, "spending", "kmeans")))
    for row in bundled.rows("from marts.playbook where segmentation = 'spending' and algorithm = 'kmeans'"):
        assert all(str(row[name]) in shown for name in ("segment_name", "play", "advice"))
        assert f"{row['offer']} (×{format.number(row['offer_lift'])})" in shown
    means = bundled.rows(
        "select avg(spending_score) filter (spending_kmeans = 4) as own, avg(spending_score) as everyone from marts.customers"
    )[0]
    assert f"spending score {format.number(means['own'])} (everyone {format.number(means['everyone'])})" in shown


@pytest.mark.parametrize(
    ("segment", "share", "chosen"), [("4", "0.1", None), ("", "0.05", None), ("2", "0.3", AGED), ("", "0.5", AGED)]
)
def test_a_split_is_whole_stratified_and_of_the_share(bundled: Snapshot, segment: str, share: str, chosen: object):
    """Everybody who is meant once, in each stratum the share to within one customer, and strata that are fourths of segments."""
    campaign = planned(bundled, "spring", segment, share, chosen)
    rows = bundled.frame(campaigns.split_sql(campaign))
    meant = bundled.frame("select customer_id, spending_kmeans, age, monetary from marts.customers")
    meant = meant[(meant["spending_kmeans"] == int(segment)) if segment else meant["spending_kmeans"] > 0]
    meant = meant[meant["age"].between(20, 49.99)] if chosen else meant
    assert sorted(rows["customer_id"]) == sorted(meant["customer_id"])
    held = rows["test_group"] == "holdout"
    assert abs(held.sum() - len(rows) * float(share)) < 1
    assert campaign.count_held(len(rows)) == held.sum()
    for _, of_stratum in rows.groupby("stratum"):
        assert abs((of_stratum["test_group"] == "holdout").sum() - len(of_stratum) * float(share)) <= 1
    joined = rows.merge(meant, on="customer_id")
    assert (joined["stratum"].str.split("-").str[0].astype(int) == joined["spending_kmeans"]).all()
    for _, of_segment in joined.groupby("spending_kmeans"):
        fourths = of_segment.groupby(of_segment["stratum"].str.split("-").str[1])["monetary"].agg(["min", "max", "size"])
        assert fourths["size"].max() - fourths["size"].min() <= 1
        assert (fourths["max"].to_numpy()[:-1] <= fourths["min"].to_numpy()[1:]).all()


def test_a_split_is_by_chance_and_always_the_same(bundled: Snapshot):
    """Another name holds others out, as many as by chance; the same name the same ones; nobody is favoured."""
    times = pd.Series(0, index=bundled.frame("select customer_id from marts.customers where spending_kmeans = 4")["customer_id"])
    for number in range(60):
        rows = bundled.frame(campaigns.split_sql(planned(bundled, f"name {number}", share="0.2")))
        times[rows.loc[rows["test_group"] == "holdout", "customer_id"]] += 1
    assert times.mean() == pytest.approx(12, abs=0.15)
    assert times.std() == pytest.approx(np.sqrt(60 * 0.2 * 0.8), rel=0.15)
    again = bundled.frame(campaigns.split_sql(planned(bundled, "name 59", share="0.2")))
    assert again.sort_values("customer_id").equals(
        rows.sort_values("customer_id").set_index(again.sort_values("customer_id").index)
    )


def test_the_numbers_of_the_split(bundled: Snapshot):
    """Sizes, what such customers did by themselves, the smallest lift, and the means of both groups, by pandas."""
    campaign = planned(bundled)
    shown = split(bundled, campaign, "28", None, False, {})
    rows = bundled.frame(campaigns.split_sql(campaign)).merge(bundled.frame("from marts.customers"), on="customer_id")
    held = rows["test_group"] == "holdout"
    told = said(shown)
    assert f"Of {len(rows)} customers (" in told
    assert f"{(~held).sum()} are addressed and {held.sum()} held out" in told
    lines = duckdb.sql(f"from '{BUNDLED_TRANSACTIONS}'").df().drop_duplicates()
    lines = lines[(lines["product"] != "POST") & (lines["occurred_at"] >= "2025-12-01") & (lines["quantity"] > 0)]
    assert bundled.value("select last_day from features.observation").isoformat() == "2025-12-28"
    buyers = rows["customer_id"].isin(lines["customer_id"])
    usual = campaigns.usual(bundled, campaign, 28)
    assert usual["rate"] == pytest.approx(buyers.mean(), abs=0.01)  # some sales were undone by a return
    lift = power.smallest_lift(usual["rate"], int((~held).sum()), int(held.sum()))
    assert f"{format.percent(usual['rate'])} of them bought in the last 28 days by themselves: a lift shows" in told
    assert f"adds {format.number(100 * lift)} percentage points or more" in told
    means = campaigns.balance(bundled, campaign)
    for row, name in zip(means, ("age", "annual_income_k"), strict=False):
        assert row["treated"] == pytest.approx(rows.loc[~held, name].mean())
        assert row["held"] == pytest.approx(rows.loc[held, name].mean())
        assert row["apart"] == pytest.approx((row["treated"] - row["held"]) / rows[name].std(ddof=0))


def test_what_customers_spent_by_themselves(bundled: Snapshot):
    """Per customer, those who bought nothing among them; over fewer days less."""
    spent = bundled.frame(
        "select customer_id, sum(amount)::double as amount from features.transaction_lines where is_counted "
        "and occurred_at >= timestamp '2025-12-22' group by 1"
    )
    everyone = bundled.frame("select customer_id from marts.customers").merge(spent, how="left").fillna({"amount": 0})
    usual = campaigns.usual(bundled, planned(bundled, segment=""), 7)
    assert usual["mean"] == pytest.approx(everyone["amount"].mean())
    assert usual["deviation"] == pytest.approx(everyone["amount"].std())
    assert usual["rate"] < campaigns.usual(bundled, planned(bundled, segment=""), 91)["rate"]


def test_a_rate_that_a_person_knows_better(bundled: Snapshot):
    """It takes the place of the measured one; what is no share is refused."""
    assert "If 2.5 % respond anyway: a lift shows" in said(split(bundled, planned(bundled), "28", 2.5, False, {}))
    none = said(split(bundled, planned(bundled), "28", 0, False, {}))
    assert "If 0 % respond anyway: a lift shows" in none
    assert "adds 0 " not in none
    for rate in (100, -1, "many", float("nan"), []):
        with pytest.raises(InputError):
            split(bundled, planned(bundled), "28", rate, False, {})
    with pytest.raises(InputError):
        split(bundled, planned(bundled), "29", None, False, {})


def test_without_transactions(sample: Snapshot):
    """Nothing tells how many respond, and it says so; strata are by what the segments are made from."""
    shown = split(sample, planned(sample, segment="1"), "28", None, False, {})
    assert "Nothing tells how many respond anyway; if 5.0 % do:" in said(shown)
    assert "their segment and its fourths by annual income" in said(shown)
    assert "Spend per customer" not in text(shown)
    assert "RESULTS=" in text(results(sample))
    assert "This version was given no results of campaigns." in text(answer(sample))
    assert '"Offer"' not in text(playbook(sample, queries.known_run(sample, "spending", "kmeans")))


def test_too_few_customers(bundled: Snapshot):
    """A selection of nobody, and one so small that nobody would be held out."""
    nobody = {"age": {"op": "between", "value": [500, 600]}}
    assert said(split(bundled, planned(bundled, segment="", chosen=nobody), "28", None, False, nobody)).startswith("Nobody is in")
    income = bundled.value("select max(annual_income_k) from marts.customers")
    one = {"annual_income_k": {"op": "between", "value": [income, income + 1]}}
    assert "too few" in said(split(bundled, planned(bundled, segment="", chosen=one), "28", None, False, one))


@pytest.mark.parametrize(
    ("name", "segment", "share"),
    [
        *[
            ("", "1", "0.1"),
            ("a'b", "1", "0.1"),
            ("x" * 61, "1", "0.1"),
            (None, "1", "0.1"),
            ("=1", "1", "0.1"),
            ("a\nb", "1", "0.1"),
        ],
        *[("a", "77", "0.1"), ("a", 1, "0.1"), ("a", [], "0.1"), ("a", "1", "0.15"), ("a", "1", 0.1)],
    ],
)
def test_what_is_no_campaign_is_refused(bundled: Snapshot, name: object, segment: object, share: object):
    """Only what is offered, and a name that stands well in a file."""
    with pytest.raises(InputError):
        planned(bundled, name, segment, share)  # type: ignore[arg-type]


def test_a_name_that_has_results_already(bundled: Snapshot):
    """Another campaign needs another name, or both would come back as one."""
    with pytest.raises(InputError, match="results of a campaign 'Spring voucher' already"):
        planned(bundled, "Spring voucher")


def test_a_disk_without_room_for_a_list(bundled_published: Path):
    """It is refused, and the version is not taken to be damaged."""
    db = Warehouse(bundled_published).snapshot()
    with pytest.raises(InputError, match="cannot be written"):
        db.copy("select * from range(10_000_000)", Path("/dev/full"))
    assert not db.is_damaged
    assert db.value("select count(*) from marts.customers") == 2_000


def test_segments_to_choose_from(bundled: Snapshot):
    """Everyone, and every segment with its size; what was chosen stays where it is one."""
    run = queries.known_run(bundled, "spending", "kmeans")
    offered, chosen = segments_offered(bundled, run, "3")
    sizes = {str(row["segment_id"]): row["size"] for row in queries.segments(bundled, "spending", "kmeans")}
    assert [one["value"] for one in offered] == ["", *sizes]
    assert all(f"({format.count(sizes[one['value']])})" in one["label"] for one in offered[1:])
    assert chosen == "3"
    assert segments_offered(bundled, run, "99")[1] == ""


QUERY = {"segmentation": "spending", "algorithm": "kmeans", "segment": "4", "name": "Spring sale", "share": "0.2"}


def get(directory: Path, kind: str, **more: str) -> TestResponse:
    """Download a list."""
    client = create_app(Settings(warehouse=directory)).server.test_client()
    return client.get(f"{LISTS}.{kind}", query_string=QUERY | more, buffered=True)


def test_the_lists_are_the_split(bundled_published: Path, bundled: Snapshot):
    """CSV and Parquet have the same customers; hashed ids are those of the ids; the Parquet file and the JSON say where from."""
    chosen = json.dumps(AGED)
    campaign = planned(bundled, "Spring sale", "4", "0.2", AGED)
    rows = {row["customer_id"]: row for row in bundled.rows(campaigns.split_sql(campaign))}
    response = get(bundled_published, "csv", filters=chosen)
    assert "Spring_sale.csv" in response.headers["Content-Disposition"]
    lines = list(csv.DictReader(StringIO(response.text)))
    assert len(lines) == len(rows)
    for line in lines:
        assert line == {"campaign": "Spring sale"} | rows[line["customer_id"]]
    hashed = list(csv.DictReader(StringIO(get(bundled_published, "csv", filters=chosen, hashed="1").text)))
    wanted = {sha256(name.encode()).hexdigest(): (row["test_group"], row["stratum"]) for name, row in rows.items()}
    assert {line["customer_hash"]: (line["test_group"], line["stratum"]) for line in hashed} == wanted
    assert [line["customer_hash"] for line in hashed] == sorted(wanted)  # the order tells nothing of the ids
    about = json.loads(get(bundled_published, "json", filters=chosen).text)
    assert (about["treatment"] + about["holdout"], about["version"]) == (len(rows), 1)
    assert "age" in about["customers"]
    assert len(bundled.rows(about["sql"])) == len(rows)


def test_a_parquet_list_carries_its_provenance(bundled_published: Path, bundled: Snapshot, tmp_path: Path):
    """In the metadata of the file; its ids are as they are."""
    path = tmp_path / "list.parquet"
    path.write_bytes(BytesIO(get(bundled_published, "parquet").data).getvalue())
    read = duckdb.sql(f"select customer_id, test_group, stratum from '{path}' order by 1").fetchall()
    split_ = f"from ({campaigns.split_sql(planned(bundled, 'Spring sale', '4', '0.2'))}) order by 1"
    assert read == [tuple(row.values()) for row in bundled.rows(split_)]
    about = dict(duckdb.sql(f"select decode(key), decode(value) from parquet_kv_metadata('{path}')").fetchall())
    assert about["campaign"] == "Spring sale"
    assert about["source_fingerprint"] == bundled.value("select source_fingerprint from marts.provenance")


@pytest.mark.parametrize(
    "more", [{"name": "x' or 1=1 --"}, {"share": "2"}, {"segment": "4 or 1=1"}, {"filters": "{"}, {"filters": '{"x": 1}'}]
)
def test_an_address_that_is_none_of_ours_is_refused(bundled_published: Path, more: dict[str, str]):
    """Nothing of it reaches SQL."""
    assert get(bundled_published, "csv", **more).status_code == 400
    assert get(bundled_published, "exe").status_code == 404


def test_what_campaigns_brought(bundled: Snapshot):
    """The verdict first, then the numbers of marts.campaigns."""
    assert text(answer(bundled)).count(
        "Of 2 campaigns with results, 1 brought more than would have come anyway; of 1 it cannot be told."
    )
    shown = text(results(bundled))
    row = bundled.rows("from marts.campaigns where campaign = 'Spring voucher'")[0]
    assert f"{format.signed(100 * row['lift_low'])} to {format.signed(100 * row['lift_high'])}" in shown
    assert f"{format.signed(100 * row['relative_lift'])} %" in shown
    assert "✓ brought more" in shown
    assert "cannot be told from chance" in shown


def test_a_campaign_that_cannot_be_told(bundled: Snapshot, monkeypatch: pytest.MonkeyPatch):
    """The reason stands where the verdict would; one that brought less is said to."""
    known = campaigns.measured(bundled)[0]
    alone = known | dict.fromkeys(("lift", "held_out", "verdict"), None) | {"shortfall": "nobody was held out"}
    worse = known | {"verdict": "less", "lift": -3.0, "relative_lift": None}
    monkeypatch.setattr(campaigns, "measured", lambda _: [alone, worse])
    assert "cannot be told: nobody was held out" in text(results(bundled))
    assert "brought less" in text(results(bundled))
    assert "Of 2 campaigns with results, 0 brought more than would have come anyway, 1 less; of 1" in text(answer(bundled))


@pytest.mark.browser
def test_the_page_in_the_browser(dash_duo, bundled_published: Path):
    """Opened from the menu; another segment, share and name change the words and the links."""
    serve(dash_duo, bundled_published)
    open_action(dash_duo, "campaigns")
    db = Warehouse(bundled_published).snapshot()
    first = "#campaign-split .answer"
    name = dash_duo.wait_for_element("#campaign-name").get_attribute("value")
    everyone = said(split(db, planned(db, name, segment=""), "28", None, False, {}))
    wait_until(lambda: dash_duo.find_element(first).text == everyone, what="all")
    dash_duo.driver.execute_script("document.querySelector(\"#campaign-share input[value='0.3']\").click()")
    dash_duo.find_element("#campaign-segment").click()
    option = "//div[@role='option'][contains(., 'High income · high score')]"
    wait_until(lambda: dash_duo.driver.find_element("xpath", option).is_displayed(), what="the segments")
    dash_duo.driver.find_element("xpath", option).click()
    told = said(split(db, planned(db, name, segment="4", share="0.3"), "28", None, False, {}))
    wait_until(lambda: dash_duo.find_element(first).text == told, what="the segment")
    dash_duo.find_element("#campaign-name").send_keys(" of mine")
    dash_duo.find_element("#campaign-hashed").click()
    link = "#campaign-split .lists a"
    wait_until(
        lambda: all(part in dash_duo.find_element(link).get_attribute("href") for part in ("of+mine", "hashed=1", "segment=4")),
        what="the link",
    )
    assert dash_duo.find_element("#campaign-results").text.count("brought more") == 1
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
