"""The customers that filters leave: the table, the search, the downloads, what is different, and the SQL of it all."""

import csv
import io
import json
import random
import re
import zipfile
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import duckdb
import numpy as np
import pandas as pd
import pytest
from python_calamine import CalamineWorkbook

from dashboard import difference, filters, queries, selection, statements
from dashboard.app import create_app
from dashboard.export import MOST_IN_SHEET
from dashboard.pages import explore
from dashboard.shown import numbered, shown, wanted
from tests.helpers import HEADER, QUICK, once, refreshed
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, NotKeptError
from warehouse.settings import Settings

SELECTIONS = [
    {},
    {"gender": {"op": "not_in", "value": ["Male"]}},
    {"annual_income_k": {"op": "between", "value": [80, 140]}, "spending_kmeans": {"op": "in", "value": [4, 5]}},
    {"age*spending_score": {"op": "box", "value": [[20, 40], [0, 50]]}, "lifestyle_hierarchical": {"op": "not_in", "value": [1]}},
]


@pytest.fixture(scope="module")
def db(published) -> Snapshot:
    return Warehouse(published).snapshot()


@pytest.fixture(scope="module")
def features(db) -> pd.DataFrame:
    """The customers with their segments, from other relations than the dashboard reads."""
    return db.frame(
        "select features.*, "
        + ", ".join(
            f"(select segment_id from segments.assignments as a where a.customer_id = features.customer_id and "
            f"segmentation = '{segmentation}' and algorithm = '{algorithm}') as {segmentation}_{algorithm}"
            for segmentation in ("spending", "lifestyle")
            for algorithm in ("kmeans", "hierarchical")
        )
        + " from features.customer_features as features"
    )


def chosen_of(features: pd.DataFrame, selected: dict) -> pd.DataFrame:
    """The rows that filters leave, by pandas."""
    keep = np.ones(len(features), dtype=bool)
    for name, condition in selected.items():
        value = condition["value"]
        if condition["op"] in ("in", "not_in"):
            keep &= features[name].isin(value).to_numpy() == (condition["op"] == "in")
        else:
            for column, (low, high) in zip(name.split("*"), value if condition["op"] == "box" else [value], strict=True):
                keep &= ((features[column] >= low) & (features[column] < high)).to_numpy()
    return features[keep]


def links(db: Snapshot, selected: dict, search: str = "", order: list | None = None) -> dict[str, str]:
    """The addresses of the downloads, by kind."""
    found = explore.links(db, {"sortModel": order or []}, selected, "spending", search)
    return {urlsplit(link.href).path.rpartition(".")[2]: link.href for link in found}


@pytest.mark.parametrize("selected", SELECTIONS)
def test_an_export_equals_the_screen(published, db, features, selected, tmp_path):
    """Every kind of file has the rows, the columns, the order and the sums of the page, and says where it comes from."""
    client = create_app(Settings(warehouse=published)).server.test_client()
    expected = chosen_of(features, selected)
    files = {kind: client.get(address) for kind, address in links(db, selected, order=[{"colId": "age", "sort": "desc"}]).items()}
    assert {answer.status_code for answer in files.values()} == {200}
    rows = explore.rows(db, {"startRow": 0, "endRow": 100, "sortModel": [{"colId": "age", "sort": "desc"}]}, selected, "spending")[
        0
    ]
    columns = [column["field"] for column in explore.table_columns(db)]
    parquet = read_parquet(files["parquet"].data, tmp_path)
    workbook = CalamineWorkbook.from_filelike(io.BytesIO(files["xlsx"].data))
    head, *body = workbook.get_sheet_by_name("Customers").to_python()
    frames = [pd.read_csv(io.BytesIO(files["csv"].data)), parquet, pd.DataFrame(body, columns=head)]
    for frame in frames:
        assert list(frame.columns) == columns
        assert len(frame) == len(expected) == rows["rowCount"]
        for name in ("age", "annual_income_k", "spending_score"):
            assert frame[name].astype(float).sum() == pytest.approx(expected[name].sum())
        assert list(frame["customer_id"][:100]) == [row["customer_id"] for row in rows["rowData"]]
        assert list(frame["kmeans_segment"][:100]) == [row["kmeans_segment"] for row in rows["rowData"]]
    about = files["json"].get_json()
    for answer in files.values():
        answer.close()
    assert (about["version"], about["rows"], about["of_customers"]) == (db.version, len(expected), len(features))
    assert about["customers"] == filters.english(filters.parse(selected, queries.dimensions(db)))
    assert len(db.rows(about["sql"])) == len(expected)
    told = {row[0]: row[1] for row in workbook.get_sheet_by_name("About").to_python()}
    assert (told["rows"], told["sql"]) == (str(len(expected)), about["sql"])
    name = f"customers_{len(expected)}_of_{len(features)}_version_{db.version}.csv"
    assert name in files["csv"].headers["Content-Disposition"]


