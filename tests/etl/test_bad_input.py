"""Bad input through the command line: one line that says what is wrong, and nothing published."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

import etl.refresh
from etl.refresh import main
from etl.sample import write_sample
from etl.sample_transactions import write_transactions
from tests.helpers import FOUR, HEADER, QUICK, four, loaded, published_once, refreshed
from warehouse.versions import CURRENT

Write = Callable[..., Path]
NUMBERS = "customer_id, age, annual_income_k, spending_score"
FOUR_NUMBERS = [("1", 19.0, 15.0, 39.0), ("2", 21.0, 15.0, 81.0), ("3", 20.0, 86.0, 6.0), ("4", 23.0, 90.0, 77.0)]
"""Those of the four customers."""

CUSTOMERS = {
    "an empty file": (b"", "is empty"),
    "only blanks": (b" \n \n", "is empty"),
    "a header without rows": (HEADER, "has a header but no customers"),
    "other columns": ("x1,x2\n15,39\n", "a needed column is missing: spending needs annual_income_k, .*columns are 'x1', 'x2'"),
    "a short header": ("id\n1\n2\n", "a needed column is missing: spending needs annual_income_k, .*columns are 'id'"),
    "no ages, which the last version had": (
        "id,income,score\n1,2,3\n",
        r"version 1 has lifestyle, and now a column is missing: lifestyle needs age; .*recognised: age \(headers like age, ",
    ),
    "a column twice": ("id,age,income,score,Age Years\n1,2,3,4,5\n", "columns 'age' and 'Age Years' both mean age"),
    "ages that are no numbers": (four().replace("21", "old"), "line 3: Age is 'old', which is not a number"),
    "a value over two lines": (four().replace("21", '"2\n1"'), "line 3: a quote is opened and not closed"),
    "an age of 200": (four().replace("21", "200"), "line 3: Age is 200, above 120"),
    "a torn line": (four().replace("2,Female,21", "2"), "line 3: the row has 3 values where the header has 5"),
    "one id twice": (four().replace("2,Female", "1,Female"), "line 2: customer id 1 stands more than once"),
    "no id": (four().replace("2,Female", ",Female"), "line 3: the row has no customer id"),
    "an open quote": (four().replace("Female", '"Female', 1), "line 3: a quote is opened and not closed"),
    "one endless line": (b"x" * 200_000, "has a header but no customers"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "is not a text file; give CSV, Parquet or Excel"),
    "bytes": (b"abcd\0\1\2\n\0\0", "is not a text file"),
    "an Excel workbook": (b"PK\x03\x04\x14\x00\x06\x00" + bytes(64), "cannot be read as a workbook: "),
    "a Parquet file in name only": (b"PAR1" + bytes(40), "is a damaged Parquet file"),
    "a constant feature": (re.sub(r",(15|86|90),", ",15,", four()), "the feature 'annual_income_k' is 15 for every customer"),
    "three customers": (
        HEADER + "".join(FOUR.splitlines(keepends=True)[:3]),
        "3 customers are too few for 2 segments, which need 4",
    ),
    "customers who are one": (
        HEADER + "".join(f"{i},Male,20,{i % 2},{i % 2}\n" for i in range(9)),
        "only 2 of 9 customers differ, too few for 2 segments",
    ),
    "all ages missing": (re.sub(r"le,\d+,", "le,,", four()), "column 'Age' has no value in any row"),
    "all scores missing": (re.sub(r",\d+\n", ",?\n", four()), r"column 'Spending Score \(1-100\)' has no value in any row"),
}
"""What stands in the customers file, and what is said of it."""

TAKEN: dict[str, Callable[[str], str | bytes]] = {
    "a blank first line": lambda text: "\n" + text,
    "a line in Latin 1": lambda text: text.replace("Female", "J\xe4ger", 1).encode("latin-1"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "lines of an old Mac": lambda text: text.replace("\n", "\r"),
    "line ends mixed": lambda text: text.replace("\n", "\r\n", 2),
}
"""What earlier releases refused, and what is now read: ways to write a file."""


SEGMENTATIONS = {
    "broken TOML": ("[spending\n", r"is not TOML: .*\(at line 1, column 10\)"),
    "bytes": (b"\xff\xfe", "is not TOML"),
    "nothing": ("", "names no segmentation"),
    "no table": ('spending = "age"\n', r"'spending' is not a table; write \[spending\]"),
    "a bad name": ('["Our own"]\nfeatures = ["age"]\n', r"\[Our own\]: a name has lower-case letters"),
    "an unknown entry": ('[a]\nfeature = ["age"]\n', r"\[a\]: unknown entry feature"),
    "no features": ("[a]\n", r"\[a\]: features must be a list"),
    "a feature twice": ('[a]\nfeatures = ["age", "age"]\n', r"\[a\]: a feature is named twice"),
    "k = 1": ('[a]\nfeatures = ["age"]\nk = 1\n', r"\[a\]: k must be a whole number from 2 to 50"),
    "k = 2.5": ('[a]\nfeatures = ["age"]\nk = 2.5\n', r"\[a\]: k must be a whole number"),
    "k = true": ('[a]\nfeatures = ["age"]\nk = true\n', r"\[a\]: k must be a whole number"),
    "k_min above k_max": ('[a]\nfeatures = ["age"]\nk_min = 4\nk_max = 3\n', r"\[a\]: k_min is above k_max"),
}
"""What stands in the segmentations file, and what is said of it."""

FEATURES = {
    "an unknown feature": ('[a]\nfeatures = ["visits"]\n', "not published: a needed column is missing: a needs visits; "),
    "an unknown category": ('[a]\nfeatures = ["gender_is_martian"]\n', "segmentation a: there is no feature 'gender_is_martian'; "),
    "a category itself": (
        '[a]\nfeatures = ["gender"]\n',
        "segmentation a: there is no feature 'gender'; the file has age, annual_income_k, ",
    ),
    "SQL": (
        '[a]\nfeatures = ["age; drop table raw.customers"]\n',
        "not published: a needed column is missing: a needs age; drop table raw.customers; ",
    ),
    "k above the customers": (
        '[a]\nfeatures = ["age"]\nk = 40\n',
        "segmentation a: 4 customers are too few for 40 segments, which need 80: two a segment",
    ),
}
"""What the segmentations file asks of the customers file, and what is said of that one."""


@pytest.fixture(scope="module")
def old(shared_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse directory with a version that must survive every test here."""
    folder = published_once(shared_folder / "old", four(), QUICK + '[lifestyle]\nfeatures = ["age"]\nk_max = 2\n')
    return shutil.copytree(folder / "w", tmp_path_factory.mktemp("old") / "warehouse", symlinks=True)


