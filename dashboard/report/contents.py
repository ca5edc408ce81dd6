"""What is in the report: every picture with its file, caption and text for those who cannot see it, and the tables."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from dashboard import queries, scales
from dashboard.format import count, percent, quantity
from dashboard.report import data, figures
from dashboard.report.data import Clustering, Feature, Histogram, Sample, Segment
from dashboard.report.dendrogram import dendrogram
from dashboard.report.look import png
from warehouse.connection import Snapshot

MOST_PAIRED = 5
"""Features in a pair plot: more would be too small to read."""


@dataclass(frozen=True)
class Picture:
    """One PNG of the report."""

    file: str
    """Name of its file."""
    caption: str
    """How to read it, in a sentence."""
    description: str
    """What is to be seen, for those who cannot."""
    png: bytes


@dataclass(frozen=True)
class Section:
    """One segmentation: its clusterings, K-Means first, and its pictures."""

    clusterings: Sequence[Clustering]
    agreement: float
    """Adjusted Rand index of the two algorithms."""
    pictures: Sequence[Picture]


@dataclass(frozen=True)
class Report:
    """Everything the page shows."""

    source_file: str
    version: int
    built_at: datetime
    """UTC."""
    is_synthetic: bool
    customers: int
    features: Sequence[Feature]
    """The numeric ones."""
    means: Sequence[float]
    """The mean of everyone per numeric feature."""
    pictures: Sequence[Picture]
    """Of everyone."""
    sections: Sequence[Section]


def read_report(db: Snapshot) -> Report:
    """Read and draw everything in one version of the warehouse."""
    provenance = queries.provenance(db)
    histograms = [data.read_histogram(db, feature) for feature in data.read_features(db, "numeric")]
    by_segmentation = data.read_clusterings(db)
    dimensions = [clustering.dimension for clusterings in by_segmentation for clustering in clusterings]
    sample = data.read_sample(db, [*(histogram.feature.name for histogram in histograms), *dimensions])
    return Report(
        source_file=provenance["source_file"],
        version=provenance["version"],
        built_at=provenance["built_at"],
        is_synthetic=provenance["is_synthetic"],
        customers=provenance["count_customers"],
        features=[histogram.feature for histogram in histograms],
        means=[histogram.mean for histogram in histograms],
        pictures=[*_numbers(histograms), *_categories(db)],
        sections=[_section(db, clusterings, histograms, sample) for clusterings in by_segmentation],
    )


def telling(features: Iterable[Feature], segments: Sequence[Segment]) -> list[Feature]:
    """The features, those first that tell the segments apart best.

    The measure is eta squared: the share of a feature's variance that lies between the segments.
    """

    def between(feature: Feature) -> float:
        return sum(segment.share * segment.effects[feature.name] ** 2 for segment in segments)

    return sorted(features, key=between, reverse=True)


def _numbers(histograms: Iterable[Histogram]) -> Iterator[Picture]:
    for histogram in histograms:
        feature, mean = histogram.feature, quantity(histogram.mean, histogram.feature.unit)
        peak = histogram.edges[list(histogram.counts).index(max(histogram.counts))]
        yield Picture(
            _file("everyone", feature.name),
            f"{feature.title}: customers in {_bins(histogram)}. The line is everyone's mean.",
            f"Histogram of {feature.title}. The mean is {mean}; the fullest bin starts at {quantity(peak, feature.unit)}.",
            png(figures.distribution(histogram)),
        )


def _bins(histogram: Histogram) -> str:
    if histogram.feature.scale == scales.LOG:
        return "bins that grow with the values, on a log scale"
    return f"bins of {quantity(histogram.edges[1] - histogram.edges[0], histogram.feature.unit)}"


def _categories(db: Snapshot) -> Iterator[Picture]:
    for feature in data.read_features(db, "category"):
        categories = data.read_categories(db, feature)
        bars = [f"{value} {count(size)}" for value, size in list(categories.counts.items())[: figures.MOST_CATEGORIES]]
        yield Picture(
            _file("everyone", feature.name),
            f"{feature.title}: customers by value, and their share of everyone.",
            f"Bar chart of {feature.title}: {', '.join(bars)}.",
            png(figures.categories(categories)),
        )


def _section(db: Snapshot, clusterings: Sequence[Clustering], histograms: Sequence[Histogram], sample: Sample) -> Section:
    first = clusterings[0]
    features = [histogram.feature for histogram in histograms]
    own = [feature for feature in features if feature.name in first.features]
    ordered = own + [feature for feature in features if feature not in own]
    pictures = [_choice(db, first)]
    if len(features) > 1:
        axes = (telling(own, first.segments) + ordered[len(own) :])[:2]
        axes.sort(key=features.index)
        pictures += [_scatter(axes, clustering, sample) for clustering in clusterings]
    means = [histogram.mean for histogram in histograms]
    pictures += [_profile(features, clustering, means) for clustering in clusterings]
    tree = data.read_tree(db, clusterings[0].segmentation)
    pictures += [_tree(tree, each) for each in clusterings if each.algorithm == "hierarchical" and tree.merges]
    if len(features) > 1:
        pictures.append(_pairs(sorted(ordered[:MOST_PAIRED], key=features.index), first, sample))
    return Section(clusterings, queries.agreement(db, first.segmentation), pictures)


def _choice(db: Snapshot, clustering: Clustering) -> Picture:
    trials = data.read_trials(db, clustering.segmentation)
    best = max(trials, key=lambda trial: trial.silhouette)
    return Picture(
        _file(clustering.segmentation, "k"),
        "Left, what distance remains within the segments: look for the bend. Right, how clearly the segments stand apart: "
        "higher is better. Grey lines mark the number that was chosen.",
        f"Inertia and mean silhouette by number of segments, from {min(trial.k for trial in trials)} to "
        f"{max(trial.k for trial in trials)}, for K-Means and Ward. The highest silhouette is {best.silhouette:.3f} at {best.k}.",
        png(figures.choice_of_k(clustering.title, trials)),
    )


def _pairs(features: Sequence[Feature], clustering: Clustering, sample: Sample) -> Picture:
    names = ", ".join(feature.title for feature in features)
    return Picture(
        _file(clustering.segmentation, "pairs"),
        f"Every feature against every other, a point per customer ({sample.title}); on the diagonal each feature by itself, "
        "segments stacked.",
        f"Pair plot of {names}, coloured by {clustering.algorithm_title} segment.",
        png(figures.pair_plot(features, clustering, sample)),
    )


def _scatter(axes: Sequence[Feature], clustering: Clustering, sample: Sample) -> Picture:
    horizontal, vertical = axes
    centroids = "; ".join(
        f"{each.name}: {', '.join(quantity(each.means[feature.name], feature.unit) for feature in axes)}"
        for each in clustering.segments
    )
    return Picture(
        _file(clustering.segmentation, "scatter", clustering.algorithm),
        f"{clustering.algorithm_title}: customers by {horizontal.label} and {vertical.label} ({sample.title}). "
        "Numbered circles are the centroids of the segments; one stands beside another where they coincide.",
        f"Scatter plot of {vertical.title} against {horizontal.title}. Centroids: {centroids}.",
        png(figures.scatter(horizontal, vertical, clustering, sample)),
    )


def _profile(features: Sequence[Feature], clustering: Clustering, means: Sequence[float]) -> Picture:
    sizes = "; ".join(f"{each.name}, {percent(each.share)} of customers" for each in clustering.segments)
    return Picture(
        _file(clustering.segmentation, "profile", clustering.algorithm),
        f"{clustering.algorithm_title}: the number is the segment's mean; the colour is its difference from everyone, in "
        "standard deviations (green above, brown below).",
        f"Heat map of segments by features; the table above has the same means. Segments: {sizes}.",
        png(figures.profile(features, clustering, means)),
    )


def _tree(tree: data.Tree, clustering: Clustering) -> Picture:
    return Picture(
        _file(clustering.segmentation, "dendrogram"),
        "Ward's method joins the two nearest groups again and again. Drawn are the last branches, with their customers; "
        "the dashed line is the cut that makes the segments.",
        f"Dendrogram cut into {clustering.k} segments: "
        + "; ".join(f"{each.name}, {count(each.size)} customers" for each in clustering.segments)
        + ".",
        png(dendrogram(tree, clustering)),
    )


def _file(*parts: str) -> str:
    return re.sub(r"[^a-z0-9_-]", "_", "_".join(parts).lower()) + ".png"
