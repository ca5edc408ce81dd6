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

    frame: dict[str, Any]
    """What dashboard/cube.py sends, without cells and without means of segments."""
    dimensions: dict[str, dict[str, Any]]
    """By name: kind, and edges or values of the bins, as it has them."""
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
            return jsonify(frame(warehouse.version(version), smallest))
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
    return _cells(db).frame | {"everyone": counts(db, None, smallest)}


def counts(db: Snapshot, chosen: object, smallest: int) -> dict[str, Any]:
    """What the views show under filters as the browser has them.

    `bins`: per dimension the customers of every bin, under all filters but its own; `count` and `means`: the customers whom all
    filters leave, and the mean of every number of them. None stands for what is of fewer than `smallest` customers, or would tell
    of so few by what it leaves out. Raises InputError for filters that are none of ours.
    """
    cells = _cells(db)
    conditions = _known(db, chosen)
    failed = {name: ~_passes(cells, name, condition) for name, condition in conditions.items()}
    failures = sum((each.astype(np.uint16) for each in failed.values()), np.zeros(len(cells.count), dtype=np.uint16))
    left = failures == 0
    count = told(int(cells.count[left].sum()), int(cells.count.sum()), smallest)
    return {
        "bins": {
            name: _bins(cells, name, failures == failed.get(name, 0), conditions.get(name), smallest) for name in cells.dimensions
        },
        "count": count,
        "means": {name: float(sums[left].sum()) / count if count else None for name, sums in cells.sums.items()},
    }


def told(count: int, of: int, smallest: int) -> int | None:
    """A number of customers; None where it is small and not 0, or leaves so few out."""
    return None if 0 < count < smallest or 0 < of - count < smallest else count


def hidden(counts: Sequence[int], smallest: int, chosen: _Mask | None = None) -> Counts:
    """Customers per bin without the small ones, and without what known sums would give them away by.

    Known is the sum of all bins, and where some are `chosen` the sum of these and of the others.
    """
    everything = np.ones(len(counts), dtype=np.bool_)
    parts = [everything] if chosen is None else [everything, chosen, ~chosen]
    table = np.array([counts], dtype=np.int64)
    return _suppressed(table, [np.array([part]) for part in parts], smallest, _is_small(table, smallest))[0]


def hidden_table(rows: Sequence[Sequence[int]], smallest: int, is_told: Sequence[bool]) -> list[Counts]:
    """A table of customers likewise, of which only some rows are told: the sums of its rows and of its columns are known."""
    table = np.array(rows, dtype=np.int64).reshape(len(rows), -1)
    lines = [_line(table, axis, place) for axis in (0, 1) for place in range(table.shape[axis])]
    away = _is_small(table, smallest) | ((table > 0) & ~np.array(is_told, dtype=np.bool_)[:, None])
    return _suppressed(table, lines, smallest, away)


def _is_small(table: npt.NDArray[np.int64], smallest: int) -> _Mask:
    return (table > 0) & (table < smallest)


def _line(table: npt.NDArray[np.int64], axis: int, place: int) -> _Mask:
    line = np.zeros(table.shape, dtype=np.bool_)
    np.moveaxis(line, axis, 0)[place] = True
    return line


def _suppressed(table: npt.NDArray[np.int64], lines: Sequence[_Mask], smallest: int, away: _Mask) -> list[Counts]:
    """The table without the cells that are away, nor those that have to be hidden as well, until no line needs another one.

    A line with a small cell hides a larger one too: with small ones alone, of which each is known to be at least 1 and less than
    `smallest`, their sum may tell all of them.
    """
    is_changed = True
    while is_changed:
        is_changed = False
        for line in lines:
            gone, others = table[line & away], line & ~away & (table > 0)
            if (gone < smallest).any() and not (gone >= smallest).any() and others.any():
                away.flat[np.flatnonzero(others)[np.argmin(table[others])]] = True
                is_changed = True
    return [[None if gone else int(count) for count, gone in zip(*row, strict=True)] for row in zip(table, away, strict=True)]


def _bins(cells: Cells, name: str, left: _Mask, condition: Mapping[str, Any] | None, smallest: int) -> Counts:
    """Customers per bin of those who are left; where the dimension is filtered, the sum of its chosen bins is the count."""
    of_bin = np.bincount(cells.bins[name][left], weights=cells.count[left], minlength=_width(cells, name)).astype(int).tolist()
    if told(sum(of_bin), int(cells.count.sum()), smallest) is None:
        return [None] * len(of_bin)
    return hidden(of_bin, smallest, _chosen(cells, name, condition) if condition else None)


def _cells(db: Snapshot) -> Cells:
    return db.once("cells", _read)


def _read(db: Snapshot) -> Cells:
    whole = cube(db)
    clusterings = [one | {"segments": [segment | {"means": {}} for segment in one["segments"]]} for one in whole["clusterings"]]
    empty = {"bins": {name: [] for name in whole["bins"]}, "count": [], "sums": {name: [] for name in whole["sums"]}}
    return Cells(
        whole | {"clusterings": clusterings} | empty,
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
    """The cells that a filter leaves."""
    if condition["op"] == "box":
        one, other = ({"op": "between", "value": limits} for limits in condition["value"])
        first, second = name.split(BOX)
        return _passes(cells, first, one) & _passes(cells, second, other)
    found: _Mask = _chosen(cells, name, condition)[cells.bins[name]]
    return found


def _chosen(cells: Cells, name: str, condition: Mapping[str, Any]) -> _Mask:
    """The bins that a filter of their dimension leaves; the browser snaps ranges to them."""
    dimension, operator, value = cells.dimensions[name], condition["op"], condition["value"]
    if operator == "between":
        lower = np.array(dimension["edges"][:-1])
        in_range: _Mask = (lower >= value[0]) & (lower < value[1])
        return in_range
    is_listed = np.isin(np.array(dimension["values"], dtype=object), np.array(value, dtype=object))
    return is_listed if operator == "in" else ~is_listed
