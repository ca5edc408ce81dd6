"""What the lines of transactions are, and what they tell of customers: literal lines, and real ones against pandas."""

import shutil
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from etl.transactions import load_transactions_and_customers
from tests.bought import PERSON
from tests.helpers import FOUR, HEADER, QUICK, refreshed
from tests.warehouse.test_score import parity
from warehouse.build import build
from warehouse.catalog import checks
from warehouse.checks import run_checks
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import GateError

Write = Callable[..., Path]
LINES = "invoice,date,customer_id,product,product_name,quantity,unit_price\n"
OF_TRANSACTIONS = [
    *("features.service_rules", "features.products", "features.transaction_lines", "features.observation"),
    *("features.transaction_features", "features.category_shares", "features.columns"),
]


@pytest.fixture
def told(connection: duckdb.DuckDBPyConnection, write: Write) -> Callable[..., dict[int, str]]:
    """What the lines given are, by their place from 1."""

    def told(rows: Sequence[str]) -> dict[int, str]:
        load_transactions_and_customers(connection, write(LINES + "\n".join(rows) + "\n"))
        build(connection, OF_TRANSACTIONS)
        found = connection.execute("select source_line - 1, line_kind from features.transaction_lines order by 1").fetchall()
        return dict(found)

    return told


LINE_KINDS = [
    ("7{n},2024-02-01,a{n},A1,Apple,2,5", "sale"),
    ("7{n},2024-02-01,,A1,Apple,2,5", "sale"),
    ("7{n},2024-02-01,a{n},A1,Apple,-2,5", "return"),
    ("C7{n},2024-02-01,a{n},A1,Apple,-2,5", "cancellation"),
    ("C7{n},2024-02-01,a{n},A1,Apple,2,5", "sale"),
    ("Carla,2024-02-01,a{n},A1,Apple,-2,5", "return"),
    ("7{n},2024-02-01,a{n},A1,Apple,-2,0", "stock adjustment"),
    ("7{n},2024-02-01,a{n},A1,Apple,2,0", "free"),
    ("7{n},2024-02-01,a{n},A1,Apple,1,501", "odd price"),
    ("7{n},2024-02-01,a{n},A1,Apple,1,500", "sale"),
    ("C7{n},2024-02-01,a{n},A1,Apple,-1,0.04", "odd price"),
    ("7{n},2024-02-01,a{n},NEW,New,1,50000", "sale"),
    ("7{n},2024-02-01,a{n},post,x,1,18", "service"),
    ("7{n},2024-02-01,a{n},X{n},Next Day Carriage,1,18", "service"),
    ("7{n},2024-02-01,a{n},X{n},Gift Card 50,1,50", "service"),
    ("7{n},2024-02-01,a{n},X{n},Postage stamp album,1,18", "sale"),
    ("7{n},2024-02-01,a{n},X{n},Coffee beans,1,18", "sale"),
    ("C7{n},2024-02-01,a{n},D,Discount,-1,18", "service"),
    ("1,2024-01-01,z,A1,Apple,1,5", "duplicate"),
]
"""Lines of which each has a customer, an invoice and further products of its own, and what each is."""


def test_what_a_line_is(told: Callable[..., dict[int, str]]):
    """Each by the first rule that applies, beside eleven ordinary sales of the same product at 5."""
    rows = [f"{n},2024-01-01,z,A1,Apple,1,5" for n in range(1, 12)]
    found = told([*rows, *(row.format(n=place) for place, (row, _) in enumerate(LINE_KINDS, start=20))])
    assert [(row, found[place]) for place, (row, _) in enumerate(LINE_KINDS, start=12)] == LINE_KINDS


UNDONE = {
    "+-": {1},
    "-+": set(),
    "++-": {1},
    "+-+": {1},
    "-+-": {2},
    "+--": {1},
    "--++-": {3},
    "+-+-+": {1, 3},
    "++--+": {1, 2},
}
"""Sales and returns of one customer, in their order, and the places of the sales that are undone."""


