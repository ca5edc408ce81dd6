from pathlib import Path

import pytest

from warehouse.errors import InputError
from warehouse.versions import CURRENT, current, file_name, published, version_of


def test_a_number_and_its_file_are_one_thing():
    """version_of undoes file_name."""
    assert file_name(12) == "v12.duckdb"
    assert version_of(Path("somewhere") / file_name(12)) == 12


@pytest.mark.parametrize("name", ["current.duckdb", "v.duckdb", "v1.duckdb.building", "v1.duckdb.wal", "xv1.duckdb", "v-1.duckdb"])
def test_other_files_are_no_versions(name: str, tmp_path: Path):
    """A file that only looks like a version is refused by version_of and left out by published."""
    (tmp_path / name).touch()
    assert published(tmp_path) == []
    with pytest.raises(InputError, match=r"is not a warehouse version \(v<number>.duckdb\)"):
        version_of(tmp_path / name)


def test_versions_are_ordered_as_numbers(tmp_path: Path):
    """Version 10 comes after version 9."""
    for number in (10, 9, 1):
        (tmp_path / file_name(number)).touch()
    assert published(tmp_path) == [1, 9, 10]


def test_the_link_says_which_one_is_current(tmp_path: Path):
    """Without a link nothing is published; otherwise its target is, though its file may be gone: no number is used twice."""
    assert current(tmp_path) is None
    (tmp_path / CURRENT).symlink_to(file_name(2))
    assert current(tmp_path) == 2
    (tmp_path / file_name(2)).touch()
    (tmp_path / file_name(3)).touch()
    assert current(tmp_path) == 2
