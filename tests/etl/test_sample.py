import csv
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from sklearn.metrics import adjusted_rand_score

from etl.files import find_files
from etl.sample import BUNDLED, BUNDLED_CUSTOMERS, GROUPS, write_sample, write_truth
from etl.sample_transactions import BUNDLED_TRANSACTIONS, write_transactions
from etl.write_sample import main
from warehouse.connection import Snapshot
from warehouse.errors import InputError


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """The place among GROUPS of the group in which each bundled customer was planted, by the file of the truth."""
    names = [group.name for group in GROUPS]
    truth = write_truth(tmp_path_factory.mktemp("truth") / "sample.csv")
    with truth.open(newline="", encoding="utf-8") as file:
        return {row["customer_id"]: names.index(row["planted_group"]) for row in csv.DictReader(file)}


def test_the_same_arguments_give_the_same_bytes(tmp_path: Path):
    """The sample depends on its arguments alone; another seed or another number gives other customers."""
    for name, arguments in {"one": (50, 1), "again": (50, 1), "seed": (50, 2), "fewer": (49, 1)}.items():
        write_sample(tmp_path / name, *arguments)
    one = (tmp_path / "one").read_bytes()
    assert one == (tmp_path / "again").read_bytes()
    assert one != (tmp_path / "seed").read_bytes()
    assert one.startswith((tmp_path / "fewer").read_bytes())


def test_the_bundled_sample_is_the_default(tmp_path: Path):
    """The committed file is what the code writes today."""
    write_sample(tmp_path / "sample.csv")
    assert BUNDLED.read_bytes() == (tmp_path / "sample.csv").read_bytes()


def test_the_sample_looks_like_the_kaggle_file():
    """Its columns and ranges are those of Mall_Customers.csv, and every id says that it is synthetic."""
    with BUNDLED.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["CustomerID", "Gender", "Age", "Annual Income (k$)", "Spending Score (1-100)"]
    assert len({row["CustomerID"] for row in rows}) == len(rows) == BUNDLED_CUSTOMERS
    assert all(row["CustomerID"].startswith("synthetic-") for row in rows)
    assert set(Counter(row["Gender"] for row in rows)) == {"Female", "Male"}
    for column, low, high in (("Age", 18, 75), ("Annual Income (k$)", 8, 140), ("Spending Score (1-100)", 1, 100)):
        assert all(low <= int(row[column]) <= high for row in rows)


@pytest.mark.parametrize("algorithm", ["kmeans", "hierarchical"])
def test_the_planted_groups_are_found(sample: Snapshot, planted: dict[str, int], algorithm: str):
    """`spending` chooses five segments on the sample, and they are the five groups that were planted."""
    assert sample.value("select k from segments.runs where segmentation = 'spending' and algorithm = ?", [algorithm]) == 5
    found = sample.columns(f"select customer_id, spending_{algorithm} as segment from marts.customers")
    assert len(planted) == BUNDLED_CUSTOMERS
    assert len(set(planted.values())) == 5
    assert adjusted_rand_score([planted[customer] for customer in found["customer_id"]], found["segment"]) > 0.95


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The number, the seed and the file can be given; directories on the way are made. The truth is kept beside the file."""
    path = tmp_path / "new" / "it's.csv"
    monkeypatch.setattr(sys, "argv", ["sample", "--customers-n", "3", "--seed", "9", "--output", str(path)])
    main()
    truth = tmp_path / "new" / "_it's_truth.csv"
    assert capsys.readouterr().out == f"{path}: 3 synthetic customers\n{truth}: the group in which each was planted\n"
    write_sample(tmp_path / "same.csv", 3, 9)
    assert path.read_bytes() == (tmp_path / "same.csv").read_bytes()
    assert len(path.read_text().splitlines()) == 4
    assert truth.read_text().splitlines()[0] == "customer_id,planted_group"
    assert find_files(path.parent) == [(path, "new/it's.csv")]


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_truth_goes_with_its_customers(connection: duckdb.DuckDBPyConnection, tmp_path: Path, suffix: str):
    """A row per customer in the same order, each a group's name, in the kind of file the customers are in; means are as planted."""
    path = tmp_path / f"many{suffix}"
    write_sample(path, 20_000, 5)
    truth = write_truth(path, 20_000, 5)
    assert truth == tmp_path / f"_many_truth{suffix}"
    connection.execute(f"create view both_files as select * from (from '{path}') positional join (from '{truth}')")
    assert connection.execute('select bool_and("CustomerID" = customer_id), count(*) from both_files').fetchone() == (True, 20_000)
    found = connection.execute(
        'select planted_group, count(*) / 20_000, avg("Annual Income (k$)"), avg("Spending Score (1-100)") '
        "from both_files group by planted_group"
    ).fetchall()
    means = {name: values for name, *values in found}
    low = 0.0
    for group in GROUPS:
        assert means[group.name] == pytest.approx([group.up_to - low, group.income, group.score], rel=0.05)
        low = group.up_to
    assert len(means) == len(GROUPS)


def test_no_customers_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """At least one customer must be asked for."""
    monkeypatch.setattr(sys, "argv", ["sample", "--customers-n", "0"])
    with pytest.raises(SystemExit) as error:
        main()
    assert error.value.code == 2
    assert "at least 1" in capsys.readouterr().err


def test_a_file_that_cannot_be_written(tmp_path: Path):
    """The error names the file."""
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=f"{tmp_path / 'file' / 'sample.csv'}: cannot be written"):
        write_sample(tmp_path / "file" / "sample.csv", 3)


