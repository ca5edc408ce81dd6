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


def test_why_no_more_were_tried_ends_the_sentence():
    """The limit stands after the reason, whoever chose."""
    tried = [_evaluation(2, 0.5), _evaluation(3, 0.4)]
    assert choose_k(tried, limit="no more").reason.endswith("3 was next with 0.400; no more")
    assert choose_k(tried, 2, "no more").reason.endswith("the highest of k = 2…3); no more")


def _evaluation(k: int, silhouette: float) -> Evaluation:
    return Evaluation(k, np.zeros(0, dtype=np.int64), 1.0, silhouette, 1.0, 1.0, 1, np.zeros(0), np.zeros(0, dtype=np.int64))


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
            Choice(3, "person", "3, because a person fixed it (mean silhouette 0.550, the highest of k = 2…3)"),
        ),
    ],
)
def test_the_highest_silhouette_wins(silhouettes: dict[int, float], fixed: int | None, expected: Choice):
    """The highest mean silhouette decides, the smaller k of equals, unless a person fixed k; the sentence has the numbers."""
    assert expected == choose_k([_evaluation(k, silhouette) for k, silhouette in silhouettes.items()], fixed)
