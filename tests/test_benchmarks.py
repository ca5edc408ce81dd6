"""The benchmark measures what it says: peaks of the process alone, figures that others compute alike. No time is asserted."""

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import duckdb
import numpy as np
import pytest
from rich.console import Console
from scipy.spatial.distance import cdist
from sklearn.metrics import adjusted_rand_score

from etl.console import Reporter
from tests.benchmarks import clustering, kmeans, refreshes, ward
from tests.benchmarks.kmeans_methods import METHODS
from tests.benchmarks.measure import Measure, StoppedError, measured, steps_of
from tests.benchmarks.results import save
from tests.benchmarks.ward_methods import CUTS, within
from tests.benchmarks.ward_methods import METHODS as HIERARCHIES
from tests.benchmarks.workshop import THREE, TWELVE, Refreshed, Workshop, agreement, read_customers

FEW = 250
ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which customers and warehouses are made once."""
    return tmp_path_factory.mktemp("workshop")


@pytest.fixture
def workshop(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """A workshop whose processes keep to one thread, as other tests are running."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    return Workshop(folder, "1GB", 60, tmp_path / "RESULTS.md")


def _rows(text: str) -> dict[str, list[str]]:
    """The rows of the tables in a text, by their first cell."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    return {first: rest for first, *rest in cells}


def _refreshed(seconds: float) -> Refreshed:
    steps = {"load": seconds / 2, "history": 0.0, "segments": seconds / 2, "total": seconds}
    return Refreshed(Measure(seconds, 1.0, ""), Measure(seconds, 1.0, ""), steps, 0.1, 0.99)


def test_a_peak_is_that_of_the_process_alone():
    """What the measuring process holds does not count for what it starts."""
    held = np.ones(40_000_000)
    assert measured("-c", "print('done')").peak_gigabytes < held.nbytes / 1e9 / 2
    assert measured("-c", "x = bytearray(b'1') * 400_000_000").peak_gigabytes > 0.4


def test_what_takes_too_long_or_too_much_ends():
    """A process is stopped after its time, and has no more memory than it was given; what it said is kept."""
    with pytest.raises(StoppedError, match="stopped after 0 s"):
        measured("-c", "import time; time.sleep(60)", seconds=0.2)
    with pytest.raises(RuntimeError, match="MemoryError"):
        measured("-c", "bytearray(2_000_000_000)", memory=1_000_000_000)


def test_a_block_takes_the_place_of_its_own(tmp_path: Path):
    """Saving leaves the rest of the page as it is, and a block without a place comes last."""
    page = tmp_path / "page.md"
    page.write_text("# A\n\n<!-- one -->\n\nold\n\n<!-- end of one -->\n\n<!-- one more -->\n\nkept\n\n<!-- end of one more -->\n")
    save("one", "new", page)
    save("two", "last", page)
    text = page.read_text()
    assert "old" not in text
    assert re.findall(r"^\w+$", text, re.MULTILINE) == ["new", "kept", "last"]
    assert text.startswith("# A\n\n<!-- one -->\n\nnew\n\n<!-- end of one -->")


def test_a_run_that_is_stopped_keeps_what_it_has(workshop: Workshop, monkeypatch: pytest.MonkeyPatch):
    """A part is saved after each of its steps."""

    def broken(_: Workshop, sizes: Sequence[int]) -> Iterator[str]:
        yield f"the first of {len(sizes)}"
        raise KeyboardInterrupt

    monkeypatch.setitem(clustering.PARTS, "kmeans", (broken, (1, 2)))
    with pytest.raises(KeyboardInterrupt):
        clustering.bench("kmeans", workshop)
    assert "the first of 2" in workshop.results.read_text()


def test_make_names_every_part():
    """`make bench` runs all parts but that of the browser, each of which has its place in RESULTS.md."""
    (parts,) = re.findall(r"^BENCH \?= (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert parts.split() == [*clustering.PARTS, "transactions"]
    page = (ROOT / "tests" / "benchmarks" / "RESULTS.md").read_text(encoding="utf-8")
    assert re.findall(r"<!-- ([\w-]+) -->", page) == [*parts.split(), "dashboard", "load", "spark"]


def _installed(module: str) -> bool:
    return find_spec(module.partition(".")[0]) is not None


def test_ours_is_what_a_refresh_does(workshop: Workshop):
    """The benchmark's own ways through our code end with as many groups as were asked for."""
    warehouse = workshop.warehouse(workshop.customers(FEW))
    assert METHODS["ours"].fit(warehouse, "1GB", THREE, kmeans.K).shape == (kmeans.K, len(THREE))
    found = HIERARCHIES["ours"].fit(warehouse, "1GB", THREE)
    assert [labels.max() + 1 for labels in found["cuts"]] == list(CUTS)
    assert len(found["values"]) == FEW


