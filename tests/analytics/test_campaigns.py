"""What campaigns brought: by the libraries, by hand, and against campaigns whose effect is known."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import numpy as np
import pytest
from scipy import stats

from analytics.campaigns import Lift, Sums, amount_lift, response_lift
from etl.sample_results import BUNDLED_RESULTS
from tests.helpers import QUICK, four, refreshed
from warehouse.connection import Snapshot

Write = Callable[..., Path]


def summed(treated: list[np.ndarray], held: list[np.ndarray]) -> Sums:
    """The sums of outcomes, given by stratum."""
    pairs = list(zip(treated, held, strict=True))
    return Sums(
        np.array([[len(values) for values in pair] for pair in pairs], dtype=float),
        np.array([[values.sum() for values in pair] for pair in pairs]),
        np.array([[len(values) * values.var() for values in pair] for pair in pairs]),
    )


def test_the_difference_of_two_shares_is_newcombes():
    """The first example of Newcombe (1998), method 10 without correction: 56/70 against 48/80 is 0.2, 0.0524 to 0.3339."""
    lift = response_lift(Sums(np.array([[70.0, 80.0]]), np.array([[56.0, 48.0]]), np.zeros((1, 2))))
    assert lift.difference == pytest.approx(0.2)
    assert lift.interval == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert lift.relative == pytest.approx(1 / 3)
    assert lift.relative_interval is not None
    assert lift.relative_interval[0] < 1 / 3 < lift.relative_interval[1]


def error_of(treated: np.ndarray, held: np.ndarray) -> float:
    """The standard error of a difference of means, the variance of the smaller group from both together."""
    pooled = (((treated - treated.mean()) ** 2).sum() + ((held - held.mean()) ** 2).sum()) / (len(treated) + len(held) - 2)
    variances = [pooled if len(own) < len(other) else own.var(ddof=1) for own, other in ((treated, held), (held, treated))]
    return float(np.sqrt(variances[0] / len(treated) + variances[1] / len(held)))


def test_the_difference_of_two_means():
    """By hand; and next to Student's and Welch's, which scipy has, where both groups are alike."""
    random = np.random.default_rng(3)
    treated, held = random.gamma(2, 3, 800), random.gamma(2, 3, 250)
    lift = amount_lift(summed([treated], [held]))
    assert lift.difference == pytest.approx(treated.mean() - held.mean())
    assert lift.interval[1] - lift.difference == pytest.approx(1.9623 * error_of(treated, held), rel=1e-3)
    for equal in (True, False):
        expected = stats.ttest_ind(treated, held, equal_var=equal).confidence_interval(0.95)
        assert lift.interval == pytest.approx((expected.low, expected.high), rel=0.1)
    assert (lift.method, lift.relative) == ("Student", pytest.approx(treated.mean() / held.mean() - 1))


def test_strata_by_hand():
    """The differences within two strata, weighted by their customers; a stratum of one customer makes them one."""
    treated, held = [np.array([1.0, 2, 3]), np.array([11.0, 13, 15])], [np.array([1.0, 1]), np.array([10.0, 12])]
    lift = amount_lift(summed(treated, held))
    assert lift.method == "Student by strata"
    assert lift.difference == pytest.approx(0.5 * (2 - 1) + 0.5 * (13 - 11))
    errors = [error_of(*pair) for pair in zip(treated, held, strict=True)]
    parts = [  # variance, share squared, customers and degrees of freedom of each group
        *[(1, 3, 2), (2 / 3, 2, 3)],
        *[(4, 3, 2), (10 / 3, 2, 3)],
    ]
    terms = np.array([0.25 * variance / count for variance, count, _ in parts])
    assert np.sqrt(terms.sum()) == pytest.approx(0.5 * np.hypot(*errors))
    freedom = terms.sum() ** 2 / (terms**2 / [free for *_, free in parts]).sum()
    assert lift.interval[1] - lift.difference == pytest.approx(stats.t.ppf(0.975, freedom) * np.sqrt(terms.sum()))
    alone = amount_lift(summed([*treated, np.array([5.0])], [*held, np.array([5.0, 6])]))
    everyone = amount_lift(summed([np.concatenate([*treated, [5.0]])], [np.concatenate([*held, [5.0, 6]])]))
    assert alone.interval == pytest.approx(everyone.interval)
    assert alone.method == "Student"


def test_nothing_to_compare_with():
    """No response at all of those held out: no ratio. Nobody differs: the interval is the difference."""
    lift = response_lift(Sums(np.array([[50.0, 50.0]]), np.array([[5.0, 0.0]]), np.zeros((1, 2))))
    assert (lift.relative, lift.relative_interval) == (None, None)
    assert lift.interval[0] < lift.difference < lift.interval[1]
    flat = amount_lift(summed([np.full(5, 2.0)], [np.full(4, 2.0)]))
    assert (flat.difference, flat.interval) == (0, (0, 0))


def test_strata_that_were_split_differently():
    """Two mailings under one name, without any effect: compared within strata there is none, over all there would be one."""
    treated, held = (
        [np.repeat([1.0, 0], [150, 350]), np.repeat([1.0, 0], [45, 855])],
        [np.repeat([1.0, 0], [150, 350]), np.repeat([1.0, 0], [5, 95])],
    )
    lift = response_lift(summed(treated, held))
    assert (lift.method, lift.difference, lift.relative) == ("Newcombe by strata", pytest.approx(0), pytest.approx(0))
    everyone = response_lift(summed([np.concatenate(treated)], [np.concatenate(held)]))
    assert everyone.interval[1] < 0
    doubled = response_lift(summed([treated[0]] * 2, [held[0]] * 2))
    once = response_lift(summed([np.tile(treated[0], 2)], [np.tile(held[0], 2)]))
    assert doubled.interval == pytest.approx(once.interval, abs=1e-3)


def simulated(kind: str, share: float, count: int, random: np.random.Generator) -> tuple[Lift, float]:
    """A campaign over strata that differ, and that are split differently, and its true effect."""
    treated, held = [], []
    for stratum in range(4):
        held_out = round(count * share / 4 * (0.8, 0.9, 1.1, 1.2)[stratum])
        sizes = (count // 4 - held_out, held_out)
        rates = (0.06 + 0.05 * stratum + 0.02, 0.06 + 0.05 * stratum)
        drawn = [(random.random(size) < rate).astype(float) for size, rate in zip(sizes, rates, strict=True)]
        if kind == "amount":
            drawn = [values * random.lognormal(3 + 0.3 * stratum, 0.7, len(values)) for values in drawn]
        treated.append(drawn[0])
        held.append(drawn[1])
    if kind == "response":
        return response_lift(summed(treated, held)), 0.02
    worth = np.mean([np.exp(3 + 0.3 * stratum + 0.7**2 / 2) for stratum in range(4)])
    return amount_lift(summed(treated, held)), 0.02 * float(worth)


def covered(kind: str, share: float, count: int, times: int) -> float:
    """How often the interval holds the true effect."""
    random = np.random.default_rng(17)
    lifts = [simulated(kind, share, count, random) for _ in range(times)]
    return float(np.mean([lift.interval[0] <= truth <= lift.interval[1] for lift, truth in lifts]))


@pytest.mark.parametrize("kind", ["response", "amount"])
def test_intervals_hold_the_truth(kind: str):
    """Of 600 campaigns of 2,000 customers, a fifth held out, about 95 % (by chance 93.2 to 96.7 %, 19 times of 20)."""
    assert 0.925 <= covered(kind, 0.2, 2_000, 600) <= 0.975


@pytest.mark.soak
@pytest.mark.parametrize("share", [0.05, 0.1, 0.3, 0.5, 0.7])
@pytest.mark.parametrize("count", [400, 2_000, 20_000])
@pytest.mark.parametrize("kind", ["response", "amount"])
def test_intervals_hold_the_truth_everywhere(kind: str, count: int, share: float):
    """Small and large campaigns, few and most held out: 20 of 400 and 14,000 of 20,000."""
    found = covered(kind, share, count, 3_000)
    print(f"{kind}, {count} customers, {share:.0%} held out: {found:.1%}")
    assert 0.93 <= found <= 0.985


def test_the_sample_is_what_pandas_says(bundled: Snapshot):
    """Both campaigns: sizes, means, and the interval of the amounts; the planted lift is found and nothing else."""
    given = duckdb.sql(f"from '{BUNDLED_RESULTS}'").df()
    rows = {row["campaign"]: row for row in bundled.rows("from marts.campaigns")}
    assert set(rows) == set(given["campaign"])
    for campaign, outcomes in given.groupby("campaign"):
        treated, held = (outcomes[outcomes["test_group"] == group]["outcome"] for group in ("treatment", "holdout"))
        row = rows[campaign]
        assert (row["count_treated"], row["count_held_out"]) == (len(treated), len(held))
        assert (row["treated"], row["held_out"]) == pytest.approx((treated.mean(), held.mean()))
        assert row["lift"] == pytest.approx(treated.mean() - held.mean())
        assert row["extra"] == pytest.approx(row["lift"] * len(treated))
        if row["outcome_kind"] == "amount":
            half = error_of(treated.to_numpy(), held.to_numpy()) * 1.961
            assert (row["lift_low"], row["lift_high"]) == pytest.approx((row["lift"] - half, row["lift"] + half), rel=1e-2)
    assert rows["Spring voucher"]["verdict"] == "more"
    assert rows["Loyalty evening"]["verdict"] == "cannot be told"


def test_campaigns_that_tell_nothing(tmp_path: Path, write: Write):
    """Nobody held out, nobody addressed, one customer a group: the row says why there is no lift, and the gate warns."""
    rows = "all,1,treatment,1\nall,2,treatment,0\nalone,1,holdout,1\nfew,1,treatment,5\nfew,2,holdout,7.5\n"
    results = write("campaign,customer_id,group,outcome\n" + rows, "results.csv")
    db = refreshed(tmp_path / "w", write(four()), write(QUICK, "quick.toml"), results=results)
    told = {row["campaign"]: (row["shortfall"], row["lift"], row["verdict"]) for row in db.rows("from marts.campaigns")}
    assert told == {
        "all": ("nobody was held out", None, None),
        "alone": ("nobody was addressed", None, None),
        "few": ("fewer than two customers are in a group", None, None),
    }
    assert db.value("select detail from marts.gate where rule = 'Campaigns' and verdict = 'warned'").startswith(
        "What they brought cannot be told of 2 of 3 campaigns, 'all', 'alone'"
    )