def test_a_return_undoes_a_sale_before_it(told: Callable[..., dict[int, str]]):
    """The first that is left; none where all before it are undone: that was of something bought before the file begins."""
    rows: list[str] = []
    for case, steps in enumerate(UNDONE, start=10):
        rows += [
            f"{case}{n},2024-01-{n:02},a{case},A1,Apple,{'-' if step == '-' else ''}2,5" for n, step in enumerate(steps, start=1)
        ]
        rows.append(f"{case}91,2024-01-01,b{case},A1,Apple,2,5")
        rows.append(f"{case}92,2024-01-01,a{case},A1,Apple,3,5")
        rows.append(f"{case}93,2024-01-01,a{case},B2,Bread,2,5")
    kinds = iter(told(rows).values())
    for steps, undone in UNDONE.items():
        own, others = list(islice(kinds, len(steps))), list(islice(kinds, 3))
        assert (steps, {place for place, kind in enumerate(own, start=1) if kind == "reversed sale"}) == (steps, undone)
        assert others == ["sale"] * 3


def test_a_column_that_is_called_like_ours(connection: duckdb.DuckDBPyConnection, write: Write):
    """Further columns of the file decide nothing, whatever they are called."""
    header = "invoice,date,customer_id,product,quantity,unit_price,line kind,is service,median price,count priced\n"
    load_transactions_and_customers(
        connection, write(f"{header}1,2024-02-01,a,A1,2,5,web,true,1,99\n2,2024-02-01,b,A1,2,5,shop,1,1,99\n")
    )
    build(connection, OF_TRANSACTIONS)
    assert connection.execute("select distinct line_kind, is_counted from features.transaction_lines").fetchall() == [
        ("sale", True)
    ]


def by_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """Recency, frequency, monetary value and more per customer, another way: a loop over the receipts of each."""
    last = frame.loc[frame["kind"] == "sale", "at"].max().normalize()
    found = {}
    for customer, own in frame[frame["kind"].isin(["sale", "reversed sale", "return", "cancellation"])].groupby("customer"):
        sales = own[own["kind"] == "sale"]
        receipts = sales.groupby("transaction").agg(at=("at", "min"), amount=("amount", "sum"))
        days = sorted(set(receipts["at"].dt.normalize()))
        bought = own.loc[own["amount"] > 0, "amount"].sum()
        found[customer] = {
            "recency_days": (last - days[-1]).days if days else np.nan,
            "frequency": len(receipts),
            "monetary": own["amount"].sum(),
            "tenure_days": (last - days[0]).days if days else np.nan,
            "average_basket": receipts["amount"].mean() if len(receipts) else np.nan,
            "interpurchase_days": np.mean(np.diff(days)) / np.timedelta64(1, "D") if len(days) > 1 else np.nan,
            "returns_share": -own.loc[own["amount"] < 0, "amount"].sum() / bought if bought else np.nan,
            "weekend_share": (receipts["at"].dt.day_of_week >= 5).mean() if len(receipts) else np.nan,
            "morning_share": (receipts["at"].dt.hour < 12).mean() if len(receipts) else np.nan,
            "evening_share": (receipts["at"].dt.hour >= 18).mean() if len(receipts) else np.nan,
        }
    return pd.DataFrame.from_dict(found, orient="index").sort_index()


def test_what_customers_bought_is_what_pandas_says(bought: Snapshot):
    """Every feature of every customer, from the kinds of the lines on, counted in another way."""
    frame = bought.frame(
        "select customer_id as customer, transaction_id as transaction, occurred_at as at, line_kind as kind, "
        "cast(amount as double) as amount from features.transaction_lines where customer_id is not null"
    )
    assert {"sale", "reversed sale", "return", "cancellation", "duplicate", "service", "free"} >= set(frame["kind"])
    assert len(set(frame["kind"])) >= 6
    own = bought.frame("from features.transaction_features order by customer_id").set_index("customer_id")
    pd.testing.assert_frame_equal(own, by_pandas(frame), check_dtype=False, check_names=False, rtol=1e-9)