@pytest.mark.soak  # other libraries: half a minute
@pytest.mark.filterwarnings("ignore:builtin type [sS]wig:DeprecationWarning")  # of faiss
@pytest.mark.parametrize("names", [THREE, TWELVE], ids=["three", "twelve"])
def test_every_kmeans_finds_the_groups(workshop: Workshop, names: tuple[str, ...]):
    """With few customers ours is at least as good as scikit-learn's; what partitions are worth is what others compute."""
    customers = (workshop.customers if names == THREE else workshop.wide_customers)(FEW)
    warehouse = workshop.warehouse(customers)
    values, planted = read_customers(warehouse, names, customers.truth)
    found = {}
    for name, method in METHODS.items():
        if _installed(method.module):
            centroids = method.fit(warehouse, "1GB", names, kmeans.K)
            found[name], labels = kmeans.assigned(values, centroids)
            assert found[name] == pytest.approx(cdist(values, centroids, "sqeuclidean").min(axis=1).sum())
            assert adjusted_rand_score(planted, labels) > 0.4
    assert found["ours"] <= found["scikit-learn"] * (1 + 1e-9)
    assert len(values) == FEW


@pytest.mark.soak  # other libraries and processes: half a minute
def test_kmeans_in_a_process_of_its_own(workshop: Workshop, monkeypatch: pytest.MonkeyPatch):
    """What comes back from a process is its time and its peak, and what its centroids are worth; what is not there is said."""
    method = METHODS["ours"]
    monkeypatch.setattr(kmeans, "METHODS", {"ours": method, "absent": replace(method, module="no_such_module.part")})
    customers = workshop.customers(FEW)
    warehouse = workshop.warehouse(customers)
    fits = kmeans.fit_all(workshop, warehouse, THREE, customers.truth)
    values, planted = read_customers(warehouse, THREE, customers.truth)
    inertia, labels = kmeans.assigned(values, method.fit(warehouse, "1GB", THREE, kmeans.K))
    ours = fits["ours"]
    assert isinstance(ours, kmeans.Fit)
    assert (ours.inertia, ours.rand) == pytest.approx((inertia, adjusted_rand_score(planted, labels)))
    assert ours.seconds > 0
    assert 0.05 < ours.peak_gigabytes < 1
    assert fits["absent"] == "not installed"


def test_kmeans_says_what_was_stopped():
    """A method that was stopped has a row that says so, and it meets the target where it had time enough to."""
    fits: dict[str, kmeans.Fit | str] = {
        "ours": kmeans.Fit(2.0, 0.5, 101.0, 0.9),
        "scikit-learn": "stopped after 60 s",
        "faiss": kmeans.Fit(9.0, 1, 100.0, 0.9),
    }
    for faster, is_met in ((10, "yes"), (40, "**no**")):
        rows = kmeans.rows(fits, kmeans.Target(faster, 0.001), 60)
        assert [row[1] for row in rows] == ["2.00 s", "stopped after 60 s", "9.00 s"]
        assert [row[-1] for row in rows] == ["**no**", is_met, ""]
        assert {len(row) for row in rows} == {9}


@pytest.mark.soak  # other libraries and processes: half a minute
def test_every_tree_has_its_cuts(workshop: Workshop, monkeypatch: pytest.MonkeyPatch):
    """With few customers ours is scipy's tree, up to the order of equals, so its cuts are worth the same."""
    warehouse = workshop.warehouse(workshop.customers(FEW))
    worth = {}
    for name, method in HIERARCHIES.items():
        if _installed(method.module):
            found = method.fit(warehouse, "1GB", THREE)
            assert [labels.max() + 1 for labels in found["cuts"]] == list(CUTS)
            worth[name] = [within(found["values"], labels) for labels in found["cuts"]]
            assert sorted(worth[name], reverse=True) == worth[name]
    assert worth["ours"] == pytest.approx(worth["scipy"], rel=0.03)

    def measured(_workshop: Workshop, name: str, _count: int) -> Measure | str:
        answer = {"seconds": 30.0 if name == "scipy" else 1.0, "within": worth.get(name)}
        return Measure(2.0, 0.1, json.dumps(answer)) if name in worth else "not installed"

    monkeypatch.setattr(ward, "_measured", measured)
    (text,) = ward.bench_cuts(workshop, [FEW])
    costs, quality = (_rows(part) for part in text.split("\n\n")[1:])
    assert list(costs)[2:] == [method.title for method in HIERARCHIES.values()]
    assert costs[HIERARCHIES["scipy"].title] == ["30 s", "30 ×", "0.10 GB", "≥ 20 ×", "yes"]
    assert quality["ours"][-1] == "yes"