@pytest.fixture
def refused(old: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., str]:
    """Run a refresh that must fail with status 2, one line, nothing published and the old version untouched; get the line."""

    def run(*arguments: object) -> str:
        before = (old / CURRENT).readlink(), {path.name: path.read_bytes() for path in old.iterdir()}
        assert main(["--warehouse", str(old), *map(str, arguments)]) == 2
        assert ((old / CURRENT).readlink(), {path.name: path.read_bytes() for path in old.iterdir()}) == before
        err = capsys.readouterr().err
        assert err.endswith("\n")
        assert err.count("\n") == 1
        assert err.startswith("refresh: ")
        return err

    return run


@pytest.mark.parametrize("name", CUSTOMERS)
def test_a_bad_customers_file(name: str, write: Write, refused: Callable[..., str]):
    """The line names the file, and the line or column of it where there is one."""
    content, reason = CUSTOMERS[name]
    path = write(content)
    assert re.search(f"^refresh: {path}: .*{reason}", refused("--customers", path))


@pytest.mark.parametrize("name", TAKEN)
def test_an_odd_file_is_taken(name: str, connection: duckdb.DuckDBPyConnection, write: Write):
    """An odd way to write a file is no fault of its customers: they are those of the plain file, and not a row is lost."""
    report = loaded(connection, write(TAKEN[name](four()), "odd.csv"))
    assert (report.rows_in, report.rows_kept, report.rows_rejected) == (4, 4, 0)
    assert connection.execute(f"select {NUMBERS} from staging.customers order by customer_id").fetchall() == FOUR_NUMBERS


def test_odd_files_are_published(tmp_path: Path, write: Write, quick: Path):
    """All of them together, each with customers of its own."""
    (tmp_path / "odd").mkdir()
    for place, odd in enumerate(TAKEN.values()):
        write(odd(re.sub(r"^(?=\d)", str(place), four(), flags=re.MULTILINE)), f"odd/{place}.csv")
    snapshot = refreshed(tmp_path / "w", tmp_path / "odd", quick)
    rows = snapshot.rows(f"select {NUMBERS} from staging.customers order by customer_id")
    expected = [(f"{place}{id}", *numbers) for place in range(len(TAKEN)) for id, *numbers in FOUR_NUMBERS]
    assert [tuple(row.values()) for row in rows] == expected


@pytest.mark.parametrize("name", SEGMENTATIONS)
def test_a_bad_segmentations_file(name: str, write: Write, refused: Callable[..., str]):
    """The line names the segmentations file and the entry in it."""
    content, reason = SEGMENTATIONS[name]
    path = write(content, "own.toml")
    assert re.search(f"^refresh: {path}: {reason}", refused("--customers", write(four()), "--segmentations", path))


