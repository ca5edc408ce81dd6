"""Spark finds what DuckDB finds: statement by statement, and version by version."""

import csv
import random
import re
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from rich.console import Console

import warehouse.spark.session
from etl.console import Reporter
from etl.refresh import refresh
from etl.sample import write_sample
from tests.spark.compared import alike, differences
from tests.spark.standalone import Standalone
from warehouse.cluster import Columns, Parameters
from warehouse.connection import literal
from warehouse.forget import forget
from warehouse.lake_tables import LakeTables
from warehouse.settings import Settings
from warehouse.spark.session import connected

COUNT = 6_000
"""Customers: more than are points each, so that cells are made."""
SEGMENTATIONS = """
[spending]
features = ["annual_income_k", "spending_score"]
k_max = 3

[lifestyle]
features = ["age", "annual_income_k", "spending_score"]
k = 4
k_max = 4
"""
HEADER = ["CustomerID", "Gender", "Age", "Annual Income (k$)", "Spending Score (1-100)", "City", "Notes"]


class Compared(LakeTables):
    """Asks DuckDB too whatever is asked of the cluster, and compares the rows."""

    compared: list[str]
    """The statements, in the order they were asked."""

    def read_text(self, name: str, files: Mapping[Path, str]) -> None:
        super().read_text(name, files)
        rows = [
            (shown, number, line.rstrip("\r\n"))
            for path, shown in files.items()
            for number, line in enumerate(path.read_text("utf-8", errors="replace").rstrip().split("\n"), start=1)
        ]
        given = {"source_file": [row[0] for row in rows], "line": [row[2] for row in rows]}
        arrays: dict[str, Any] = {column: np.array(values, dtype=object) for column, values in given.items()}
        self._duckdb.register("given_lines", {**arrays, "source_line": np.array([row[1] for row in rows])})
        self._duckdb.execute(
            f"create or replace temporary table told_lines as select source_file, source_line, line, "
            "not contains(line, chr(65533)) as is_readable from given_lines; "
            f"create or replace temporary view {name} as from told_lines"
        )
        self._duckdb.unregister("given_lines")

    def read_parquet(self, name: str, files: Mapping[Path, str]) -> None:
        super().read_parquet(name, files)
        each = " union all ".join(
            f"select {literal(shown)} as _source_file, row_number() over () as _source_line, * from read_parquet({literal(path)})"
            for path, shown in files.items()
        )
        self._duckdb.execute(f"create or replace temporary view {name} as {each}")

    def write(
        self, folder: Path, body: str, columns: Columns, reads: Set[str], parameters: Parameters, in_order: bool = False
    ) -> int:
        before = set(folder.glob("*.parquet"))
        count = super().write(folder, body, columns, reads, parameters, in_order)
        if not reads:
            return count
        files = ", ".join(literal(path) for path in sorted(set(folder.glob("*.parquet")) - before))
        values = ", ".join(f'cast("{name}" as {type_})' for name, type_ in columns)
        told = self._duckdb.execute(f"select {values} from read_parquet([{files}])").fetchall()
        expected = self._duckdb.execute(f"select {values} from ({body})", parameters).fetchall()
        assert alike(told, expected, in_order and _is_ordered(body)) == [], body
        self.compared.append(body)
        return count


def _is_ordered(sql: str) -> bool:
    """Whether a query as a whole says in which order its rows come, with no two in the same place."""
    return re.search(r"order by (label|place|point_id|customer_id)\s*(\) as landed \([^()]*\))?\s*$", sql) is not None


