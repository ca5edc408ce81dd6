"""What the report shows, read from one snapshot: never more rows than a picture has marks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dashboard import format, queries, trust
from warehouse.connection import Snapshot

Values = NDArray[Any]

SAMPLE_SIZE = 5_000
"""The most customers a picture draws one by one."""


@dataclass(frozen=True)
class Feature:
    """A column of marts.customers that is not a segment."""

    name: str
    """The column."""
    label: str
    """What people call it."""
    unit: str = ""
    """Its unit; empty where it has none."""
    scale: str | None = None
    """linear or log; None for a category."""

    @property
    def title(self) -> str:
        """Label and unit: "Annual income, k$"."""
        return format.title(self.label, self.unit)


@dataclass(frozen=True)
class Histogram:
    """How many customers have which value of a numeric feature, in the bins of the warehouse."""

    feature: Feature
    edges: Sequence[float]
    """(b + 1,): where the bins begin, and where the last one ends, in the feature's unit."""
    counts: Sequence[int]
    """(b,): customers in each bin."""
    mean: float
    """Mean of all customers."""


@dataclass(frozen=True)
class Categories:
    """How many customers have which value of a category."""

    feature: Feature
    counts: Mapping[str, int]
    """Customers by value, the most frequent first."""


@dataclass(frozen=True)
class Segment:
    """A segment, in ordinary units."""

    segment_id: int
    name: str
    colour: int
    """Place in the palette, from 0."""
    size: int
    """Customers."""
    share: float
    """Size divided by all customers, 0 to 1."""
    means: Mapping[str, float]
    """Mean by numeric feature."""
    effects: Mapping[str, float]
    """Difference from everyone by numeric feature, in standard deviations of everyone."""
    stability: str = ""
    """How stable it is: a word and the number."""


@dataclass(frozen=True)
class Clustering:
    """One segmentation by one algorithm."""

    segmentation: str
    title: str
    """What people call the segmentation."""
    algorithm: str
    """kmeans or hierarchical."""
    features: Sequence[str]
    """What was clustered on."""
    k: int
    reason: str
    """Why this k, in a sentence."""
    found: str
    """How many groups, whether they are clear and how stable, in plain words."""
    segments: Sequence[Segment]

    @property
    def dimension(self) -> str:
        """The column of marts.customers that says who is in which segment."""
        return f"{self.segmentation}_{self.algorithm}"

    @property
    def algorithm_title(self) -> str:
        """What people call the algorithm."""
        return queries.ALGORITHM_TITLES[self.algorithm]


@dataclass(frozen=True)
class Trial:
    """One number of segments that was tried."""

    algorithm: str
    k: int
    is_chosen: bool
    inertia: float
    silhouette: float


@dataclass(frozen=True)
class Merge:
    """One merge of the dendrogram: node `merge_id` is made of two others at a height."""

    merge_id: int
    left_id: int
    right_id: int
    height: float


@dataclass(frozen=True)
class Tree:
    """The dendrogram of Ward's method. Leaves are numbered below every merge, merges in order of height."""

    merges: Sequence[Merge]
    leaves: Mapping[int, tuple[int, int]]
    """By leaf: its segment and its customers."""


@dataclass(frozen=True)
class Sample:
    """The customers a picture draws one by one: all of them, or a sample that is the same every time."""

    total: int
    """All customers."""
    columns: Mapping[str, Values]
    """(n,) per column: the numeric features, and the segment_id of every clustering under its dimension."""

    @property
    def size(self) -> int:
        """Customers drawn."""
        return len(next(iter(self.columns.values())))

    @property
    def title(self) -> str:
        """What is drawn: "200 customers", or "sample of 5,000 of 1,000,000 customers"."""
        if self.size == self.total:
            return f"{self.total:,} customers"
        return f"sample of {self.size:,} of {self.total:,} customers"


def read_features(db: Snapshot, kind: str) -> list[Feature]:
    """The features of a kind, numeric or category, in the order of the page."""
    dimensions = queries.dimensions(db).values()
    return [Feature(each.name, each.label, each.unit, each.scale) for each in dimensions if each.kind == kind]


def read_histogram(db: Snapshot, feature: Feature) -> Histogram:
    """Count the customers per bin of a numeric feature."""
    bins = db.columns(
        "select lower_edge, upper_edge, count_customers, sum_values from marts.distribution_history "
        "semi join segments.newest_run using (run_id) where dimension = ? order by bin",
        (feature.name,),
    )
    mean = sum(bins["sum_values"]) / sum(bins["count_customers"])
    return Histogram(feature, [*bins["lower_edge"], bins["upper_edge"][-1]], bins["count_customers"], mean)


def read_categories(db: Snapshot, feature: Feature) -> Categories:
    """Count the customers per value of a category."""
    rows = db.rows(
        "select category, count_customers from marts.distribution_history "
        "semi join segments.newest_run using (run_id) where dimension = ? order by count_customers desc, category",
        (feature.name,),
    )
    return Categories(feature, {row["category"]: row["count_customers"] for row in rows})


def read_clusterings(db: Snapshot) -> list[list[Clustering]]:
    """Per segmentation, in the order of its file: its clusterings, K-Means first."""
    found: dict[str, list[Clustering]] = {}
    for run in queries.clusterings(db):
        name, algorithm = run["segmentation"], run["algorithm"]
        means: dict[int, dict[str, float]] = {}
        effects: dict[int, dict[str, float]] = {}
        for row in queries.feature_profiles(db, name, algorithm):
            means.setdefault(row["segment_id"], {})[row["feature"]] = row["mean"]
            effects.setdefault(row["segment_id"], {})[row["feature"]] = row["effect_size"]
        segments = [
            Segment(
                segment_id=row["segment_id"],
                name=row["segment_name"],
                colour=row["colour"],
                size=row["size"],
                share=row["share"],
                means=means[row["segment_id"]],
                effects=effects[row["segment_id"]],
                stability=trust.how_stable(row),
            )
            for row in queries.segments(db, name, algorithm)
        ]
        told = run["k_reason"], trust.found(run)
        clustering = Clustering(name, run["segmentation_title"], algorithm, run["features"], run["k"], *told, segments)
        found.setdefault(name, []).append(clustering)
    return list(found.values())


def read_trials(db: Snapshot, segmentation: str) -> list[Trial]:
    """Every number of segments tried, by algorithm and k."""
    return [
        Trial(row["algorithm"], row["k"], row["is_chosen"], row["inertia"], row["silhouette"])
        for row in queries.k_evaluation(db, segmentation)
    ]


def read_tree(db: Snapshot, segmentation: str) -> Tree:
    """The dendrogram of a segmentation: a few thousand merges at most, whatever the number of customers."""
    merges = [
        Merge(merge["merge_id"], merge["left_id"], merge["right_id"], merge["height"]) for merge in queries.merges(db, segmentation)
    ]
    leaves = {leaf["leaf_id"]: (leaf["segment_id"], leaf["count_customers"]) for leaf in queries.leaves(db, segmentation)}
    return Tree(merges, leaves)


def read_sample(db: Snapshot, columns: Sequence[str], size: int = SAMPLE_SIZE) -> Sample:
    """At most `size` customers with the `columns` of marts.customers, always the same ones: in the order of a hash."""
    names = ", ".join(_quoted(column) for column in columns)
    found = db.columns(f"select {names} from marts.customers order by md5(customer_id), customer_id limit ?", (size,))
    total = db.value("select count(*) from marts.customers")
    return Sample(total, {name: np.asarray(values) for name, values in found.items()})


def _quoted(identifier: str) -> str:
    return '"' + identifier.replace('"', '""') + '"'
