"""The pages without a browser: what they say equals what SQL says, and hostile requests are refused."""

import json
import re
from datetime import datetime
from pathlib import Path

import pytest

from dashboard import queries, shell
from dashboard.app import create_app
from dashboard.cube import cube
from dashboard.figures import profile_heat_map
from dashboard.pages import evidence, explore, segments
from dashboard.scatter import segment_scatter
from dashboard.theme import DARK, LIGHT
from tests.dashboard.words import text
from tests.helpers import HEADER, QUICK, refreshed
from warehouse.connection import Warehouse
from warehouse.errors import InputError
from warehouse.settings import Settings


@pytest.fixture(scope="module")
def db(published):
    return Warehouse(published).snapshot()


@pytest.mark.parametrize("look", [LIGHT, DARK])
@pytest.mark.parametrize("clustering", [("spending", "kmeans"), ("lifestyle", "hierarchical")])
def test_segments_and_evidence_name_every_segment(db, clustering, look):
    """Both pages draw in both colour schemes, and each names all segments of the clustering with their sizes."""
    run = queries.known_run(db, *clustering)
    page = text(segments.content(db, run, look))
    for segment in db.rows("from segments.segments where segmentation = ? and algorithm = ?", clustering):
        assert segment["segment_name"] in page
        assert f"{segment['size']:,} customers" in page
    assert run["k_reason"] in text(evidence.content(db, run, look))


def test_an_address_of_another_warehouse_shows_the_first_clustering(db):
    """A segmentation that this version does not have falls back to the first there is."""
    assert queries.known_run(db, "gone", "kmeans")["segmentation"] == "spending"


def test_the_table_pages_and_sorts(db):
    """Pages follow one another without a gap or a repeat, in the order asked for."""
    request = {"sortModel": [{"colId": "age", "sort": "desc"}]}
    pages = [explore.rows(db, {**request, "startRow": start, "endRow": start + 100}, {}, "spending")[0] for start in (0, 100)]
    shown = [(row["age"], row["customer_id"]) for page in pages for row in page["rowData"]]
    expected = db.rows("select age, customer_id from features.customer_features order by age desc, customer_id limit 200")
    assert shown == [(row["age"], row["customer_id"]) for row in expected]
    assert pages[0]["rowCount"] == 2000


def test_ids_that_are_numbers_sort_as_numbers(tmp_path):
    """2 stands before 10, names after the numbers, and the other way round where that is asked for; ties of a column as well."""
    ids = ["10", "9", "2", "1", "A10", "1" + 38 * "0", "A9", "007"]
    (tmp_path / "c.csv").write_text(HEADER + "".join(f"{name},F,{30},{place % 3},{place}\n" for place, name in enumerate(ids)))
    (tmp_path / "s.toml").write_text(QUICK)
    db = refreshed(tmp_path / "warehouse", tmp_path / "c.csv", tmp_path / "s.toml")
    upwards = ["1", "2", "007", "9", "10", "1" + 38 * "0", "A10", "A9"]
    for sort, expected in [
        ([], upwards),
        ([{"colId": "customer_id", "sort": "asc"}], upwards),
        ([{"colId": "customer_id", "sort": "desc"}], upwards[::-1]),
        ([{"colId": "age", "sort": "desc"}], upwards),
    ]:
        page, _ = explore.rows(db, {"sortModel": sort}, {}, "spending")
        assert [row["customer_id"] for row in page["rowData"]] == expected


@pytest.mark.parametrize(
    ("request_", "filters"),
    [
        ({"sortModel": [{"colId": "age; drop table x", "sort": "asc"}]}, {}),
        ({"sortModel": [{}]}, {}),
        ({"sortModel": [{"colId": ["age"], "sort": "asc"}]}, {}),
        ({"sortModel": 3}, {}),
        ({"sortModel": [3]}, {}),
        ({"startRow": "a"}, {}),
        ({"startRow": True}, {}),
        ({"startRow": -1}, {}),
        ({"startRow": 10**30, "endRow": 10**30 + 1}, {}),
        ({"startRow": float("nan")}, {}),
        ({"startRow": 5, "endRow": 1}, {}),
        (3, {}),
        ([], {}),
        ({}, {"nobody": {"op": "in", "value": ["x"]}}),
    ],
)
def test_what_the_table_cannot_answer_is_refused(db, request_, filters):
    """A column or filter that is not ours is bad input, never SQL."""
    with pytest.raises(InputError):
        explore.rows(db, request_, filters, "spending")


def test_a_page_of_rows_is_never_larger_than_a_page(db):
    """However many rows are asked for, a page is sent."""
    answer, _ = explore.rows(db, {"startRow": 0, "endRow": 10**9}, {}, "spending")
    assert len(answer["rowData"]) == explore.PAGE_ROWS


def test_the_cube_is_json_and_counts_everyone(db):
    """The cube has a bin for every cell and dimension, and its cells add up to all customers."""
    data = json.loads(json.dumps(cube(db)))
    assert sum(data["count"]) == data["customers"] == 2000
    for dimension in data["dimensions"]:
        count_bins = len(dimension["edges"]) - 1 if dimension["kind"] == "numeric" else len(dimension["values"])
        assert max(data["bins"][dimension["name"]]) < count_bins