@pytest.fixture
def statements(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The statements that were run on both engines, and came out alike."""
    monkeypatch.setattr(Compared, "compared", [], raising=False)
    monkeypatch.setattr(warehouse.spark.session, "LakeTables", Compared)
    return Compared.compared


def _customers() -> list[list[str]]:
    """Customers of five groups, some without a value, in cities of which two need their accents."""
    chosen = random.Random(11)
    groups = [(26, 80, 24), (26, 20, 79), (87, 18, 43), (86, 82, 33), (55, 50, 42)]
    cities = ["Köln", "Zürich", "Bonn", ""]
    rows = []
    for number in range(COUNT):
        income, score, age = groups[number % 5]
        values = [chosen.gauss(age, 6), chosen.gauss(income, 7), chosen.gauss(score, 8)]
        age, income, score = max(18, round(values[0])), max(1, round(values[1], 1)), min(99, max(1, round(values[2])))
        gender = chosen.choice(["Male", "Female", "f", "M", ""])
        rows.append([f"C{number:05}", gender, str(age), str(income), str(score), chosen.choice(cities), ""])
    for row in chosen.sample(rows, 200):
        row[chosen.randrange(2, 5)] = chosen.choice(["", "n/a", "-"])
    return rows


def _write(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows([HEADER, *rows])


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders of customers: the second has others, changed ones, and rows that cannot be used."""
    base = tmp_path_factory.mktemp("customers")
    first, second = base / "first", base / "second half"
    first.mkdir()
    second.mkdir()
    rows = _customers()
    _write(first / "a.csv", rows[:2_000])
    _write(first / "b.csv", rows[2_000:])
    chosen = random.Random(12)
    kept = [list(row) for row in rows if chosen.random() > 0.02]
    for row in chosen.sample(kept, 500):
        row[3], row[4] = str(round(chosen.uniform(15, 120), 1)), str(chosen.randint(1, 99))
    for row in chosen.sample(kept, 40):
        row[6] = chosen.choice(['likes "red" things', "asked for C00007, twice", "of C00007", "a, b; c"])
    odd = [
        [*kept[5]],
        [kept[6][0], *kept[7][1:]],
        ["X1", "Male", "abc", "15", "39", "", ""],
        ["X2", "Male", "300", "15", "39", "", ""],
        ["X3", "Male", "1_0", "15", "39", "", ""],
        ["X4", "Male", "30d", "15", "39", "", ""],
        ["X5", "Male", "0x1p3", "15", "39", "", ""],
        ["", "Male", "30", "15", "39", "", ""],
        ["X6", "", "", "", "", "", ""],
        ["Total", "", "50", "60", "50", "", ""],
        ["\u00a0X7\u200b ", " Female", " 31 ", "1,234.5", "39", "Köln", ""],
        ["N1", "Female", "+31", "1e2", "39.0", "Bonn", "x"],
        HEADER,
    ]
    _write(second / "all of it.csv", kept + odd)
    with (second / "all of it.csv").open("a", encoding="utf-8") as file:
        file.write(
            "\nB0,Male,30,15,39,K%ln,\nB1,Male,30\n"
            '"B2"x,Male,30,15,39,,\nB3,Male,30,15,39,,,,\nB4,"a ""b""",30,15,39,Bonn,"c,d"\n \n\n'
        )
    written = (second / "all of it.csv").read_bytes()
    (second / "all of it.csv").write_bytes(written.replace(b"K%ln", b"K\xf6ln"))
    return first, second


def _refresh(warehouse_: Path, customers: Path, segmentations: Path | None = None, **settings: Any) -> None:
    given = Settings(customers=customers, warehouse=warehouse_, segmentations=segmentations, keep_versions=9, **settings)
    refresh(given, Reporter(Console(quiet=True)))


def test_statements_and_versions_are_the_same(
    cluster: Standalone, folders: tuple[Path, Path], tmp_path: Path, statements: list[str]
):
    """Two refreshes, with somebody erased in between: each statement gives the same rows on both engines, each version the same.

    The text of rejected rows is left out: Spark has their values side by side.
    """
    segmentations = tmp_path / "segmentations.toml"
    segmentations.write_text(SEGMENTATIONS)
    for customers in folders:
        _refresh(tmp_path / "duckdb", customers, segmentations)
        _refresh(tmp_path / "spark", customers, segmentations, engine="spark", spark_master=cluster.address)
        for directory in (tmp_path / "duckdb", tmp_path / "spark"):
            if customers == folders[0]:
                forget(directory, "C00007")
    for version in ("v1.duckdb", "v2.duckdb"):
        left_out = ("row_text", "source_fingerprint")
        assert differences(tmp_path / "duckdb" / version, tmp_path / "spark" / version, left_out) == {}
    kinds = {re.sub(r"\W+", " ", statement)[:60] for statement in statements}
    assert len(statements) > 200
    assert len(kinds) > 50


def test_typed_columns_are_read_alike(cluster: Standalone, tmp_path: Path, statements: list[str]):
    """Of Parquet files: whole numbers, fractions, decimals, truth values, times and bytes stand as they would in a CSV file."""
    folder = tmp_path / "parquet"
    folder.mkdir()
    duckdb.connect().execute(
        f"""
        copy (
            select
                i as customer_id,
                if(i % 3 = 0, 'Male', 'Female') as gender,
                cast(18 + i % 50 as tinyint) as age,
                cast(15 + (i * 7 % 1000) / 10 as decimal(8, 2)) as annual_income_k,
                cast(1 + i * 13 % 98 as double) as spending_score,
                i % 2 = 0 as is_member,
                date '2020-01-01' + cast(i as integer) as joined,
                timestamp '2020-01-01 10:00:00' + to_milliseconds(i * 250) as seen,
                timestamptz '2020-01-01 10:00:00+02' + to_milliseconds(i * 250) as seen_in_zone,
                cast(i % 200 as utinyint) as visits,
                cast(i % 8 / 4 as float) as share,
                12345678.25 + i * 1e9 / 7 as code,
                cast('n' || i as blob) as note
            from range(300) as numbers (i)
        ) to '{folder}/a.parquet' (row_group_size 100)
        """
    )
    duckdb.connect().execute(f"copy (from '{folder}/a.parquet' where customer_id < 0) to '{folder}/b.parquet'")
    segmentations = tmp_path / "segmentations.toml"
    segmentations.write_text(SEGMENTATIONS)
    _refresh(tmp_path / "duckdb", folder, segmentations)
    _refresh(tmp_path / "spark", folder, segmentations, engine="spark", spark_master=cluster.address)
    left_out = ("source_fingerprint",)
    assert differences(tmp_path / "duckdb" / "v1.duckdb", tmp_path / "spark" / "v1.duckdb", left_out) == {}
    assert statements


@pytest.mark.million
def test_a_million_customers(cluster: Standalone, tmp_path: Path):
    """In the segmentations that come with this project: every assignment is the same, and the profiles, the cells, the cube."""
    customers = tmp_path / "customers.csv"
    write_sample(customers, 1_000_000)
    _refresh(tmp_path / "duckdb", customers)
    _refresh(tmp_path / "spark", customers, engine="spark", spark_master=cluster.address)
    left_out = ("source_fingerprint",)
    assert differences(tmp_path / "duckdb" / "v1.duckdb", tmp_path / "spark" / "v1.duckdb", left_out) == {}
    with duckdb.connect(tmp_path / "spark" / "v1.duckdb", read_only=True) as connection:
        told = "select count(*), count(distinct customer_id) from segments.assignments"
        assert connection.execute(told).fetchall() == [(4_000_000, 1_000_000)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_have_the_numbers_of_their_file(cluster: Standalone, tmp_path: Path, end: str):
    """However many blocks a file is read in, whatever its name; what is blank at its end is left out."""
    lines = [f"{number}{'x' * (number * 7 % 90)}" if number % 11 else "" for number in range(1, 2_001)]
    files = {}
    for name in ("a b.csv", "c%20.csv", "ü,é.csv"):
        path = tmp_path / name
        path.write_text(end.join([name, *lines, "", " \t", ""]), encoding="utf-8", newline="")
        files[path] = f"shown/{name}"
    with connected(cluster.address) as spark:
        spark.session.conf.set("spark.sql.files.maxPartitionBytes", "3000")
        spark.session.conf.set("spark.sql.files.openCostInBytes", "0")
        spark.show_lines("source_lines", files)
        read = spark.session.sql("select source_file, source_line, line from source_lines").collect()
        parts = spark.session.sql("select count(distinct block) as blocks from source_lines__blocks").collect()[0].blocks
    assert parts > 10
    told = {(row.source_file, row.source_line): row.line for row in read}
    assert len(told) == len(read)
    kept = len(lines) - (len(lines) % 11 == 0)
    assert told == {
        (shown, number): line for path, shown in files.items() for number, line in enumerate([path.name, *lines[:kept]], start=1)
    }
