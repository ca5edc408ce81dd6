"""Settings, read once from the environment; no other module looks at os.environ."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warehouse.errors import InputError
from warehouse.memory import in_bytes

DEFAULT_WAREHOUSE = Path("data/warehouse")
_SWITCH = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}
DEFAULT_REPORT = Path("data/report")
FEWEST_SEGMENTS, MOST_SEGMENTS = 2, 50
"""Between what a person may fix or bound the number of segments."""


@dataclass(frozen=True)
class Settings:
    """What a user can set. Every field is also an environment variable of the same name, in capitals."""

    customers: Path | None = None
    """The customers file, a folder of such files or a pattern; None looks for data/Mall_Customers.csv, then takes the sample."""
    transactions: Path | None = None
    """The transactions file, a folder of such files or a pattern; alone, the customers are made from it."""
    stock: Path | None = None
    """What is in stock of the products of the transactions: a file, a folder of such files or a pattern."""
    results: Path | None = None
    """What customers did after campaigns, addressed or held out: a file, a folder of such files or a pattern."""
    warehouse: Path = DEFAULT_WAREHOUSE
    """The directory of warehouse versions; the newest is always current.duckdb in it."""
    segmentations: Path | None = None
    """A TOML file of named feature lists; None takes analytics/segmentations.toml."""
    playbook: Path | None = None
    """A TOML file that says what to do with which kind of segment; None takes analytics/playbook.toml."""
    k: int | None = None
    """How many segments every segmentation shall have; None leaves it to the segmentations file, and that to the evidence."""
    mapping: Path | None = None
    """A TOML file that says what the columns of the customers are; None recognises them by their headers."""
    report: Path = DEFAULT_REPORT
    """Where `make report` writes its pictures and its page."""
    host: str = "127.0.0.1"
    """The address the dashboard listens on."""
    port: int = 8050
    """The port the dashboard listens on."""
    workers: int = 2
    """How many processes serve the dashboard to many (`make serve`)."""
    serve_memory: str = "40%"
    """The memory that these processes may take together, e.g. 4GB or a share of the machine's."""
    force: bool = False
    """Publish although many rows are rejected, customers are lost or a segmentation is; replace real customers by the sample."""
    max_rejected: float = 0.05
    """The share of rows, 0 to 1, that may be rejected before the gate refuses the file."""
    max_shrink: float = 0.5
    """The share of its customers, 0 to 1, that a warehouse may lose in one refresh before the gate refuses the file."""
    memory_limit: str = "60%"
    """The memory that DuckDB may use in a refresh, e.g. 4GB or a share of the machine's; what does not fit is spilled to disk."""
    keep_versions: int = 3
    """How many published versions stay on disk."""
    allow_edit: bool = False
    """Whether whoever opens the dashboard may name and describe segments."""
    allow_sql: bool | None = None
    """Whether whoever opens the dashboard may ask in SQL; None allows it where only this machine is listened to."""

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the settings from `environ` (os.environ by default); an empty variable counts as unset.

        Raises InputError when a number is not a number or out of its range.
        """
        given = {key: value for key, value in (os.environ if environ is None else environ).items() if value}
        default = cls()
        return cls(
            customers=_path(given, "CUSTOMERS"),
            mapping=_path(given, "MAPPING"),
            transactions=_path(given, "TRANSACTIONS"),
            stock=_path(given, "STOCK"),
            results=_path(given, "RESULTS"),
            warehouse=_path(given, "WAREHOUSE") or default.warehouse,
            segmentations=_path(given, "SEGMENTATIONS"),
            playbook=_path(given, "PLAYBOOK"),
            k=int(_number(given, "K", 0, FEWEST_SEGMENTS, MOST_SEGMENTS)) or None,
            report=_path(given, "REPORT") or default.report,
            host=given.get("HOST", default.host),
            port=int(_number(given, "PORT", default.port, 1, 65535)),
            workers=int(_number(given, "WORKERS", default.workers, 1, 64)),
            serve_memory=_memory(given, "SERVE_MEMORY", default.serve_memory),
            force=_switch(given, "FORCE"),
            max_rejected=_number(given, "MAX_REJECTED", default.max_rejected, 0, 1),
            max_shrink=_number(given, "MAX_SHRINK", default.max_shrink, 0, 1),
            memory_limit=_memory(given, "MEMORY_LIMIT", default.memory_limit),
            keep_versions=int(_number(given, "KEEP_VERSIONS", default.keep_versions, 1, 1_000)),
            allow_edit=_switch(given, "ALLOW_EDIT"),
            allow_sql=_switch(given, "ALLOW_SQL") if "ALLOW_SQL" in given else None,
        )


def _path(given: Mapping[str, str], name: str) -> Path | None:
    try:
        return Path(given[name]).expanduser() if name in given else None
    except RuntimeError as error:
        raise InputError(f"{name}={given[name]}: there is no such home") from error


def _memory(given: Mapping[str, str], name: str, default: str) -> str:
    text = given.get(name, default)
    try:
        return memory(text)
    except ValueError as error:
        raise InputError(f"{name}={text}: {error}") from error


def memory(text: str) -> str:
    """The same text, where it is an amount of memory. Raises ValueError, which says how one is written."""
    in_bytes(text)
    return text


def _switch(given: Mapping[str, str], name: str) -> bool:
    said = given.get(name, "0").lower()
    if said not in _SWITCH:
        raise InputError(f"{name}={given[name]}: give 1, or leave it unset")
    return _SWITCH[said]


def _number(given: Mapping[str, str], name: str, default: float, low: float, high: float) -> float:
    text = given.get(name)
    if text is None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    is_whole = isinstance(default, int)
    if not low <= value <= high or (is_whole and value % 1):
        raise InputError(f"{name}={text}: give a {'whole ' if is_whole else ''}number from {low:g} to {high:g}")
    return value