@pytest.mark.parametrize("name", FEATURES)
def test_segmentations_that_do_not_fit(name: str, write: Write, refused: Callable[..., str]):
    """The line names the customers file, the segmentation and the feature it cannot have."""
    content, reason = FEATURES[name]
    path = write(four())
    said = refused("--customers", path, "--segmentations", write(content, "own.toml"))
    assert re.search(f"^refresh: {path}: {reason}", said)


@pytest.mark.parametrize("option", ["--customers", "--segmentations"])
def test_files_that_are_not_there(option: str, tmp_path: Path, write: Write, refused: Callable[..., str]):
    """A missing file and a directory are named, with what is the matter with them."""
    given = [] if option == "--customers" else ["--customers", write(four())]
    missing = tmp_path / "missing.csv"
    assert refused(*given, option, missing) == f"refresh: {missing}: cannot be read: No such file or directory\n"
    assert re.search(
        f"^refresh: {tmp_path}: (is a folder without files|cannot be read: Is a directory)", refused(*given, option, tmp_path)
    )


def test_transactions_that_are_not_there(tmp_path: Path, write: Write, refused: Callable[..., str]):
    """TRANSACTIONS is refused by name, with customers or without."""
    path = tmp_path / "transactions.csv"
    said = f"refresh: {path}: cannot be read: No such file or directory\n"
    assert refused("--customers", write(four()), "--transactions", path) == said
    assert refused("--transactions", path) == said


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9])
def test_a_truncated_parquet_file(part: float, tmp_path: Path, refused: Callable[..., str]):
    """A Parquet file that ends early is called damaged, by name."""
    path = tmp_path / "customers.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"copy (select i as id, i % 70 as age, i as income, i % 50 as score from range(999) as t(i)) to '{path}'"
        )
    path.write_bytes(path.read_bytes()[: int(part * path.stat().st_size)])
    assert refused("--customers", path).startswith(f"refresh: {path}: is a damaged Parquet file: ")


@pytest.mark.parametrize("below", ["", "below"])
def test_a_warehouse_directory_that_cannot_be_made(
    below: str, tmp_path: Path, write: Write, quick: Path, capsys: pytest.CaptureFixture[str]
):
    """Where a file stands in its place, the directory is named and the file is left alone."""
    place = write("mine", "warehouse")
    arguments = ["--customers", write(four()), "--warehouse", place / below, "--segmentations", quick]
    assert main([str(argument) for argument in arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"refresh: {place / below}: cannot make the warehouse directory: ")
    assert place.read_text() == "mine"


def test_bad_variables(monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]):
    """A bad number in the environment is bad input too."""
    monkeypatch.setenv("MAX_REJECTED", "5%")
    assert refused() == "refresh: MAX_REJECTED=5%: give a number from 0 to 1\n"


def test_the_sample_never_replaces_real_customers(old: Path, tmp_path, write: Write, monkeypatch, capsys):
    """A refresh that forgets CUSTOMERS leaves a warehouse of real customers alone, unless it is told to.

    The first real file after it begins anew: no stay, no event, no distribution of people who never were.
    """
    write_sample(tmp_path / "sample.csv", 20)
    write_transactions(tmp_path / "sold.parquet", 20)
    with duckdb.connect() as connection:  # too few days to foretell anything from
        connection.execute(f"copy (from '{tmp_path}/sold.parquet' limit 40) to '{tmp_path}/sample.parquet'")
    (tmp_path / "few.toml").write_text(QUICK)
    shutil.copytree(old, tmp_path / "warehouse", symlinks=True)
    monkeypatch.setattr(etl.refresh, "BUNDLED", tmp_path / "sample.csv")
    monkeypatch.setattr(etl.refresh, "BUNDLED_TRANSACTIONS", tmp_path / "sample.parquet")
    monkeypatch.chdir(tmp_path)
    given = ["--warehouse", "warehouse", "--segmentations", "few.toml"]
    assert main(given) == 2
    assert "will not take their place" in capsys.readouterr().err
    assert main([*given, "--force"]) == 0
    assert main(given) == 0, "a sample may follow a sample"
    real = refreshed(tmp_path / "warehouse", write(four()), tmp_path / "few.toml")
    for relation in ("segments.runs", "segments.segments", "marts.distribution_history"):
        assert real.columns(f"select distinct run_id from {relation}") == {"run_id": [4]}
    assert real.value("select count(*) from segments.events") == 0
    assert real.value("select count(*) from segments.membership_history where customer_id like 'synthetic%'") == 0
