import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.refresh import main
from tests.helpers import HEADER, four, published_once
from warehouse.connection import Warehouse

Write = Callable[..., Path]
Refresh = Callable[..., int]


def shop(count: int, age: str = "") -> str:
    """A file of `count` customers; `age`, where given, is everyone's."""
    rows = (f"C{i},Male,{age or 20 + i % 30},{15 + i * 7 % 50},{1 + i * 13 % 90}\n" for i in range(count))
    return HEADER + "".join(rows)


@pytest.fixture
def refresh(tmp_path: Path, write: Write, quick: Path) -> Refresh:
    """Refresh one warehouse from the text of a file; returns the exit status."""

    def run(text: str, *options: str) -> int:
        arguments = ["--customers", write(text), "--warehouse", tmp_path / "w", "--segmentations", quick, *options]
        return main(list(map(str, arguments)))

    return run


@pytest.fixture(scope="module")
def forty(shared_folder: Path) -> Path:
    """A warehouse of 40 customers, to be copied."""
    return published_once(shared_folder / "forty", shop(40)) / "w"


@pytest.fixture
def forty_published(tmp_path: Path, forty: Path) -> None:
    """The 40 customers are the first version of the warehouse that is refreshed."""
    shutil.copytree(forty, tmp_path / "w", symlinks=True)


def verdicts(tmp_path: Path) -> dict[str, tuple[str, str]]:
    """What the gate said of the newest version: verdict and sentence of each question."""
    rows = Warehouse(tmp_path / "w").snapshot().rows("select rule, verdict, detail from marts.gate order by position desc")
    return {row["rule"]: (row["verdict"], row["detail"]) for row in rows}


def test_a_file_without_fault_passes(tmp_path: Path, refresh: Refresh):
    """Every question is recorded, and nothing is warned of."""
    assert refresh(shop(40)) == 0
    found = verdicts(tmp_path)
    assert list(found) == ["Checks", "Segments", "Rows rejected", "Columns"]
    assert {verdict for verdict, _ in found.values()} == {"passed"}


@pytest.mark.parametrize(
    ("bad", "options", "status", "verdict"),
    [
        (2, (), 0, "warned"),
        (3, (), 2, ""),
        (3, ("--max-rejected", "0.1"), 0, "warned"),
        (3, ("--force",), 0, "forced"),
        (1, ("--max-rejected", "0"), 2, ""),
    ],
)
def test_rejected_rows(tmp_path: Path, refresh: Refresh, bad: int, options: tuple[str, ...], status: int, verdict: str, capsys):
    """Up to 5 % of the rows may be rejected; the limit can be moved, and overruled."""
    text = shop(40 - bad) + "".join(f"X{i},Male,old,20,20\n" for i in range(bad))
    assert refresh(text, *options) == status
    if status:
        (line,) = capsys.readouterr().err.splitlines()
        counts = rf"not published: {bad} of 40 rows cannot be used \({bad} not a number\), "
        assert re.search(rf"{counts}.*line {42 - bad}: Age is 'old', which is not a", line)
    else:
        assert verdicts(tmp_path)["Rows rejected"][0] == verdict


@pytest.mark.parametrize(
    ("left", "options", "status"), [(20, (), 0), (19, (), 2), (19, ("--max-shrink", "0.6"), 0), (4, ("--force",), 0)]
)
@pytest.mark.usefixtures("forty_published")
def test_customers_that_are_gone(tmp_path: Path, refresh: Refresh, left: int, options: tuple[str, ...], status: int, capsys):
    """A file with less than half of the last version's customers is refused, and the old version stays."""
    assert refresh(shop(left), *options) == status
    snapshot = Warehouse(tmp_path / "w").snapshot()
    assert snapshot.value("select count_customers from marts.provenance") == (40 if status else left)
    if status:
        assert "not published: 19 customers after 40 in version 1: more than 50% are gone" in capsys.readouterr().err


def test_a_lost_segmentation(tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]):
    """Of the standard segmentations those are made that can be; one the last version has is not dropped without a word."""
    arguments = ["--customers", str(write(four())), "--warehouse", str(tmp_path / "w")]
    assert main(arguments) == 0
    write(four().replace("Age", "Years since birth"))
    assert main(arguments) == 2
    assert "version 1 has lifestyle, and now a column is missing: lifestyle needs age" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    assert verdicts(tmp_path)["Columns"][0] == "forced"
    assert main(arguments) == 0
    assert verdicts(tmp_path)["Columns"] == ("warned", "spending can be served; lifestyle needs age")


def test_units_that_look_wrong(tmp_path: Path, refresh: Refresh):
    """Incomes in dollars are published with a warning that says how to map them."""
    rows = (f"C{i},Male,{20 + i % 30},{15_000 + i * 1_700 % 50_000},{1 + i * 13 % 90}\n" for i in range(40))
    assert refresh(HEADER + "".join(rows)) == 0
    verdict, detail = verdicts(tmp_path)["Units"]
    assert verdict == "warned"
    assert '[columns] "Annual Income (k$)" = { column = "annual_income_k", divide_by = 1000 }' in detail


