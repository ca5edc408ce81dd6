"""Settings, read once from the environment; no other module looks at os.environ."""

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from warehouse.errors import InputError
from warehouse.memory import in_bytes

T = TypeVar("T")
Network = IPv4Network | IPv6Network

_OF_BROWSERS = (
    r"(accept|cache|connection|content|cookie|dnt|expect|forwarded|host|if|keep|origin|pragma|priority|range|referer|sec|te|upgrade"
    r"|user-agent|via)\b"
)
"""How the names of headers begin that browsers send, or the network adds."""
_WIDEST = 8
"""Bits that addresses of a network have in common at least, that can be a proxy's."""
ENGINES = ("duckdb", "spark")
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
    engine: str = "duckdb"
    """What computes over the customers in a refresh: duckdb, on this machine, or spark, on a cluster."""
    spark_master: str | None = None
    """The address of the cluster's master: spark://host:7077, or several after one another; local[4] for this machine alone."""
    allow_edit: bool = False
    """Whether whoever opens the dashboard may name and describe segments, where nobody is asked who they are."""
    allow_sql: bool | None = None
    """Whether people may ask in SQL; None: analysts, and where nobody is asked who they are, who is at this machine."""
    alerts_file: Path | None = None
    """Where a refresh writes its alerts as JSON once it has published; None writes none."""
    alerts_webhook: str | None = field(default=None, repr=False)  # an address often has a secret in it
    """The address that a refresh posts the same JSON to when there are alerts; None posts none."""
    users: Path | None = None
    """A TOML file of who may enter the dashboard, and as what; None asks nobody who they are."""
    user_header: str | None = None
    """The header in which a proxy says who asks; None believes no header."""
    trusted_proxy: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
    """From which addresses that header is believed, and which client and protocol a proxy names."""
    access: Path | None = None
    """The SQLite file of who entered and what they took or changed; None is access.sqlite in the warehouse's directory."""
    smallest_cell: int = 5
    """The fewest customers that a viewer is told a number of."""
    expected_age: timedelta | None = timedelta(days=8)
    """How old the data may be before the dashboard's header says so; None never does. Eight days: a week, and one to be late."""

    @property
    def is_asked_who(self) -> bool:
        """Whether everybody who opens the dashboard is asked who they are."""
        return bool(self.users or self.user_header)

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
            serve_memory=_read(given, "SERVE_MEMORY", memory, default.serve_memory),
            force=_switch(given, "FORCE"),
            max_rejected=_number(given, "MAX_REJECTED", default.max_rejected, 0, 1),
            max_shrink=_number(given, "MAX_SHRINK", default.max_shrink, 0, 1),
            memory_limit=_read(given, "MEMORY_LIMIT", memory, default.memory_limit),
            keep_versions=int(_number(given, "KEEP_VERSIONS", default.keep_versions, 1, 1_000)),
            engine=_read(given, "ENGINE", engine, default.engine),
            spark_master=_read(given, "SPARK_MASTER", spark_master, default.spark_master),
            allow_edit=_switch(given, "ALLOW_EDIT"),
            allow_sql=_switch(given, "ALLOW_SQL") if "ALLOW_SQL" in given else None,
            alerts_file=_read(given, "ALERTS_FILE", alerts_file, default.alerts_file),
            alerts_webhook=_read(given, "ALERTS_WEBHOOK", webhook, default.alerts_webhook, is_secret=True),
            users=_path(given, "USERS"),
            user_header=_read(given, "USER_HEADER", header, default.user_header),
            trusted_proxy=_read(given, "TRUSTED_PROXY", networks, default.trusted_proxy),
            access=_read(given, "ACCESS", access_file, default.access),
            smallest_cell=int(_number(given, "SMALLEST_CELL", default.smallest_cell, 1, 1_000)),
            expected_age=_read(given, "EXPECTED_AGE", age, default.expected_age),
        )


