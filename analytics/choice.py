"""Which number of segments: the rule, and its decision in a sentence."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import hypot

from analytics.evidence import Evaluation
from analytics.support import Support

LEAST_STRENGTH = 0.8
"""The prediction strength that a clear partition has, within its standard error (Tibshirani & Walther 2005: 0.8 to 0.9)."""
LEAST_EXCESS = 0.05
"""How far its silhouette lies above that of groupless data."""
LEAST_DEVIATIONS = 3.0
"""The same in standard deviations of the silhouettes of groupless data."""
_ERRORS_KEPT = 2.0
"""Standard errors by which another k must be better than that of the run before."""

TITLES = {
    "silhouette": "the silhouette",
    "prediction_strength": "prediction strength",
    "gap": "the gap statistic",
    "davies_bouldin": "Davies-Bouldin",
    "calinski_harabasz": "Calinski-Harabasz",
}
"""The indices, as a sentence calls them."""


@dataclass(frozen=True)
class Choice:
    """The k that was chosen, and why."""

    k: int
    """Number of segments."""
    chosen_by: str
    """evidence, or person."""
    is_clear: bool
    """Whether the customers fall into these segments by more than chance."""
    reason: str
    """Why, in a sentence."""
    alone: Mapping[str, int]
    """By index the k that it would choose alone; 1 says that there are no segments."""


def excess(evaluation: Evaluation, support: Support) -> float:
    """How far the silhouette lies above that of groupless data of the same shape, cut into as many segments."""
    return evaluation.silhouette - support.silhouette_groupless


def is_reproducible(support: Support, errors: float = 1) -> bool:
    """Whether halves of the customers predict each other's segments, within so many standard errors."""
    strength, error = support.prediction_strength, support.prediction_strength_error
    return strength is not None and error is not None and strength + errors * error >= LEAST_STRENGTH


def is_clear(evaluation: Evaluation, support: Support, errors: float = 1) -> bool:
    """Whether a partition is reproducible, its silhouette is well above that of groupless data, and no segment is one customer."""
    return evaluation.smallest_segment > 1 and _is_above(evaluation, support) and is_reproducible(support, errors)


def _is_above(evaluation: Evaluation, support: Support) -> bool:
    """Whether the silhouette lies well above that of groupless data."""
    return excess(evaluation, support) >= max(LEAST_EXCESS, LEAST_DEVIATIONS * support.silhouette_deviation)


def choose_k(
    evaluations: Sequence[Evaluation],
    supports: Mapping[int, Support],
    fixed: int | None = None,
    limit: str = "",
    last: int | None = None,
) -> Choice:
    """Choose among the clear partitions the one whose silhouette lies highest above that of groupless data of the same shape.

    Where none is clear there are no clear segments, and the most reproducible partition is offered. The k that the evidence chose
    in the run before, `last`, stays unless another is surely better: segments that people work with do not come and go by chance.
    A k that a person `fixed` is taken as it is. `supports` has a Support for each k, and for 1. `limit` says why no more segments
    were tried.
    """
    by_k = {evaluation.k: evaluation for evaluation in sorted(evaluations, key=lambda evaluation: evaluation.k)}
    above = {k: excess(evaluation, supports[k]) for k, evaluation in by_k.items()}
    alone = _alone(by_k, supports)
    clear = [k for k, evaluation in by_k.items() if is_clear(evaluation, supports[k])]
    if clear:
        k = _highest(clear, above.get)
        reason = _why_clear(k, clear, by_k, supports, above)
    else:
        k = _highest(list(by_k), lambda k: supports[k].prediction_strength)
        reason = _why_unclear(k, by_k, supports, above)
    if last in by_k and last != k:
        is_still_clear = is_clear(by_k[last], supports[last], _ERRORS_KEPT)
        if not _is_surely_better(k, last, is_still_clear, by_k, supports):
            reason = _why_kept(last, k, is_still_clear, by_k, supports)
            k = last
            clear += [last] if is_still_clear else []
    if fixed is not None:
        k = fixed
        reason = f"{fixed}, because a person fixed it ({_figures(fixed, by_k, supports)}); the evidence would choose {reason}"
    return Choice(
        k=k,
        chosen_by="evidence" if fixed is None else "person",
        is_clear=k in clear,
        reason="; ".join(part for part in (reason, _votes(k, alone), limit) if part),
        alone=alone,
    )


def _is_surely_better(
    k: int, last: int, is_still_clear: bool, by_k: Mapping[int, Evaluation], supports: Mapping[int, Support]
) -> bool:
    """Whether a k is better than the last one beyond two standard errors.

    The last one, clear within two of them, gives way to another that is clear without any. Where neither is clear, it gives way to
    one that is more reproducible.
    """
    if is_still_clear:
        higher = excess(by_k[k], supports[k]) - excess(by_k[last], supports[last])
        error = hypot(by_k[k].silhouette_error, by_k[last].silhouette_error)
        return is_clear(by_k[k], supports[k], 0) and higher > _ERRORS_KEPT * error
    if is_clear(by_k[k], supports[k]):
        return True
    found, held = supports[k], supports[last]
    if found.prediction_strength is None or held.prediction_strength is None:
        return False
    error = hypot(found.prediction_strength_error or 0, held.prediction_strength_error or 0)
    return found.prediction_strength - held.prediction_strength > _ERRORS_KEPT * error