def test_the_real_file_is_what_pandas_says(connection: duckdb.DuckDBPyConnection, shared_data: Path):
    """UCI Online Retail, read by pandas: the amounts add up to the raw file, and frequency and money agree for every customer."""
    path = shared_data / "online_retail.parquet"
    load_transactions_and_customers(connection, path)
    build(connection, [*OF_TRANSACTIONS, "marts.transaction_accounting"])
    total = "select sum(count_lines), sum(amount)::varchar from marts.transaction_accounting"
    assert connection.execute(total).fetchone() == (541_909, "9747747.9340")
    raw = connection.execute(f"from read_parquet('{path}')").df().drop_duplicates().dropna(subset="CustomerID")
    services = connection.execute("select product from features.products where is_service").df()["product"]
    raw = raw[~raw["StockCode"].str.upper().isin(services)]
    raw["amount"] = raw["Quantity"] * raw["UnitPrice"]
    odd = connection.execute("select sum(amount)::double from features.transaction_lines where line_kind = 'odd price'").fetchone()
    spent = connection.execute("select sum(monetary) from features.transaction_features").fetchone()
    assert spent[0] == pytest.approx(raw["amount"].sum() - odd[0], abs=0.005)
    undone = connection.execute("select source_line from features.transaction_lines where line_kind <> 'sale'").df()["source_line"]
    sales = raw.drop(index=raw.index.intersection(undone - 1))
    frequency = sales.groupby("CustomerID")["InvoiceNo"].nunique()
    frequency.index = frequency.index.astype("int64")
    own = connection.execute("select customer_id::bigint as id, frequency from features.transaction_features where frequency > 0")
    pd.testing.assert_series_equal(
        own.df().set_index("id")["frequency"].sort_index(), frequency, check_names=False, check_dtype=False
    )


def test_who_bought_nothing_was_away_at_least_as_long_as_the_file(tmp_path: Path, write: Write):
    """Nought purchases and nought spent are known; recency is filled in and flagged, beside customers who bought."""
    rows = "1,2024-01-01,1,A,a,1,5\n2,2024-01-11,2,A,a,2,5\n3,2024-01-05,2,A,a,2,5\n"
    path = write(QUICK, "quick.toml")
    db = refreshed(tmp_path / "w", write(HEADER + FOUR), path, transactions=write(LINES + rows, "t.csv"))
    names = "customer_id, recency_days, frequency, monetary, is_recency_days_imputed, is_frequency_imputed"
    assert [tuple(row.values()) for row in db.rows(f"select {names} from features.customer_features order by 1")] == [
        ("1", 10.0, 1.0, 5.0, False, False),
        ("2", 0.0, 2.0, 20.0, False, False),
        ("3", 11.0, 0.0, 0.0, True, False),
        ("4", 11.0, 0.0, 0.0, True, False),
    ]
    assert db.value("select count(*) from marts.rfm") == 2


def test_classic_groups_cover_every_pair_of_scores(bought: Snapshot):
    """Every pair of scores is in one group, scores follow the values, equal values have equal scores, and no buyer is left out."""
    counted = bought.rows(
        "select recency, value, count(group_name) as n from range(1, 6) as r (recency) cross join range(1, 6) as v (value) "
        "left join marts.rfm_groups on recency between lowest_recency and highest_recency "
        "and value between lowest_value and highest_value group by all"
    )
    assert [row["n"] for row in counted] == [1] * 25
    rfm = bought.frame("from marts.rfm")
    assert len(rfm) == bought.value("select count(*) from features.transaction_features where frequency > 0")
    for score, number, sign in (("recency_score", "recency_days", -1), ("frequency_score", "frequency", 1)):
        spans = rfm.groupby(score)[number].agg(["min", "max"]).sort_index(ascending=sign > 0)
        assert (spans["max"].to_numpy()[:-1] < spans["min"].to_numpy()[1:]).all()
    assert set(rfm["monetary_score"]) == {1, 2, 3, 4, 5}
    shares = rfm["monetary_score"].value_counts(normalize=True)
    assert shares.between(0.18, 0.22).all()


