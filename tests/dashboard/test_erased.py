"""The pages and the report once people were erased on request."""

import pytest

from dashboard import queries
from dashboard.cube import cube
from dashboard.pages import data, evidence, explore, segments
from dashboard.report.contents import read_report
from dashboard.report.write import PAGE, write_report
from dashboard.theme import LIGHT
from tests.dashboard.words import text
from tests.helpers import HEADER, four, refreshed
from warehouse.connection import Warehouse
from warehouse.forget import forget


def test_every_page_after_an_erasure(tmp_path, quick):
    """Where a leaf of the tree, or a whole segment, has lost its last customer, the pages and the report are drawn all the same."""
    rows = [f"near-{i:03},{('Male', 'Female')[i % 2]},{20 + i % 50},{15 + i % 14 + 60 * (i % 2)},{39 + i % 9}" for i in range(198)]
    path = tmp_path / "customers.csv"
    path.write_text("\n".join([HEADER.strip(), *rows, "apart,Male,40,50,60", "far-away,Male,41,500,99", ""]))
    directory = tmp_path / "warehouse"
    before = queries.merges(refreshed(directory, path, quick, force=True), "spending")
    assert before[-1]["size"] == 200
    erased: list[str] = []
    for customer_id in ("near-003", "far-away"):
        forget(directory, customer_id)
        erased.append(customer_id)
        db = Warehouse(directory).snapshot()
        after = queries.merges(db, "spending")
        assert (after[-1]["size"], len(after)) == (200 - len(erased), len(before) - len(erased))
        assert db.value("select max(size) from segments.merges") == 200 - len(erased)
        assert (db.value("select min(size) from segments.segments") == 0) == ("far-away" in erased)
    for algorithm in ("kmeans", "hierarchical"):
        run = queries.known_run(db, "spending", algorithm)
        for page in (segments.content(db, run, LIGHT), evidence.content(db, run, LIGHT), data.content(db, LIGHT)):
            assert f"{200 - len(erased)}" in text(page)
    assert cube(db)
    assert explore.rows(db, {"startRow": 0, "endRow": 300}, {}, "spending")[0]["rowCount"] == 200 - len(erased)
    write_report(read_report(db), tmp_path / "report")
    assert (tmp_path / "report" / PAGE).exists()


@pytest.mark.soak
def test_one_customer_is_left(tmp_path, quick, write):
    """Where all but one were erased there is no tree to draw: the Evidence page and the report go without."""
    directory = tmp_path / "warehouse"
    refreshed(directory, write(four()), quick, force=True)
    for customer_id in "123":
        forget(directory, customer_id)
    db = Warehouse(directory).snapshot()
    assert queries.merges(db, "spending") == []
    assert evidence.content(db, queries.known_run(db, "spending", "hierarchical"), LIGHT)
    assert [picture.file for picture in read_report(db).sections[0].pictures if "dendrogram" in picture.file] == []
