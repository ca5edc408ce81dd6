"""The report: its pictures from small known input; the page stands alone, and a failed report leaves the old one."""

import re
from dataclasses import replace
from pathlib import Path

import duckdb
import numpy as np
import pytest
from markupsafe import escape

from dashboard.palette import COLOURS, segment_colour
from dashboard.report import figures, write
from dashboard.report.__main__ import main
from dashboard.report.contents import Report, read_report, telling
from dashboard.report.data import (
    Categories,
    Clustering,
    Feature,
    Histogram,
    Merge,
    Sample,
    Segment,
    Tree,
    Trial,
    read_features,
    read_histogram,
    read_sample,
)
from dashboard.report.dendrogram import Node, cut_height, dendrogram, lay_out
from dashboard.report.look import png, segment_label
from dashboard.report.page import render
from dashboard.report.write import PAGE, write_report
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError
from warehouse.versions import CURRENT

pytestmark = pytest.mark.xdist_group("report")  # read once, which takes its time

PNG = b"\x89PNG\r\n\x1a\n"
AGE, INCOME = Feature("age", "Age", "years"), Feature("income", "Income", "k$")
HOSTILE = '<script>alert("顧客")</script> & $x$'


def segment(segment_id: int, age: float, income: float, name: str = "Young") -> Segment:
    means = {"age": age, "income": income}
    return Segment(segment_id, name, segment_id - 1, size=2, share=0.5, means=means, effects={"age": 0.1, "income": 1.0})


def clustering(*segments: Segment) -> Clustering:
    return Clustering("own", "Own", "kmeans", ["age", "income"], len(segments), "2, because it is", "We found 2.", segments)


TWO = clustering(segment(1, 20, 30), segment(2, 40, 90, HOSTILE))
FOUR_CUSTOMERS = Sample(
    4,
    {
        "age": np.array([20, 20, 40, 40]),
        "income": np.array([25, 35, 85, 95]),
        "own_kmeans": np.array([1, 1, 2, 2]),
    },
)
# Leaves 0 to 3 of segments 1, 1, 2 and 2; node 4 joins 0 and 1, node 5 joins 2 and 3, node 6 joins them all.
TREE = Tree([Merge(4, 0, 1, 0.0), Merge(5, 2, 3, 2.0), Merge(6, 4, 5, 8.0)], {0: (1, 10), 1: (1, 20), 2: (2, 30), 3: (2, 40)})


@pytest.fixture(scope="module")
def report(published: Path) -> Report:
    """The report of the bundled sample."""
    return read_report(Warehouse(published).snapshot())


def test_no_two_of_the_first_24_segments_share_a_colour():
    """Eight colours of Okabe and Ito, then darker and lighter ones."""
    colours = [segment_colour(index) for index in range(24)]
    assert colours[:8] == list(COLOURS)
    assert len(set(colours)) == 24


def test_a_histogram_draws_its_counts_and_marks_the_mean():
    """Bars start at their lower edges and zero, and a line stands at the mean of everyone."""
    axes = figures.distribution(Histogram(AGE, [10, 20, 30, 40], [3, 0, 1], 22.5)).axes[0]
    assert [(bar.get_x(), bar.get_height()) for bar in axes.patches] == [(10, 3), (20, 0), (30, 1)]
    assert axes.get_ylim()[0] == 0
    assert list(axes.lines[0].get_xdata()) == [22.5, 22.5]
    assert (axes.texts[0].get_text(), axes.get_xlabel()) == ("mean 22.5 years", "Age, years")


def test_rare_categories_share_a_bar():
    """However many values a category has, the bars stay few and add up to everyone."""
    counts = {f"a long value that ends in {number}": 40 - number for number in range(20)}
    axes = figures.categories(Categories(Feature("kind", "Kind"), counts)).axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()][-1] == "8 others"
    assert sum(bar.get_width() for bar in axes.patches) == sum(counts.values())


