"""What campaigns brought: the outcomes of customers who were addressed less those of who was held out, with intervals.

Responses: the score interval of Newcombe (1998, Statistics in Medicine 17, method 10), that of their ratio by its logarithm
(Walter 1976). Amounts: Student's t of the difference within the strata of the split (Cochran 1977, chapter 5A), where each has two
customers of both groups; otherwise over all. Amounts are mostly nothing and seldom much, so that of a few customers the variance
comes out too small: that of the smaller group is taken from both together, that of the larger from itself.
"""

from dataclasses import dataclass

import duckdb
import numpy as np
from scipy import stats

from analytics.points import Floats

LEVEL = 0.95
"""Of the intervals."""

Interval = tuple[float, float]


@dataclass(frozen=True)
class Sums:
    """Outcomes of customers by stratum and group: treated first, then held out."""

    counts: Floats
    """(strata, 2) customers."""
    totals: Floats
    """(strata, 2) sums of their outcomes."""
    squares: Floats
    """(strata, 2) sums of the squared distances of the outcomes from the mean of their stratum and group."""

    @property
    def pooled(self) -> "Sums":
        """All strata as one."""
        counts, totals = self.counts.sum(axis=0), self.totals.sum(axis=0)
        between = self.counts * (_divided(self.totals, self.counts) - _divided(totals, counts)) ** 2
        return Sums(counts[None], totals[None], (self.squares + between).sum(axis=0)[None])


@dataclass(frozen=True)
class Lift:
    """The difference of two groups, absolute and relative to those held out."""

    difference: float
    interval: Interval
    relative: float | None
    relative_interval: Interval | None
    method: str
    """Newcombe, Student, or Student by strata."""


def response_lift(sums: Sums) -> Lift:
    """The lift of a share: outcomes are 0 or 1. Both groups must have customers."""
    from statsmodels.stats.proportion import confint_proportions_2indep  # takes a second to import

    (counts,), (totals,) = sums.pooled.counts, sums.pooled.totals
    shares = totals / counts
    ends = confint_proportions_2indep(*_pair(totals, counts), method="newcomb", compare="diff", alpha=1 - LEVEL)
    relative, ratio_ends = None, None
    if totals[1]:
        relative = float(shares[0] / shares[1] - 1)
        low, high = confint_proportions_2indep(*_pair(totals, counts), method="log-adjusted", compare="ratio", alpha=1 - LEVEL)
        ratio_ends = (float(low) - 1, float(high) - 1)
    return Lift(float(shares[0] - shares[1]), (float(ends[0]), float(ends[1])), relative, ratio_ends, "Newcombe")


def amount_lift(sums: Sums) -> Lift:
    """The lift of a mean. Both groups must have two customers."""
    is_stratified = len(sums.counts) > 1 and bool((sums.counts >= 2).all())
    used = sums if is_stratified else sums.pooled
    weights = used.counts.sum(axis=1) / used.counts.sum()
    means, variances, freedoms = used.totals / used.counts, used.squares / (used.counts - 1), used.counts - 1
    small = int(np.argmin(used.counts.sum(axis=0)))
    variances[:, small] = used.squares.sum(axis=1) / freedoms.sum(axis=1)
    freedoms[:, small] = freedoms.sum(axis=1)
    parts = weights[:, None] ** 2 * variances / used.counts
    freedom = parts.sum() ** 2 / (parts**2 / freedoms).sum() if parts.any() else np.inf
    quantile = float(stats.t.ppf((1 + LEVEL) / 2, freedom))
    mean = weights @ means
    difference, error = float(mean[0] - mean[1]), float(np.sqrt(parts.sum()))
    relative, ratio_ends = None, None
    if mean[1] > 0:
        relative = float(mean[0] / mean[1] - 1)
        if mean[0] > 0:
            half = quantile * float(np.sqrt((parts.sum(axis=0) / mean**2).sum()))
            ratio_ends = (float((1 + relative) * np.exp(-half) - 1), float((1 + relative) * np.exp(half) - 1))
    ends = (difference - quantile * error, difference + quantile * error)
    return Lift(difference, ends, relative, ratio_ends, "Student by strata" if is_stratified else "Student")


def measure_campaigns(connection: duckdb.DuckDBPyConnection) -> None:
    """Fill segments.campaign_lifts from staging.results."""
    rows = connection.execute(
        """
        select
            campaign,
            coalesce(stratum, ''),
            count(*) filter (test_group = 'treatment'),
            count(*) filter (test_group = 'holdout'),
            coalesce(sum(outcome order by outcome) filter (test_group = 'treatment'), 0),
            coalesce(sum(outcome order by outcome) filter (test_group = 'holdout'), 0),
            coalesce(var_pop(outcome order by outcome) filter (test_group = 'treatment'), 0),
            coalesce(var_pop(outcome order by outcome) filter (test_group = 'holdout'), 0),
            bool_and(outcome in (0, 1))
        from staging.results
        group by all
        order by all
        """
    ).fetchall()
    for campaign in dict.fromkeys(row[0] for row in rows):
        own = np.array([row[2:] for row in rows if row[0] == campaign], dtype=float)
        counts = own[:, 0:2]
        sums = Sums(counts, own[:, 2:4], own[:, 4:6] * counts)
        _write(connection, campaign, sums, bool(own[:, 6].all()))


def _write(connection: duckdb.DuckDBPyConnection, campaign: str, sums: Sums, is_response: bool) -> None:
    (counts,), (totals,) = sums.pooled.counts, sums.pooled.totals
    means = [total / count if count else None for total, count in zip(totals.tolist(), counts.tolist(), strict=True)]
    shortfall = _shortfall(counts, 1 if is_response else 2)
    lift = None if shortfall else (response_lift if is_response else amount_lift)(sums)
    told = (
        (None,) * 6 if lift is None else (lift.difference, *lift.interval, lift.relative, *(lift.relative_interval or (None, None)))
    )
    connection.execute(
        f"insert into segments.campaign_lifts values ({', '.join('?' * 14)})",
        [
            *(campaign, "response" if is_response else "amount", *counts.astype(int).tolist(), *means, *told),
            *(lift.method if lift else "none", shortfall),
        ],
    )


def _shortfall(counts: Floats, least: int) -> str | None:
    for count, what in zip(counts, ("nobody was addressed", "nobody was held out"), strict=True):
        if count == 0:
            return what
    return "fewer than two customers are in a group" if (counts < least).any() else None


def _pair(totals: Floats, counts: Floats) -> tuple[float, float, float, float]:
    return totals[0], counts[0], totals[1], counts[1]


def _divided(totals: Floats, counts: Floats) -> Floats:
    return np.divide(totals, counts, out=np.zeros_like(totals), where=counts > 0)
