"""The pictures: pure functions from what was read to a Matplotlib figure."""

import textwrap
from collections.abc import Sequence
from itertools import product
from math import dist, hypot

import numpy as np
import seaborn
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from dashboard.format import count, level, percent, quantity
from dashboard.palette import segment_colour
from dashboard.queries import ALGORITHM_TITLES
from dashboard.report.data import Categories, Clustering, Feature, Histogram, Sample, Segment, Trial, Values
from dashboard.report.look import EVERYONE, INK, QUIET, blank, numbers_of, plain_numbers, segment_key, segment_label, short, styled
from dashboard.scales import seen

MOST_CATEGORIES = 12
"""Bars in a picture of a category; rarer values share one more bar."""
MOST_SIDE_BY_SIDE = 6
"""Features that fit beside one another on a page; more stand below one another."""
_STRONGEST = 3.0
"""Standard deviations from which colours get no stronger: a few rare customers would take the colour from all others."""
_AXES_POINTS = (380.0, 310.0)
"""About the width and height of the axes of a scatter plot, in points."""
_CIRCLE_POINTS = 22.0
"""About the diameter of a centroid's circle."""
_NUDGES = 3
"""How many diameters a centroid's circle may give way."""
_CORNER_KEY = 12
"""Segments whose key fits into the empty corner of a pair plot."""
_LINES = {"kmeans": (INK, "solid"), "hierarchical": (QUIET, "dashed")}
"""Colour and line per algorithm: greys, because colours belong to segments."""


@styled
def distribution(histogram: Histogram) -> Figure:
    """Histogram of a numeric feature, with the mean of everyone."""
    feature = histogram.feature
    figure = blank(6, 3.4, f"{feature.title}: {count(sum(histogram.counts))} customers")
    axes = figure.subplots()
    edges = seen(histogram.edges, feature.scale)
    mean = float(seen(histogram.mean, feature.scale))
    axes.bar(edges[:-1], histogram.counts, np.diff(edges), align="edge", color=EVERYONE, edgecolor="white", linewidth=0.8)
    axes.set_ylim(0, max(histogram.counts) * 1.15)
    axes.axvline(mean, color=INK, linewidth=1.5)
    is_right = mean > (edges[0] + edges[-1]) / 2
    axes.annotate(
        f"mean {quantity(histogram.mean, feature.unit)}",
        (mean, 1),
        xycoords=("data", "axes fraction"),
        xytext=(-6 if is_right else 6, 0),
        textcoords="offset points",
        ha="right" if is_right else "left",
        va="top",
    )
    axes.set_xlabel(feature.title)
    axes.set_ylabel("customers")
    axes.grid(axis="y")
    numbers_of(axes.xaxis, feature)
    plain_numbers(axes.yaxis, whole=True)
    return figure


@styled
def categories(categories: Categories) -> Figure:
    """Customers per value of a category, the most frequent on top."""
    total = sum(categories.counts.values())
    names, bars = _most_frequent(categories)
    figure = blank(6, 1.5 + 0.36 * len(bars), f"{categories.feature.title}: {count(total)} customers")
    axes = figure.subplots()
    drawn = axes.barh(range(len(bars)), bars, color=EVERYONE, height=0.7)
    axes.bar_label(drawn, [f"{count(size)} ({percent(size / total)})" for size in bars], padding=4)
    axes.set_yticks(range(len(bars)), names)
    axes.invert_yaxis()
    axes.set_xlim(0, max(bars) * 1.35)
    axes.set_xlabel("customers")
    plain_numbers(axes.xaxis, whole=True)
    return figure


@styled
def pair_plot(features: Sequence[Feature], clustering: Clustering, sample: Sample) -> Figure:
    """Every feature against every other, a point per customer in the segment's colour, and each by itself on the diagonal."""
    size = len(features)
    is_long = len(clustering.segments) > _CORNER_KEY
    width = max(2.6 * size + (4.8 if is_long else 0.8), 7.6)
    figure = blank(width, 2.5 * size + 0.9, f"{clustering.title} segments, {clustering.algorithm_title}: {sample.title}")
    grid = figure.subplots(size, size, sharex="col", squeeze=False)
    members = sample.columns[clustering.dimension]
    for row, vertical in enumerate(features):
        for column, horizontal in enumerate(features):
            axes = grid[row, column]
            if column > row:
                axes.set_axis_off()
            elif column == row:
                _histogram_by_segment(axes, sample, vertical, members, clustering.segments)
            else:
                _points(axes, sample, horizontal, vertical, clustering)
                axes.tick_params(labelleft=column == 0)
                axes.set_ylabel(vertical.title if column == 0 else "")
            axes.set_xlabel(horizontal.title if row == size - 1 else "")
    figure.align_labels()
    if is_long:
        figure.legend(handles=segment_key(clustering.segments), loc="outside right center")
    else:
        key = grid[0, 1].legend(handles=segment_key(clustering.segments), loc="upper left", borderaxespad=0)
        key.set_in_layout(False)  # it may run over the empty cells
    return figure