def read_parquet(data: bytes, folder: Path) -> pd.DataFrame:
    """The rows of a Parquet file that was sent."""
    (folder / "sent.parquet").write_bytes(data)
    return duckdb.sql(f"from '{folder / 'sent.parquet'}'").df()


def test_a_statement_keeps_what_is_in_its_literals(tmp_path):
    """Tabs, blanks and ends of lines in a value are part of it: the SQL that is shown finds the same customers."""
    odd = ["tab\there", "line\n        indented", "'; --", "it's\n", "plain"]
    frame = pd.DataFrame(
        {
            "CustomerID": [str(place) for place in range(40)],
            "Gender": ["F", "M"] * 20,
            "Age": range(20, 60),
            "Annual Income (k$)": range(40),
            "Spending Score (1-100)": [place % 7 for place in range(40)],
            "odd": [odd[place % 5] for place in range(40)],
        }
    )
    duckdb.from_df(frame).write_parquet(str(tmp_path / "c.parquet"))
    (tmp_path / "m.toml").write_text('[columns]\nodd = "category"\n')
    (tmp_path / "s.toml").write_text(QUICK)
    db = refreshed(tmp_path / "warehouse", tmp_path / "c.parquet", tmp_path / "s.toml", mapping=tmp_path / "m.toml")
    for (value,) in {(row["odd"],) for row in db.rows("select odd from marts.customers")}:
        selected = {"odd": {"op": "in", "value": [value]}}
        assert selection.count(db, filters.parse(selected, queries.dimensions(db))) == 8
        for of in (statements.TABLE, "age", "annual_income_k*spending_score"):
            rows = db.rows(statements.statement(db, of, selected, "spending", "kmeans").rstrip(";"))
            assert (len(rows) if of == statements.TABLE else sum(row["count_customers"] for row in rows)) == 8
        with explore.download(db, "json", {"filters": selected}, "spending")[0] as file:
            assert len(db.rows(json.load(file)["sql"])) == 8


def test_a_full_folder_is_said_in_words(db, tmp_path, monkeypatch):
    """Where a file cannot be written nothing is left behind, and no path is told."""
    for kind in ("csv", "parquet", "xlsx"):
        monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
        with pytest.raises(InputError, match=r"^the file cannot be written: there is no room"):
            explore.download(db, kind, {}, "spending")


def test_no_cell_is_a_formula(tmp_path):
    """Ids and categories that a spreadsheet would compute are text in CSV and in Excel; Parquet has them as they are."""
    ids = ["=1+1", "+49", "-3", "@x", "plain"]
    (tmp_path / "c.csv").write_text(
        HEADER + "".join(f"{name},{'=F' if i % 2 else 'M'},{30 + i},{i},{i}\n" for i, name in enumerate(ids))
    )
    (tmp_path / "s.toml").write_text(QUICK)
    db = refreshed(tmp_path / "warehouse", tmp_path / "c.csv", tmp_path / "s.toml")
    with explore.download(db, "csv", {}, "spending")[0] as file:
        rows = list(csv.DictReader(io.StringIO(file.read().decode())))
    assert {row["customer_id"] for row in rows} == {"'=1+1", "'+49", "'-3", "'@x", "plain"}
    assert {row["gender"][:2] for row in rows} <= {"'=", "Ma", "M", "F"}
    with explore.download(db, "xlsx", {}, "spending")[0] as file:
        data = file.read()
    sheet = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name("Customers").to_python()
    assert {row[0] for row in sheet[1:]} == set(ids)
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        assert b"<f>" not in b"".join(book.read(name) for name in book.namelist())
    with explore.download(db, "parquet", {}, "spending")[0] as file:
        assert set(read_parquet(file.read(), tmp_path)["customer_id"]) == set(ids)


@pytest.mark.parametrize(
    "query",
    [
        "asked=3",
        "asked={",
        "asked=" + "[" * 100_000,
        "asked=" + json.dumps({"filters": {"x": {"op": "in", "value": ["y"]}}}),
        "asked=" + json.dumps({"search": 3}),
        "asked=" + json.dumps({"search": "a\ud800b"}),
        "asked=" + json.dumps({"search": "a" * 201}),
        "asked=" + json.dumps({"sortModel": [{"colId": "1; drop"}]}),
        'asked={"filters":{"age":{"op":"between","value":[' + "9" * 5000 + ",2]}}}",
        "asked=" + json.dumps({"filters": {"\ud800": {"op": "in"}}}),
        "v=99",
        "v=x",
    ],
)
def test_what_cannot_be_exported_is_refused(published, query):
    """400 and nothing of a file; a kind that there is not is not found."""
    client = create_app(Settings(warehouse=published)).server.test_client()
    assert client.get(f"/explore/customers.csv?{query}").status_code == 400
    assert client.get("/explore/customers.exe").status_code == 404


