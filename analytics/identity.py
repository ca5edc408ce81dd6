"""Which segment is which: numbers that do not depend on the order in which an algorithm happens to find them."""

import numpy as np
from scipy.optimize import linear_sum_assignment

from analytics.points import Floats, Labels


def in_centroid_order(centroids: Floats) -> Labels:
    """(k,): for each label its segment id, from 1, in order of the first feature, then the second, and so on."""
    order = np.lexsort(np.round(centroids, 9).T[::-1])
    ids = np.empty(len(order), dtype=np.int64)
    ids[order] = np.arange(1, len(order) + 1)
    return ids


def matched_ids(labels: Labels, centroids: Floats, reference: Labels, weights: Floats) -> Labels:
    """(k,): for each label the id of the reference segment it shares most members with, one to one, or a new id.

    `labels` (p,) and `reference` (p,) give each point's label, from 0, and reference id, from 1; `weights` (p,) its customers.
    The pairing maximises the members shared in total (linear assignment). Labels left over get the next free ids.
    """
    count, count_reference = len(centroids), int(reference.max())
    shared = np.zeros((count, count_reference))
    np.add.at(shared, (labels, reference - 1), weights)
    ids = np.zeros(count, dtype=np.int64)
    for label, column in zip(*linear_sum_assignment(-shared), strict=True):
        if shared[label, column] > 0:
            ids[label] = column + 1
    unmatched = np.flatnonzero(ids == 0)
    ids[unmatched] = count_reference + in_centroid_order(centroids[unmatched])
    return ids
