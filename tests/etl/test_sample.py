import csv
import sys
from collections import Counter
from pathlib import Path

import pytest
from sklearn.metrics import adjusted_rand_score

from etl.sample import _GROUPS, BUNDLED, BUNDLED_CUSTOMERS, SEED, main, write_sample
from warehouse.connection import Snapshot
from warehouse.errors import InputError


def _planted(connection) -> dict[str, int]:
    """The group each bundled customer was planted in, by the share of the uniform that chose it."""
    uniform = f"hash(concat_ws('/', {SEED}, i, 7)) / 18446744073709551616.0"
    rows = connection.execute(
        f"""
        with groups(low, high, income, income_sd, score, score_sd, age, age_sd, female) as (values {_GROUPS})
        select 'synthetic-' || lpad(cast(i as varchar), 5, '0'), low
        from (select i, {uniform} as u from range(1, {BUNDLED_CUSTOMERS + 1}) as t(i)) inner join groups on u >= low and u < high
        """
    ).fetchall()
    lows = sorted({low for _, low in rows})
    return {customer: lows.index(low) for customer, low in rows}


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
def test_the_planted_groups_are_found(sample: Snapshot, connection, algorithm: str):
    """`spending` chooses five segments on the sample, and they are the five groups that were planted."""
    assert sample.value("select k from segments.runs where segmentation = 'spending' and algorithm = ?", [algorithm]) == 5
    found = sample.columns(f"select customer_id, spending_{algorithm} as segment from marts.customers")
    planted = _planted(connection)
    assert len(planted) == BUNDLED_CUSTOMERS
    assert len(set(planted.values())) == 5
    assert adjusted_rand_score([planted[customer] for customer in found["customer_id"]], found["segment"]) > 0.95


def test_the_command_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """The number, the seed and the file can be given; directories on the way are made."""
    path = tmp_path / "new" / "it's.csv"
    monkeypatch.setattr(sys, "argv", ["sample", "--customers-n", "3", "--seed", "9", "--output", str(path)])
    main()
    assert capsys.readouterr().out == f"{path}: 3 synthetic customers\n"
    write_sample(tmp_path / "same.csv", 3, 9)
    assert path.read_bytes() == (tmp_path / "same.csv").read_bytes()
    assert len(path.read_text().splitlines()) == 4


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
