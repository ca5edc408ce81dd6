"""How far a clustering can be trusted: the words of the pages, against the tables they speak of."""

import json
import shutil

import duckdb
import pytest

from dashboard import queries, trust
from dashboard.app import create_app
from dashboard.format import places
from dashboard.pages import evidence, segments
from dashboard.theme import LIGHT
from tests.dashboard.words import text
from warehouse.connection import Warehouse
from warehouse.settings import Settings

RUN = {
    "segmentation_title": "Spending",
    "algorithm": "kmeans",
    "k": 5,
    "k_chosen_by": "evidence",
    "is_clear": True,
    "count_very_stable": 5,
    "count_stable": 0,
    "count_doubtful": 0,
    "count_unstable": 0,
    "count_unknown": 0,
}


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ((5, 0, 0, 0, 0), "all 5 are very stable"),
        ((4, 1, 0, 0, 0), "4 of 5 are very stable, 1 is stable"),
        ((1, 0, 2, 2, 0), "1 of 5 is very stable, 2 are doubtful, 2 are unstable"),
        ((0, 0, 0, 4, 1), "4 of 5 are unstable, 1 is too small to tell how stable"),
        ((0, 0, 0, 0, 5), "all 5 are too small to tell how stable"),
    ],
)
def test_stability_is_counted_in_words(counts, words):
    """The surest segments come first, and a band without any is not named."""
    names = ("very_stable", "stable", "doubtful", "unstable", "unknown")
    assert trust.stability({f"count_{name}": count for name, count in zip(names, counts, strict=True)}) == words


@pytest.mark.parametrize(
    ("change", "start"),
    [
        ({}, "We found 5 groups by spending with K-Means. They are clear: "),
        (
            {"is_clear": False},
            "We found no clear groups; the best we can offer is 5 groups by spending with K-Means. They are not clear: ",
        ),
        ({"k_chosen_by": "person"}, "You asked for 5 groups by spending with K-Means. They are clear: "),
        ({"k_chosen_by": "person", "is_clear": False}, "You asked for 5 groups by spending with K-Means. They are not clear: "),
    ],
)
def test_the_first_line_says_how_many_and_whether_they_are_there(change, start):
    """Groups that the evidence does not show are offered, and called that."""
    assert trust.found(RUN | change).startswith(start)


def test_the_mart_counts_what_the_segments_say(sample, mall):
    """Every figure of marts.clusterings equals what the tables behind it give."""
    for db in (sample, mall):
        for run in queries.clusterings(db):
            key = [run["segmentation"], run["algorithm"]]
            values = db.columns("select stability from segments.segments where segmentation = ? and algorithm = ?", key)[
                "stability"
            ]
            known = [value for value in values if value is not None]
            assert run["count_very_stable"] == sum(value >= 0.85 for value in known)
            assert run["count_stable"] == sum(0.75 <= value < 0.85 for value in known)
            assert run["count_doubtful"] == sum(0.6 <= value < 0.75 for value in known)
            assert run["count_unstable"] == sum(value < 0.6 for value in known)
            assert run["count_unknown"] == len(values) - len(known)
            (chosen,) = db.rows("from segments.k_evaluation where segmentation = ? and algorithm = ? and is_chosen", key)
            for column in ("k", "silhouette", "silhouette_groupless", "prediction_strength"):
                assert run[column] == chosen[column]


def test_the_pages_say_how_stable_each_segment_is(mall):
    """The cards and the Evidence page have the word and the number of every segment, and what stable does not say."""
    for run in queries.clusterings(mall):
        page, cards = text(evidence.content(mall, run, LIGHT)), text(segments.content(mall, run, LIGHT))
        for segment in queries.segments(mall, run["segmentation"], run["algorithm"]):
            told = f"{segment['stability_band']}, {segment['stability']:.2f}"
            assert told in page
            assert told in cards
        assert trust.STABLE_IS_NOT_TRUE in page
        assert trust.found(run) in page


def test_the_table_of_indices_has_every_number_of_the_evaluation(mall):
    """Each k tried has its indices with their errors, and the last row what each would choose alone."""
    for run in queries.clusterings(mall):
        page = text(evidence.content(mall, run, LIGHT))
        own = [row for row in queries.k_evaluation(mall, run["segmentation"]) if row["algorithm"] == run["algorithm"]]
        for row in own:
            assert f"{places(row['prediction_strength'])} ± {places(row['prediction_strength_error'])}" in page
            assert f"{places(row['gap'])} ± {places(row['gap_error'])}" in page
            assert places(row["silhouette_groupless"]) in page
        for k in queries.k_by_index(mall, run["segmentation"], run["algorithm"]).values():
            assert json.dumps({"children": "none" if k == 1 else k})[1:-1] in page


def said(client, segmentation: str, algorithm: str) -> str:
    """What the header of every page says of a clustering."""
    values = {"version.data": {"version": 1}, "segmentation.value": segmentation, "algorithm.value": algorithm}
    inputs = [{"id": key.split(".")[0], "property": key.split(".")[1], "value": value} for key, value in values.items()]
    request = {
        "output": "header-notice.children",
        "outputs": {"id": "header-notice", "property": "children"},
        "inputs": inputs,
        "changedPropIds": ["version.data"],
    }
    answer = client.post("/_dash-update-component", json=request)
    assert answer.status_code == 200
    return json.dumps(answer.get_json())


def test_every_page_says_when_segments_are_not_clear(mall_published):
    """The header names the clustering of which the evidence says so, and only that; of the Kaggle file it is one of four."""
    client = create_app(Settings(warehouse=mall_published)).server.test_client()
    runs = queries.clusterings(Warehouse(mall_published).snapshot())
    assert {run["is_clear"] for run in runs} == {True, False}
    for run in runs:
        shown = said(client, run["segmentation"], run["algorithm"])
        assert ("No clear segments by" in shown) == (not run["is_clear"])


def test_a_version_of_another_release_is_named_as_such(published, tmp_path):
    """Where what a page asks for is not in the file, the page says what to do, and the server goes on."""
    shutil.copy(published / "v1.duckdb", tmp_path / "v1.duckdb")
    with duckdb.connect(str(tmp_path / "v1.duckdb")) as connection:
        connection.execute("drop view marts.clusterings")
    (tmp_path / "current.duckdb").symlink_to("v1.duckdb")
    client = create_app(Settings(warehouse=tmp_path)).server.test_client()
    outputs = [{"id": "version", "property": "data"}, {"id": "header-source", "property": "children"}]
    outputs += [{"id": "segmentation", "property": "data"}]
    request = {
        "output": "..version.data...header-source.children...segmentation.data..",
        "outputs": outputs,
        "inputs": [
            {"id": "clock", "property": "n_intervals", "value": 1},
            {"id": "wanted-version", "property": "data", "value": None},
        ],
        "state": [{"id": "version", "property": "data", "value": None}],
        "changedPropIds": ["clock.n_intervals"],
    }
    answer = client.post("/_dash-update-component", json=request)
    assert "is of another release; `make refresh` publishes" in json.dumps(answer.get_json())
    assert client.get("/").status_code == 200
    assert client.get("/cube/1.json").status_code == 404