def test_customers_and_centroids_stand_where_they_are():
    """A point per customer in the colour of the segment, and the number of a segment at its means."""
    axes = figures.scatter(AGE, INCOME, TWO, FOUR_CUSTOMERS).axes[0]
    points = axes.collections[0]
    assert np.asarray(points.get_offsets()).tolist() == [[20, 25], [20, 35], [40, 85], [40, 95]]
    assert len(np.unique(points.get_facecolors(), axis=0)) == 2
    assert [(text.get_text(), tuple(text.xy)) for text in axes.texts] == [("1", (20, 30)), ("2", (40, 90))]


def test_centroids_that_coincide_stand_beside_each_other():
    """The first keeps its place, the others give way by one circle, to the right and below."""
    assert figures.nudges([(0, 0), (50, 0), (0, 0), (0, 0)], 20) == [(0, 0), (0, 0), (20, 0), (0, -20)]


def test_a_pair_plot_shows_every_pair_once():
    """Points below the diagonal, all customers in the bars on it, nothing above but the key."""
    grid = figures.pair_plot([AGE, INCOME], TWO, FOUR_CUSTOMERS).axes
    assert [len(axes.collections) for axes in grid] == [0, 0, 1, 0]
    assert sum(bar.get_height() for bar in grid[0].patches) == 4
    assert [text.get_text() for text in grid[1].get_legend().get_texts()] == [segment_label(each) for each in TWO.segments]


def test_a_pair_plot_of_many_segments_has_its_key_beside_it():
    """A key longer than the empty corner would run into the histograms."""
    many = clustering(*(segment(number, 20, 30) for number in range(1, 14)))
    figure = figures.pair_plot([AGE, INCOME], many, FOUR_CUSTOMERS)
    assert len(figure.legends[0].get_texts()) == 13


@pytest.mark.parametrize(("ward", "marks"), [(2, ["chosen: 2"]), (3, ["K-Means: 2", "Ward: 3"])], ids=["the same", "another"])
def test_the_chosen_number_of_segments_is_marked(ward: int, marks: list[str]):
    """One mark where both algorithms chose the same, else one each."""
    trials = [Trial("kmeans", k, k == 2, 10 / k, 0.5) for k in (2, 3)] + [
        Trial("hierarchical", k, k == ward, 11 / k, 0.4) for k in (2, 3)
    ]
    elbow, silhouette = figures.choice_of_k("Own", trials).axes
    for axes in (elbow, silhouette):
        assert [text.get_text() for text in axes.texts if ":" in text.get_text()] == marks
    assert elbow.lines[0].get_ydata().tolist() == [5, 10 / 3]


def test_the_heat_map_colours_by_effect_and_writes_means():
    """The colour is the difference in standard deviations, the number is in ordinary units; everyone is the last row."""
    axes = figures.profile([AGE, INCOME], TWO, [30, 60]).axes[0]
    assert np.asarray(axes.collections[0].get_array()).tolist() == [[0.1, 1], [0.1, 1], [0, 0]]
    assert [text.get_text() for text in axes.texts] == ["20.0", "30.0", "40.0", "90.0", "30.0", "60.0"]


def test_a_few_far_out_take_no_colour_from_the_others():
    """However far the furthest segment is, one standard deviation is seen; what is beyond the scale is marked there."""
    far = replace(segment(2, 40, 90), effects={"age": 12.0, "income": 1.0})
    mesh = figures.profile([AGE, INCOME], clustering(segment(1, 20, 30), far), [30, 60]).axes[0].collections[0]
    assert mesh.get_clim() == (-3, 3)
    assert mesh.colorbar.extend == "both"


def test_many_features_stand_below_one_another():
    """With 17 features picture and table have a row per feature and are no wider than the page, for ten segments as well."""
    features = [Feature(f"f{place}", f"Feature {place}") for place in range(17)]
    names = {feature.name: float(place) for place, feature in enumerate(features)}
    long = "High purchases · high oneoff purchases frequency · high purchases installments frequency"
    segments = [replace(segment(number, 0, 0, long), means=names, effects=names) for number in range(1, 11)]
    for count in (3, 10):
        axes = figures.profile(features, clustering(*segments[:count]), list(names.values())).axes[0]
        assert np.asarray(axes.collections[0].get_array()).shape == (17, count + 1)
        assert axes.figure.get_figwidth() * 96 <= 1192  # the page without its margins
        assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["Feature 0", "Feature 1"]