def test_more_than_a_sheet_holds_is_refused_in_words(db, monkeypatch):
    """Excel would cut the rows off; the line says what to take instead."""
    monkeypatch.setattr("dashboard.export.MOST_IN_SHEET", 10)
    with pytest.raises(InputError, match="take CSV or Parquet"):
        explore.download(db, "xlsx", {}, "spending")
    assert MOST_IN_SHEET == 2**20 - 1


def _words(name: str) -> list[int]:
    """Where the words of a name begin."""
    return [place for place in range(len(name)) if place == 0 or name[place - 1] == " "]


@pytest.mark.parametrize("text", ["", "  ", "0012", "MALE", "female", "high income", "%", "_", "'; drop table x", "nobody at all"])
def test_the_search_finds_ids_categories_and_segments(db, features, text):
    """A text is looked for, capitals or not, in the id and at words of categories and names of segments: male is not female."""
    clauses = selection.matching(db, text, "spending")
    wanted_text = text.strip().lower()
    named = [
        {
            row["segment_id"]
            for row in queries.segments(db, "spending", algorithm)
            if any(row["segment_name"].lower()[place:].startswith(wanted_text) for place in _words(row["segment_name"]))
        }
        for algorithm in ("kmeans", "hierarchical")
    ]
    found = (
        features["customer_id"].str.lower().str.contains(wanted_text, regex=False)
        | features["gender"].str.lower().str.startswith(wanted_text)
        | features["spending_kmeans"].isin(named[0])
        | features["spending_hierarchical"].isin(named[1])
    )
    assert selection.count(db, clauses) == found.sum()
    ids = [row["customer_id"] for row in selection.page(db, clauses, "spending", [], 0, 5000)]
    assert set(ids) == set(features["customer_id"][found])
    assert len(db.rows(statements.statement(db, statements.TABLE, {}, "spending", "kmeans", text))) == found.sum()


@pytest.mark.parametrize("seed", range(4))
def test_what_is_different_equals_numpy(db, features, seed):
    """Means, shares and standardised differences are those of numpy; the furthest comes first."""
    hand = random.Random(seed)
    low = hand.randint(15, 60)
    selected = {"annual_income_k": {"op": "between", "value": [low, low + hand.randint(10, 60)]}}
    expected = chosen_of(features, selected)
    found = difference.differences(db, filters.parse(selected, queries.dimensions(db)))
    assert [abs(each.effect) for each in found] == sorted((abs(each.effect) for each in found), reverse=True)
    for each in found:
        own, everyone = (
            (expected[each.column], features[each.column])
            if each.value is None
            else (expected[each.column] == each.value, features[each.column] == each.value)
        )
        assert each.these == pytest.approx(own.mean())
        assert each.everyone == pytest.approx(everyone.mean())
        assert each.effect == pytest.approx((own.mean() - everyone.mean()) / everyone.std(ddof=0))
    assert {each.column for each in found} == {"age", "annual_income_k", "spending_score", "gender"}
    mix = difference.mix(db, filters.parse(selected, queries.dimensions(db)), "spending", "kmeans")
    assert {row["segment_id"]: row["count_these"] for row in mix} == {
        segment: (expected["spending_kmeans"] == segment).sum() for segment in sorted(features["spending_kmeans"].unique())
    }


def test_chance_is_not_called_a_difference(db, features):
    """Of customers drawn at random hardly any column differs beyond chance; nobody is left: there is nothing to compare."""
    hand, told = random.Random(1), 0
    for _ in range(30):
        ids = hand.sample(list(features["customer_id"]), 100)
        marks = ", ".join("?" for _ in ids)
        found = difference.differences(db, [filters.Clause(f"customer_id in ({marks})", tuple(ids), "a draw")])
        told += sum(each.is_beyond_chance for each in found)
    assert told <= 4  # 0.3 % of 120 on average
    assert difference.differences(db, [filters.Clause("false", (), "nobody")]) == []


@pytest.fixture(scope="module")
def towns(shared_folder) -> Snapshot:
    """Customers of forty towns."""

    def make(directory: Path) -> None:
        rows = "".join(f"{place},T{place % 40},{place % 61 + 18},{place % 97},{place % 89}\n" for place in range(2000))
        files = [directory.with_suffix(end) for end in (".csv", ".segmentations", ".mapping")]
        files[0].write_text("CustomerID,Town,Age,Annual Income (k$),Spending Score (1-100)\n" + rows)
        files[1].write_text(QUICK)
        files[2].write_text('[columns]\nTown = "category"\n')
        refreshed(directory, files[0], files[1], mapping=files[2])

    return Warehouse(once(shared_folder / "towns", make)).snapshot()