def rows_of(connection: duckdb.DuckDBPyConnection, path: Path) -> list[tuple]:
    """The rows of a file, in its order."""
    return connection.execute(f"from '{path}'").fetchall()


def test_the_bundled_transactions_are_the_default(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """The committed file has the rows that the code writes today, as Parquet or as CSV; another seed gives others. It is small."""
    write_transactions(tmp_path / "t.parquet")
    bundled = rows_of(connection, BUNDLED_TRANSACTIONS)
    assert rows_of(connection, tmp_path / "t.parquet") == bundled
    write_transactions(tmp_path / "t.csv")
    typed = f"read_csv('{tmp_path / 't.csv'}', types = {{'unit_price': 'decimal(5,1)', 'quantity': 'integer'}})"
    assert connection.execute(f"from {typed}").fetchall() == bundled
    write_transactions(tmp_path / "other.parquet", seed=1)
    assert rows_of(connection, tmp_path / "other.parquet") != bundled
    assert BUNDLED_TRANSACTIONS.stat().st_size + BUNDLED.stat().st_size < 5_000_000


def test_what_is_planted_in_the_transactions_is_there(connection: duckdb.DuckDBPyConnection, planted: dict[str, int]):
    """Two years with their seasons, a group that comes less and less, tastes, returns, copies, fees, and purchases of nobody."""
    connection.execute(f"create view bought as from '{BUNDLED_TRANSACTIONS}'")
    connection.execute("create table groups (customer_id varchar, place integer)")
    connection.executemany("insert into groups values (?, ?)", list(planted.items()))

    def ask(expression: str, source: str = "bought") -> float:
        (value,) = connection.execute(f"select {expression} from {source}").fetchone()
        return value

    span = connection.execute("select min(occurred_at)::date::varchar, max(occurred_at)::date::varchar from bought").fetchone()
    assert span == ("2024-01-01", "2025-12-28")
    assert ask("bool_and(starts_with(customer_id, 'synthetic-'))")
    assert 0.02 < ask("avg(cast(customer_id is null as integer))") < 0.06
    assert 0.03 < ask("avg(cast(quantity < 0 as integer))") < 0.07
    assert 0.02 < ask("avg(cast(product = 'POST' as integer))") < 0.08
    assert ask("count(*) - count(distinct bought)") > 20
    assert ask("count(*) filter (month(occurred_at) = 12)") > 1.5 * ask("count(*) filter (month(occurred_at) = 1)")
    assert ask("count(*) filter (isodow(occurred_at) = 6)") > 1.5 * ask("count(*) filter (isodow(occurred_at) = 2)")
    by_group = "bought inner join groups using (customer_id)"
    drifting = [ask(f"count(*) filter (place = 0 and year(occurred_at) = {year})", by_group) for year in (2024, 2025)]
    assert drifting[1] < 0.6 * drifting[0]
    tastes = [
        ask(f"avg(cast(category = '{category}' as integer)) filter (place = {place} and category is not null)", by_group)
        for place, category in ((0, "Fashion"), (1, "Groceries"), (3, "Electronics"), (4, "Home"))
    ]
    assert min(tastes) > 0.3
    connection.execute(
        "create view shares as select max(n) / sum(n) as share from (select customer_id, right(product, 1) as place, count(*) as n "
        "from bought where product <> 'POST' and customer_id is not null group by all) group by customer_id having sum(n) > 20"
    )
    favourite = ask("avg(share)", "shares")
    assert favourite > 0.35


def test_one_command_lights_up_every_page(bundled: Snapshot):
    """With nothing given the refresh has customers and their transactions, by all three segmentations, called synthetic."""
    (about,) = bundled.rows("from marts.provenance")
    assert about["is_synthetic"]
    assert about["count_customers"] == BUNDLED_CUSTOMERS
    titles = bundled.columns("select distinct segmentation from marts.clusterings order by 1")["segmentation"]
    assert titles == ["lifestyle", "spending", "value"]
    kinds = bundled.columns("select distinct line_kind from marts.transaction_accounting")["line_kind"]
    assert set(kinds) == {"sale", "reversed sale", "cancellation", "service", "duplicate"}
    assert len(bundled.columns("select distinct group_name from marts.rfm")["group_name"]) >= 8
    verdicts = bundled.rows("from raw.gate where verdict <> 'passed'")
    assert verdicts == []


@pytest.mark.soak
def test_a_million_receipts_have_as_many_numbers(tmp_path: Path):
    """As many per customer as in a small sample: no two receipts have one number."""
    write_transactions(tmp_path / "many.parquet", 150_000)
    lines = f"from '{tmp_path / 'many.parquet'}'"
    receipts, per_customer = duckdb.sql(f"select count(distinct transaction_id), count(*) / 150_000 {lines}").fetchall()[0]
    assert receipts > 1_200_000
    assert per_customer == pytest.approx(14.9, abs=0.2)


def test_the_transactions_of_a_larger_sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The command writes both files, whose ids go together."""
    customers, bought = tmp_path / "c.csv", tmp_path / "t.csv"
    monkeypatch.setattr(sys, "argv", ["sample", "--customers-n", "300", "--output", str(customers), "--transactions", str(bought)])
    assert main() == 0
    first, _, last = capsys.readouterr().out.splitlines()
    assert (first, last) == (f"{customers}: 300 synthetic customers", f"{bought}: their transactions")
    ids = {row["CustomerID"] for row in csv.DictReader(customers.read_text().splitlines())}
    assert {row["customer_id"] for row in csv.DictReader(bought.read_text().splitlines())} - {""} <= ids