@pytest.mark.usefixtures("forty_published")
def test_a_distribution_that_moves(tmp_path: Path, refresh: Refresh):
    """Everyone suddenly of one age is warned of, and published."""
    assert refresh(shop(40, age="70")) == 0
    verdict, detail = verdicts(tmp_path)["Distributions"]
    assert (verdict, "age (population stability index" in detail) == ("warned", True)


@pytest.mark.usefixtures("forty_published")
def test_a_loss_that_may_be_is_told(tmp_path: Path, refresh: Refresh):
    """A tenth of the customers gone is published with a warning, which mentions a file without a line end."""
    assert refresh(shop(37)) == 0
    assert verdicts(tmp_path)["Customers"] == ("passed", "37 customers after 40 in version 1.")
    assert refresh(shop(30).rstrip()) == 0
    verdict, detail = verdicts(tmp_path)["Customers"]
    assert (verdict, detail) == (
        "warned",
        "30 customers after 37 in version 2: 7 (19%) are gone. customers.csv ends without a line end: it may have been cut off.",
    )


def test_a_segmentation_that_is_not_asked_for(tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]):
    """One's own segmentation is not lost because SEGMENTATIONS was left out once; a file that leaves it out ends it."""
    own = str(write('[who]\nfeatures = ["age"]\nk = 2\n', "own.toml"))
    arguments = ["--customers", str(write(four())), "--warehouse", str(tmp_path / "w")]
    assert main([*arguments, "--segmentations", own]) == 0
    assert main(arguments) == 2
    assert "version 1 has who, which is not among the segmentations asked for; name the file" in capsys.readouterr().err
    other = str(write('[age]\nfeatures = ["age"]\nk = 2\n', "other.toml"))
    assert main([*arguments, "--segmentations", other]) == 0
    assert verdicts(tmp_path)["Segmentations"][0] == "warned"
    assert main([*arguments, "--force"]) == 0
    assert verdicts(tmp_path)["Segmentations"][0] == "forced"


def test_a_column_that_is_only_text(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A feature that the file has as text needs one word in a mapping, and that is what is said."""
    own = str(write('[who]\nfeatures = ["balance"]\nk = 2\n', "own.toml"))
    customers = str(write("id,Balance\n1,2\n2,4\n3,8\n4,9\n"))
    assert main(["--customers", customers, "--warehouse", str(tmp_path / "w"), "--segmentations", own]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "who needs balance; 'Balance': carried as text; say in MAPPING=path.toml" in line
    assert line.endswith('[columns] "Balance" = "numeric"')


def test_one_customer_who_hides_the_others_is_told(refresh: Refresh, capsys: pytest.CaptureFixture[str]):
    """A mistyped income is published with a warning that says what to do."""
    assert refresh(shop(60)) == 0
    assert "makes up" not in capsys.readouterr().out
    assert refresh(shop(60) + "X1,Male,33,99999,20\n") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Annual income: one customer with 99,999 makes up 98% of the spread of all 61, so that the others look alike." in said
    assert '{ column = "annual_income_k", scale = "log" }' in said
    assert "Age: one customer" not in said


def test_the_scale_of_an_own_column_is_told_as_its_mapping_says_it(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """It has a kind and no column that the product knows."""
    rows = "".join(f"{n},{20 + n % 30},{10 + n % 7}\n" for n in range(60))
    customers = write(f"id,Age,Basket\n{rows}X,33,9999999\n")
    mapping = write('[columns]\nBasket = "numeric"\n', "mapping.toml")
    own = write('[baskets]\nfeatures = ["age", "basket"]\nk = 2\n', "own.toml")
    arguments = ["--customers", str(customers), "--mapping", str(mapping), "--segmentations", str(own)]
    assert main([*arguments, "--warehouse", str(tmp_path / "w")]) == 0
    said = " ".join(capsys.readouterr().out.split())
    assert 'add scale = "log" to [columns] "Basket" in the MAPPING file: { kind = "numeric", scale = "log", ... }' in said
    mapping.write_text('[columns]\nBasket = { kind = "numeric", scale = "log" }\n')
    assert main([*arguments, "--warehouse", str(tmp_path / "v")]) == 0


def test_the_limit_that_is_named_is_enough(refresh: Refresh, capsys: pytest.CaptureFixture[str]):
    """The share of rejected rows in the advice lets the file through."""
    text = shop(20) + "".join(f"X{i},Male,old,20,20\n" for i in range(30))
    assert refresh(text) == 2
    share = re.search(r"MAX_REJECTED=([\d.]+)", capsys.readouterr().err)
    assert share is not None
    assert refresh(text, "--max-rejected", share[1]) == 0
    assert refresh(shop(7)) == 2
    share = re.search(r"MAX_SHRINK=([\d.]+)", capsys.readouterr().err)
    assert share is not None
    assert refresh(shop(7), "--max-shrink", share[1]) == 0
