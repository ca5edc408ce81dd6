import numpy as np
import pytest

from analytics.identity import in_centroid_order, matched_ids

CENTROIDS = np.array([[1.0, 5.0], [0.0, 9.0], [1.0, 2.0], [3.0, 0.0]])
LABELS = np.array([0, 0, 0, 1, 1, 2, 3, 3])
ONES = np.ones(8)


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
    assert matched_ids(LABELS, CENTROIDS, np.array(reference), ONES).tolist() == expected


@pytest.mark.parametrize("seed", range(5))
def test_matching_does_not_depend_on_the_labels(seed: int):
    """Renumbering the labels renumbers the answer in the same way."""
    order = np.random.default_rng(seed).permutation(4)  # new label -> old label
    renumbered = np.argsort(order)[LABELS]
    for reference in ([3, 3, 3, 1, 1, 4, 2, 2], [1, 1, 1, 1, 1, 1, 2, 2], [1, 1, 2, 3, 3, 4, 5, 6]):
        expected = matched_ids(LABELS, CENTROIDS, np.array(reference), ONES)[order]
        assert expected.tolist() == matched_ids(renumbered, CENTROIDS[order], np.array(reference), ONES).tolist()


def test_weights_decide():
    """A cell of many customers outweighs many cells of one."""
    labels, reference = np.array([0, 0, 0, 1]), np.array([1, 1, 2, 2])
    centroids = np.array([[0.0], [1.0]])
    assert matched_ids(labels, centroids, reference, np.array([1.0, 1.0, 1.0, 1.0])).tolist() == [1, 2]
    assert matched_ids(labels, centroids, reference, np.array([1.0, 1.0, 99.0, 1.0])).tolist() == [2, 3]


def test_the_total_is_what_counts():
    """A label may give up its best partner where all share more members together."""
    labels = np.array([0] * 5 + [1] * 4)
    reference = np.array([1, 1, 1, 2, 2, 1, 1, 1, 1])
    assert matched_ids(labels, np.array([[0.0], [1.0]]), reference, np.ones(9)).tolist() == [2, 1]


def test_ids_are_never_given_twice():
    """Whatever the partitions, ids are unique and start at 1."""
    for seed in range(50):
        random = np.random.default_rng(seed)
        k, k_reference = random.integers(1, 7, 2)
        labels = np.append(np.arange(k), random.integers(0, k, 20))
        reference = np.append(np.zeros(k, dtype=np.int64), random.integers(0, k_reference, 20)) + 1
        ids = matched_ids(labels, random.normal(size=(k, 2)), reference, np.ones(len(labels)))
        assert len(set(ids.tolist())) == k
        assert ids.min() >= 1
