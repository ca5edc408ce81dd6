from pathlib import Path

import pytest

from analytics.segmentations import Segmentation, read_segmentations
from warehouse.errors import InputError


def test_the_three_that_ship():
    """`spending`, `lifestyle` and `value`, k from 2 to 10; gender is not clustered on."""
    assert read_segmentations() == (
        Segmentation("spending", "Spending", ("annual_income_k", "spending_score"), 2, 10, None),
        Segmentation("lifestyle", "Lifestyle", ("age", "annual_income_k", "spending_score"), 2, 10, None),
        Segmentation("value", "Value", ("recency_days", "frequency", "monetary"), 2, 10, None),
    )


@pytest.mark.parametrize(
    ("toml", "expected"),
    [
        ('[a]\nfeatures = ["x"]', Segmentation("a", "A", ("x",))),
        ('[big_ones]\nfeatures = ["x"]', Segmentation("big_ones", "Big ones", ("x",))),
        ('[a]\ntitle = "Größe"\nfeatures = ["x", "y"]', Segmentation("a", "Größe", ("x", "y"))),
        ('[a]\nfeatures = ["x"]\nk = 4', Segmentation("a", "A", ("x",), k=4)),
        ('[a]\nfeatures = ["x"]\nk_min = 3\nk_max = 5', Segmentation("a", "A", ("x",), 3, 5)),
        ('[a]\nfeatures = ["x"]\nk_max = 50', Segmentation("a", "A", ("x",), 2, 50)),
    ],
)
def test_a_table_is_a_segmentation(write, toml: str, expected: Segmentation):
    """Everything but the features has a default."""
    assert read_segmentations(write(toml, "own.toml")) == (expected,)


def test_segmentations_keep_the_order_of_the_file(write):
    """The first of the file is the first of the dashboard."""
    path = write('[b]\nfeatures = ["x"]\n[a]\nfeatures = ["x"]\n', "own.toml")
    assert [segmentation.name for segmentation in read_segmentations(path)] == ["b", "a"]


@pytest.mark.parametrize(
    ("toml", "reason"),
    [
        ('[A]\nfeatures = ["x"]', "[A]: a name has lower-case letters, digits and underscores, and starts with a letter"),
        ('[1a]\nfeatures = ["x"]', "[1a]: a name has"),
        (f'[{"a" * 32}]\nfeatures = ["x"]', "a: a name has".replace("a:", "a" * 32 + "]:")),
        ("[a]\nfeatures = []", "[a]: features must be a list of column names"),
        ('[a]\nfeatures = "x"', "[a]: features must be a list of column names"),
        ("[a]\nfeatures = [1]", "[a]: features must be a list of column names"),
        ('[a]\nfeatures = ["x"]\ntitle = 3', "[a]: title must be text"),
        ('[a]\nfeatures = ["x"]\nK = 3', "[a]: unknown entry K; known are title, features, k, k_min, k_max"),
        ('[a]\nfeatures = ["x"]\nk_max = 51', "[a]: k_max must be a whole number from 2 to 50"),
        ('[a]\nfeatures = ["x"]\nk_min = 0', "[a]: k_min must be a whole number from 2 to 50"),
        ('[a]\nfeatures = ["x"]\nk_min = 11', "[a]: k_min is above k_max"),
        ('[a]\nfeatures = ["x"]\n[a]\nfeatures = ["y"]', "is not TOML: Cannot declare"),
    ],
)
def test_a_mistake_is_named(write, toml: str, reason: str):
    """The error has the file, the table and the entry."""
    path = write(toml, "own.toml")
    with pytest.raises(InputError) as error:
        read_segmentations(path)
    assert str(error.value).startswith(f"{path}: ")
    assert reason in str(error.value)


def test_a_missing_file_is_named(tmp_path: Path):
    """The error has the file and the reason of the system."""
    with pytest.raises(InputError, match=f"{tmp_path / 'own.toml'}: cannot be read: No such file"):
        read_segmentations(tmp_path / "own.toml")
