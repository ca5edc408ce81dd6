"""Which segment is which: numbers and colours that stay, whatever order an algorithm happens to find the segments in."""

from collections.abc import Collection, Mapping

import numpy as np
from scipy.optimize import linear_sum_assignment

from analytics.points import Floats, Labels

LINK_SHARE = 0.5
"""Two segments of different runs are linked when they share at least this part of either's customers.

Customers who are not in both runs do not count. Only linked segments can bear one id; segments.events says what links there are.
"""


def in_centroid_order(centroids: Floats) -> Labels:
    """(k,): for each label its segment id, from 1, in order of the first feature, then the second, and so on."""
    order = np.lexsort(np.round(centroids, 9).T[::-1])
    ids = np.empty(len(order), dtype=np.int64)
    ids[order] = np.arange(1, len(order) + 1)
    return ids


def linked(shared: Floats, share: float = LINK_SHARE) -> Floats:
    """`shared` (k, m), customers in each label and known segment, with 0 where the two are not linked."""
    rows, columns = shared.sum(axis=1, keepdims=True), shared.sum(axis=0, keepdims=True)
    is_linked = (shared >= share * rows) | (shared >= share * columns)
    return np.where(is_linked, shared, 0.0)


def matched_ids(shared: Floats, known: Labels, centroids: Floats, next_id: int, distances: Floats | None = None) -> Labels:
    """(k,): for each label the id of the known segment it shares most customers with, one to one, or a new id.

    `shared` (k, m) counts the customers in each label and known segment, `known` (m,) are the ids, `centroids` (k, d) are of the
    labels, `distances` (k, m) are those to the known centroids. The pairing maximises the customers shared in total (linear
    assignment), and of equal pairings has the smallest distances; where nobody is shared at all, distances alone decide.
    Labels left over get ids from `next_id`, in the order of their centroids.
    """
    count, count_known = shared.shape
    if distances is None:
        distances = np.zeros_like(shared)
    # Customers are whole numbers, so all distances together, kept below one half, decide between equals only.
    nearness = 0.5 * (1 - distances / (1 + distances.max(initial=0))) / max(1, min(count, count_known))
    is_by_distance = not shared.any() and distances.any()
    ids = np.zeros(count, dtype=np.int64)
    for label, column in zip(*linear_sum_assignment(-(shared + nearness)), strict=True):
        if shared[label, column] > 0 or is_by_distance:
            ids[label] = known[column]
    unmatched = np.flatnonzero(ids == 0)
    ids[unmatched] = next_id - 1 + in_centroid_order(centroids[unmatched])
    return ids


def colours(ids: Labels, known: Mapping[int, int], avoided: Collection[int] = ()) -> Labels:
    """(k,): for each id the colour it is known by, or the lowest that neither a known id nor `avoided` has."""
    taken = {*known.values(), *avoided}
    given = dict(known)
    for segment in sorted(map(int, ids)):
        if segment not in given:
            given[segment] = next(colour for colour in range(len(taken) + 1) if colour not in taken)
            taken.add(given[segment])
    return np.array([given[int(segment)] for segment in ids], dtype=np.int64)
