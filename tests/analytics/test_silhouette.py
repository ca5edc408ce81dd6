"""Silhouette widths of many partitions at once."""

import numpy as np
import pytest
from sklearn.metrics import silhouette_samples

import analytics.silhouette
from analytics.silhouette import silhouette_widths
from tests.helpers import blobs


@pytest.mark.parametrize("block", [1, 1_000, 4_000_000])
def test_the_widths_are_scikit_learns(monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    """Of each partition, a customer alone in a segment included, however many distances are held at a time."""
    monkeypatch.setattr(analytics.silhouette, "_BLOCK", block)
    values = blobs(3, 60)
    partitions = [np.arange(60) % k for k in (2, 3, 7)]
    partitions[1][0] = 3
    for labels, widths in zip(partitions, silhouette_widths(values, partitions), strict=True):
        np.testing.assert_allclose(widths, silhouette_samples(values, labels), atol=1e-12)


def test_who_takes_no_part_counts_for_nothing() -> None:
    """The others have the widths that they have without them, and they have 0 themselves."""
    values = blobs(4, 50)
    labels = np.arange(50) % 4
    labels[::5] = -1
    is_there = labels >= 0
    (widths,) = silhouette_widths(values, [labels])
    np.testing.assert_allclose(widths[is_there], silhouette_samples(values[is_there], labels[is_there]), atol=1e-12)
    assert not widths[~is_there].any()


@pytest.mark.parametrize("labels", [[0, 0, 0], [0, 1, 2], [-1, 0, 0]])
def test_one_label_or_only_single_customers_tell_nothing(labels: list[int]) -> None:
    """The width of everyone is 0, as scikit-learn has it of a customer alone."""
    (widths,) = silhouette_widths(blobs(5, 3), [np.array(labels)])
    assert not widths.any()
