"""The cross-filter cube as the browser gets it: dimensions with their bins, segments, and one column per array of cells."""

from typing import Any

from dashboard import queries, trust
from dashboard.axes import axes
from dashboard.filters import Dimension
from dashboard.palette import segment_colour
from dashboard.selection import SEGMENT_COLUMNS
from warehouse.connection import Snapshot


def cube(db: Snapshot) -> dict[str, Any]:
    """The cube of a warehouse version, ready for JSON.

    `dimensions`: name, kind, label, unit, and `scale` (linear or log) with `edges` (one more than bins) for a number, or `values`
    (one per bin); `left_out`: those that the cube has no room for.
    `clusterings`: per segmentation and algorithm the dimension, the two numbers the scatter shows (or none), and the segments with
    colour, means in ordinary units and how stable they are, in words.
    `bins`: per dimension the bin of every cell; `count` and `sums`: customers of every cell, and their sums per number.
    """
    cells = db.columns("from marts.crossfilter_cube")
    everything = queries.dimensions(db)
    known = {name: dimension for name, dimension in everything.items() if dimension.is_in_cube}
    bins: dict[str, list[dict[str, Any]]] = {name: [] for name in known}
    for row in db.rows("from marts.crossfilter_bins order by dimension, bin"):
        if row["dimension"] in bins:
            bins[row["dimension"]].append(row)
    return {
        "version": db.version,
        "customers": sum(cells["count_customers"]),
        "dimensions": [
            {"name": d.name, "kind": d.kind, "label": d.label, "unit": d.unit, **_scale(d, bins[d.name])} for d in known.values()
        ],
        "left_out": [{"name": name, "label": d.label} for name, d in everything.items() if name not in known],
        "clusterings": [_clustering(db, run) for run in queries.clusterings(db)],
        "bins": {name: cells[f"{name}_bin"] for name in known},
        "count": cells["count_customers"],
        "sums": {d.name: [_short(value) for value in cells[f"sum_{d.name}"]] for d in known.values() if d.kind == "numeric"},
    }


def _short(value: float) -> float:
    """A sum with more figures than a mean is ever shown with, and fewer than the network would carry."""
    return float(f"{value:.13g}")


def _scale(dimension: Dimension, bins: list[dict[str, Any]]) -> dict[str, Any]:
    if dimension.kind == "numeric":
        return {"scale": dimension.scale, "edges": [*(row["lower_edge"] for row in bins), bins[-1]["upper_edge"]]}
    return {"values": [row["segment_id" if dimension.kind == "segment" else "category"] for row in bins]}


def _clustering(db: Snapshot, run: queries.Row) -> dict[str, Any]:
    segments = queries.segments(db, run["segmentation"], run["algorithm"])
    return {
        "dimension": f"{run['segmentation']}_{run['algorithm']}",
        "segmentation": run["segmentation"],
        "algorithm": run["algorithm"],
        "title": f"{run['segmentation_title']} segment, {queries.ALGORITHM_TITLES[run['algorithm']]}",
        "short_title": SEGMENT_COLUMNS[f"{run['algorithm']}_segment"],
        "features": run["features"],
        "axes": axes(run["features"], segments, queries.feature_profiles(db, run["segmentation"], run["algorithm"])),
        "segments": [
            {
                "id": row["segment_id"],
                "name": row["segment_name"],
                "colour": segment_colour(row["colour"]),
                "stability": trust.how_stable(row),
                "means": {key.removeprefix("mean_"): value for key, value in row.items() if key.startswith("mean_")},
            }
            for row in segments
        ],
    }