@styled
def scatter(horizontal: Feature, vertical: Feature, clustering: Clustering, sample: Sample) -> Figure:
    """Customers by two features in their segment's colour; the numbered circles are the centroids."""
    title = f"{clustering.title} segments, {clustering.algorithm_title}: {sample.title}"
    figure = blank(9.2, max(5.2, 1.2 + 0.24 * len(clustering.segments)), title)
    axes = figure.subplots()
    _points(axes, sample, horizontal, vertical, clustering)
    _centroids(axes, horizontal, vertical, clustering.segments)
    axes.set_xlabel(horizontal.title)
    axes.set_ylabel(vertical.title)
    axes.grid(axis="y")
    axes.legend(
        handles=segment_key(clustering.segments),
        loc="upper left",
        bbox_to_anchor=(1.02, 1),
        title="Centroid and segment",
        alignment="left",
    )
    return figure


@styled
def choice_of_k(title: str, trials: Sequence[Trial]) -> Figure:
    """Elbow and silhouette by number of segments, for both algorithms; rings mark the number that was chosen."""
    figure = blank(8.4, 3.9, f"{title}: how many segments")
    elbow, silhouette = figure.subplots(1, 2)
    elbow.set_title("Elbow: distance left within segments", size=10.5, pad=18)
    elbow.set_ylabel("sum of squared distances, scaled units")
    _line_by_algorithm(elbow, trials, [trial.inertia for trial in trials])
    silhouette.set_title("Silhouette: higher is clearer", size=10.5, pad=18)
    silhouette.set_ylabel("mean silhouette, −1 to 1")
    _line_by_algorithm(silhouette, trials, [trial.silhouette for trial in trials])
    for axes in (elbow, silhouette):
        _mark_choice(axes, trials)
    return figure


@styled
def profile(features: Sequence[Feature], clustering: Clustering, everyone: Sequence[float]) -> Figure:
    """Segments by features: the number is the mean, the colour its difference from everyone.

    Few features stand side by side; where they are many, the segments do.
    """
    segments = clustering.segments
    is_wide = len(features) <= MOST_SIDE_BY_SIDE
    title = f"{clustering.title} segments, {clustering.algorithm_title}: mean of each feature"
    effects = np.array([*([each.effects[feature.name] for feature in features] for each in segments), [0.0] * len(features)])
    means = [*([each.means[feature.name] for feature in features] for each in segments), everyone]
    texts = np.array([[level(value, scale) for value, scale in zip(row, everyone, strict=True)] for row in means])
    furthest = float(np.abs(effects).max())
    widest = min(_STRONGEST, max(1.5, furthest))
    column = min(1.4, max(0.65, 7.2 / (len(segments) + 1)))  # inches; all of them are about as wide as the page
    wide, tall = (
        (5.8 + 1.15 * len(features), 1.9 + 0.42 * len(segments)),
        (4.8 + column * (len(segments) + 1), 2.6 + 0.34 * len(features)),
    )
    figure = blank(*(wide if is_wide else tall), title)
    axes = figure.subplots()
    seaborn.heatmap(
        effects if is_wide else effects.T,
        annot=texts if is_wide else texts.T,
        fmt="",
        cmap="BrBG",  # neither the red of errors nor the blue of a selection
        vmin=-widest,
        vmax=widest,
        linewidths=2,
        cbar_kws={
            "label": "difference from everyone,\nstandard deviations",
            "aspect": 12 if is_wide else 24,
            "extend": "both" if furthest > widest else "neither",
        },
        ax=axes,
    )
    if is_wide:
        axes.set_xticklabels([f"{short(each.label, 20)},\n{each.unit}" if each.unit else each.label for each in features])
        axes.set_yticklabels([*(segment_label(each) for each in segments), "Everyone"], rotation=0)
    else:
        axes.set_xticklabels([*(_column_label(each, column) for each in segments), "Everyone"], rotation=0, va="bottom")
        axes.set_yticklabels([short(each.title, 40) for each in features], rotation=0)
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    return figure


def _column_label(segment: Segment, width: float) -> str:
    """The number and the name of a segment, in short lines that fit a column of so many inches."""
    lines = textwrap.wrap(" ".join(segment.name.split()), int(width * 11), max_lines=5, placeholder="…")
    return "\n".join([str(segment.segment_id), *lines])


def _most_frequent(categories: Categories) -> tuple[list[str], list[int]]:
    values, sizes = list(categories.counts), list(categories.counts.values())
    names, bars = [short(value, 24) for value in values[:MOST_CATEGORIES]], sizes[:MOST_CATEGORIES]
    if rest := sizes[MOST_CATEGORIES:]:
        return [*names, f"{count(len(rest))} others"], [*bars, sum(rest)]
    return names, bars


