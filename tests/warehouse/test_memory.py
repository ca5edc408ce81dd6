"""How much memory a text says, and how much there is."""

from pathlib import Path

import pytest

from warehouse.memory import ReaderLimits, in_bytes, machine_bytes

NONE = 2**62
"""What the first version of control groups says where nothing is bounded."""


@pytest.mark.parametrize(
    ("text", "expected"), [("4GB", 4 * 10**9), ("4 GiB", 4 * 2**30), ("1.5MB", 1_500_000), ("2TB", 2 * 10**12), ("1MiB", 2**20)]
)
def test_an_amount_in_bytes(text: str, expected: int):
    """GB are powers of ten and GiB of two, as DuckDB has it."""
    assert in_bytes(text) == expected


def test_a_share_is_one_of_the_machine():
    """All of it is all of it, and half is half."""
    assert in_bytes("100%") == machine_bytes()
    assert in_bytes("50%") == machine_bytes() // 2


@pytest.mark.parametrize("text", ["", "0%", "101%", "4", "4 gb", "-4GB", "0GB", "1e9GB", "4GB "])
def test_what_is_no_amount_is_refused(text: str):
    """With how one is written."""
    with pytest.raises(ValueError, match="give an amount of memory such as 4GB"):
        in_bytes(text)


@pytest.mark.parametrize(
    ("own", "files", "expected"),
    [
        ("0::/a/b", {"a/b/memory.max": "max", "a/memory.max": "3000", "memory.max": "5000"}, 3000),
        ("0::/", {"memory.max": "5000"}, 5000),
        ("0::/../x", {"memory.max": "5000"}, 5000),
        ("4:memory:/a\n0::/", {"memory/a/memory.limit_in_bytes": "4000", "memory/memory.limit_in_bytes": str(NONE)}, 4000),
        ("4:memory:/a\n1:cpu:/a", {"memory/a/memory.limit_in_bytes": str(NONE)}, None),
        ("nonsense", {}, None),
        ("", {}, None),
    ],
)
def test_a_container_has_less_than_its_machine(tmp_path: Path, own: str, files: dict[str, str], expected: int | None):
    """The least of what its groups may take, of either version of control groups; without any, what the machine has."""
    (tmp_path / "own").write_text(own)
    for name, text in files.items():
        path = tmp_path / "groups" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    whole = machine_bytes(tmp_path / "nowhere", tmp_path / "nobody")
    assert machine_bytes(tmp_path / "groups", tmp_path / "own") == (expected or whole)


def test_versions_that_are_open_together_share_the_memory():
    """The newest has half of it, and the older ones the other half together."""
    limits = ReaderLimits(600_000_000, 2)
    assert limits.newest() == {"memory_limit": "300000kB", "threads": 2}
    assert limits.older(3) == {"memory_limit": "100000kB", "threads": 2}