def test_the_table_of_many_features_has_a_row_per_feature(report: Report):
    """The same numbers as with a row per segment, which would run out of the page."""
    features = [Feature(f"f{place}", f"Feature {place}") for place in range(7)]
    means = {feature.name: 10.0 + place for place, feature in enumerate(features)}
    own = clustering(replace(segment(1, 0, 0), means=means), replace(segment(2, 0, 0, HOSTILE), means=means))
    section = replace(report.sections[0], clusterings=[own], pictures=[])
    page = render(replace(report, features=features, means=[20.0] * 7, sections=[section]))
    assert "<tr><td>Feature 6 (mean)</td><td>16.0</td><td>16.0</td>\n<td>20.0</td></tr>" in page
    assert "<tr><td>Customers</td><td>2</td><td>2</td><td>2,000</td></tr>" in page
    assert "<script" not in page


def test_the_tree_is_laid_out_from_its_merges():
    """Ends of branches stand at 0, 1, 2 …, a merge between its two; a merge at height 0 is no end."""
    assert lay_out(TREE, 4) == {
        0: Node(0, 0, True, 1, 10),
        1: Node(1, 0, True, 1, 20),
        4: Node(0.5, 0, False, 1, 30),
        2: Node(2, 0, True, 2, 30),
        3: Node(3, 0, True, 2, 40),
        5: Node(2.5, 2, False, 2, 70),
        6: Node(1.5, 8, False, None, 100),
    }


def test_only_the_top_of_a_tree_is_drawn():
    """With two branches, what merged below them is one end each, with all its customers."""
    assert lay_out(TREE, 2) == {4: Node(0, 0, True, 1, 30), 5: Node(1, 0, True, 2, 70), 6: Node(0.5, 8, False, None, 100)}


def test_the_cut_lies_below_the_merges_it_undoes():
    """Between the last merge that is kept and the first that is undone."""
    assert [cut_height(TREE, k) for k in (2, 3, 4)] == [5, 1, 0]


def test_branches_bear_the_colour_of_their_segment_below_the_cut():
    """Above it they are grey."""
    axes = dendrogram(TREE, TWO).axes[0]
    drawn = {(line.get_color(), float(max(line.get_xdata()))) for line in axes.lines if min(line.get_xdata()) < 5}
    assert {(segment_colour(0), 5.0), (segment_colour(1), 5.0)} <= drawn


def test_names_are_drawn_as_they_are_written():
    """Dollars are no formula, and a script that the font lacks is no warning."""
    money = Feature("money", "$x_1$, $\\frac$", "k$")
    assert png(figures.distribution(Histogram(money, [0, 1], [1], 0.5))).startswith(PNG)
    for figure in (figures.scatter(AGE, INCOME, TWO, FOUR_CUSTOMERS), figures.profile([AGE, INCOME], TWO, [30, 60])):
        assert png(figure).startswith(PNG)


def test_the_features_that_tell_segments_apart_come_first():
    """By the share of their variance that lies between segments: income here, by one standard deviation against 0.1."""
    assert telling([AGE, INCOME], TWO.segments) == [INCOME, AGE]


def test_a_sample_is_always_the_same_and_says_so(sample: Snapshot):
    """A picture of single customers draws at most so many, and its title tells."""
    first, again = (read_sample(sample, ["age"], 50) for _ in range(2))
    assert first.columns["age"].tolist() == again.columns["age"].tolist()
    assert first.title == "sample of 50 of 2,000 customers"
    assert read_sample(sample, ["age"]).title == "2,000 customers"


def test_histograms_hold_everyone(sample: Snapshot):
    """Counts and mean come from the cube, and are those of the customers."""
    for feature in read_features(sample, "numeric"):
        histogram = read_histogram(sample, feature)
        assert sum(histogram.counts) == 2_000
        assert histogram.mean == pytest.approx(sample.value(f"select avg({feature.name}) from marts.customers"))


