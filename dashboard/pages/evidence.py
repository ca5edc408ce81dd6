"""Evidence: why this many segments, and how sure we are."""

from typing import Any

from dash import Dash, html

from dashboard import figures, format, ids, queries
from dashboard.dendrogram import SHOWN_MERGES, dendrogram
from dashboard.pages import sheet
from dashboard.pages.sheet import panel
from dashboard.queries import ALGORITHM_TITLES, Row
from dashboard.theme import Theme
from warehouse.connection import Snapshot, Warehouse

_INDICES = {
    "inertia": ("Within-cluster sum of squares", "Squared distances to the segment's centre; falls with every further segment."),
    "silhouette": ("Silhouette", "−1 to 1, higher is better: how much nearer customers are to their own segment than to the next."),
    "davies_bouldin": ("Davies-Bouldin", "Lower is better: spread within segments against the distance between them."),
    "calinski_harabasz": ("Calinski-Harabasz", "Higher is better: variance between segments against that within."),
    "smallest_segment": ("Smallest segment", "Customers in it."),
}


def layout() -> Any:
    """The page, before its numbers are there."""
    return sheet.waiting("Why these segments?", ids.EVIDENCE)


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callback of the page."""
    sheet.register(app, warehouse, ids.EVIDENCE, content)


def content(db: Snapshot, run: Row, look: Theme) -> list[Any]:
    """Everything below the page's title for one clustering."""
    agreement = queries.adjusted_rand_index(db, run["segmentation"])
    panels = [*_by_k(db, run, look), *_by_customer(db, run, look), _against(db, run, agreement, look)]
    return [html.P(_answer(run, agreement), className="answer"), html.Div(panels, className="panels")]


def _by_k(db: Snapshot, run: Row, look: Theme) -> list[Any]:
    """Every number of segments tried: the table of indices, and a picture of each."""
    evaluations = queries.k_evaluation(db, run["segmentation"])
    own = [row for row in evaluations if row["algorithm"] == run["algorithm"]]
    elbow, silhouette = figures.elbow_and_silhouette(evaluations, look)
    davies_bouldin = figures.index_by_k(evaluations, "davies_bouldin", "Davies-Bouldin index", look)
    calinski_harabasz = figures.index_by_k(evaluations, "calinski_harabasz", "Calinski-Harabasz index", look)
    return [
        _index_table(own, ALGORITHM_TITLES[run["algorithm"]]),
        panel("Elbow", elbow, "half", "blue: the k chosen"),
        panel("Silhouette by number of segments", silhouette, "half", "higher is better"),
        panel("Davies-Bouldin", davies_bouldin, "half", "lower is better"),
        panel("Calinski-Harabasz", calinski_harabasz, "half", "higher is better"),
    ]


def _by_customer(db: Snapshot, run: Row, look: Theme) -> list[Any]:
    """The silhouette of every customer, and the tree they were joined into."""
    name, algorithm = run["segmentation"], run["algorithm"]
    segments = queries.segments(db, name, algorithm)
    ward_k = sum(segment["size"] > 0 for segment in queries.segments(db, name, "hierarchical"))
    silhouettes = figures.silhouette_plot(queries.silhouettes(db, name, algorithm), segments, look)
    sample = f"a sample of {format.count(run['n_silhouettes'])} customers" if run["n_silhouettes"] < run["n_customers"] else ""
    tree = dendrogram(queries.merges(db, name)[-max(SHOWN_MERGES, ward_k) :], ward_k, look)
    return [
        panel(f"Silhouette of every customer, {ALGORITHM_TITLES[algorithm]}", silhouettes, "half", sample),
        panel("Dendrogram, Ward", tree, "half", "the highest merges"),
    ]


def _against(db: Snapshot, run: Row, agreement: float, look: Theme) -> Any:
    """One algorithm against the other."""
    name = run["segmentation"]
    kmeans, ward = (queries.segments(db, name, algorithm) for algorithm in ("kmeans", "hierarchical"))
    caption = (
        f"customers in both · rows K-Means, columns Ward · adjusted Rand index {agreement:.3f} (1: the same groups, 0: chance)"
    )
    return panel("K-Means against Ward", figures.cross_table(queries.cross_table(db, name), kmeans, ward, look), "full", caption)


def _answer(run: Row, agreement: float) -> str:
    """The first line: how many, why, and how far the other algorithm agrees."""
    return (
        f"We found {run['k']} groups by {run['segmentation_title'].lower()} with {ALGORITHM_TITLES[run['algorithm']]}: "
        f"{run['k_reason']}. K-Means and Ward agree with an adjusted Rand index of {agreement:.2f}."
    )


def _index_table(evaluations: list[Row], algorithm: str) -> Any:
    """Every index for every k tried; the chosen row stands out."""
    head = html.Tr([html.Th("k"), *(html.Th(title, title=meaning) for title, meaning in _INDICES.values())])
    rows = [
        html.Tr(
            [html.Td(f"{row['k']}{' (chosen)' if row['is_chosen'] else ''}"), *(html.Td(_cell(row, index)) for index in _INDICES)],
            className="chosen" if row["is_chosen"] else "",
        )
        for row in evaluations
    ]
    table = html.Table([html.Thead(head), html.Tbody(rows)], className="numbers")
    return html.Section(
        [html.H2(f"Every number of segments tried, {algorithm}"), html.Div(table, className="scroll")], className="panel"
    )


def _cell(row: Row, index: str) -> str:
    if index == "smallest_segment":
        return format.count(row[index])
    return f"{row[index]:.3f}" if index in ("silhouette", "davies_bouldin") else format.number(row[index])
