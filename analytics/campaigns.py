"""What campaigns brought: the outcomes of customers who were addressed less those of who was held out, with intervals.

Within the strata of the split, weighted by their customers (Cochran 1977, chapter 5A), where each has customers of both groups;
otherwise over all, if the strata were split alike. Responses: the score interval of Newcombe (1998, Statistics in Medicine 17,
method 10), by strata that of Yan & Su (2010, Statistics in Biopharmaceutical Research 2). Amounts: Student's t. Amounts are mostly
nothing and seldom much, so that of a few customers the variance comes out too small: that of the smaller group is taken from both
together, unless it is that of those addressed and larger by itself. Ratios: the delta method on their logarithm.
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
    """Newcombe or Student, or either by strata."""


def response_lift(sums: Sums) -> Lift:
    """The lift of a share: outcomes are 0 or 1. Both groups must have customers."""
    used, is_stratified = _within(sums, 1)
    weights, shares = _weights(used), used.totals / used.counts
    quantile = float(stats.norm.ppf((1 + LEVEL) / 2))
    lows, highs = _score_interval(used, weights, quantile)
    mean = weights @ shares
    difference = float(mean[0] - mean[1])
    low = difference - np.hypot(mean[0] - lows[0], highs[1] - mean[1])
    high = difference + np.hypot(highs[0] - mean[0], mean[1] - lows[1])
    parts = weights[:, None] ** 2 * shares * (1 - shares) / used.counts
    return Lift(
        difference,
        (float(low), float(high)),
        *_relative(mean, parts, quantile),
        "Newcombe by strata" if is_stratified else "Newcombe",
    )


def amount_lift(sums: Sums) -> Lift:
    """The lift of a mean. Both groups must have two customers."""
    used, is_stratified = _within(sums, 2)
    weights = _weights(used)
    means, variances, freedoms = used.totals / used.counts, used.squares / (used.counts - 1), used.counts - 1
    small = int(np.argmin(used.counts.sum(axis=0)))
    together = used.squares.sum(axis=1) / freedoms.sum(axis=1)
    # those addressed may differ more for being addressed
    variances[:, small] = together if small == 1 else np.maximum(together, variances[:, small])
    freedoms[:, small] = freedoms.sum(axis=1)
    parts = weights[:, None] ** 2 * variances / used.counts
    freedom = parts.sum() ** 2 / (parts**2 / freedoms).sum() if parts.any() else np.inf
    quantile = float(stats.t.ppf((1 + LEVEL) / 2, freedom))
    mean = weights @ means
    difference, error = float(mean[0] - mean[1]), float(np.sqrt(parts.sum()))
    ends = (difference - quantile * error, difference + quantile * error)
    return Lift(difference, ends, *_relative(mean, parts, quantile), "Student by strata" if is_stratified else "Student")


def _within(sums: Sums, least: int) -> tuple[Sums, bool]:
    """The strata, where each has so many customers of both groups; otherwise all as one. And whether they are strata."""
    is_stratified = len(sums.counts) > 1 and bool((sums.counts >= least).all())
    return (sums if is_stratified else sums.pooled), is_stratified


def _weights(sums: Sums) -> Floats:
    """(strata,) shares of all customers."""
    shares: Floats = sums.counts.sum(axis=1) / sums.counts.sum()
    return shares


def _score_interval(sums: Sums, weights: Floats, quantile: float) -> tuple[Floats, Floats]:
    """(2,) lower and (2,) upper ends of the share of each group, its strata weighted: of one stratum Wilson's.

    The ends of the strata are weighted likewise, each at a smaller quantile: they do not all err to one side.
    """
    likely = (sums.totals + quantile**2 / 2) / (sums.counts + quantile**2)
    errors = weights[:, None] * np.sqrt(likely * (1 - likely) / sums.counts)
    each = quantile * np.sqrt((errors**2).sum(axis=0)) / errors.sum(axis=0)
    shares, counts = sums.totals / sums.counts, sums.counts
    middle = (shares + each**2 / (2 * counts)) / (1 + each**2 / counts)
    half = each * np.sqrt(shares * (1 - shares) / counts + each**2 / (4 * counts**2)) / (1 + each**2 / counts)
    return weights @ (middle - half), weights @ (middle + half)


def _relative(mean: Floats, parts: Floats, quantile: float) -> tuple[float | None, Interval | None]:
    """The ratio of both means less 1, and its interval, from the variances of the strata's parts in each mean."""
    if mean[1] <= 0:
        return None, None
    ratio = float(mean[0] / mean[1])
    if ratio <= 0:
        return ratio - 1, None
    half = quantile * float(np.sqrt((parts.sum(axis=0) / mean**2).sum()))
    return ratio - 1, (float(ratio * np.exp(-half)) - 1, float(ratio * np.exp(half)) - 1)


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
    shortfall = _shortfall(sums, 1 if is_response else 2)
    lift = None if shortfall else (response_lift if is_response else amount_lift)(sums)
    told: tuple[float | None, ...] = (None,) * 6
    if lift is not None:
        told = (lift.difference, *lift.interval, lift.relative, *(lift.relative_interval or (None, None)))
    connection.execute(
        f"insert into segments.campaign_lifts values ({', '.join('?' * 14)})",
        [
            *(campaign, "response" if is_response else "amount", *counts.astype(int).tolist(), *means, *told),
            *(lift.method if lift else "none", shortfall),
        ],
    )


def _shortfall(sums: Sums, least: int) -> str | None:
    """Why there is no lift; None where there is one."""
    (counts,) = sums.pooled.counts
    for count, what in zip(counts, ("nobody was addressed", "nobody was held out"), strict=True):
        if count == 0:
            return what
    if (counts < least).any():
        return "fewer than two customers are in a group"
    _, is_stratified = _within(sums, least)
    if not is_stratified and not _are_split_alike(sums):
        return "the strata were split differently, and some are too small to compare within"
    return None


def _are_split_alike(sums: Sums) -> bool:
    """Whether of every stratum about the same share is held out: then comparing over all compares like with like."""
    of_stratum, share = sums.counts.sum(axis=1), sums.counts[:, 1].sum() / sums.counts.sum()
    chance = np.sqrt(of_stratum * share * (1 - share))
    return bool((np.abs(sums.counts[:, 1] - of_stratum * share) <= 1 + 4 * chance).all())


def _divided(totals: Floats, counts: Floats) -> Floats:
    return np.divide(totals, counts, out=np.zeros_like(totals), where=counts > 0)
