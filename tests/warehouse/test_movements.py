"""Who moved between two runs, and whether they changed or the model did."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.helpers import QUICK, refreshed
from tests.moved import AFTER, BEFORE, HIGH, LOW
from warehouse.connection import Snapshot


def movements(snapshot: Snapshot, since: int, segmentation: str = "pay", algorithm: str = "kmeans") -> dict[str, str]:
    """By customer: what moved them."""
    rows = snapshot.rows(f"from marts.movements({since}) where segmentation = ? and algorithm = ?", (segmentation, algorithm))
    return {row["customer_id"]: row["movement"] for row in rows}


def test_every_movement_has_its_cause(moved_second: Snapshot):
    """Who rose has changed, who stood between was moved by the model, newcomers joined, one left, all others stayed."""
    found = movements(moved_second, 1)
    assert found.pop("riser") == "customer changed"
    assert found.pop("between") == "model changed"
    assert found.pop("leaver") == "left"
    assert {name for name, movement in found.items() if movement == "joined"} == AFTER.keys() - BEFORE.keys()
    assert {found[name] for name in [*LOW, *HIGH]} == {"stayed"}


def test_the_old_model_is_asked_of_the_data_of_today(moved_second: Snapshot):
    """For whoever moved, the segment told is that of the nearest old centroid, worked out by hand."""
    centroids = moved_second.rows(
        "select segment_id, value from segments.centroids where run_id = 1 and segmentation = 'pay' and algorithm = 'kmeans'"
    )
    moved = moved_second.rows(
        "from marts.movements(1) inner join staging.customers using (customer_id) "
        "where segmentation = 'pay' and algorithm = 'kmeans' and previous_segment_id <> segment_id"
    )
    assert {row["customer_id"] for row in moved} == {"riser", "between"}
    for row in moved:
        nearest = min(centroids, key=lambda centroid: abs(centroid["value"] - row["annual_income_k"]))
        assert row["old_model_segment_id"] == nearest["segment_id"]


def test_of_ward_no_cause_is_told(moved_second: Snapshot):
    """It has no rule for new data: who moved has moved, and nothing more is said."""
    found = movements(moved_second, 1, algorithm="hierarchical")
    assert set(found.values()) == {"stayed", "joined", "left", "moved"}
    assert found["riser"] == "moved"


def test_after_a_change_of_features_no_cause_is_told(moved: Snapshot):
    """Models of other features cannot be compared."""
    found = movements(moved, 2, "who")
    assert set(found.values()) == {"stayed", "moved"}


def test_without_its_scaling_an_old_run_tells_no_cause(moved_second: Snapshot, tmp_path: Path):
    """The model of a run that an earlier release made is not complete: nothing is made up."""
    found = {}
    for condition in ("false", "run_id = 1"):
        sql = (
            f"delete from segments.scaling where {condition}; select movement from marts.movements(1) where customer_id = 'riser' "
        )
        found[condition] = asked(moved_second, tmp_path, sql + "and segmentation = 'pay' and algorithm = 'kmeans'")
    assert found == {"false": "customer changed", "run_id = 1": "moved"}


def asked(snapshot: Snapshot, folder: Path, sql: str) -> str:
    """What a copy of the file answers in the client of an earlier release."""
    copy = folder / "copy.duckdb"
    copy.write_bytes(snapshot.path.read_bytes())
    client = Path(sys.executable).with_name("duckdb")
    return subprocess.run([client, "-csv", "-noheader", copy, "-c", sql], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("since", [1, 2])
@pytest.mark.parametrize("clustering", [("pay", "kmeans"), ("pay", "hierarchical"), ("who", "kmeans"), ("who", "hierarchical")])
def test_rows_sum_to_the_population(moved: Snapshot, clustering: tuple[str, str], since: int):
    """Each segment of either run finds its customers in the matrix, which says what the list says."""
    rows = moved.rows(f"from marts.movement_matrix({since}) where segmentation = ? and algorithm = ?", clustering)
    for side, run in (("previous_segment_id", since), ("segment_id", 3)):
        sizes = moved.rows("from segments.segments where segmentation = ? and algorithm = ? and run_id = ?", (*clustering, run))
        counts = {
            size["segment_id"]: sum(row["count_customers"] for row in rows if row[side] == size["segment_id"]) for size in sizes
        }
        assert counts == {size["segment_id"]: size["size"] for size in sizes}
    listed = list(movements(moved, since, *clustering).values())
    assert {kind: listed.count(kind) for kind in set(listed)} == {
        kind: sum(row["count_customers"] for row in rows if row["movement"] == kind) for kind in {row["movement"] for row in rows}
    }


def test_unchanged_customers_never_count_as_changed(mall_published: Path, tmp_path: Path, mall_csv: Path):
    """The real file again, into another number of segments: customers move, and the model moved every one of them."""
    (tmp_path / "s.toml").write_text(QUICK)
    shutil.copytree(mall_published, tmp_path / "w", symlinks=True)
    later = refreshed(tmp_path / "w", mall_csv, tmp_path / "s.toml", k=3)
    numbers = "select count(*) from segments.segments where segmentation = 'spending' and algorithm = 'kmeans' group by run_id"
    assert [row["count_star()"] for row in later.rows(f"{numbers} order by run_id")] == [5, 3]
    found = movements(later, 1, "spending")
    assert set(found.values()) == {"stayed", "model changed"}
    assert len(found) == 200


def test_a_run_that_is_not_known_has_no_movements(moved: Snapshot):
    """Nothing is told of what nobody knows."""
    assert moved.rows("from marts.movements(9)") == moved.rows("from marts.movements(null)") == []
