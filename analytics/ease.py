"""EASE: what having bought one item tells of another (Steck 2019, Embarrassingly shallow autoencoders for sparse data, WWW '19)."""

import numpy as np
from scipy import sparse

from analytics.points import Floats

PENALTY = 300.0
"""Of the squared weights, in customers. Between 30 and 1,000 hardly anything changes."""


def fit_ease(bought: sparse.csr_array, penalty: float = PENALTY) -> Floats:
    """The weights (m, m) of what was bought, in rows, for what may be bought, in columns; an item tells nothing of itself.

    `bought` is (n, m): 1 where a customer has bought an item. The weights are those by which every column is best told from the
    others, by squared error and with `penalty` on their squares; the inverse of one matrix (m, m) has them all.
    """
    together = np.asarray((bought.T @ bought).todense(), dtype=np.float64)
    together[np.diag_indices_from(together)] += penalty
    inverse = np.linalg.inv(together)
    weights = -inverse / np.diag(inverse)
    np.fill_diagonal(weights, 0.0)
    return weights


def strongest(weights: Floats, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The places, rows and columns, of the `count` weights of each column that are furthest from 0."""
    if count >= len(weights):
        rows, columns = np.nonzero(~np.eye(len(weights), dtype=bool))
        return rows, columns
    rows = np.argpartition(-np.abs(weights), count, axis=0)[:count]
    return rows.ravel(), np.broadcast_to(np.arange(weights.shape[1]), rows.shape).ravel()
