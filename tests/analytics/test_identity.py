import numpy as np
import pytest

from analytics.identity import colours, in_centroid_order, linked, matched_ids

CENTROIDS = np.array([[1.0, 5.0], [0.0, 9.0], [1.0, 2.0], [3.0, 0.0]])
LABELS = np.array([0, 0, 0, 1, 1, 2, 3, 3])


def _shared(labels: np.ndarray, reference: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """(k, m): members in each label, from 0, and reference segment, from 1."""
    shared = np.zeros((labels.max() + 1, reference.max()))
    np.add.at(shared, (labels, reference - 1), 1.0 if weights is None else weights)
    return shared


def _ids(labels: np.ndarray, centroids: np.ndarray, reference: list[int], weights: np.ndarray | None = None) -> list[int]:
    known = np.array(reference)
    shared = _shared(labels, known, weights)
    return matched_ids(shared, np.arange(1, known.max() + 1), centroids, int(known.max()) + 1).tolist()


def test_ids_follow_the_centroids():
    """From 1, by the first feature, then the second."""
    assert in_centroid_order(CENTROIDS).tolist() == [3, 1, 2, 4]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_the_labels_does_not_matter(seed: int):
    """However an algorithm numbers its labels, each centroid has the same id."""
    order = np.random.default_rng(seed).permutation(4)
    assert in_centroid_order(CENTROIDS[order]).tolist() == in_centroid_order(CENTROIDS)[order].tolist()


def test_rounding_noise_does_not_decide():
    """First features that differ by less than rounding are equal, so the second decides."""
    assert in_centroid_order(np.array([[1e-15, 2.0], [0.0, 3.0]])).tolist() == [1, 2]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ([3, 3, 3, 1, 1, 4, 2, 2], [3, 1, 4, 2]),  # one to one
        ([1, 1, 1, 1, 1, 1, 2, 2], [1, 3, 4, 2]),  # more segments than the reference: new ids, by centroid, for the rest
        ([1, 1, 2, 3, 3, 4, 5, 6], [1, 3, 4, 5]),  # fewer segments: the best matches, 2 and 6 stay unused
        ([2, 2, 1, 1, 1, 3, 3, 4], [2, 1, 3, 4]),  # a member that moved does not matter
        ([1, 1, 1, 1, 1, 1, 1, 1], [1, 2, 3, 4]),  # one reference segment: the largest share has it
    ],
)
def test_ids_are_those_of_the_reference(reference: list[int], expected: list[int]):
    """Each label gets the id it shares most members with, one to one; labels without a partner get new ids."""
    assert _ids(LABELS, CENTROIDS, reference) == expected


@pytest.mark.parametrize("seed", range(5))
def test_matching_does_not_depend_on_the_labels(seed: int):
    """Renumbering the labels renumbers the answer in the same way."""
    order = np.random.default_rng(seed).permutation(4)  # new label -> old label
    renumbered = np.argsort(order)[LABELS]
    for reference in ([3, 3, 3, 1, 1, 4, 2, 2], [1, 1, 1, 1, 1, 1, 2, 2], [1, 1, 2, 3, 3, 4, 5, 6]):
        expected = np.array(_ids(LABELS, CENTROIDS, reference))[order]
        assert expected.tolist() == _ids(renumbered, CENTROIDS[order], reference)


def test_weights_decide():
    """A cell of many customers outweighs many cells of one."""
    labels = np.array([0, 0, 0, 1])
    centroids = np.array([[0.0], [1.0]])
    assert _ids(labels, centroids, [1, 1, 2, 2]) == [1, 2]
    assert _ids(labels, centroids, [1, 1, 2, 2], np.array([1.0, 1.0, 99.0, 1.0])) == [2, 3]


def test_the_total_is_what_counts():
    """A label may give up its best partner where all share more members together."""
    labels = np.array([0] * 5 + [1] * 4)
    assert _ids(labels, np.array([[0.0], [1.0]]), [1, 1, 1, 2, 2, 1, 1, 1, 1]) == [2, 1]


def test_ids_are_never_given_twice():
    """Whatever the partitions, ids are unique and start at 1."""
    for seed in range(50):
        random = np.random.default_rng(seed)
        k, k_reference = random.integers(1, 7, 2)
        labels = np.append(np.arange(k), random.integers(0, k, 20))
        reference = np.append(np.zeros(k, dtype=np.int64), random.integers(0, k_reference, 20)) + 1
        ids = _ids(labels, random.normal(size=(k, 2)), reference.tolist())
        assert len(set(ids)) == k
        assert min(ids) >= 1


def test_distance_decides_between_equals_only():
    """Where both pairings share as many, the nearer one is taken; one customer more outweighs any distance."""
    centroids, known = np.array([[0.0], [1.0]]), np.array([7, 8])
    distances = np.array([[90.0, 0.0], [0.0, 90.0]])
    assert matched_ids(np.array([[5.0, 5.0], [5.0, 5.0]]), known, centroids, 9, distances).tolist() == [8, 7]
    assert matched_ids(np.array([[6.0, 5.0], [5.0, 5.0]]), known, centroids, 9, distances).tolist() == [7, 8]


def test_distance_decides_where_nobody_is_shared():
    """With all customers new, the nearest centroid has the id; without distances every segment is new."""
    centroids, known, nobody = np.array([[0.0], [1.0]]), np.array([7, 8]), np.zeros((2, 2))
    assert matched_ids(nobody, known, centroids, 9, np.array([[9.0, 0.1], [0.2, 9.0]])).tolist() == [8, 7]
    assert matched_ids(nobody, known, centroids, 9).tolist() == [9, 10]


def test_a_handful_of_customers_is_no_link():
    """Pairs that share less than half of either side are not linked; customers of one side alone do not count."""
    shared = np.array([[90.0, 3.0], [10.0, 4.0], [0.0, 0.0]])
    assert linked(shared).tolist() == [[90.0, 0.0], [10.0, 4.0], [0.0, 0.0]]


def test_colours_stay_and_new_ones_are_free():
    """A known id keeps its colour; a new one takes the lowest that no known id, here or gone, and nobody to avoid has."""
    assert colours(np.array([9, 2, 5, 8]), {2: 0, 5: 3, 6: 1}, [2]).tolist() == [5, 0, 3, 4]
    assert colours(np.array([2, 1]), {}).tolist() == [1, 0]
