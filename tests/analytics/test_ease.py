"""EASE: its weights are those of the regressions that it stands for, and find what was planted."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.linear_model import Ridge

from analytics.ease import fit_ease, strongest


def baskets(customers: int = 400, items: int = 9, seed: int = 0) -> np.ndarray:
    """(n, m): who bought what, of three tastes with three items each, and a little of everything."""
    random = np.random.default_rng(seed)
    tastes = random.integers(0, 3, customers)
    chances = np.where(np.arange(items) // 3 == tastes[:, None], 0.6, 0.15)
    return (random.random((customers, items)) < chances).astype(float)


@pytest.mark.parametrize("penalty", [10.0, 300.0])
def test_every_column_is_a_ridge_regression_on_the_others(penalty: float):
    """By scikit-learn, item by item: the same weights, and none of an item for itself."""
    bought = baskets()
    weights = fit_ease(sparse.csr_array(bought), penalty)
    assert (np.diag(weights) == 0).all()
    for item in range(bought.shape[1]):
        others = np.delete(bought, item, axis=1)
        ridge = Ridge(alpha=penalty, fit_intercept=False, solver="cholesky").fit(others, bought[:, item])
        assert np.delete(weights[:, item], item) == pytest.approx(ridge.coef_, abs=1e-9)


def test_items_of_one_taste_speak_for_each_other():
    """Each of them more than any of another taste."""
    weights = fit_ease(sparse.csr_array(baskets(2_000)), 30.0)
    for item in range(9):
        own = [other for other in range(9) if other // 3 == item // 3 and other != item]
        rest = [other for other in range(9) if other // 3 != item // 3]
        assert weights[own, item].min() > weights[rest, item].max()


def test_the_strongest_weights_of_every_column_are_kept():
    """As many of each as are wanted, the furthest from 0; all but the item itself where there are not more."""
    weights = fit_ease(sparse.csr_array(baskets()), 30.0)
    rows, columns = strongest(weights, 3)
    for item in range(9):
        kept = set(rows[columns == item])
        assert kept == set(np.argsort(-np.abs(weights[:, item]))[:3])
    rows, columns = strongest(weights, 50)
    assert len(rows) == 9 * 8
    assert (rows != columns).all()
