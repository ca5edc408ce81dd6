from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_samples, silhouette_score

from analytics.evidence import Choice, Evaluation, choose_k, evaluate
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
    """With cells, the indices are those of the sampled customers under the labels of their cells, sizes those of all."""
    customers = blobs(5, 300)
    cells, cell_of = celled(customers, width=0.5)
    labels = np.arange(len(cells.means)) % 3
    chosen = np.arange(0, 300, 3)
    sampled = replace(cells, sample=customers[chosen], sample_points=cell_of[chosen])
    evaluation = evaluate(sampled, labels)
    assert evaluation.silhouette == pytest.approx(silhouette_score(customers[chosen], labels[cell_of[chosen]]), abs=1e-12)
    assert len(evaluation.silhouettes) == 100
    assert evaluation.smallest_segment == np.bincount(labels[cell_of]).min()


def _evaluation(k: int, silhouette: float) -> Evaluation:
    return Evaluation(k, np.zeros(0, dtype=np.int64), 1.0, silhouette, 1.0, 1.0, 1, np.zeros(0))


@pytest.mark.parametrize(
    ("silhouettes", "fixed", "expected"),
    [
        (
            {2: 0.3, 3: 0.55, 4: 0.5},
            None,
            Choice(3, "silhouette", "3, because its mean silhouette of 0.550 is the highest of k = 2…4; 4 was next with 0.500"),
        ),
        (
            {4: 0.5, 3: 0.5, 2: 0.1},
            None,
            Choice(3, "silhouette", "3, because its mean silhouette of 0.500 is the highest of k = 2…4; 4 was next with 0.500"),
        ),
        (
            {2: 0.5, 3: 0.5 + 1e-12},
            None,
            Choice(2, "silhouette", "2, because its mean silhouette of 0.500 is the highest of k = 2…3; 3 was next with 0.500"),
        ),
        (
            {2: -0.25},
            None,
            Choice(2, "silhouette", "2, because its mean silhouette of -0.250 is the highest of k = 2…2"),
        ),
        (
            {2: 0.3, 3: 0.55, 4: 0.5},
            4,
            Choice(4, "person", "4, because a person fixed it (mean silhouette 0.500; 3 would score 0.550)"),
        ),
        (
            {2: 0.3, 3: 0.55},
            3,
            Choice(3, "person", "3, because a person fixed it (mean silhouette 0.550; 3 would score 0.550)"),
        ),
    ],
)
def test_the_highest_silhouette_wins(silhouettes: dict[int, float], fixed: int | None, expected: Choice):
    """The highest mean silhouette decides, the smaller k of equals, unless a person fixed k; the sentence has the numbers."""
    assert expected == choose_k([_evaluation(k, silhouette) for k, silhouette in silhouettes.items()], fixed)
