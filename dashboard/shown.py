"""Which version a page shows: the newest, or an older one that its address names."""

import logging
from collections.abc import Mapping
from typing import Any

from dashboard import format, queries
from warehouse.connection import Snapshot, Warehouse
from warehouse.errors import InputError, NotKeptError

log = logging.getLogger(__name__)

_MOST = 10**9
"""No version has a number as large: warehouse/versions.py."""


def shown(warehouse: Warehouse, version: object) -> Snapshot:
    """The version that a browser says it shows (ids.VERSION); the newest where it shows none, or none that is kept any more."""
    wanted_number = _number(version.get("version")) if isinstance(version, Mapping) else None
    try:
        return warehouse.version(wanted_number)
    except NotKeptError:
        return warehouse.snapshot()


def numbered(text: Any) -> int | None:
    """The number of a version or run in an address or a choice; None where none is said. Raises InputError for what is none."""
    if text is None:
        return None
    if not isinstance(text, str) or not text.isascii() or not text.isdigit() or len(text) > 9:
        raise InputError("that is no version")
    return int(text)


def wanted(warehouse: Warehouse, version: object) -> tuple[Snapshot, str]:
    """The version that an address wants, and what is to be said when it is not the newest, or cannot be had."""
    newest = warehouse.snapshot()
    if _number(version) in (None, newest.version):
        return newest, ""
    try:
        older = warehouse.version(_number(version))
    except NotKeptError:
        return newest, f"Version {version} is not kept any more; these are the figures of version {newest.version}."
    except InputError as error:
        log.warning("%s", error)
        return newest, f"Version {version} cannot be read; these are the figures of version {newest.version}."
    built = format.ago(queries.provenance(newest)["built_at"])
    return older, f"You see version {older.version}, as the address says. The newest is version {newest.version}, built {built}."


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 < value < _MOST else None
