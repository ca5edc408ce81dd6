"""How far a clustering can be trusted, in plain words."""

from dashboard.queries import ALGORITHM_TITLES, Row

BANDS = ("very stable", "stable", "doubtful", "unstable")
"""The words of marts.segment_profiles.stability_band, the surest first."""
STABILITY = (
    "How alike the segment comes out when customers like these are drawn anew, 0 to 1: mean Jaccard similarity over 100 bootstrap "
    "samples. From 0.85 very stable, from 0.75 stable, from 0.60 doubtful."
)
"""What stands behind the word."""
STABLE_IS_NOT_TRUE = (
    "Stable is not the same as true: one crowd without any groups can be cut alike every time. Stable says that other customers "
    "like these would give the same segment; clear says that the customers themselves fall apart there."
)


def found(run: Row) -> str:
    """How many groups, whether they are clear and how stable; a row of marts.clusterings."""
    groups = f"{run['k']} groups by {run['segmentation_title'].lower()} with {ALGORITHM_TITLES[run['algorithm']]}"
    if run["k_chosen_by"] == "person":
        start = f"You asked for {groups}."
    else:
        start = f"We found {groups}." if run["is_clear"] else f"We found no clear groups; the best we can offer is {groups}."
    return f"{start} {clarity(run)} {_sentence(stability(run))}."


def clarity(run: Row) -> str:
    """Whether the groups are there, in a sentence."""
    if run["is_clear"]:
        return (
            "They are clear: halves of the customers show the same groups, and the groups stand further apart than any found in "
            "customers who have none."
        )
    return "They are not clear: use them to divide the customers, not as kinds of customers that are there."


def stability(run: Row) -> str:
    """How many of the segments are how stable: "4 of 5 are very stable, 1 is doubtful"."""
    counts = {band: run[f"count_{band.replace(' ', '_')}"] for band in BANDS}
    counts["too small to tell how stable"] = run["count_unknown"]
    counts = {band: count for band, count in counts.items() if count}
    total = sum(counts.values())
    (first, count), *others = counts.items()
    start = f"all {total} are {first}" if count == total else f"{count} of {total} {_are(count)} {first}"
    return ", ".join([start, *(f"{count} {_are(count)} {band}" for band, count in others)])


def how_stable(segment: Row) -> str:
    """A word and the number: "very stable, 0.93"; a row of marts.segment_profiles."""
    if segment["stability"] is None:
        return "too few customers to tell"
    return f"{segment['stability_band']}, {segment['stability']:.2f}"


def notice(run: Row) -> str:
    """What every page says of a clustering that is not clear; nothing of one that is."""
    return (
        "" if run["is_clear"] else f"No clear segments by {run['segmentation_title'].lower()}, {ALGORITHM_TITLES[run['algorithm']]}"
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]
