"""The report: every picture is written, the page stands alone, and a failed report leaves the old one."""

import re

import duckdb
import pytest

from dashboard.report.__main__ import main
from warehouse.versions import CURRENT


@pytest.fixture
def written(monkeypatch, tmp_path):
    """Write the report of a warehouse; returns the folder."""

    def write(warehouse):
        monkeypatch.setenv("WAREHOUSE", str(warehouse))
        monkeypatch.setenv("REPORT", str(tmp_path / "report"))
        assert main() == 0
        return tmp_path / "report"

    return write


def test_the_report_has_every_picture_and_stands_alone(published, written):
    """Per segmentation: elbow and silhouette, dendrogram, pairs, scatter and profiles; the page asks nobody for anything."""
    folder = written(published)
    names = {path.stem for path in folder.glob("*.png")}
    for segmentation in ("spending", "lifestyle"):
        assert {f"{segmentation}_{kind}" for kind in ("k", "dendrogram", "pairs", "scatter_kmeans", "profile_kmeans")} <= names
    assert {"everyone_age", "everyone_annual_income_k", "everyone_spending_score", "everyone_gender"} <= names
    page = (folder / "index.html").read_text(encoding="utf-8")
    assert "synthetic" in page.lower()
    assert re.findall(r"(?:src|href)=\"(?!data:|#)[^\"]*\"", page) == []
    assert page.count("data:image/png;base64,") == len(names)


def test_a_hostile_name_is_text(published, written, tmp_path):
    """A segment's name that is HTML is shown, not obeyed."""
    copy = tmp_path / "warehouse" / "v1.duckdb"
    copy.parent.mkdir()
    copy.write_bytes((published / CURRENT).read_bytes())
    with duckdb.connect(str(copy)) as connection:
        connection.execute("update segments.segments set segment_name = '<script>alert(1)</script>' where segment_id = 1")
    (copy.parent / CURRENT).symlink_to(copy.name)
    page = (written(copy.parent) / "index.html").read_text(encoding="utf-8")
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_without_a_warehouse_the_old_report_stays(published, written, monkeypatch, tmp_path, capsys):
    """A report that cannot be made says so in one line, and leaves the one before."""
    folder = written(published)
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "nothing"))
    assert main() == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
