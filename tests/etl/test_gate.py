import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from etl.refresh import main
from tests.helpers import HEADER, QUICK, once
from warehouse.connection import Warehouse

Write = Callable[..., Path]
Refresh = Callable[..., int]
OWN = f"""{QUICK}
[lifestyle]
features = ["age"]
k = 2
k_max = 2

[who]
features = ["age"]
k = 2
k_max = 2
"""
"""Two of the standard segmentations, fitted in no time, and one of a person's own."""


def shop(count: int, bad: int = 0) -> str:
    """A file of `count` customers, and after them as many rows that cannot be used as are `bad`."""
    rows = (f"C{i},Male,{20 + i % 30},{15 + i * 7 % 50},{1 + i * 13 % 90}\n" for i in range(count))
    return HEADER + "".join(rows) + "".join(f"X{i},Male,20,old,20\n" for i in range(bad))


@pytest.fixture
def refresh(tmp_path: Path, write: Write, quick: Path) -> Refresh:
    """Refresh one warehouse from the text of a file; returns the exit status."""

    def run(text: str, *options: str) -> int:
        arguments = ["--customers", write(text), "--warehouse", tmp_path / "w", "--segmentations", quick, *options]
        return main(list(map(str, arguments)))

    return run


@pytest.fixture(scope="module")
def first(shared_folder: Path) -> Path:
    """A warehouse of 76 customers, to be copied or read only."""
    return once(shared_folder / "seventy_six", lambda directory: _refresh(directory, shop(76), OWN))


@pytest.fixture
def upon_first(tmp_path: Path, first: Path) -> None:
    """The 76 customers are the first version of the warehouse that is refreshed."""
    shutil.copytree(first, tmp_path / "w", symlinks=True)


@pytest.fixture(scope="module")
def doubtful(shared_folder: Path, first: Path) -> Path:
    """A warehouse whose second version is of half of the customers, all of one age, with incomes in dollars; to be read only.

    Of the 40 rows of its file 2 cannot be used, and the segmentations are the standard ones no more.
    """
    rows = "".join(f"C{i},Male,70,{15_000 + i * 1_700 % 50_000},{1 + i * 13 % 90}\n" for i in range(38))
    rows += "".join(f"X{i},Male,old,20,20\n" for i in range(2))

    def make(directory: Path) -> None:
        shutil.copytree(first, directory, symlinks=True)
        _refresh(directory, HEADER + rows, QUICK)

    return once(shared_folder / "doubtful", make)


def _refresh(directory: Path, customers: str, segmentations: str) -> None:
    """Publish the texts of two files, which are left beside the warehouse."""
    arguments = ["--warehouse", str(directory)]
    for option, kind, text in (("--customers", "csv", customers), ("--segmentations", "toml", segmentations)):
        path = Path(f"{directory}.{kind}")
        path.write_text(text)
        arguments += [option, str(path)]
    assert main(arguments) == 0


def verdicts(directory: Path) -> dict[str, tuple[str, str]]:
    """What the gate said of the newest version: verdict and sentence of each question."""
    rows = Warehouse(directory).snapshot().rows("select rule, verdict, detail from marts.gate order by position desc")
    return {row["rule"]: (row["verdict"], row["detail"]) for row in rows}


def test_a_file_without_fault_passes(first: Path):
    """Every question is recorded, and nothing is warned of."""
    found = verdicts(first)
    assert list(found) == ["Checks", "Segments", "Rows rejected", "Columns"]
    assert {verdict for verdict, _ in found.values()} == {"passed"}


@pytest.mark.parametrize(("bad", "options"), [(3, ()), (1, ("--max-rejected", "0"))])
def test_too_many_rejected_rows(refresh: Refresh, bad: int, options: tuple[str, ...], capsys):
    """More than 5 % of the rows, or than the limit that was given, are refused, and the first is named."""
    assert refresh(shop(40 - bad, bad), *options) == 2
    (line,) = capsys.readouterr().err.splitlines()
    counts = rf"not published: {bad} of 40 rows cannot be used \({bad} not a number\), "
    assert re.search(rf"{counts}.*line {42 - bad}: Annual Income \(k\$\) is 'old', which is not a", line)


def test_a_few_rejected_rows(doubtful: Path):
    """Up to 5 % of the rows may be rejected."""
    assert verdicts(doubtful)["Rows rejected"][0] == "warned"


@pytest.mark.usefixtures("upon_first")
def test_too_many_customers_are_gone(tmp_path: Path, refresh: Refresh, capsys):
    """A file with less than half of the last version's customers is refused, and the old version stays."""
    assert refresh(shop(37)) == 2
    assert Warehouse(tmp_path / "w").snapshot().value("select count_customers from marts.provenance") == 76
    assert "not published: 37 customers after 76 in version 1: more than 50% are gone" in capsys.readouterr().err