def _highest(ks: Sequence[int], score: Callable[[int], float | None]) -> int:
    """The k of the highest score, the smaller one of equals; one without a score comes last."""
    return max(ks, key=lambda k: (round(float("-inf") if (value := score(k)) is None else value, 9), -k))


def _alone(by_k: Mapping[int, Evaluation], supports: Mapping[int, Support]) -> dict[str, int]:
    """What each index would choose: the best value; the largest k that is reproducible; for the gap the rule of its paper."""
    ks = [1, *by_k]

    def is_enough(k: int, following: int) -> bool:
        return supports[k].gap >= supports[following].gap - supports[following].gap_error

    gap = next((k for k, following in pairwise(ks) if is_enough(k, following)), ks[-1])
    return {
        "silhouette": _highest(list(by_k), lambda k: by_k[k].silhouette),
        "prediction_strength": max((k for k in by_k if is_reproducible(supports[k])), default=1),
        "gap": gap,
        "davies_bouldin": _highest(list(by_k), lambda k: -by_k[k].davies_bouldin),
        "calinski_harabasz": _highest(list(by_k), lambda k: by_k[k].calinski_harabasz),
    }


def _why_clear(
    k: int, clear: Sequence[int], by_k: Mapping[int, Evaluation], supports: Mapping[int, Support], above: Mapping[int, float]
) -> str:
    others = [other for other in clear if other != k]
    reason = (
        f"{k}, because its silhouette of {by_k[k].silhouette:.3f} is the furthest above that of comparable data without groups "
        f"({supports[k].silhouette_groupless:.3f}) among the partitions that come out alike in halves of the customers "
        f"(prediction strength {_strength(supports[k])})"
    )
    if others:
        following = _highest(others, above.get)
        reason += f"; {following} was next: {_figures(following, by_k, supports)}"
    elif len(by_k) > 1:
        following = _highest([other for other in by_k if other != k], above.get)
        reason += f"; no other does: {following} has {_figures(following, by_k, supports)}"
    return reason


def _why_unclear(k: int, by_k: Mapping[int, Evaluation], supports: Mapping[int, Support], above: Mapping[int, float]) -> str:
    tried = f"{k}" if len(by_k) == 1 else f"{min(by_k)} to {max(by_k)}"
    reason = f"{k}, the most reproducible of {tried}, but there are no clear segments: "
    if supports[k].prediction_strength is None:
        return reason + "the customers are too few to tell"
    lonely = [
        other for other, evaluation in by_k.items() if is_reproducible(supports[other]) and _is_above(evaluation, supports[other])
    ]
    if lonely:
        return reason + f"every partition that would be one, such as {lonely[0]}, has a segment of a single customer"
    best = _highest(list(by_k), above.get)
    if not any(is_reproducible(supports[other]) for other in by_k):
        return (
            reason + f"no partition comes out alike in halves of the customers (prediction strength {_strength(supports[k])}, "
            f"{LEAST_STRENGTH:.2f} is asked)"
        )
    return reason + (
        f"no partition that comes out alike in halves of the customers fits better than data without groups would "
        f"(the best, {best}, has {_figures(best, by_k, supports)})"
    )


def _why_kept(last: int, k: int, is_still_clear: bool, by_k: Mapping[int, Evaluation], supports: Mapping[int, Support]) -> str:
    unclear = "" if is_still_clear else ", but there are no clear segments"
    return (
        f"{last}, as in the run before{unclear}: these customers alone would have {k} ({_figures(k, by_k, supports)}), which is "
        f"not surely better ({_figures(last, by_k, supports)})"
    )


def _figures(k: int, by_k: Mapping[int, Evaluation], supports: Mapping[int, Support]) -> str:
    """What speaks for and against a k."""
    return (
        f"silhouette {by_k[k].silhouette:.3f} against {supports[k].silhouette_groupless:.3f} without groups, "
        f"prediction strength {_strength(supports[k])}"
    )


def _strength(support: Support) -> str:
    if support.prediction_strength is None:
        return "unknown"
    return f"{support.prediction_strength:.2f} ± {support.prediction_strength_error:.2f}"


def _votes(k: int, alone: Mapping[str, int]) -> str:
    """Which indices would choose otherwise; that all agree, where they do."""
    others = {index: vote for index, vote in alone.items() if vote != k}
    if not others:
        return "each of the five indices alone says the same"
    return "alone, " + ", ".join(f"{TITLES[index]} says {'none' if vote == 1 else vote}" for index, vote in others.items())
