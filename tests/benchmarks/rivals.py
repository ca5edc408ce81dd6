"""What the Explore page is measured against: a Dash callback that does nothing, and the usual page of Dash that cross-filters.

The usual page has the views of ours, each a Plotly figure. A selection in one is an input of the callbacks of all others; each asks
DuckDB for its counts, and sends them as a Patch of the figure's data.

`python -m tests.benchmarks.rivals empty` or `usual`; PORT and WAREHOUSE are read from the environment.
"""

import sys
from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
import waitress
from dash import Dash, Input, Output, Patch, dcc, html

from dashboard.__main__ import THREADS
from dashboard.filters import BOX, Clause, parse, where
from dashboard.queries import Row, dimensions
from warehouse.connection import Snapshot, Warehouse
from warehouse.settings import Settings

VIEWS = (
    "age",
    "annual_income_k",
    "spending_score",
    "annual_income_k*spending_score",
    "gender",
    "spending_kmeans",
    "spending_hierarchical",
)
"""The views of the Explore page: numbers, two numbers at once, a category and segments."""


def empty() -> Dash:
    """A button whose callback answers with the number of clicks."""
    app = Dash(__name__, compress=True)
    app.layout = html.Div([html.Button("Ask", id="ask"), html.Div(id="answer")])

    @app.callback(Output("answer", "children"), Input("ask", "n_clicks"), prevent_initial_call=True)
    def answer(clicks: int) -> str:
        return str(clicks)

    return app


def usual(db: Snapshot) -> Dash:
    """The usual page of a warehouse version."""
    app = Dash(__name__, compress=True)
    crowd = Crowd(db)
    app.layout = lambda: html.Div([_card(crowd, view) for view in VIEWS], style={"display": "flex", "flexWrap": "wrap"})
    for view in VIEWS:
        _follow(app, crowd, view, [other for other in VIEWS if other != view])
    return app


class Crowd:
    """The customers, counted by the bins of a view."""

    def __init__(self, db: Snapshot) -> None:
        self.db = db
        self.dimensions = dimensions(db)
        self.bins: dict[str, list[Row]] = {}
        for row in db.rows("from marts.crossfilter_bins order by dimension, bin"):
            self.bins.setdefault(row["dimension"], []).append(row)

    def values(self, name: str) -> list[Any]:
        """The values of a category or of segments, or the middles of the bins of a number."""
        if self.dimensions[name].kind == "numeric":
            return [(row["lower_edge"] + row["upper_edge"]) / 2 for row in self.bins[name]]
        return [row["segment_id"] if row["category"] is None else row["category"] for row in self.bins[name]]

    def counts(self, view: str, clauses: Sequence[Clause]) -> list[Any]:
        """Customers per bin of a view under clauses; of two numbers, per bin of the second a list per bin of the first."""
        names = view.split(BOX)
        condition, bound = where(clauses)
        select = ", ".join(f"{self._bin(name)} as bin_{place}" for place, name in enumerate(names))
        found = self.db.columns(f"select {select}, count(*) as counted from marts.customers where {condition} group by all", bound)
        *bins, counted = found.values()
        by_bin = dict(zip(zip(*bins, strict=True), counted, strict=True))
        firsts, *others = (self._keys(name) for name in names)
        if others:
            return [[by_bin.get((first, second), 0) for first in firsts] for second in others[0]]
        return [by_bin.get((first,), 0) for first in firsts]

    def _bin(self, name: str) -> str:
        if self.dimensions[name].kind != "numeric":
            return name
        low, high = self.bins[name][0]["lower_edge"], self.bins[name][0]["upper_edge"]
        return f"cast(floor(({name} - {low}) / {high - low}) as integer)"

    def _keys(self, name: str) -> Sequence[Any]:
        return range(len(self.bins[name])) if self.dimensions[name].kind == "numeric" else self.values(name)

    def clauses(self, selected: dict[str, Any]) -> list[Clause]:
        """What `selectedData` of figures, by view, asks for."""
        return parse({view: self._condition(view, data) for view, data in selected.items() if _is_filter(data)}, self.dimensions)

    def _condition(self, view: str, data: dict[str, Any]) -> dict[str, Any]:
        kinds = [self.dimensions[name].kind for name in view.split(BOX)]
        if kinds == ["numeric"]:
            return {"op": "between", "value": sorted(data["range"]["x"])}
        if len(kinds) == 2:
            return {"op": "box", "value": [sorted(data["range"]["x"]), sorted(data["range"]["y"])]}
        values = self.values(view)
        return {"op": "in", "value": [values[point["pointIndex"]] for point in data["points"]]}


def _is_filter(data: dict[str, Any] | None) -> bool:
    return bool(data and ("range" in data or data["points"]))


def _card(crowd: Crowd, view: str) -> html.Div:
    """A view with everybody in it."""
    graph = dcc.Graph(id=view, figure=figure(crowd, view), config={"displayModeBar": False}, style={"width": 330, "height": 220})
    return html.Div(graph, **{"data-view": view})


def figure(crowd: Crowd, view: str) -> go.Figure:
    """A view with everybody in it: bars, or of two numbers a heatmap. It is brushed by a box, bars along their axis only."""
    first, *others = view.split(BOX)
    counts = crowd.counts(view, [])
    if others:
        trace = go.Heatmap(x=crowd.values(first), y=crowd.values(others[0]), z=counts, showscale=False)
        chart = go.Figure(trace).update_layout(dragmode="select")
    else:
        chart = go.Figure(go.Bar(x=crowd.values(first), y=counts))
        chart.update_layout(dragmode="select", selectdirection="h", bargap=0.05, yaxis_range=[0, max(counts)])
    label = crowd.dimensions[first].label
    return chart.update_layout(title=label, margin={"l": 40, "r": 10, "t": 30, "b": 30})


def _follow(app: Dash, crowd: Crowd, view: str, others: Sequence[str]) -> None:
    """Count a view anew when there is another selection in any other."""
    values = "z" if BOX in view else "y"

    @app.callback(Output(view, "figure"), *(Input(other, "selectedData") for other in others), prevent_initial_call=True)
    def count(*selected: dict[str, Any] | None) -> Patch:
        patch = Patch()
        patch["data"][0][values] = crowd.counts(view, crowd.clauses(dict(zip(others, selected, strict=True))))
        return patch


def main() -> None:
    """Serve one of the two until interrupted."""
    settings = Settings.from_environment()
    app = empty() if sys.argv[1] == "empty" else usual(Warehouse(settings.warehouse).snapshot())
    waitress.serve(app.server, host=settings.host, port=settings.port, threads=THREADS)


if __name__ == "__main__":
    main()
