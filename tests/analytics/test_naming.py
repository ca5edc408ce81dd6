import itertools

import numpy as np
import pytest

from analytics.naming import MOST_PARTS, Feature, name_segments, with_given

INCOME, SCORE, AGE = Feature("annual_income_k", "income", "k$"), Feature("spending_score", "score"), Feature("age", "age", "years")


def _names(features: list[Feature], scaled: list[list[float]], values: list[list[float]] | None = None) -> list[str]:
    return name_segments(features, np.array(scaled), np.array(values if values is not None else scaled))


@pytest.mark.parametrize(
    ("features", "scaled", "expected"),
    [
        (
            [INCOME, SCORE],
            [[1, -1], [-1, 1], [0, 0]],
            ["High income · low score", "Low income · high score", "Average income · average score"],
        ),
        ([INCOME, SCORE], [[1, 0], [-1, 0]], ["High income", "Low income"]),
        ([AGE, SCORE], [[-1, 1], [1, -0.5], [0.49, -0.51]], ["Young · high score", "Older · low score", "Low score"]),
        ([AGE], [[0], [2], [-2]], ["Average age", "Older", "Young"]),
        ([INCOME, SCORE], [[1, 0], [1, 1], [1, -1]], ["High income", "High income · high score", "High income · low score"]),
        (
            [INCOME, SCORE],
            [[1, 1], [2, 1], [-1, 0]],
            ["High income · high score", "Very high income · high score", "Low income · average score"],
        ),
    ],
)
def test_names_say_what_is_apart(features: list[Feature], scaled: list[list[float]], expected: list[str]):
    """The features half a standard deviation from everyone make the name, age with words of its own; more words where needed."""
    assert _names(features, scaled) == expected


def test_names_that_would_be_alike_get_a_number():
    """Where words do not tell segments apart, the value of the feature in which they differ most does, with its unit."""
    names = _names([INCOME, SCORE], [[1.0, 1.0], [1.2, 1.1], [-1, 0]], [[80, 70], [95.46, 72], [20, 50]])
    assert names == [
        "High income · high score (income 80 k$)",
        "High income · high score (income 95.5 k$)",
        "Low income · average score",
    ]


def test_names_stay_apart_to_the_last():
    """Even segments in one place have names of their own."""
    names = _names([SCORE], [[1.0], [1.0], [1.0], [-1.0]], [[70], [70], [70], [10]])
    assert len(set(names)) == 4
    assert all(name.startswith("High score (score 70)") for name in names[:3])
    assert names[3] == "Low score"


@pytest.mark.parametrize("seed", range(20))
def test_names_are_unique_and_the_same_again(seed: int):
    """For any centroids names are unique, begin with a capital, hold the features' words, and depend on nothing else."""
    random = np.random.default_rng(seed)
    features = [INCOME, SCORE, AGE][: random.integers(1, 4)]
    scaled = random.normal(size=(random.integers(2, 30), len(features))).round(1)
    names = name_segments(features, scaled, scaled)
    assert len(set(names)) == len(names)
    assert names == name_segments(features, scaled.copy(), scaled.copy())
    assert all(name[0].isupper() for name in names)
    assert all(any(word in name.lower() for word in ("income", "score", "age", "young", "older")) for name in names)


def test_the_order_of_the_segments_does_not_matter():
    """A segment keeps its name when the segments are listed in another order."""
    scaled = np.array([[1.0, 1.0], [1.2, 1.1], [-1.0, 0.0], [2.0, 0.7]])
    expected = name_segments([INCOME, SCORE], scaled, scaled)
    for order in itertools.permutations(range(4)):
        given = scaled[list(order)]
        assert name_segments([INCOME, SCORE], given, given) == [expected[place] for place in order]


FIVE = [Feature(letter, letter) for letter in "abcde"]


