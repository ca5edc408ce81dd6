"""Segmentations: named lists of features, read from a TOML file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from warehouse.errors import InputError
from warehouse.settings import FEWEST_SEGMENTS, MOST_SEGMENTS
from warehouse.toml import MOST_LETTERS, read_toml

DEFAULT = Path(__file__).parent / "segmentations.toml"
K_MIN, K_MAX = 2, 10


@dataclass(frozen=True)
class Segmentation:
    """What to cluster on, and how many segments to consider."""

    name: str
    """Lower-case name, e.g. spending; part of column names."""
    title: str
    """What people call it."""
    features: tuple[str, ...]
    """Columns of features.customer_features_scaled."""
    k_min: int = K_MIN
    """The smallest number of segments tried."""
    k_max: int = K_MAX
    """The largest number of segments tried."""
    k: int | None = None
    """A number of segments fixed by a person; None lets the evidence choose."""


def read_segmentations(path: Path | None = None) -> tuple[Segmentation, ...]:
    """Read the segmentations of a TOML file (analytics/segmentations.toml by default), in its order.

    Raises InputError naming the file and the entry that is wrong.
    """
    path = path or DEFAULT
    tables = read_toml(path)
    if not tables:
        raise InputError(f"{path}: names no segmentation; add one, for example [spending] with features = [...]")
    try:
        return tuple(_segmentation(name, table) for name, table in tables.items())
    except ValueError as error:
        raise InputError(f"{path}: {error}") from error


def _segmentation(name: str, table: Any) -> Segmentation:
    if not isinstance(table, Mapping):
        raise ValueError(f"'{name}' is not a table; write [{name}] and below it features = [...]")
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,30}", name):
        raise ValueError(f"[{name}]: a name has lower-case letters, digits and underscores, and starts with a letter")
    unknown = set(table) - {"title", "features", "k", "k_min", "k_max"}
    if unknown:
        raise ValueError(f"[{name}]: unknown entry {', '.join(sorted(unknown))}; known are title, features, k, k_min, k_max")
    features = table.get("features")
    if not isinstance(features, list) or not features or not all(isinstance(feature, str) for feature in features):
        raise ValueError(f"[{name}]: features must be a list of column names")
    if len(set(features)) < len(features):
        raise ValueError(f"[{name}]: a feature is named twice")
    k_min, k_max = _count(name, table, "k_min") or K_MIN, _count(name, table, "k_max") or K_MAX
    if k_min > k_max:
        raise ValueError(f"[{name}]: k_min is above k_max")
    title = table.get("title", name.replace("_", " ").capitalize())
    if not isinstance(title, str) or len(title) > MOST_LETTERS:
        raise ValueError(f"[{name}]: title must be text of up to {MOST_LETTERS} letters")
    return Segmentation(name, title, tuple(features), k_min, k_max, _count(name, table, "k"))


def _count(name: str, table: Mapping[str, Any], key: str) -> int | None:
    value = table.get(key)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or not FEWEST_SEGMENTS <= value <= MOST_SEGMENTS:
        raise ValueError(f"[{name}]: {key} must be a whole number from {FEWEST_SEGMENTS} to {MOST_SEGMENTS}")
    return value
