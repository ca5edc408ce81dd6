"""How firmly segments stand: against another way of computing it, planted groups and noise."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_rand_score
from threadpoolctl import threadpool_limits

from analytics.evidence import evaluate
from analytics.hierarchical import fit_ward
from analytics.kmeans import fit_kmeans
from analytics.methods import METHODS
from analytics.points import Floats, Labels, Points
from analytics.stability import adjusted_rand, bootstrap, measure_stability, seed_stability
from analytics.support import material
from tests.analytics.planted import planted

PLANTED = {each.name: each for each in planted(1)}


def _labels(values: Floats, k: int, algorithm: str) -> Labels:
    points = Points.of_customers(values)
    return fit_kmeans(points, k, 7) if algorithm == "kmeans" else fit_ward(points).cut(k)


def _stability(values: Floats, k: int, algorithm: str) -> Floats:
    labels = _labels(values, k, algorithm)
    return bootstrap(values, np.ones(len(values)), labels, k, METHODS[algorithm], np.random.default_rng(3)).similarity


@threadpool_limits.wrap(limits=1)  # on more threads so few points wait for whatever else is running
def _by_sets(values: Floats, labels: Labels, k: int) -> list[float]:
    """The same by scikit-learn and Python's sets, from draws of whole customers with replacement."""
    random = np.random.default_rng(5)
    similar = []
    for _ in range(100):
        drawn = np.unique(random.integers(0, len(values), len(values)))
        found = KMeans(k, n_init=2, random_state=0).fit_predict(values[drawn])
        parts = [set(drawn[found == part]) for part in range(k)]
        own = [set(drawn[labels[drawn] == label]) for label in range(k)]
        similar.append([max(len(mine & part) / len(mine | part) for part in parts) for mine in own])
    return np.mean(similar, axis=0).tolist()


def test_the_jaccard_similarities_are_those_of_sets() -> None:
    """On overlapping groups, cut into one more than there are, other code on other draws finds the same stability."""
    values = PLANTED["3 overlapping"].values[::3]
    labels = _labels(values, 4, "kmeans")
    found = bootstrap(values, np.ones(len(values)), labels, 4, METHODS["kmeans"], np.random.default_rng(3)).similarity
    assert found == pytest.approx(_by_sets(values, labels, 4), abs=0.05)
    assert found.min() < 0.8 < found.max()


@pytest.mark.parametrize("algorithm", METHODS)
@pytest.mark.parametrize("name", ["5 in a cross, unequal", "4 at corners", "3 elongated, 3 features", "4, 10 features"])
def test_planted_groups_are_very_stable(name: str, algorithm: str) -> None:
    """Every group that is there comes out again."""
    each = PLANTED[name]
    assert _stability(each.values, each.k, algorithm).min() > 0.9


@pytest.mark.parametrize("algorithm", METHODS)
@pytest.mark.parametrize("name", ["uniform, 5 features", "one Gaussian, 10 features", "one Gaussian, 2 features"])
def test_noise_is_not_stable(name: str, algorithm: str) -> None:
    """What is cut out of noise comes out otherwise the next time: no four segments of it are stable on the whole."""
    assert _stability(PLANTED[name].values, 4, algorithm).mean() < 0.75


def test_stable_is_not_the_same_as_true() -> None:
    """A square without groups is cut into its quarters every time: stability alone proves nothing, as analytics/README.md says."""
    assert _stability(PLANTED["uniform, 2 features"].values, 4, "kmeans").min() > 0.85


def test_a_cell_counts_as_its_customers() -> None:
    """Cells of three customers are as stable as the customers themselves."""
    values = PLANTED["one Gaussian, 2 features"].values[:100]
    labels = _labels(values, 3, "kmeans")
    cells = bootstrap(values, np.full(100, 3.0), labels, 3, METHODS["kmeans"], np.random.default_rng(1), 300)
    customers = bootstrap(
        np.repeat(values, 3, axis=0), np.ones(300), np.repeat(labels, 3), 3, METHODS["kmeans"], np.random.default_rng(2), 300
    )
    assert cells.similarity == pytest.approx(customers.similarity, abs=0.03)


@pytest.mark.parametrize("algorithm", METHODS)
def test_errors_of_groups_that_are_apart_are_those_of_textbooks(algorithm: str) -> None:
    """Where the fit is always the same, a share varies as a proportion does, sqrt(pq / n), and a mean as s / sqrt(n)."""
    each = PLANTED["4 at corners"]
    labels = _labels(each.values, 4, algorithm)
    ones = np.ones(len(each.values))
    found = bootstrap(each.values, ones, labels, 4, METHODS[algorithm], np.random.default_rng(3), 1_000)
    shares = np.bincount(labels) / len(labels)
    assert found.share_error == pytest.approx(np.sqrt(shares * (1 - shares) / len(labels)), rel=0.15)
    deviations = [each.values[labels == label].std(axis=0) / np.sqrt((labels == label).sum()) for label in range(4)]
    assert found.mean_error == pytest.approx(np.array(deviations), rel=0.3)


def test_errors_shrink_with_the_customers_where_that_is_known() -> None:
    """Of a hundred times as many customers K-Means has a tenth of the error; Ward, and what is not stable, as much as before."""
    clear, noise = PLANTED["4 at corners"].values, PLANTED["one Gaussian, 10 features"].values
    for values, algorithm, factor in ((clear, "kmeans", 10), (clear, "hierarchical", 1), (noise, "kmeans", 1)):
        points = Points.of_customers(values)
        given = material(points, np.random.default_rng(1), references=1)
        chosen = evaluate(points, _labels(values, 4, algorithm))
        few, many = (
            measure_stability(given, chosen, algorithm, count, np.random.default_rng(2))
            for count in (len(values), 100 * len(values))
        )
        assert many.share_error * factor == pytest.approx(few.share_error)
        assert many.mean_error * factor == pytest.approx(few.mean_error)
        assert many.segments_error == pytest.approx(few.segments_error)


def test_a_segment_of_which_nobody_was_asked_is_unknown() -> None:
    """It has no number rather than a wrong one; the others have theirs."""
    values = PLANTED["4 at corners"].values
    labels = _labels(values, 4, "kmeans")
    found = bootstrap(values, np.where(labels == 2, 0.0, 1.0), labels, 4, METHODS["kmeans"], np.random.default_rng(1))
    assert np.isnan(found.similarity).tolist() == np.isnan(found.share_error).tolist() == [False, False, True, False]


def test_seeds_matter_where_nothing_is_there() -> None:
    """Planted groups are found from any start; ten parts of noise are others from other starts."""
    random = np.random.default_rng(1)
    clear, noise = PLANTED["4 at corners"].values, PLANTED["one Gaussian, 10 features"].values
    assert seed_stability(clear, np.ones(len(clear)), 4, random) == 1.0
    assert seed_stability(noise, np.ones(len(noise)), 10, random) < 0.5


def test_the_rand_index_is_scikit_learns() -> None:
    """A weight counts as that many customers; partitions that say the same agree entirely, also where they say nothing."""
    random = np.random.default_rng(2)
    first, second, weights = random.integers(0, 4, 60), random.integers(0, 3, 60), random.integers(1, 5, 60)
    expected = adjusted_rand_score(np.repeat(first, weights), np.repeat(second, weights))
    assert adjusted_rand(first, second, weights.astype(float)) == pytest.approx(expected, abs=1e-12)
    assert adjusted_rand(first, first, weights.astype(float)) == 1.0
    assert adjusted_rand(np.zeros(9, int), np.zeros(9, int), np.ones(9)) == 1.0
