from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples, silhouette_score

from analytics.evidence import evaluate, stratified_error
from analytics.points import Points
from tests.helpers import blobs, celled


@pytest.mark.parametrize(("seed", "k"), [(0, 2), (1, 3), (2, 5), (3, 9)])
def test_the_indices_are_those_of_scikit_learn(seed: int, k: int):
    """Silhouette, Davies-Bouldin and Calinski-Harabasz of any partition equal scikit-learn's; sizes are counted."""
    values = blobs(seed, 150)
    labels = np.random.default_rng(seed).permutation(np.arange(150) % k)
    evaluation = evaluate(Points.of_customers(values), labels)
    assert evaluation.k == k
    assert evaluation.silhouette == pytest.approx(silhouette_score(values, labels), abs=1e-12)
    assert evaluation.davies_bouldin == pytest.approx(davies_bouldin_score(values, labels), abs=1e-12)
    assert evaluation.calinski_harabasz == pytest.approx(calinski_harabasz_score(values, labels), abs=1e-9)
    assert evaluation.smallest_segment == np.bincount(labels).min()
    np.testing.assert_allclose(evaluation.silhouettes, silhouette_samples(values, labels))
    centres = np.array([values[labels == label].mean(axis=0) for label in range(k)])
    assert evaluation.inertia == pytest.approx(((values - centres[labels]) ** 2).sum())


def test_cells_are_judged_by_their_customers():
    """With cells, customers have the labels of their cells; sizes and Calinski-Harabasz are those of all of them."""
    customers = blobs(5, 3000)
    cells, cell_of = celled(customers, width=0.5)
    labels = np.arange(len(cells.means)) % 3
    chosen = np.arange(0, 3000, 3)
    sampled = replace(cells, sample=customers[chosen], sample_points=cell_of[chosen])
    evaluation = evaluate(sampled, labels)
    of_customers = labels[cell_of]
    assert evaluation.silhouette == pytest.approx(silhouette_score(customers, of_customers), abs=0.01)
    assert evaluation.davies_bouldin == pytest.approx(davies_bouldin_score(customers, of_customers), rel=0.05)
    assert evaluation.calinski_harabasz == pytest.approx(calinski_harabasz_score(customers, of_customers))
    assert len(evaluation.silhouettes) == 1000
    assert evaluation.smallest_segment == np.bincount(of_customers).min()


def test_a_rare_segment_is_judged_too():
    """A segment the first of the sample miss is drawn from the rest, and counts by its size: the estimate is of everyone."""
    random = np.random.default_rng(0)
    customers = np.vstack([random.normal(size=(2000, 2)), random.normal([3, 0], size=(4, 2)), [[90.0, 0.0]]])
    labels = np.array([0] * 1000 + [1] * 1000 + [2] * 4 + [3])
    labels[:2000] = customers[:2000, 0] > 0
    order = np.concatenate([random.permutation(2000), np.arange(2000, 2005)])
    points = Points.of_customers(customers)
    sampled = replace(points, sample=customers[order], sample_points=order, count_drawn=500)
    evaluation = evaluate(sampled, labels)
    assert sorted(order[evaluation.drawn[500:]]) == [2000, 2001, 2002, 2003, 2004]
    assert evaluation.silhouettes[-1] == 0  # alone in its segment
    assert evaluation.silhouette == pytest.approx(silhouette_score(customers, labels), abs=0.02)
    assert evaluation.davies_bouldin == pytest.approx(davies_bouldin_score(customers, labels), rel=0.05)
    assert evaluation.calinski_harabasz == pytest.approx(calinski_harabasz_score(customers, labels))


def test_a_sample_of_one_segment_is_no_error():
    """Where the sample cannot tell segments apart the silhouette is 0."""
    points = replace(
        Points.of_customers(np.array([[0.0], [1.0], [9.0]])), sample=np.array([[0.0], [1.0]]), sample_points=np.array([0, 1])
    )
    assert evaluate(points, np.array([0, 0, 1])).silhouette == 0


def test_the_error_of_the_silhouette_is_its_spread_over_samples():
    """Drawing strata of 300 and 700 again and again, their weighted mean varies as much as the error says; of all it has none."""
    random = np.random.default_rng(4)
    population = np.concatenate([random.normal(0.2, 0.3, 300), random.normal(0.6, 0.1, 700)])
    labels, sizes = np.repeat([0, 1], [300, 700]), np.array([300, 700])
    drawn = np.repeat([0, 1], [60, 40])
    estimates, errors = [], []
    for _ in range(2_000):
        values = np.concatenate([random.choice(population[labels == label], (60, 40)[label], replace=False) for label in (0, 1)])
        estimates.append(np.average(values, weights=np.array([300 / 60, 700 / 40])[drawn]))
        errors.append(stratified_error(values, drawn, sizes))
    assert np.mean(errors) == pytest.approx(np.std(estimates), rel=0.05)
    assert stratified_error(population, labels, sizes) == 0
    assert evaluate(Points.of_customers(blobs(0, 150)), np.arange(150) % 3).silhouette_error == 0