def _path(given: Mapping[str, str], name: str) -> Path | None:
    try:
        return Path(given[name]).expanduser() if name in given else None
    except RuntimeError as error:
        raise InputError(f"{name}={given[name]}: there is no such home") from error


def _read(given: Mapping[str, str], name: str, kind: Callable[[str], T], default: T, is_secret: bool = False) -> T:
    """What `kind` makes of a text, which is named where it is refused, unless it may hold a secret."""
    if name not in given:
        return default
    try:
        return kind(given[name])
    except ValueError as error:
        raise InputError(f"{name}{'' if is_secret else '=' + given[name]}: {error}") from error


def memory(text: str) -> str:
    """The same text, where it is an amount of memory. Raises ValueError, which says how one is written."""
    in_bytes(text)
    return text


def engine(text: str) -> str:
    """The same text, where it names an engine. Raises ValueError."""
    if text not in ENGINES:
        raise ValueError(f"give {' or '.join(ENGINES)}")
    return text


def spark_master(text: str) -> str:
    """The same text, where it can be the address of a Spark master. Raises ValueError."""
    if not re.fullmatch(r"spark://[^\s,/:]+:\d{1,5}(,[^\s,/:]+:\d{1,5})*|local(\[(\d{1,3}|\*)\])?|yarn|k8s://\S+", text):
        raise ValueError("give the address of a Spark master, such as spark://host:7077")
    if any(not 0 < int(port) < 65_536 for port in re.findall(r":(\d+)(?=,|$)", text)):
        raise ValueError("give a port from 1 to 65535")
    return text


def alerts_file(text: str) -> Path | None:
    """The path, where it is that of a JSON file: no other file is ever replaced. Raises ValueError."""
    try:
        path = Path(text).expanduser()
    except RuntimeError as error:
        raise ValueError("there is no such home") from error
    if path.suffix != ".json":
        raise ValueError("give a path that ends in .json")
    return path


def access_file(text: str) -> Path:
    """The path, where it is that of a SQLite file: no other file is ever written to. Raises ValueError."""
    path = Path(text).expanduser()
    if path.suffix != ".sqlite":
        raise ValueError("give a path that ends in .sqlite")
    return path


def webhook(text: str) -> str | None:
    """The same text, where it is an address that can be posted to. Raises ValueError, without the text: it may be a secret."""
    advice = "give an address that begins with http:// or https://, without a name and password in it"
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc and parts.port != 0
    except ValueError:
        raise ValueError(advice) from None
    if not is_good or not text.isascii() or any(character <= " " or character == "\x7f" for character in text):
        raise ValueError(advice)
    return text


def header(text: str) -> str:
    """The same text, where it can be the name of a header. Raises ValueError."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]{0,99}", text) or re.match(_OF_BROWSERS, text.lower()):
        raise ValueError("give the name of a header that your proxy sets and no browser sends, such as X-Remote-User")
    return text


def networks(text: str) -> tuple[Network, ...]:
    """The networks of a list such as "10.0.0.5, 10.1.0.0/16". Raises ValueError."""
    advice = "give addresses or networks, such as 10.0.0.5,10.1.0.0/16"
    try:
        found = tuple(ip_network(part.strip()) for part in text.split(","))
    except ValueError as error:
        raise ValueError(advice) from error
    if any(network.prefixlen < _WIDEST for network in found):
        raise ValueError(f"{advice}: anybody is no proxy")
    return found


def age(text: str) -> timedelta | None:
    """Hours, as a number or "36h", or days, "2d"; None for "never". Raises ValueError, which says how one is written."""
    if text == "never":
        return None
    found = re.fullmatch(r"(\d{1,6}(?:\.\d{1,3})?) ?([hd]?)", text)
    if found is None or float(found[1]) == 0:
        raise ValueError("give hours such as 36 or 36h, days such as 2d, or never")
    hours = float(found[1]) * (24 if found[2] == "d" else 1)
    return timedelta(hours=hours)


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
