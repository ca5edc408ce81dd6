"""The counts of the Explore page for viewers: the cube stays here, and no number of few customers leaves.

The rule is that of official statistics (Hundepool et al. 2012, Statistical Disclosure Control): a cell of few customers is hidden
(primary suppression), and so is the next smallest one where the others would give it away (complementary suppression). Somebody who
compares many answers can still find out about a few customers; who must not be able to gets no login.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from dash import Dash
from flask import Response, abort, jsonify, request

from dashboard import filters, queries
from dashboard.access.rules import COUNTS, FRAME
from dashboard.cube import cube
from dashboard.filters import BOX
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import MallError

Counts = list[int | None]
"""Customers per bin; None where they are not told."""
_Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Cells:
    """The cube in memory: an element per cell."""

    dimensions: dict[str, dict[str, Any]]
    """By name: kind, and edges or values of the bins, as dashboard/cube.py has them."""
    bins: dict[str, npt.NDArray[np.intp]]
    """By dimension, the bin of every cell."""
    count: npt.NDArray[np.int64]
    """Customers."""
    sums: dict[str, npt.NDArray[np.float64]]
    """By number, its sum."""


def serve_counts(app: Dash, warehouse: Warehouse, smallest: int) -> None:
    """Serve the cube without its cells, and the counts under the filters that are posted."""

    @app.server.route(FRAME)  # type: ignore[untyped-decorator]
    def send_frame(version: int) -> Response:
        try:
            return jsonify(warehouse.version(version).once("frame", lambda db: frame(db, smallest)))
        except MallError:
            abort(404)

    @app.server.route(COUNTS, methods=["POST"])  # type: ignore[untyped-decorator]
    def send_counts(version: int) -> Response:
        asked = request.get_json()
        try:
            return jsonify(counts(warehouse.version(version), asked.get("filters") if isinstance(asked, dict) else None, smallest))
        except MallError:
            abort(400)


def frame(db: Snapshot, smallest: int) -> dict[str, Any]:
    """The cube without cells (see dashboard/cube.py), and `everyone`: the counts without a filter."""
    whole = cube(db)
    clusterings = [one | {"segments": [segment | {"means": {}} for segment in one["segments"]]} for one in whole["clusterings"]]
    empty = {"bins": {name: [] for name in whole["bins"]}, "count": [], "sums": {name: [] for name in whole["sums"]}}
    return whole | {"clusterings": clusterings, "everyone": counts(db, None, smallest)} | empty


def counts(db: Snapshot, chosen: object, smallest: int) -> dict[str, Any]:
    """What the views show under filters as the browser has them.

    `bins`: per dimension the customers of every bin, under all filters but its own; `count` and `means`: the customers whom all
    filters leave, and the mean of every number of them. None stands for what is of fewer than `smallest` customers, or would tell
    of so few by what it leaves out. Raises InputError for filters that are none of ours.
    """
    cells = db.once("cells", _cells)
    failed = {name: ~_passes(cells, name, condition) for name, condition in _known(db, chosen).items()}
    failures = sum((each.astype(np.uint16) for each in failed.values()), np.zeros(len(cells.count), dtype=np.uint16))
    left = failures == 0
    count = told(int(cells.count[left].sum()), int(cells.count.sum()), smallest)
    return {
        "bins": {name: _bins(cells, name, failures == failed.get(name, 0), smallest) for name in cells.dimensions},
        "count": count,
        "means": {name: float(sums[left].sum()) / count if count else None for name, sums in cells.sums.items()},
    }


def told(count: int, of: int, smallest: int) -> int | None:
    """A number of customers; None where it is small and not 0, or leaves so few out."""
    return None if 0 < count < smallest or 0 < of - count < smallest else count


def hidden(counts: Sequence[int], smallest: int) -> Counts:
    """Customers per bin without the small ones, and without what their sum would give them away by."""
    return hidden_table([counts], smallest)[0]


def hidden_table(rows: Sequence[Sequence[int]], smallest: int) -> list[Counts]:
    """A table of customers likewise, where the sums of its rows are known, and those of its columns where it has several rows."""
    counts = np.array(rows, dtype=np.int64).reshape(len(rows), -1)
    away = (counts > 0) & (counts < smallest)
    lines: list[tuple[int | slice, int | slice]] = [(place, slice(None)) for place in range(len(counts))]
    if len(counts) > 1:
        lines += [(slice(None), place) for place in range(counts.shape[1])]
    is_changed = True
    while is_changed:
        is_changed = False
        for line in lines:
            more = _also_away(counts[line], away[line], smallest)
            if more is not None:
                away[line][more] = True  # a view into the table
                is_changed = True
    return [[None if gone else int(count) for count, gone in zip(*row, strict=True)] for row in zip(counts, away, strict=True)]


def _also_away(counts: npt.NDArray[np.int64], away: _Mask, smallest: int) -> int | None:
    """The place of the cell that has to be hidden as well, so that the sum of a line gives nothing away; None where none has to."""
    gone = counts[away]
    others = np.flatnonzero(~away & (counts > 0))
    if not len(gone) or not len(others) or (np.count_nonzero(gone) > 1 and gone.sum() >= smallest):
        return None
    return int(others[np.argmin(counts[others])])


def _bins(cells: Cells, name: str, left: _Mask, smallest: int) -> Counts:
    of_bin = np.bincount(cells.bins[name][left], weights=cells.count[left], minlength=_width(cells, name)).astype(int).tolist()
    if told(sum(of_bin), int(cells.count.sum()), smallest) is None:
        return [None] * len(of_bin)
    return hidden(of_bin, smallest)


def _cells(db: Snapshot) -> Cells:
    whole = cube(db)
    return Cells(
        {dimension["name"]: dimension for dimension in whole["dimensions"]},
        {name: np.array(bins, dtype=np.intp) for name, bins in whole["bins"].items()},
        np.array(whole["count"], dtype=np.int64),
        {name: np.array(sums, dtype=np.float64) for name, sums in whole["sums"].items()},
    )


def _width(cells: Cells, name: str) -> int:
    dimension = cells.dimensions[name]
    return len(dimension["edges"]) - 1 if "edges" in dimension else len(dimension["values"])


def _known(db: Snapshot, chosen: object) -> Mapping[str, Any]:
    """The filters, once it is sure that they are ours."""
    dimensions = {name: each for name, each in queries.dimensions(db).items() if each.is_in_cube}
    filters.parse(chosen, dimensions)
    return chosen if isinstance(chosen, Mapping) else {}


def _passes(cells: Cells, name: str, condition: Mapping[str, Any]) -> _Mask:
    """The cells that a filter leaves; the ranges are those of bins, as the browser snaps them."""
    operator, value = condition["op"], condition["value"]
    if operator == "between":
        return _in_range(cells, name, value)
    if operator == "box":
        first, second = name.split(BOX)
        return _in_range(cells, first, value[0]) & _in_range(cells, second, value[1])
    is_listed = np.isin(np.array(cells.dimensions[name]["values"], dtype=object), np.array(value, dtype=object))
    found: _Mask = (is_listed if operator == "in" else ~is_listed)[cells.bins[name]]
    return found


def _in_range(cells: Cells, name: str, limits: Sequence[float]) -> _Mask:
    lower = np.array(cells.dimensions[name]["edges"][:-1])
    found: _Mask = ((lower >= limits[0]) & (lower < limits[1]))[cells.bins[name]]
    return found
