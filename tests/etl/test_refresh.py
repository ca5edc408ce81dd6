import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

import etl.refresh
from etl.console import Reporter, Step
from etl.options import parse
from etl.refresh import main
from etl.sample import BUNDLED
from etl.sample_transactions import BUNDLED_TRANSACTIONS
from tests.bought import refresh_bought
from tests.helpers import FOUR, HEADER, contents, four, published_once, refreshed
from warehouse.catalog import checks
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import BuildError, InputError
from warehouse.history import HISTORY, MARTS
from warehouse.progress import Progress
from warehouse.publish import LOCK
from warehouse.settings import Settings
from warehouse.versions import current, published

Write = Callable[..., Path]

HOLDER = """
import fcntl, os, sys
with open(sys.argv[1], "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX)
    file.write(f"process {os.getpid()} since noon")
    file.flush()
    print("held", flush=True)
    sys.stdin.read()
"""
"""A process that holds the lock and does nothing else."""


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A warehouse directory whose lock another process holds."""
    directory = tmp_path / "warehouse"
    directory.mkdir()
    command = [sys.executable, "-c", HOLDER, str(directory / LOCK)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield directory
        process.kill()


@pytest.fixture
def four_published(tmp_path: Path, shared_folder: Path) -> Path:
    """A folder with four customers, customers.csv, their segmentations, quick.toml, and a warehouse w that is theirs: version 1."""
    return shutil.copytree(published_once(shared_folder / "four", four()), tmp_path / "four", symlinks=True)


def test_two_refreshes_of_one_file_are_alike(bought: Snapshot, tmp_path: Path):
    """Every table of every schema is the same the second time, run ids and times apart."""
    refresh_bought(tmp_path / "warehouse")
    once, again = contents(bought), contents(Warehouse(tmp_path / "warehouse").snapshot())
    assert once.keys() == again.keys()
    assert [relation for relation in once if once[relation] != again[relation]] == []
    assert sum(map(len, once.values())) > 10_000


def test_a_second_refresh_publishes_the_next_version(four_published: Path):
    """Versions count on, the run has the number of its version, and what was published before can still be read."""
    first = Warehouse(four_published / "w").snapshot()
    second = refreshed(four_published / "w", four_published / "customers.csv", four_published / "quick.toml")
    assert (first.version, second.version) == (1, 2)
    once, again = contents(first), contents(second)
    unchanged = {"segments.past_memberships", "segments.labels", "segments.alerts"}  # nobody moved, named anything, or is alarmed
    carried = {*HISTORY, *MARTS, "marts.distribution_shifts"} - unchanged
    assert {relation for relation in once if once[relation] != again[relation]} == carried
    for relation in ("segments.runs", "segments.segments", "segments.centroids", "segments.k_evaluation"):
        assert second.value(f"select list(distinct run_id order by run_id) from {relation}") == [1, 2]
    assert second.columns("select distinct run_id from segments.assignments") == {"run_id": [2]}
    assert second.value("select version from marts.provenance") == 2


def test_parquet_in_another_order_is_csv(tmp_path: Path, write: Write, quick: Path):
    """The same customers as CSV and, the last row first, as Parquet give the same tables, but for the file and its lines."""
    path = write(HEADER + FOUR + "5,,,70,\n4,Male,23,90,77\n6,Male,200,1,1\n")
    with duckdb.connect() as connection:
        turned = (
            f"select * exclude (place) from (select *, row_number() over () as place from read_csv('{path}')) order by place desc"
        )
        connection.execute(f"copy ({turned}) to '{tmp_path / 'customers.parquet'}'")
    apart = {"source_file", "source_line", "source_fingerprint", "file_kind", "encoding", "delimiter"}
    from_csv = refreshed(tmp_path / "one", path, quick, force=True)
    from_parquet = refreshed(tmp_path / "other", tmp_path / "customers.parquet", quick, force=True)
    assert contents(from_csv, apart) == contents(from_parquet, apart)
    counts = "select rows_in, rows_kept, rows_rejected, rows_duplicate from raw.sources"
    assert from_csv.rows(counts) == from_parquet.rows(counts)
    lines = "select list(source_line order by source_line) from raw.customers"
    assert (from_csv.value(lines), from_parquet.value(lines)) == ([2, 3, 4, 5, 6], [2, 3, 5, 6, 7])


def test_what_a_refresh_says(tmp_path: Path, write: Write, quick: Path, capsys: pytest.CaptureFixture[str]):
    """The rows, each k with its reason, the checks and what was published stand on standard output; nothing on the other."""
    path = write(four())
    assert main(["--customers", str(path), "--warehouse", str(tmp_path / "w"), "--segmentations", str(quick)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for line in (
        f"Customers    {path}",
        "Rows         4 in = 4 kept + 0 rejected + 0 identical to a kept one",
        "Spending     kmeans        k = 2, the most reproducible of 2, but there are no clear segments: the customers are too few",
        "Spending     hierarchical  k = 2, the most reproducible of 2, but there are no clear segments: the customers are too few",
        f"Checks       all {len(checks())} hold",
        f"Published    {tmp_path / 'w' / 'current.duckdb'}, version 1",
    ):
        assert line in out


SOLD = "invoice,date,customer_id,product,quantity,unit_price\n" + "".join(
    f"{day}{customer},2024-01-{day:02},{customer},P{customer % 2},{customer},2.5\n"
    for day in range(1, 15)
    for customer in range(1, 7)
)


@pytest.mark.parametrize("is_beside", [True, False])
def test_every_part_of_a_step_is_told(is_beside: bool, tmp_path: Path, write: Write, quick: Path, monkeypatch: pytest.MonkeyPatch):
    """Whoever waits is told of each part of what takes long, from none done to all but the last; of a load, file by file."""
    told: list[tuple[str, int, int]] = []
    monkeypatch.setattr(Step, "__call__", lambda self, done, total, _: told.append((self.name, done, total)))
    customers = write(four() + "5,Male,40,50,50\n6,Female,41,51,52\n")
    further = {
        "stock": write("product,on_hand\nP1,3\n", "stock.csv"),
        "results": write("campaign,customer_id,group,outcome\na,1,test,1\na,2,holdout,0\n", "results.csv"),
    }
    value = write('[value]\nfeatures = ["monetary"]\nk_max = 2\n', "value.toml")
    given = {"customers": customers, "segmentations": quick} if is_beside else {"customers": None, "segmentations": value}
    refreshed(tmp_path / "w", **given, transactions=write(SOLD, "sold.csv"), **further)
    works = [told[place:] for place, (_, done, _) in enumerate(told) if done == 0]
    assert [work[0][0] for work in works] == [
        *(["load"] * (4 if is_beside else 3)),
        *("transactions", "features", "history", "segments", "models", "marts", "checks"),
    ]
    for (step, _, total), *_ in works:
        assert [(step, done, total) for done in range(total)] in [work[:total] for work in works]


def test_the_environment_is_enough(four_published: Path, monkeypatch: pytest.MonkeyPatch):
    """`make refresh` passes everything by variables, the share of rejected rows and the number of versions included."""
    (four_published / "customers.csv").write_text(four() + "5,Male,x,1,1\n")
    for name, value in {
        "CUSTOMERS": four_published / "customers.csv",
        "WAREHOUSE": four_published / "w",
        "SEGMENTATIONS": four_published / "quick.toml",
        "MAX_REJECTED": "0.2",
        "KEEP_VERSIONS": "1",
    }.items():
        monkeypatch.setenv(name, str(value))
    assert published(four_published / "w") == [1]
    assert main([]) == 0
    assert published(four_published / "w") == [2]
    monkeypatch.setenv("MAX_REJECTED", "0.1")
    assert main([]) == 2
    monkeypatch.setenv("FORCE", "1")
    assert main([]) == 0


def test_an_option_goes_before_its_variable():
    """Every option can be given; what is not given stays as the environment has it."""
    settings = Settings(customers=Path("env.csv"), max_rejected=0.5, keep_versions=9)
    given = parse(["--customers", "mine.csv", "--transactions", "t.csv", "--warehouse", "w", "--segmentations", "s.toml"], settings)
    paths = {"customers": "mine.csv", "transactions": "t.csv", "warehouse": "w", "segmentations": "s.toml"}
    assert given == Settings(**{name: Path(path) for name, path in paths.items()}, max_rejected=0.5, keep_versions=9)
    assert parse(["--max-rejected", "0.1", "--force"], settings).max_rejected == 0.1
    assert parse(["--memory-limit", "2GB"], settings).memory_limit == "2GB"
    assert parse([], settings) == settings


@pytest.mark.parametrize("text", ["4", "lots", "-1GB", "0%", "200%", "1e3GB", "4GB; select 1"])
def test_a_bad_amount_of_memory_is_one_line(text: str, capsys: pytest.CaptureFixture[str]):
    """It ends with status 2 and one line that names the option, the value and how an amount is written."""
    assert main([f"--memory-limit={text}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"--memory-limit: {text}: give an amount of memory such as 4GB" in line


@pytest.mark.parametrize("option", ["--max-rejected", "--max-shrink"])
@pytest.mark.parametrize("text", ["1.5", "-0.1", "nan", "some"])
def test_a_bad_share_is_one_line(option: str, text: str, capsys: pytest.CaptureFixture[str]):
    """A share outside 0 to 1 ends with status 2 and one line that names the option and the value."""
    assert main([f"{option}={text}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"refresh: argument {option}: {text}: give a share from 0 to 1; ")


def test_help_lists_every_option(capsys: pytest.CaptureFixture[str]):
    """--help names the options and the exit statuses."""
    with pytest.raises(SystemExit) as error:
        main(["--help"])
    assert error.value.code == 0
    out = capsys.readouterr().out
    for word in ("--customers", "--transactions", "--warehouse", "--segmentations", "--max-rejected", "--force", "status: 0"):
        assert word in out


def test_without_a_file_the_sample_is_taken_and_said_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """The Kaggle file in data/ goes before the sample; the sample is announced as synthetic."""
    monkeypatch.chdir(tmp_path)
    found = etl.refresh._with_sources(Settings(), Reporter(), None)
    assert (found.customers, found.transactions) == (BUNDLED, BUNDLED_TRANSACTIONS)
    assert "SYNTHETIC CUSTOMERS" in capsys.readouterr().out
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "Mall_Customers.csv").touch()
    found = etl.refresh._with_sources(Settings(), Reporter(), None)
    assert (found.customers, found.transactions) == (Path("data/Mall_Customers.csv"), None)
    for own in (Settings(customers=Path("mine.csv")), Settings(transactions=Path("mine.csv"))):
        assert etl.refresh._with_sources(own, Reporter(), None) == own
    assert capsys.readouterr().out == ""


def test_a_refresh_beside_another_is_refused(held: Path, write: Write, quick: Path, capsys: pytest.CaptureFixture[str]):
    """Two refreshes at once: the second ends with status 3 and one line that names the holder."""
    assert main(["--customers", str(write(four())), "--warehouse", str(held), "--segmentations", str(quick)]) == 3
    (line,) = capsys.readouterr().err.splitlines()
    holder = (held / LOCK).read_text()
    assert holder.endswith(" since noon")
    assert line == f"refresh: {held} is being changed by {holder}; try again when it has ended"
    assert current(held) is None


@pytest.mark.parametrize(
    ("raised", "status", "said"),
    [
        (InputError("a.csv: no good"), 2, "refresh: a.csv: no good"),
        (BuildError("x.sql: Parser Error:\n\nLINE 1: selec"), 1, "refresh: x.sql: Parser Error:  LINE 1: selec"),
        (KeyboardInterrupt(), 130, "refresh: interrupted; nothing was published"),
    ],
)
def test_exit_statuses(
    raised: BaseException, status: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """Each end has its status and one line."""

    def fail(*_: object) -> None:
        raise raised

    monkeypatch.setattr(etl.refresh, "refresh", fail)
    assert main([]) == status
    assert capsys.readouterr().err.splitlines() == [said]


def test_a_defect_of_ours_publishes_nothing(
    four_published: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    """When a later layer fails, status 1 names the SQL file, and the old version stays."""
    given = {"--customers": "customers.csv", "--warehouse": "w", "--segmentations": "quick.toml"}
    arguments = [word for option, name in given.items() for word in (option, str(four_published / name))]
    build = etl.refresh.build

    def broken(connection: duckdb.DuckDBPyConnection, wanted: list[str], *progress: Progress) -> None:
        if wanted == ["marts"]:
            connection.execute("drop table segments.segments")
        build(connection, wanted, *progress)

    monkeypatch.setattr(etl.refresh, "build", broken)
    assert main(arguments) == 1
    assert "refresh: 50_marts/" in capsys.readouterr().err
    assert published(four_published / "w") == [1]
    assert not list((four_published / "w").glob("*.building*"))


@pytest.mark.parametrize(
    ("k", "given"),
    [(None, {"gender_is_male": "k = 2"}), (2, {"gender_is_female": "k_min = 2", "spending_score": "k = 3"})],
)
def test_a_person_fixes_k(tmp_path: Path, write: Write, k: int | None, given: dict[str, str]):
    """A k of the file or of K= is taken, K= before the file's, and said to be a person's; a category's 0/1 columns will do."""
    tables = (f'[{name}]\ntitle = "Our own"\nfeatures = ["age", "{name}"]\n{line}\n' for name, line in given.items())
    snapshot = refreshed(tmp_path / "w", write(four()), write("".join(tables), "own.toml"), k=k)
    runs = "select segmentation, segmentation_title, features, k, k_chosen_by from segments.runs where segmentation = ?"
    asked = "select distinct value, scaled_value from segments.centroids where segmentation = ? and feature = ?"
    for name in given:
        expected = {
            "segmentation": name,
            "segmentation_title": "Our own",
            "features": ["age", name],
            "k": 2,
            "k_chosen_by": "person",
        }
        assert snapshot.rows(runs, [name]) == [expected] * 2
        values = snapshot.rows(asked, [name, name])
        assert all(row["value"] == row["scaled_value"] for row in values) is name.startswith("gender_is_")
    assert snapshot.value("select count(*) from segments.runs") == 2 * len(given)
