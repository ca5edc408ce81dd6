"""Bad input: one line that names the file, status 2, and the published warehouse as it was."""

import pytest

from etl.refresh import main
from etl.sample import write_sample
from warehouse.versions import CURRENT

HEADER = "CustomerID,Gender,Age,Annual Income (k$),Spending Score (1-100)\n"
ROWS = [f"{i},Male,{20 + i % 30},{15 + i % 50},{1 + (i * 7) % 99}\n" for i in range(40)]


def rows(*changed: str) -> bytes:
    return (HEADER + "".join([*changed, *ROWS[len(changed) :]])).encode()


FILES = {
    "empty": (b"", "is empty"),
    "header only": (HEADER.encode(), "no customers"),
    "no income column": (b"CustomerID,Age,Spending Score\n1,20,30\n", "annual_income_k"),
    "an age in words": (rows(ROWS[0], "1,Male,twenty,15,30\n"), "line 3: Age is 'twenty', which is not a number"),
    "an age of 410": (rows("0,Male,410,15,30\n"), "line 2: Age is 410, above 120"),
    "too few values": (rows("0,Male,19\n"), "line 2"),
    "contradicting ids": (rows("1,Male,19,15,30\n"), "stands more than once"),
    "a missing id": (rows(",Male,19,15,30\n"), "line 2: the row has no customer id"),
    "no ages": ((HEADER + "".join(f"{i},Male,,{i},{i}\n" for i in range(40))).encode(), "has no value"),
    "one income for all": ((HEADER + "".join(f"{i},Male,{20 + i},15,{i}\n" for i in range(40))).encode(), "annual_income_k"),
    "three customers": ((HEADER + "".join(ROWS[:3])).encode(), "too few"),
    "binary": (bytes(range(256)) * 10, "customers.csv"),
    "Excel": (b"PK\x03\x04" + b"\0" * 100, "Excel"),
    "a cut Parquet file": (b"PAR1" + b"\0" * 100, "Parquet"),
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """A warehouse that was published before the bad file came."""
    folder = tmp_path_factory.mktemp("bad")
    (folder / "few.toml").write_text('[spending]\nfeatures = ["annual_income_k", "spending_score"]\nk_max = 3\n')
    write_sample(folder / "good.csv", 100)
    assert refresh(folder, "good.csv") == 0
    return folder


def refresh(folder, customers: str, segmentations: str = "few.toml") -> int:
    options = {"--customers": customers, "--warehouse": "warehouse", "--segmentations": segmentations}
    return main([part for option, value in options.items() for part in (option, str(folder / value))])


def is_refused(folder, capsys, says: str, **given: str) -> None:
    """Status 2, one line on stderr, and the warehouse directory as it was, byte by byte."""
    state = lambda: {path.name: path.read_bytes() for path in (folder / "warehouse").glob("*.duckdb*")}  # noqa: E731
    before = state()
    capsys.readouterr()
    assert refresh(folder, **{"customers": "good.csv", **given}) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert says in error
    assert state() == before
    assert CURRENT in before


@pytest.mark.parametrize(("content", "says"), FILES.values(), ids=FILES.keys())
def test_a_bad_customers_file_is_refused(warehouse, capsys, content, says):
    """Whatever is wrong with the file, it is named and nothing is published."""
    (warehouse / "customers.csv").write_bytes(content)
    is_refused(warehouse, capsys, says, customers="customers.csv")
    is_refused(warehouse, capsys, "customers.csv", customers="customers.csv")


@pytest.mark.parametrize(("customers", "says"), [("nowhere.csv", "nowhere.csv: cannot be read"), (".", "is a directory")])
def test_a_file_that_cannot_be_read_is_refused(warehouse, capsys, customers, says):
    """A path that leads nowhere, or to a directory."""
    is_refused(warehouse, capsys, says, customers=customers)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[spending", "is not TOML"),
        ("", "names no segmentation"),
        ("[Spending]\nfeatures = ['age']", "lower-case"),
        ("[spending]\nfeatures = ['shoe_size']", "shoe_size"),
        ("[spending]\nfeatures = []", "features"),
        ("[spending]\nfeatures = ['age']\nk = 1", "k must be"),
        ("[spending]\nfeatures = ['age']\nclusters = 5", "unknown entry clusters"),
        ("[spending]\nfeatures = ['age']\nk_min = 5\nk_max = 3", "k_min is above k_max"),
    ],
)
def test_bad_segmentations_are_refused(warehouse, capsys, text, says):
    """A segmentations file that is broken, or asks for what there is not."""
    (warehouse / "bad.toml").write_text(text)
    is_refused(warehouse, capsys, says, segmentations="bad.toml")


def test_a_person_can_allow_rejected_rows(tmp_path):
    """With MAX_REJECTED the rest of the file is published, and the row stands in raw.rejects."""
    (tmp_path / "some.csv").write_bytes(rows("0,Male,old,15,30\n"))
    (tmp_path / "few.toml").write_text('[spending]\nfeatures = ["annual_income_k", "spending_score"]\nk_max = 3\n')
    given = ["--customers", "some.csv", "--warehouse", "warehouse", "--segmentations", "few.toml"]
    given = [part if part.startswith("--") else str(tmp_path / part) for part in given]
    assert main(given) == 2
    assert main([*given, "--max-rejected", "0.05"]) == 0