def test_shares_of_categories_add_up(bought: Snapshot):
    """What customers spend on each category adds up to their sales, and the shares to 1."""
    shares = bought.frame("select customer_id, sum(share) as share, sum(amount) as amount from features.category_shares group by 1")
    assert np.allclose(shares["share"], 1)
    sales = bought.value(
        "select sum(amount)::double from features.transaction_lines where line_kind = 'sale' and customer_id is not null"
    )
    assert shares["amount"].sum() == pytest.approx(sales)


def test_scores_by_value_are_the_assignments(bought: Snapshot):
    """marts.score_customers puts the customers, as features.customer_values gives them, where the clustering did."""
    parity(bought, "features.customer_values")


def test_segments_follow_value(bought: Snapshot):
    """The two kinds of customers of the file come out as two segments, by their names the frequent and the others."""
    names = bought.columns("select segment_name from marts.segment_profiles where algorithm = 'kmeans'")["segment_name"]
    assert any("frequent" in name.lower() and "infrequent" not in name.lower() for name in names)
    often = bought.rows(
        "select segment_id, count(*) as n from segments.assignments where algorithm = 'kmeans' "
        "and try_cast(right(customer_id, 4) as integer) % 3 = 0 group by 1 order by 2 desc"
    )
    assert often[0]["n"] > 0.9 * sum(row["n"] for row in often)


def test_an_amount_that_is_changed_is_noticed(tmp_path: Path, bought_published: Path):
    """The check of the sums fails once an amount is changed behind the back of the accounting."""
    with duckdb.connect(tmp_path / "copy.duckdb") as copy:
        copy.execute(f"attach '{Warehouse(bought_published).snapshot().path}' as old (read_only)")
        copy.execute("copy from database old to copy")
        assert run_checks(copy) == len(checks())
        copy.execute("update marts.transaction_accounting set amount = amount + 0.01 where line_kind = 'free'")
        with pytest.raises(GateError, match="transactions_add_up"):
            run_checks(copy)


def test_a_person_is_erased_from_transactions_too(
    tmp_path: Path, bought: Snapshot, bought_published: Path, bought_without_person: Path, write: Write
):
    """No line, feature or mention of the person is left in any byte, the sums hold, and a refresh does not bring them back."""
    own = bought.value("select count(*) from raw.transactions where customer_id = ?", [PERSON])
    assert own > 0
    before = bought.rows("from raw.sources")[0]
    for version in bought_without_person.glob("*.duckdb"):
        assert PERSON.encode() not in version.read_bytes()
    after = Warehouse(bought_without_person).snapshot().rows("from raw.sources")[0]
    assert after["rows_forgotten"] == own
    assert after["rows_in"] == before["rows_in"]
    shutil.copytree(bought_without_person, tmp_path / "w", symlinks=True)
    value = write('[value]\nfeatures = ["monetary"]\nk = 2\nk_max = 2\n', "v.toml")
    header, *everything = bought_published.with_name("bought.csv").read_text().splitlines()
    some = [line for line in everything if PERSON in line or line.split(",")[1] < "2024-03"]  # too short a time to be foreseen
    path = write("\n".join([header, *some, ""]), "t.csv")
    again = refreshed(tmp_path / "w", None, value, transactions=path, force=True)
    assert again.rows("from raw.sources")[0]["rows_forgotten"] == own
    assert again.value("select count(*) from raw.transactions where customer_id = ? or note is not null", [PERSON]) == 0
