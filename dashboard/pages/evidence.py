"""Evidence: why this many segments, and how sure we are."""

from typing import Any

from dash import Dash, html

from dashboard import figures, format, ids, queries, trust
from dashboard.dendrogram import SHOWN_MERGES, dendrogram
from dashboard.pages import sheet
from dashboard.pages.sheet import panel
from dashboard.queries import ALGORITHM_TITLES, Row
from dashboard.theme import Theme
from warehouse.connection import Snapshot, Warehouse

_INDICES = {
    "smallest_segment": ("Smallest segment", "Customers in it.", format.count),
    "inertia": (
        "Within-cluster sum of squares",
        "Squared distances to the segment's centre; falls with every segment.",
        format.number,
    ),
    "silhouette": (
        "Silhouette",
        "−1 to 1, higher is better: how much nearer customers are to their own segment than to the next.",
        format.places,
    ),
    "silhouette_groupless": (
        "… of data without groups",
        "What the silhouette has to exceed: that of comparable data without groups.",
        format.places,
    ),
    "prediction_strength": (
        "Prediction strength",
        "0 to 1, from 0.8 good: how alike the segments come out in halves of the customers.",
        format.places,
    ),
    "gap": (
        "Gap",
        "How much tighter the segments are than evenly spread data; the rule looks for the first k that the next does not better.",
        format.places,
    ),
    "davies_bouldin": (
        "Davies-Bouldin",
        "Lower is better: spread within segments against the distance between them.",
        format.places,
    ),
    "calinski_harabasz": ("Calinski-Harabasz", "Higher is better: variance between segments against that within.", format.number),
}
"""By column of segments.k_evaluation: title, what it says, and how it is written."""
_ERRORS = {"silhouette": "silhouette_error", "prediction_strength": "prediction_strength_error", "gap": "gap_error"}
"""By index, the column of its standard error."""
_AGREEMENTS = ((0.9, "almost the same groups"), (0.8, "much the same groups"), (0.65, "partly the same groups"))
"""The least adjusted Rand index for a word (after Steinley 2004: excellent, good, moderate)."""


def layout() -> Any:
    """The page, before its numbers are there."""
    return sheet.waiting("Why these segments?", ids.EVIDENCE)


def register(app: Dash, warehouse: Warehouse) -> None:
    """The callback of the page."""
    sheet.register(app, warehouse, ids.EVIDENCE, content)


def content(db: Snapshot, run: Row, look: Theme) -> list[Any]:
    """Everything below the page's title for one clustering."""
    segments = queries.segments(db, run["segmentation"], run["algorithm"])
    panels = [
        _why(run),
        _how_stable(segments),
        *_by_k(db, run, look),
        *_by_customer(db, run, segments, look),
        _against(db, run, look),
    ]
    return [html.P(trust.found(run), className="answer"), html.Div(panels, className="panels")]


def _why(run: Row) -> Any:
    """The decision for this number of segments, as it was written down."""
    agreement = run["adjusted_rand_index"]
    words = next((words for least, words in _AGREEMENTS if agreement >= least), "largely different groups")
    again = (
        f" Ten runs of K-Means from other random starts agree with one another by {run['seed_stability']:.2f}, where 1 is the same."
        if run["seed_stability"] is not None
        else ""
    )
    return html.Section(
        [
            html.H2(f"Why {run['k']} segments?"),
            html.P(f"{run['k_reason']}."),
            html.P(f"K-Means and Ward find {words} (adjusted Rand index {agreement:.2f}, where 1 is the same).{again}"),
        ],
        className="panel half",
    )


def _how_stable(segments: list[Row]) -> Any:
    """A bar per segment."""
    rows = [
        html.Div([html.Span([sheet.dot(segment), segment["segment_name"]]), *sheet.stability(segment)], className="stability wide")
        for segment in segments
    ]
    heading = html.H2(
        ["How stable is each segment?", html.Span("bootstrap Jaccard", className="view-caption", title=trust.STABILITY)]
    )
    return html.Section([heading, *rows, html.P(trust.STABLE_IS_NOT_TRUE, className="muted")], className="panel half")