@pytest.mark.soak  # other libraries and processes: half a minute
def test_ward_in_a_process_of_its_own(workshop: Workshop):
    """How ours grows: the parts of its time, and the last size held against the first."""
    found = _rows(next(iter(ward.bench_growth(workshop, [FEW]))))
    assert found[str(FEW)][3] == "1.00 ×"
    assert found[str(FEW)][-2:] == ["< 3 ×", "yes"]


def test_within_is_the_sum_of_squares_to_the_means():
    """Three customers, two labels."""
    assert within(np.array([[0.0, 0.0], [2.0, 0.0], [9.0, 9.0]]), np.array([0, 0, 1])) == 2


def test_the_most_customers_whose_pairs_fit():
    """One customer more does not fit."""
    for memory in (1e6, 4e9):
        most = ward.most_customers(memory, 8)
        assert most * (most - 1) / 2 * 8 <= memory < (most + 1) * most / 2 * 8


def test_the_steps_of_a_refresh_are_read():
    """They are what the refresh says of its times."""
    reporter = Reporter(Console(quiet=True))
    with reporter.step("load", "Loaded"):
        pass
    said = f"Rows         5 in\nTimes        {reporter.times()}\nPublished    current.duckdb, version 1\n"
    assert list(steps_of(Measure(1, 1, said))) == ["load", "total"]


@pytest.mark.soak  # other libraries and processes: half a minute
def test_refreshes_are_held_against_loads_and_a_script(workshop: Workshop):
    """The tables of a quick and of a slow refresh: loads and script are run, and what the targets ask for is judged."""
    workshop._refreshed.update({FEW: _refreshed(0.01), 2 * FEW: _refreshed(10_000)})
    loads, script = (_rows(text) for text in refreshes.bench(workshop, [FEW, 2 * FEW]))
    assert [loads[name][-1] for name in ("refresh", "of it loading")] == ["**no**"] * 2
    assert script["refresh"][-1] == "yes"
    assert float(script["plain script"][5]) > 0.9
    with (workshop.folder / "labels.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == FEW


def test_growth_has_a_table_and_a_small_picture(workshop: Workshop):
    """A row for each number of customers, without the steps that take no time."""
    workshop._refreshed.update({count: _refreshed(count / 500) for count in (1_000, 10_000, 100_000)})
    found, _ = refreshes.bench_growth(workshop, [100_000, 1_000, 10_000])
    rows = _rows(found)
    assert list(rows) == ["customers", "---", "1,000", "10,000", "100,000"]
    assert rows["customers"] == ["load", "segments", "total", "peak memory", "disk", "adjusted Rand"]
    picture = workshop.results.with_name("growth.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 100_000


def test_the_agreement_is_that_of_the_published_segments(tmp_path: Path):
    """The adjusted Rand index of `spending` by K-Means is scikit-learn's; other clusterings do not count."""
    planted = np.random.default_rng(0).integers(3, size=60)
    found = np.where(np.arange(60) % 4 == 0, 2, planted) + 5
    truth, published = tmp_path / "_truth.csv", tmp_path / "v1.duckdb"
    truth.write_text("customer_id,planted_group\n" + "".join(f"{place:03},group {group}\n" for place, group in enumerate(planted)))
    with duckdb.connect(str(published)) as connection:
        connection.register("given", {"place": np.arange(60), "segment_id": found})
        connection.execute("create schema segments")
        connection.execute(
            "create table segments.assignments as "
            "select lpad(cast(place as varchar), 3, '0') as customer_id, 'spending' as segmentation, algorithm, "
            "if(algorithm = 'kmeans', segment_id, 1) as segment_id "
            "from given cross join (values ('kmeans'), ('hierarchical')) as algorithms(algorithm)"
        )
    assert agreement(published, truth) == pytest.approx(adjusted_rand_score(planted, found), abs=1e-12)