def _points(axes: Axes, sample: Sample, horizontal: Feature, vertical: Feature, clustering: Clustering) -> None:
    """A point per customer, in the order of the sample: drawn segment by segment, the last would cover the others."""
    colours = {each.segment_id: to_rgb(segment_colour(each.colour)) for each in clustering.segments}
    axes.scatter(
        seen(sample.columns[horizontal.name], horizontal.scale),
        seen(sample.columns[vertical.name], vertical.scale),
        s=float(np.clip(4_000 / sample.size, 5, 24)),
        c=[colours[segment_id] for segment_id in sample.columns[clustering.dimension]],
        alpha=0.75,
        linewidths=0,
    )
    numbers_of(axes.xaxis, horizontal)
    numbers_of(axes.yaxis, vertical)


def nudges(places: Sequence[tuple[float, float]], distance: float) -> list[tuple[float, float]]:
    """By how much each place has to move, in turn, to keep `distance` from those before it: as little as a grid allows."""
    grid = sorted(product(range(-_NUDGES, _NUDGES + 1), repeat=2), key=lambda step: (hypot(*step), -step[0], step[1]))
    taken: list[tuple[float, float]] = []
    moves = []
    for across, up in places:
        candidates = ((distance * right, distance * higher) for right, higher in grid)
        free = (move for move in candidates if all(dist((across + move[0], up + move[1]), other) >= distance for other in taken))
        move = next(free, (0.0, 0.0))
        taken.append((across + move[0], up + move[1]))
        moves.append(move)
    return moves


def _centroids(axes: Axes, horizontal: Feature, vertical: Feature, segments: Sequence[Segment]) -> None:
    """A numbered circle at every centroid; where two coincide, the second stands beside the first."""
    means = np.array([(each.means[horizontal.name], each.means[vertical.name]) for each in segments])
    centres = np.column_stack([seen(means[:, 0], horizontal.scale), seen(means[:, 1], vertical.scale)])
    spans = np.ptp([axes.get_xlim(), axes.get_ylim()], axis=1)
    moves = nudges([(across, up) for across, up in centres / spans * _AXES_POINTS], _CIRCLE_POINTS)
    for segment, centre, move in zip(segments, centres, moves, strict=True):
        axes.annotate(
            str(segment.segment_id),
            centre,
            xytext=move,
            textcoords="offset points",
            ha="center",
            va="center",
            weight="bold",
            bbox={"boxstyle": "circle", "facecolor": "white", "edgecolor": segment_colour(segment.colour), "linewidth": 2.5},
        )


def _histogram_by_segment(axes: Axes, sample: Sample, feature: Feature, members: Values, segments: Sequence[Segment]) -> None:
    seaborn.histplot(
        x=seen(sample.columns[feature.name], feature.scale),
        hue=members,
        palette={each.segment_id: segment_colour(each.colour) for each in segments},
        bins=20,
        multiple="stack",
        alpha=1,
        edgecolor="white",
        linewidth=0.5,
        legend=False,
        ax=axes,
    )
    axes.set_ylabel("customers")
    numbers_of(axes.xaxis, feature)
    plain_numbers(axes.yaxis, whole=True)


def _line_by_algorithm(axes: Axes, trials: Sequence[Trial], values: Sequence[float]) -> None:
    ends: list[tuple[float, int, str, str]] = []
    for algorithm, (colour, style) in _LINES.items():
        own = [(trial.k, value) for trial, value in zip(trials, values, strict=True) if trial.algorithm == algorithm]
        axes.plot(*zip(*own, strict=True), color=colour, linestyle=style, marker="o", markersize=4)
        ends.extend((value, k, ALGORITHM_TITLES[algorithm], colour) for k, value in own[-1:])
    for place, (value, k, name, colour) in enumerate(sorted(ends)):  # two lines may end together: the lower name goes below
        shift = (8, 1 if place else -1)
        side = "bottom" if place else "top"
        axes.annotate(name, (k, value), xytext=shift, textcoords="offset points", va=side, color=colour)
    axes.set_xlabel("number of segments")
    lowest, highest = min(values), max(values)
    axes.set_xlim(min(trial.k for trial in trials) - 0.5, max(trial.k for trial in trials) + 0.5)
    axes.set_ylim(1.15 * min(0.0, lowest), 1.15 * highest if highest > 0 else 1.0)
    axes.grid(axis="y")
    plain_numbers(axes.xaxis, whole=True)
    plain_numbers(axes.yaxis)


def _mark_choice(axes: Axes, trials: Sequence[Trial]) -> None:
    """A line at the number of segments that was chosen, named by algorithm where the two chose differently."""
    chosen: dict[int, list[str]] = {}
    for trial in trials:
        if trial.is_chosen:
            chosen.setdefault(trial.k, []).append(ALGORITHM_TITLES[trial.algorithm])
    places = ["center"] if len(chosen) == 1 else ["right", "left"]  # neighbours' names grow away from each other
    for (k, names), place in zip(sorted(chosen.items()), places, strict=True):
        axes.axvline(k, color=EVERYONE, linewidth=6, alpha=0.5, zorder=0)
        who = "chosen" if len(chosen) == 1 else names[0]
        axes.annotate(f"{who}: {k}", (k, 1), xycoords=("data", "axes fraction"), ha=place, va="bottom")