def _by_k(db: Snapshot, run: Row, look: Theme) -> list[Any]:
    """Every number of segments tried: the table of indices, and a picture of each."""
    evaluations = queries.k_evaluation(db, run["segmentation"])
    own = [row for row in evaluations if row["algorithm"] == run["algorithm"]]
    alone = queries.k_by_index(db, run["segmentation"], run["algorithm"])
    elbow, silhouette = figures.elbow_and_silhouette(evaluations, run["algorithm"], look)
    return [
        _index_table(own, alone, ALGORITHM_TITLES[run["algorithm"]]),
        panel("Elbow", elbow, "half", "blue: the k chosen"),
        panel("Silhouette by number of segments", silhouette, "half", "higher is better"),
        *(
            panel(title, figures.index_by_k(evaluations, index, axis, look), "half", caption)
            for index, title, axis, caption in (
                ("prediction_strength", "Prediction strength", "Prediction strength", "from 0.8: halves of the customers agree"),
                ("gap", "Gap statistic", "Gap", "higher is tighter than evenly spread data"),
                ("davies_bouldin", "Davies-Bouldin", "Davies-Bouldin index", "lower is better"),
                ("calinski_harabasz", "Calinski-Harabasz", "Calinski-Harabasz index", "higher is better"),
            )
        ),
    ]


def _by_customer(db: Snapshot, run: Row, segments: list[Row], look: Theme) -> list[Any]:
    """The silhouette of every customer, and the tree they were joined into."""
    name, algorithm = run["segmentation"], run["algorithm"]
    ward_k = sum(segment["size"] > 0 for segment in queries.segments(db, name, "hierarchical"))
    silhouettes = figures.silhouette_plot(queries.silhouettes(db, name, algorithm), segments, look)
    sample = f"a sample of {format.count(run['n_silhouettes'])} customers" if run["n_silhouettes"] < run["n_customers"] else ""
    tree = dendrogram(queries.merges(db, name)[-max(SHOWN_MERGES, ward_k) :], ward_k, look)
    return [
        panel(f"Silhouette of every customer, {ALGORITHM_TITLES[algorithm]}", silhouettes, "half", sample),
        panel("Dendrogram, Ward", tree, "half", "the highest merges"),
    ]


def _against(db: Snapshot, run: Row, look: Theme) -> Any:
    """One algorithm against the other."""
    name = run["segmentation"]
    kmeans, ward = (queries.segments(db, name, algorithm) for algorithm in ("kmeans", "hierarchical"))
    caption = (
        "customers in both · rows K-Means, columns Ward · "
        f"adjusted Rand index {run['adjusted_rand_index']:.3f} (1: the same groups, 0: chance)"
    )
    differ = run["count_disagreements"]
    caption = f"{format.count(differ)} of {format.count(run['n_customers'])} customers differ · {caption}"
    return panel("K-Means against Ward", figures.cross_table(queries.cross_table(db, name), kmeans, ward, look), "full", caption)


def _index_table(evaluations: list[Row], alone: dict[str, int], algorithm: str) -> Any:
    """Every index for every k tried; the chosen row stands out, and so does what each index would choose alone."""
    head = html.Tr([html.Th("k"), *(html.Th(title, title=meaning) for title, meaning, _ in _INDICES.values())])
    rows = [
        html.Tr(
            [
                html.Td(f"{row['k']}{' (chosen)' if row['is_chosen'] else ''}"),
                *(html.Td(_cell(row, index), className="best" if alone.get(index) == row["k"] else "") for index in _INDICES),
            ],
            className="chosen" if row["is_chosen"] else "",
        )
        for row in evaluations
    ]
    votes = ["none" if alone.get(index) == 1 else alone.get(index, "") for index in _INDICES]
    last = html.Tr([html.Td("Alone, it would choose"), *(html.Td(vote) for vote in votes)])
    table = html.Table([html.Thead(head), html.Tbody(rows), html.Tfoot(last)], className="numbers")
    caption = html.Span("± standard error · underlined: what an index alone would choose", className="view-caption")
    return html.Section(
        [
            html.H2([f"Every number of segments tried, {algorithm}", caption]),
            sheet.scrolling(table, f"Every number of segments tried, {algorithm}"),
        ],
        className="panel",
    )


def _cell(row: Row, index: str) -> str:
    *_, written = _INDICES[index]
    error = row[_ERRORS[index]] if index in _ERRORS else None
    if row[index] is None:
        return "–"
    return f"{written(row[index])} ± {written(error)}" if error else written(row[index])
