"""The TOML files that people write: whatever stands in them is read, or refused in a sentence that names the file."""

import contextlib
import json
import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analytics.playbook import read_playbook
from analytics.segmentations import read_segmentations
from dashboard.access import users
from etl.mapping import read_mapping
from etl.vocabulary import CUSTOMERS, RESULTS, STOCK, TRANSACTIONS
from warehouse.errors import InputError

_texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "age",
        "numeric",
        "ignore",
        "'; drop table raw.customers; --",
        "<script>alert(1)</script>",
        "=1+1",
        "\x1b[31m",
        "\u202e",
        "x" * 300,
    ]
)
_numbers = st.integers() | st.floats() | st.sampled_from([10**400, -(2**63), math.inf, math.nan])
_scalars = st.booleans() | _numbers | _texts
_values = st.recursive(_scalars, lambda each: st.lists(each, max_size=3) | st.dictionaries(_texts, each, max_size=3), max_leaves=8)

READERS: dict[str, tuple[Callable[[Path], object], tuple[str, ...], tuple[str, ...]]] = {
    **{
        f"mapping of {vocabulary.source}": (
            lambda path, vocabulary=vocabulary: read_mapping(path, vocabulary),
            ("columns", "file", "transactions", "stock", "results"),
            (
                "columns",
                "file",
                "column",
                "kind",
                "name",
                "label",
                "unit",
                "scale",
                "minimum",
                "divide_by",
                "delimiter",
                "encoding",
                "A",
                "B",
            ),
        )
        for vocabulary in (CUSTOMERS, TRANSACTIONS, STOCK, RESULTS)
    },
    "segmentations": (read_segmentations, ("spending", "x"), ("features", "title", "k", "k_min", "k_max")),
    "playbook": (read_playbook, ("play",), ("name", "advice", "when", "frequency")),
    "users": (users.read, ("anna", "vera"), ("role", "password")),
}
"""By file: what reads it, and words that it knows, of tables and in them."""


def toml(value: Any) -> str:
    """A value as TOML writes it in a line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


@pytest.mark.parametrize("reader", READERS)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
def test_what_people_write_is_read_or_refused(reader: str, data: st.DataObject, tmp_path: Path):
    """Wrong types, deep tables, unknown words, HTML, controls, a million letters."""
    read, tables, words = READERS[reader]
    known = st.sampled_from(words) | _texts
    inner = st.dictionaries(known, _values | st.dictionaries(known, _values, max_size=3), max_size=4)
    said = data.draw(st.dictionaries(st.sampled_from(tables) | _texts, inner | st.lists(inner, max_size=3) | _values, max_size=4))
    path = tmp_path / "said.toml"
    path.write_text("".join(f"{json.dumps(name, ensure_ascii=False)} = {toml(value)}\n" for name, value in said.items()))
    with contextlib.suppress(InputError):
        read(path)
        return
    with pytest.raises(InputError, match=re.escape(f"{path}: ")):
        read(path)