def test_without_a_warehouse_the_page_opens(tmp_path):
    """The shell is served, and the cube is a plain 404."""
    client = create_app(Settings(warehouse=tmp_path)).server.test_client()
    assert client.get("/").status_code == 200
    assert client.get("/cube/1.json").status_code == 404


def test_a_cube_of_another_version_is_not_found(published):
    """Only the version that is published is served, so a page never mixes two."""
    client = create_app(Settings(warehouse=published)).server.test_client()
    assert client.get("/cube/1.json").status_code == 200
    assert client.get("/cube/999.json").status_code == 404


def test_a_name_is_text_in_a_figure():
    """Plotly reads some HTML, so a name from a file is escaped."""
    segment = {"segment_id": 1, "segment_name": "<b>x</b>", "colour": 0, "mean_a": 1.0, "mean_b": 2.0}
    columns = [{"column_name": name, "label": name, "unit": "", "scale": "linear"} for name in ("a", "b")]
    figure = segment_scatter({"x": [1], "y": [2], "segment_id": [1]}, [segment], *columns, LIGHT)
    assert figure.layout.annotations[0].text == "&lt;b&gt;x&lt;/b&gt;"
    assert figure.data[-1].customdata[0][0] == "&lt;b&gt;x&lt;/b&gt;"


def test_a_long_name_is_cut_beside_its_mark_and_whole_when_pointed_at():
    """Two lines and an ellipsis stand in the plot; all of the name is told by the mark and by the name itself."""
    name = "Somewhat low balance · somewhat low cash advance frequency · somewhat low credit limit"
    segments_ = [{"segment_id": 1, "segment_name": name, "colour": 0, "mean_a": 1.0, "mean_b": 1.0}]
    columns = [{"column_name": name, "label": name, "unit": "", "scale": "linear"} for name in ("a", "b")]
    figure = segment_scatter({"x": [1, 5], "y": [1, 5], "segment_id": [1, 1]}, segments_, *columns, LIGHT)
    assert figure.layout.annotations[0].text.count("<br>") == 1
    assert figure.layout.annotations[0].text.endswith("…")
    assert figure.layout.annotations[0].hovertext.replace("<br>", " ") == name
    assert figure.data[-1].customdata[0][0].replace("<br>", " ") == name


@pytest.mark.parametrize(("count", "rows", "columns"), [(3, 3, 3), (17, 17, 3)])
def test_many_numbers_stand_below_one_another(count, rows, columns):
    """The heat map of a few numbers has a row per segment; where they are many, it has a row per number."""
    names = [{"segment_id": each, "segment_name": f"Segment {each}"} for each in (1, 2)]
    profiles = [
        {"segment_id": segment, "feature": f"f{place}", "label": f"F{place}", "unit": "", "mean": 10.0 * segment + place}
        | {"difference": 1.0, "effect_size": float(segment), "mean_everyone": 5.0}
        for segment in (1, 2)
        for place in range(count)
    ]
    (heat_map,) = profile_heat_map(profiles, names, LIGHT).data
    assert (len(heat_map.z), len(heat_map.z[0])) == (rows, columns)
    assert heat_map.z[1][0] == (2.0 if count == 3 else 1.0)
    assert heat_map.text[0][0] == ("10.00 (+1.00)" if count == 3 else "10.00<br>+1.00")


def test_the_header_says_when_an_older_version_stands_in():
    """A damaged version is named before the one that is shown."""
    about = {"source_file": "a.csv", "count_customers": 3, "version": 11, "built_at": datetime(2026, 1, 2), "is_synthetic": False}
    assert "Version 12 is damaged; this is version 11." in str(shell.source_line(about, "", 12)[0])
    assert "damaged" not in str(shell.source_line(about))


def test_names_are_cut_further_rather_than_left_out():
    """Three segments in a corner, as the credit card customers are, and ten all over: every name has a place."""
    name = "Somewhat low balance · somewhat low cash advance frequency"
    columns = [{"column_name": column, "label": column, "unit": "", "scale": "linear"} for column in ("a", "b")]
    for means in ([(6, 3), (5, 16), (38, 2)], [(x, y) for x in (10, 35, 60, 85, 95) for y in (20, 80)]):
        named = [
            {"segment_id": place, "segment_name": name, "colour": 0, "mean_a": x, "mean_b": y} for place, (x, y) in enumerate(means)
        ]
        customers = {"x": [0, 100], "y": [0, 100], "segment_id": [0, 0]}
        assert len(segment_scatter(customers, named, *columns, LIGHT).layout.annotations) == len(means)


def test_the_first_requests_find_everything(published: Path):
    """Dash sets itself up with the first request; others at that moment, as of a browser that asks for scripts, need it done."""
    app = create_app(Settings(warehouse=published))
    before = {package: set(paths) for package, paths in app.registered_paths.items()}
    page = app.server.test_client().get("/").text
    packages = set(re.findall(r'src="/_dash-component-suites/([^/"]+)/', page))
    assert {"dash", "dash_mantine_components", "dash_ag_grid"} <= packages <= before.keys()
    assert before == app.registered_paths
