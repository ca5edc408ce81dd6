"""Three runs in which customers move: one changes, one is moved by the model, one leaves, and others join."""

from collections.abc import Mapping
from pathlib import Path

from tests.helpers import HEADER, refreshed

SEGMENTATIONS = '[pay]\nfeatures = ["annual_income_k"]\nk = 2\nk_max = 3\n\n[who]\nfeatures = ["age"{more}]\nk = {k}\nk_max = 3\n'
LOW, HIGH = {f"L{n}": 10 + n % 3 for n in range(10)}, {f"H{n}": 90 + n % 3 for n in range(10)}
BEFORE = {**LOW, **HIGH, "between": 49, "riser": 12, "leaver": 11}
"""By customer: the income in the first run. Halfway between the two groups is about 51."""
AFTER = {name: income for name, income in BEFORE.items() if name != "leaver"} | {"riser": 92, **{f"=N{n}": 62 for n in range(8)}}
"""One has risen, one has left, and newcomers, whose ids look like formulas, pull the upper group down, so that it takes in whoever
stands between the two."""


def refresh_thrice(directory: Path) -> None:
    """Publish three versions: the second has the file of later, the third as well, and other features and numbers of segments."""
    for incomes, more, k in ((BEFORE, "", 2), (AFTER, "", 2), (AFTER, ', "annual_income_k"', 3)):
        (directory.parent / "moved.csv").write_text(_file(incomes))
        (directory.parent / "moved.toml").write_text(SEGMENTATIONS.format(more=more, k=k))
        refreshed(directory, directory.parent / "moved.csv", directory.parent / "moved.toml")


def _file(incomes: Mapping[str, int]) -> str:
    """The ages are of two groups that never change."""
    people = (f"{name},F,{20 + 40 * (ord(name[-1]) % 2) + ord(name[-1]) % 5},{income},50\n" for name, income in incomes.items())
    return HEADER + "".join(people)