@pytest.mark.parametrize(
    ("scaled", "expected"),
    [
        ([[1, 2, 3, -4, 0], [-1, 0, 0, 0, 0.4]], ["High b · high c · low d", "Low a"]),
        ([[1, 1, 1, 1, 1], [0, 0, -0.3, 0.25, 0.19]], ["High a · high b · high c", "Somewhat low c · somewhat high d"]),
        ([[0.1, -0.1, 0.19, 0, 0], [-1, 0, 0, 0, 0]], ["Close to average", "Low a"]),
        ([[1, 1, 1, 0, 0], [3, 1, 1, 0, 0]], ["High a · high b · high c", "Very high a · high b · high c"]),
        (
            [[1, 1, 1, 0, 0.4], [1.1, 1, 1, 0.3, -0.4]],
            ["High a · high b · high c · somewhat high e", "High a · high b · high c · somewhat low e"],
        ),
        ([[1, 0, 0, 0, 0], [1.2, 0, 0, 0.1, 0]], ["High a (a 1)", "High a (a 1.2)"]),
    ],
)
def test_of_many_features_a_name_holds_the_most_telling(scaled: list[list[float]], expected: list[str]):
    """The three furthest from everyone in the features' order; by degree or with one more where names would be alike.

    No feature is called average in which a segment differs, and what is like everyone is called that.
    """
    assert _names(FIVE, scaled) == expected


def test_a_category_that_most_have_sets_nobody_apart():
    """What counts is how far a segment is from everyone, not how many of it have the value."""
    scaled = np.array([[0.9, 2.0, 0.0, 0.0], [0.1, -1.0, 0.0, 0.0]])
    names = name_segments(FIVE[:4], scaled, scaled, np.array([0.9, 0.0, 0.0, 0.0]))
    assert names == ["High b", "Low a · low b"]


def test_large_values_have_no_exponent():
    """Names that a value tells apart can be read."""
    values = [[12_345, 0, 0, 0, 0], [1_234, 0, 0, 0, 0]]
    assert _names(FIVE, [[1, 0, 0, 0, 0], [0.9, 0, 0, 0, 0]], values) == ["High a (a 12,345)", "High a (a 1,234)"]


@pytest.mark.parametrize("seed", range(20))
def test_names_of_many_features_are_unique_short_and_the_same_again(seed: int):
    """For any centroids, also many that are nearly alike: unique, in any order of the segments, of one part more at most."""
    random = np.random.default_rng(seed)
    scaled = random.choice([-2.0, -0.7, 0, 0.3, 0.7, 2], size=(random.integers(2, 30), random.integers(4, 18)))
    scaled += random.normal(scale=0.05, size=scaled.shape)
    scaled[1] = scaled[0] + 0.01
    features = [Feature(f"f{place}", f"f{place}") for place in range(scaled.shape[1])]
    names = name_segments(features, scaled, scaled)
    assert len(set(names)) == len(names)
    assert max(name.count(" · ") for name in names) <= MOST_PARTS
    order = random.permutation(len(names))
    assert name_segments(features, scaled[order], scaled[order]) == [names[place] for place in order]


@pytest.mark.parametrize(
    ("automatic", "given", "shown", "told"),
    [
        (["A", "B"], {}, ["A", "B"], ["A", "B"]),
        (["A", "B"], {1: "Us"}, ["A", "Us"], ["A", "B"]),
        (["A", "B"], {0: "A"}, ["A", "B"], ["A", "B"]),
        (["A", "B"], {0: "b"}, ["b", "B 2"], ["A", "B 2"]),
        (["A", "B", "B 2"], {0: "B"}, ["B", "B 3", "B 2"], ["A", "B 3", "B 2"]),
        (["A", "B"], {1: "Us", 0: "us"}, ["us 2", "Us"], ["A", "B"]),
        (["A", "B"], {0: "B", 1: "A"}, ["B", "A"], ["A 2", "B 2"]),
        (["red", "RED"], {}, ["red", "RED"], ["red", "RED"]),
    ],
)
def test_a_persons_name_comes_first(automatic: list[str], given: dict[int, str], shown: list[str], told: list[str]):
    """It is shown as it was given; an automatic name, or an older person's, that reads like another segment's gives way."""
    assert with_given(automatic, given) == (shown, told)