def test_the_page_needs_nothing_but_itself(report: Report):
    """No address of another machine or file, and every picture has a text for those who cannot see it."""
    page = render(report)
    pictures = [*report.pictures, *(picture for section in report.sections for picture in section.pictures)]
    assert not re.search(r"https?://|//\w|url\(|<link|<script|@import", re.sub(r'base64,[^"]*', "", page))
    assert re.findall(r'src="([^,]*),', page) == ["data:image/png;base64"] * len(pictures)
    assert all(picture.description and picture.caption for picture in pictures)


def test_the_page_says_where_its_numbers_come_from(report: Report):
    """File, customers, version and the reason for every number of segments; synthetic customers cannot be missed."""
    page = render(report)
    assert "sample_customers.csv · 2,000 customers · version 1" in page
    reasons = [clustering.reason for section in report.sections for clustering in section.clusterings]
    assert len(reasons) == 4
    assert all(str(escape(reason)) in page for reason in reasons)
    assert "Synthetic customers" in page
    assert "Synthetic customers" not in render(replace(report, is_synthetic=False))


def test_names_cannot_bring_their_own_html(report: Report):
    """Segments, titles, reasons and files are named by others."""
    own = replace(TWO, title=HOSTILE, reason=HOSTILE)
    picture = replace(report.pictures[0], caption=HOSTILE, description=HOSTILE)
    section = replace(report.sections[0], clusterings=[own], pictures=[picture])
    page = render(replace(report, source_file=HOSTILE, features=[AGE, INCOME], means=[30, 60], sections=[section]))
    assert "<script" not in page
    assert page.count("&lt;script&gt;alert(&#34;顧客&#34;)&lt;/script&gt; &amp; $x$") == 7


def test_an_interrupted_report_leaves_the_old_one_whole(report: Report, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Nothing of the new one is seen before all of it is there; a whole one takes the place of the old."""
    for _ in ("first", "second"):
        write_report(report, tmp_path / "report")
    before = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "report").iterdir()}

    def interrupt(_: Report) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(write, "render", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_report(report, tmp_path / "report")
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "report").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


@pytest.mark.parametrize("foreign", ["notes.txt", "holiday.png", PAGE])
def test_a_directory_of_someone_else_is_left_alone(report: Report, tmp_path: Path, foreign: str):
    """REPORT may name a directory by mistake; only an earlier report is replaced."""
    (tmp_path / foreign).write_text("mine")
    with pytest.raises(InputError, match="not a report"):
        write_report(report, tmp_path)
    assert (tmp_path / foreign).read_text() == "mine"


def test_the_report_has_every_picture_and_stands_alone(published, monkeypatch, tmp_path, capsys):
    """Per segmentation: elbow and silhouette, dendrogram, pairs, scatter and profiles; the page asks nobody for anything.

    A segment's name that is HTML is shown, not obeyed. A report that cannot be made says so in one line, and leaves the one before.
    """
    copy = tmp_path / "warehouse" / "v1.duckdb"
    copy.parent.mkdir()
    copy.write_bytes((published / CURRENT).read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update segments.segments set segment_name = '<script>alert(1)</script>' where segment_id = 1")
    (copy.parent / CURRENT).symlink_to(copy.name)
    folder = tmp_path / "report"
    monkeypatch.setenv("REPORT", str(folder))
    monkeypatch.setenv("WAREHOUSE", str(copy.parent))
    assert main() == 0
    names = {path.stem for path in folder.glob("*.png")}
    for segmentation in ("spending", "lifestyle"):
        assert {f"{segmentation}_{kind}" for kind in ("k", "dendrogram", "pairs", "scatter_kmeans", "profile_kmeans")} <= names
    assert {"everyone_age", "everyone_annual_income_k", "everyone_spending_score", "everyone_gender"} <= names
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "synthetic" in page.lower()
    assert re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*\"", page) == []
    assert page.count("data:image/png;base64,") == len(names)
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "nothing"))
    capsys.readouterr()
    assert main() == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