@pytest.mark.parametrize("few", [1, 5, 30, 300])
def test_a_rare_value_among_few_is_no_difference(towns, few):
    """With forty towns hardly any is told of customers drawn at random, however few; one that they all are from is."""
    hand, told, tried = random.Random(few), 0, 60
    for _ in range(tried):
        ids = [str(place) for place in hand.sample(range(2000), few)]
        marks = ", ".join("?" for _ in ids)
        found = difference.differences(towns, [filters.Clause(f"customer_id in ({marks})", tuple(ids), "a draw")])
        told += sum(each.is_beyond_chance for each in found)
    assert told <= 0.0027 * 43 * tried * 2
    (town, *_) = difference.differences(towns, [filters.Clause("town = 'T7'", (), "one town")])
    assert (town.column, town.value, town.these, town.is_beyond_chance) == ("town", "T7", 1.0, True)


@pytest.mark.parametrize("selected", SELECTIONS)
def test_every_statement_runs_and_counts_what_is_shown(db, features, selected):
    """The SQL beside each view, the headline and the panels gives their numbers."""
    expected = chosen_of(features, selected)

    def ask(of: str):
        return db.rows(statements.statement(db, of, selected, "spending", "kmeans").rstrip(";"))

    (headline,) = ask(statements.HEADLINE)
    assert headline["count_customers"] == len(expected)
    assert headline["mean_age"] == pytest.approx(expected["age"].mean())
    for name, dimension in queries.dimensions(db).items():
        others = {key: value for key, value in selected.items() if key != name}
        shown_rows = ask(name)
        assert sum(row["count_customers"] for row in shown_rows) == len(chosen_of(features, others))
        assert len(shown_rows) == db.value("select count(*) from marts.crossfilter_bins where dimension = ?", [name]), dimension
    pairs = ask("annual_income_k*spending_score")
    assert sum(row["count_customers"] for row in pairs) == len(expected)
    assert sum(row["count_these"] for row in ask(statements.MIX)) == len(expected)
    assert {row["column_name"] for row in ask(statements.DIFFERENCE)} == {"age", "annual_income_k", "spending_score", "gender"}


@pytest.mark.parametrize("of", ["x", "age*gender", "age*income*score", "", "age; drop table x"])
def test_there_is_no_sql_of_what_is_not_shown(db, of):
    """A view that the browser makes up is refused."""
    with pytest.raises(InputError):
        statements.statement(db, of, {}, "spending", "kmeans")


def test_a_page_keeps_to_the_version_that_it_shows(moved_published):
    """An older version is answered from as long as it is kept; who wants one that is gone gets the newest, and is told."""
    warehouse = Warehouse(moved_published)
    newest = warehouse.snapshot().version
    for number in (1, 2, newest):
        assert shown(warehouse, {"version": number}).version == number
        assert wanted(warehouse, number)[0].version == number
    assert wanted(warehouse, 1)[1].startswith(f"You see version 1, as the address says. The newest is version {newest}")
    for nonsense in (None, [], {"version": "1"}, {"version": True}, {"version": -1}, {"version": 10**30}, {"version": 99}):
        assert shown(warehouse, nonsense).version == newest
    db, notice = wanted(warehouse, 99)
    assert (db.version, notice) == (newest, f"Version 99 is not kept any more; these are the figures of version {newest}.")
    gone = warehouse.version(1)
    assert gone.once("x", lambda version: version.version) == gone.once("x", lambda _: 5) == 1
    assert wanted(warehouse, None)[1] == wanted(warehouse, newest)[1] == ""
    with pytest.raises(NotKeptError):
        warehouse.version(99)
    for text in ("", "x", "-1", "²", "1" * 10):
        with pytest.raises(InputError):
            numbered(text)


def test_a_version_written_anew_under_its_number_is_opened_anew(moved_published, tmp_path):
    """An erasure takes the place of a file; who asks for the version gets the new one."""
    for name in ("v1.duckdb", "v2.duckdb"):
        (tmp_path / name).write_bytes((moved_published / name).read_bytes())
    (tmp_path / "current.duckdb").symlink_to("v2.duckdb")
    warehouse = Warehouse(tmp_path)
    first = warehouse.version(1)
    assert warehouse.version(1) is first
    (tmp_path / "new").write_bytes((moved_published / "v1.duckdb").read_bytes())
    (tmp_path / "new").rename(tmp_path / "v1.duckdb")
    assert warehouse.version(1) is not first


def test_the_links_say_the_version(db):
    """What is downloaded later is of the version that the page showed."""
    for address in links(db, SELECTIONS[1], "synthetic").values():
        query = parse_qs(urlsplit(address).query)
        assert query["v"] == [str(db.version)]
        assert json.loads(query["asked"][0]) == {"filters": SELECTIONS[1], "search": "synthetic", "sortModel": []}
    assert re.match(r"^/explore/customers\.\w+\?", address)
