"""What the pages say of alerts and of the age of the data, against rows that are put into a version."""

import re
import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from dashboard import alerts, queries, shell
from dashboard.app import create_app
from dashboard.pages.history_parts import content
from dashboard.theme import LIGHT
from tests.dashboard.browser import serve, wait_until
from tests.dashboard.words import text
from warehouse.connection import Snapshot, Warehouse
from warehouse.settings import Settings

ROWS = [
    ("warning", "rejects", None, None, None, "4 % of the rows of customers were rejected."),
    ("warning", "born", "spending", "kmeans", 1, "“A” is new."),
    ("warning", "size", "spending", "hierarchical", 1, "“B” grew."),
    ("note", "size", "spending", "kmeans", 2, "“C” shrank."),
]
"""By place: severity, kind, segmentation, algorithm, segment and sentence."""
INSERT = """
insert into segments.alerts by name
select
    (select run_id from segments.newest_run) as run_id, $1 as place, 0 as previous_run_id, $2 as severity, $3 as kind,
    $4 as segmentation, $5 as algorithm, $6 as segment_id, $7 as sentence
"""


@pytest.fixture
def changed(published: Path, tmp_path: Path) -> Callable[[str], Path]:
    """A copy of the sample's warehouse with the rows in it, and changed further by SQL; its directory."""

    def change(sql: str = "") -> Path:
        directory = tmp_path / "w"
        shutil.copytree(published, directory, symlinks=True)
        (path,) = directory.glob("v*.duckdb")
        path.chmod(0o644)
        with duckdb.connect(path) as connection:
            for place, row in enumerate(ROWS, start=1):
                connection.execute(INSERT, [place, *row])
            connection.execute(sql) if sql else None
        return directory

    return change


def _open(directory: Path) -> Snapshot:
    return Warehouse(directory).snapshot()


def test_the_header_counts_what_changed(changed: Callable[..., Path]):
    """Of the clustering shown by kind, with what was loaded; of the others how many; the sentences for who points at it."""
    rows = alerts.read(_open(changed()))
    (button,) = alerts.header(rows, "spending", "kmeans")
    assert button.children == "3 things changed: 1 source with more rejected rows, 1 new segment, 1 size · 1 elsewhere"
    assert button.title.splitlines() == [ROWS[place][-1] for place in (0, 1, 3, 2)]
    others = [row for row in rows if row["algorithm"] == "hierarchical"]
    assert alerts.summary(others, "spending", "kmeans") == "1 thing changed in other clusterings"
    assert alerts.header([], "spending", "kmeans") == []


def test_the_history_page_lists_them(changed: Callable[..., Path]):
    """Those of the clustering first, with their severity and where the others are; and the SQL beside them gives the same."""
    db = _open(changed())
    page = text(content(db, None, ("spending", "kmeans"), LIGHT))
    places = [page.index(ROWS[place][-1]) for place in (0, 1, 3, 2)]
    assert places == sorted(places)
    assert "Spending, Ward: " in page
    assert page.count("▲ look at it") == 3
    assert [row["sentence"] for row in db.rows(alerts.SQL)] == [row[-1] for row in ROWS]


def test_without_alerts_nothing_is_said(sample: Snapshot):
    """Neither in the header nor on the page."""
    assert alerts.read(sample) == []
    assert "beyond chance" not in text(content(sample, None, ("spending", "kmeans"), LIGHT))


def test_a_version_of_an_earlier_release_has_none(changed: Callable[..., Path]):
    """It kept no alerts, and does not say since when its data are what they are: it is as old as it is."""
    db = _open(changed("drop table segments.alerts"))
    assert alerts.read(db) == []
    about = {name: value for name, value in queries.provenance(db).items() if name != "data_since"}
    assert "from data" not in text(
        shell.source_line(about | {"is_synthetic": False}, is_newest=True, expected_age=timedelta(days=1))
    )


def _line(days: float, built: float = 0, is_synthetic: bool = False, is_newest: bool = True, expected: float | None = 8) -> str:
    """The header of data that were new some days ago."""
    now = datetime.now(UTC).replace(tzinfo=None)
    about = {"source_file": "a.csv", "count_customers": 4, "version": 2, "is_synthetic": is_synthetic}
    about |= {"built_at": now - timedelta(days=built), "data_since": now - timedelta(days=days)}
    return text(shell.source_line(about, "", None, is_newest, None if expected is None else timedelta(days=expected)))


@pytest.mark.parametrize(
    ("line", "is_late"),
    [
        (_line(9), True),
        (_line(9, built=9), True),
        (_line(7), False),
        (_line(0.5, expected=0.25), True),
        (_line(900, expected=None), False),
        (_line(9, is_synthetic=True), False),
        (_line(9, is_newest=False), False),
    ],
)
def test_the_header_says_when_the_data_are_older_than_expected(line: str, is_late: bool):
    """In a word and a class, not in a colour alone; not of generated customers, nor of an older version that was asked for."""
    assert ("aged" in line) == ("OLD DATA: " in line) == is_late


def test_the_header_says_how_old_the_data_are():
    """A refresh of a file that has not changed makes it no younger."""
    assert "built just now, from data of 9 days ago" in _line(9)
    assert "OLD DATA: 9 DAYS" in _line(9)
    assert "from data" not in _line(0)


def test_the_age_expected_comes_from_the_settings(changed: Callable[..., Path]):
    """EXPECTED_AGE reaches the line that every page has."""
    directory = changed(
        "update segments.runs set created_at = created_at - interval 3 days; update raw.sources set is_synthetic = false"
    )
    for expected, is_late in ((timedelta(days=2), True), (timedelta(days=4), False), (None, False)):
        app = create_app(Settings(warehouse=directory, expected_age=expected))
        body = {
            "output": "..version.data...header-source.children...segmentation.data..",
            "outputs": [
                {"id": "version", "property": "data"},
                {"id": "header-source", "property": "children"},
                {"id": "segmentation", "property": "data"},
            ],
            "inputs": [
                {"id": "clock", "property": "n_intervals", "value": 1},
                {"id": "wanted-version", "property": "data", "value": None},
            ],
            "changedPropIds": ["clock.n_intervals"],
            "state": [{"id": "version", "property": "data", "value": None}],
        }
        answer = app.server.test_client().post("/_dash-update-component", json=body)
        assert answer.status_code == 200
        assert ("OLD DATA: 3 DAYS" in answer.get_data(as_text=True)) is is_late


@pytest.mark.browser
def test_the_header_leads_to_the_history_page(dash_duo, changed: Callable[..., Path]):
    """With the clustering that is shown, and its filters, in the address."""
    serve(dash_duo, changed())
    driver = dash_duo.driver
    driver.get(f"{dash_duo.server_url}/segments?segmentation=spending&algorithm=hierarchical&age=20..40")
    wait_until(lambda: "2 things changed" in driver.find_element("css selector", "[data-follow]").text, what="the line")
    driver.find_element("css selector", "[data-follow]").click()
    wait_until(lambda: "▲ look at it" in driver.find_element("css selector", ".alerts").text, what="the list")
    assert re.search(r"/history\?segmentation=spending&algorithm=hierarchical&age=20\.\.40", driver.current_url)
    assert [entry for entry in dash_duo.get_logs() or [] if entry["level"] == "SEVERE"] == []