def test_half_of_the_customers_may_be_gone(doubtful: Path):
    """That is published with a warning."""
    assert Warehouse(doubtful).snapshot().value("select count_customers from marts.provenance") == 38
    assert verdicts(doubtful)["Customers"] == ("warned", "38 customers after 76 in version 1: 38 (50%) are gone.")


@pytest.mark.usefixtures("upon_first")
def test_the_limits_can_be_moved(tmp_path: Path, refresh: Refresh):
    """What is within them is a warning, which mentions a file without a line end."""
    header, *rows = shop(37, 3).splitlines(keepends=True)
    text = "".join([header, *reversed(rows)])
    assert refresh(text.rstrip(), "--max-rejected", "0.1", "--max-shrink", "0.6") == 0
    found = verdicts(tmp_path / "w")
    assert found["Rows rejected"][0] == "warned"
    assert found["Customers"] == (
        "warned",
        "37 customers after 76 in version 1: 39 (51%) are gone. customers.csv ends without a line end: it may have been cut off.",
    )


@pytest.mark.usefixtures("upon_first")
def test_what_is_lost_and_what_is_forced(tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]):
    """No segmentation is lost without a word, one's own neither, where SEGMENTATIONS was left out once; each refusal is overruled.

    Of the standard segmentations those are made that can be.
    """
    arguments = ["--customers", str(write(shop(76))), "--warehouse", str(tmp_path / "w")]
    assert main(arguments) == 2
    assert "version 1 has who, which is not among the segmentations asked for; name the file" in capsys.readouterr().err
    write(shop(37, 3).replace("Age", "Years since birth"))
    assert main(arguments) == 2
    assert "version 1 has lifestyle, and now a column is missing: lifestyle needs age" in capsys.readouterr().err
    assert main([*arguments, "--force"]) == 0
    forced = {rule for rule, (verdict, _) in verdicts(tmp_path / "w").items() if verdict == "forced"}
    assert forced == {"Columns", "Segmentations", "Rows rejected", "Customers"}
    assert Warehouse(tmp_path / "w").snapshot().value("select count_customers from marts.provenance") == 37
    write(shop(37).replace("Age", "Years since birth"))
    assert main(arguments) == 0
    assert verdicts(tmp_path / "w")["Columns"] == ("warned", "spending can be served; lifestyle needs age")


def test_a_segmentation_that_a_file_leaves_out(doubtful: Path):
    """That ends it, with a warning."""
    assert verdicts(doubtful)["Segmentations"] == (
        "warned",
        "version 1 has lifestyle, who, which is not among the segmentations asked for: it ends here.",
    )


def test_units_that_look_wrong(doubtful: Path):
    """Incomes in dollars are published with a warning that says how to map them."""
    verdict, detail = verdicts(doubtful)["Units"]
    assert verdict == "warned"
    assert '[columns] "Annual Income (k$)" = { column = "annual_income_k", divide_by = 1000 }' in detail


def test_a_distribution_that_moves(doubtful: Path):
    """Everyone suddenly of one age is warned of, and published."""
    verdict, detail = verdicts(doubtful)["Distributions"]
    assert (verdict, "age (population stability index" in detail) == ("warned", True)


def test_a_column_that_is_only_text(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """A feature that the file has as text needs one word in a mapping, and that is what is said."""
    own = str(write('[who]\nfeatures = ["balance"]\nk = 2\n', "own.toml"))
    customers = str(write("id,Balance\n1,2\n2,4\n3,8\n4,9\n"))
    assert main(["--customers", customers, "--warehouse", str(tmp_path / "w"), "--segmentations", own]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "who needs balance; 'Balance': carried as text; say in MAPPING=path.toml" in line
    assert line.endswith('[columns] "Balance" = "numeric"')


@pytest.mark.usefixtures("upon_first")
def test_one_customer_who_hides_the_others_is_told(
    tmp_path: Path, first: Path, refresh: Refresh, capsys: pytest.CaptureFixture[str]
):
    """A mistyped income is published with a warning that says what to do; that fewer than a tenth are gone is none."""
    assert "makes up" not in str(verdicts(first))
    assert refresh(shop(69) + "X1,Male,33,99999,20\n") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "Annual income: one customer with 99,999 makes up 99% of the spread of all 70, so that the others look alike." in said
    assert '{ column = "annual_income_k", scale = "log" }' in said
    assert "Age: one customer" not in said
    assert verdicts(tmp_path / "w")["Customers"] == ("passed", "70 customers after 76 in version 1.")


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


@pytest.mark.usefixtures("upon_first")
def test_the_limit_that_is_named_is_enough(refresh: Refresh, capsys: pytest.CaptureFixture[str]):
    """The shares of rejected rows and of lost customers in the advice let the file through."""
    given: list[str] = []
    for name, option in (("MAX_REJECTED", "--max-rejected"), ("MAX_SHRINK", "--max-shrink")):
        assert refresh(shop(20, 30), *given) == 2
        share = re.search(rf"{name}=([\d.]+)", capsys.readouterr().err)
        assert share is not None
        given += [option, share[1]]
    assert refresh(shop(20, 30), *given) == 0
