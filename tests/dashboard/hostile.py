"""What a hostile browser might send: values that are ours, values that are near ours, and values that mean no good."""

import json
import math
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from hypothesis import strategies as st

from dashboard import ids, moves, queries, shell
from warehouse.connection import Snapshot

Pool = Mapping[str, list[Any]]
"""By "id.property" the values that a page of ours may have there, the ordinary one first."""


TOKEN = "0123456789abcdef" * 2
"""Of a statement; two have never the same, so it is to be replaced in what is really posted."""


def nested(depth: int, around: Any = 1, is_list: bool = True) -> Any:
    """A value in `depth` lists or objects, one in the other."""
    for _ in range(depth):
        around = [around] if is_list else {"value": around}
    return around


def _plain(text: str) -> str:
    """Half a surrogate pair cannot be written in an address."""
    return text.encode(errors="replace").decode()


TEXTS = [
    "",
    " ",
    "x",
    "0",
    "-1",
    "1e999",
    "nan",
    "٣",
    "²",
    "1_0",
    "0x10",
    "null",
    "undefined",
    "constructor",
    "__proto__",
    "customer_id",
    "rowid",
    "spending",
    "age*age",
    "age*",
    "*",
    "*" * 1_000,
    "age; drop table raw.customers",
    "'; drop table raw.customers; --",
    "' or '1'='1",
    '" or ""="',
    "1) union select table_name, 1 from duckdb_tables() --",
    "$1 ? :name %s {0} {{7*7}} ${7*7}",
    "select * from read_text('/etc/passwd')",
    '=HYPERLINK("http://x","y")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "../../../../etc/passwd",
    "/etc/passwd\x00.csv",
    "\x00",
    "a\x00b",
    "a\r\nSet-Cookie: x=1",
    "\x1b[31m\x07\x08",
    "\u202eabc\u2066",
    "\ud800",
    "a\udfffb",
    "\ufeff\ufffe\U0010ffff",
    "Å" + "\u0301" * 300,
    "👩‍👩‍👧‍👦" * 100,
    "x" * 201,
    "9" * 5_000,
    "x" * 300_000,
]
NUMBERS = [
    *(0, -1, 1, 2, 99, 2**31 - 1, 2**31, 2**53, 2**53 + 1, 2**63, 2**64, -(2**63), 10**30, -(10**400), 10**4_000),
    *(0.5, -0.0, 1e-320, 5e-324, 1e16, 1e308, -1e308, math.inf, -math.inf, math.nan),
]
SHAPES = [
    None,
    True,
    False,
    [],
    {},
    [[]],
    [{}],
    [None],
    [3],
    [True, False],
    ["x"] * 3,
    [None] * 20_000,
    {"": ""},
    {"value": None},
    {"op": "in", "value": ["x"]},
    {"toString": {"__proto__": {}}},
    {str(place): place for place in range(2_000)},
    nested(20),
    nested(20, is_list=False),
    *(nested(depth, is_list=is_list) for depth in (300, 600, 800, 900, 2_000) for is_list in (True, False)),
]
"""The deepest are deeper than Python follows; those before are too deep for what follows in other places."""

_characters = st.characters(exclude_categories=["Cs"])  # those of UTF-8, without making the table of a codec first
_texts = st.sampled_from(TEXTS) | st.text(_characters, max_size=20)
_numbers = st.sampled_from(NUMBERS) | st.integers() | st.floats()
_scalars = st.none() | st.booleans() | _numbers | _texts
_json = st.recursive(_scalars, lambda each: st.lists(each, max_size=3) | st.dictionaries(_texts, each, max_size=3), max_leaves=6)
HOSTILE = _texts | _numbers | st.sampled_from(SHAPES) | _json


def pool(db: Snapshot) -> dict[str, list[Any]]:
    """What a browser has in its stores and controls while it shows a version."""
    runs = queries.clusterings(db)
    segment = queries.segments(db, runs[0]["segmentation"], runs[0]["algorithm"])[0]
    label = {key: segment[key] for key in ("segmentation", "algorithm", "segment_id")}
    earlier = [str(run["run_id"]) for run in moves.earlier_runs(db, runs[0]["segmentation"], runs[0]["algorithm"])]
    columns = [column["column_name"] for column in queries.customer_columns(db)]
    sorts = [[], *([{"colId": name, "sort": "desc"}] for name in columns)]
    requests = [{"startRow": 0, "endRow": 100, "sortModel": sort, "filterModel": {}} for sort in sorts]
    known = {
        ids.LOCATION: {"pathname": ["/", *shell.LINKS.values()], "search": ["", "?v=1&age=20..30"]},
        ids.VERSION: {"data": [{"version": db.version, "built": "then"}, {"version": 1, "built": "before"}, None]},
        ids.WANTED_VERSION: {"data": [None, db.version, 1]},
        ids.SEGMENTATION: {"value": list(dict.fromkeys(run["segmentation"] for run in runs))},
        ids.ALGORITHM: {"value": ["kmeans", "hierarchical"]},
        ids.SCHEME: {"data": ["light", "dark"]},
        ids.CLOCK: {"n_intervals": [0, 5]},
        ids.FILTERS: {"data": [{}, *_filters(db)]},
        ids.TABLE_SEARCH: {"value": ["", "fe", "1"]},
        ids.TABLE_COLUMNS: {"data": [None, [{"field": name} for name in columns]]},
        ids.SQL_ASKED: {"data": [{"of": of, "title": of, "at": 1} for of in ("table", "headline", "mix", *queries.dimensions(db))]},
        ids.SCORE_ASKED: {"data": [dict.fromkeys(columns, "30"), {columns[-1]: "3.5"}, None]},
        ids.LABEL_ASKED: {"data": [label, None]},
        ids.LABEL_NAME: {"value": ["", "Big spenders", None], "n_submit": [None, 1]},
        ids.LABEL_DESCRIPTION: {"value": ["", "Buy often", None]},
        ids.LABEL_BY: {"value": ["", "Ann", None], "n_submit": [None, 1]},
        ids.LABEL_SAVE: {"n_clicks": [1, None]},
        ids.HISTORY_VERSION: {"value": [str(db.version), "1", None], "data": [[{"value": str(db.version), "label": "now"}], None]},
        ids.HISTORY_SINCE: {"value": [*earlier, None]},
        ids.HISTORY_FLOW: {"data": [None, [1, 2], [None, 1], [2, None]]},
        ids.INVENTORY_KIND: {"value": ["product", "category"]},
        ids.INVENTORY_PERIODS: {"value": ["4", "1", None]},
        ids.INVENTORY_LEVEL: {"value": ["0.95", "0.8"]},
        ids.CAMPAIGN_SEGMENT: {"value": ["", str(segment["segment_id"]), None]},
        ids.CAMPAIGN_NAME: {"value": ["spring", "campaign 2026-01-01"]},
        ids.CAMPAIGN_SHARE: {"value": ["0.1", "0.5"]},
        ids.CAMPAIGN_DAYS: {"value": ["28", "7"]},
        ids.CAMPAIGN_RATE: {"value": [None, 5, 0.5, ""]},
        ids.CAMPAIGN_HASHED: {"checked": [False, True]},
        ids.ASK_RUN: {"data": [{"sql": "select 1", "token": TOKEN}]},
        ids.ASK_STOP: {"data": [{"token": TOKEN}]},
    }
    found = {f"{owner}.{name}": values for owner, properties in known.items() for name, values in properties.items()}
    tables = (ids.CUSTOMERS, ids.HISTORY_TABLE, ids.RETENTION_TABLE, ids.PRODUCTS_TABLE, ids.INVENTORY_TABLE)
    return found | {f"{table}.getRowsRequest": requests for table in tables}


def _filters(db: Snapshot) -> list[dict[str, Any]]:
    """A filter on every dimension, and a box."""
    dimensions = queries.dimensions(db).values()
    values = {"numeric": [20.0, 60], "category": ["Female"], "segment": [1, 2]}
    operators = {"numeric": "between", "category": "in", "segment": "not_in"}
    found = [{each.name: {"op": operators[each.kind], "value": values[each.kind]}} for each in dimensions]
    numbers = [each.name for each in dimensions if each.kind == "numeric"]
    boxes = [{f"{numbers[0]}*{numbers[-1]}": {"op": "box", "value": [[0, 50], [10.5, 1e6]]}}] if len(numbers) > 1 else []
    return [*boxes, *found, {name: condition for each in found for name, condition in each.items()}]


def values(own: Pool, key: str) -> st.SearchStrategy[Any]:
    """Values for a property: mostly ones of ours, or of another property where nothing is known of it; bent ones; hostile ones."""
    ours = own.get(key) or [value for each in own.values() for value in each]
    return st.one_of(
        *3 * [st.sampled_from(ours)], st.sampled_from(ours).flatmap(bent), st.sampled_from(ours).flatmap(bent), HOSTILE
    )


def bent(value: Any) -> st.SearchStrategy[Any]:
    """The value with something hostile in the place of one of its parts, or beside them, or without one."""
    places = list(_places(value))
    return st.builds(
        _with, st.just(value), st.sampled_from(places), HOSTILE, st.sampled_from(("instead", "beside", "without", "in"))
    )


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every part of a value, the whole one first."""
    yield path
    if isinstance(value, dict):
        for key, part in value.items():
            yield from _places(part, (*path, key))
    elif isinstance(value, list):
        for place, part in enumerate(value[:20]):
            yield from _places(part, (*path, place))


def _with(value: Any, path: tuple[Any, ...], other: Any, how: str) -> Any:
    if path:
        first, *rest = path
        parts = dict(value) if isinstance(value, dict) else list(value)
        if how == "without" and not rest:
            del parts[first]
        else:
            parts[first] = _with(value[first], tuple(rest), other, how)
        return parts
    if how == "beside" and isinstance(value, dict):
        return value | {other if isinstance(other, str) else type(other).__name__: other}
    if how == "beside" and isinstance(value, list):
        return [*value, other]
    return [value] if how == "in" else other


PARTS = st.sampled_from(
    ["1", "csv", "parquet", "json", "xlsx", "dash", "dcc/dcc.js", *(quote(_plain(text)) for text in TEXTS if len(text) < 6_000)]
)
"""Parts of a path, and kinds of files."""
HEADERS = st.sampled_from(
    [
        {},
        {"Range": "bytes=0-3"},
        {"Range": "bytes=9-1,x-"},
        {"If-None-Match": '"x", W/'},
        {"If-Modified-Since": "yesterday"},
        {"Accept-Encoding": "br;q=nan, gzip;q=1e999, identity;q=-1, *;q=x"},
        {"Cookie": 'x="\\777; =; \xff'},
        {"X-Forwarded-Host": "evil.example", "Origin": "null"},
    ]
)


def queries_of(own: Pool) -> st.SearchStrategy[str]:
    """Query strings with the names that downloads ask by."""
    named = {
        "v": st.sampled_from(["1", "3"]),
        "version": st.sampled_from(["1", "3"]),
        "since": st.sampled_from(["1", "2"]),
        "built": st.just("then x"),
        "segmentation": st.sampled_from(own["segmentation.value"]),
        "algorithm": st.sampled_from(own["algorithm.value"]),
        "filters": values(own, "filters.data").map(_json_text),
        "flow": values(own, "history-flow.data").map(_json_text),
        "asked": st.fixed_dictionaries(
            {},
            optional={key: values(own, f"{of}.data") for key, of in (("filters", "filters"), ("search", "x"), ("sortModel", "y"))},
        ).map(_json_text),
        "name": st.just("spring"),
        "segment": st.sampled_from(["", "1"]),
        "share": st.just("0.1"),
        "hashed": st.sampled_from(["0", "1"]),
        "kind": st.sampled_from(["product", "category"]),
        "periods": st.sampled_from(["1", "4"]),
        "level": st.just("0.95"),
    }
    short = st.sampled_from([text for text in TEXTS if len(text) < 6_000])
    drawn = {name: st.one_of(good, good, good, short) for name, good in named.items()}
    return st.fixed_dictionaries({}, optional=drawn).map(
        lambda asked: urlencode({key: _plain(text) for key, text in asked.items()})
    )


def json_bodies(own: Pool) -> st.SearchStrategy[bytes]:
    """Bodies of statements that are not well formed, and hostile JSON; a good one starts a process."""
    statement = {"sql": "select 1", "token": "short", "version": 1}
    return st.one_of(bent(statement), bent(own["ask-run.data"][0] | {"token": "0" * 31}), HOSTILE).map(written)


def broken_bodies() -> st.SearchStrategy[bytes]:
    """Bytes near JSON."""
    whole = [
        b'{"output": "page.children", "inputs": [{"id": "location", "property": "pathname", "value": "/"}]}',
        b"[1, 2.5e3]",
        b'"x"',
    ]
    pieces = [
        b"",
        b"\x00",
        b"\xff\xfe",
        b"\xef\xbb\xbf",
        b"{",
        b"}",
        b"[" * 5_000,
        b"NaN",
        b"1e999",
        b"\\ud800",
        b",",
        b"9" * 5_000,
    ]
    cut = st.builds(
        lambda text, place, piece: text[: place % len(text)] + piece + text[place % len(text) :],
        st.sampled_from(whole),
        st.integers(0, 200),
        st.sampled_from(pieces),
    )
    return st.one_of(cut, cut.map(lambda content: content[: len(content) // 2]), st.binary(max_size=50))


def _json_text(value: Any) -> str:
    return written(value).decode()[:6_000]


def body(output: str, known: Mapping[str, Any], given: Mapping[str, Any], changed: list[Any] | None = None) -> dict[str, Any]:
    """The body of a call of a callback; `given` are the values by "id.property"."""
    asked = {
        part: [{**each, "value": given.get(f"{each['id']}.{each['property']}")} for each in known[part]]
        for part in ("inputs", "state")
    }
    outputs = [
        dict(zip(("id", "property"), key.replace("\\.", ".").rsplit(".", 1), strict=True)) for key in output.strip(".").split("...")
    ]
    first = [f"{each['id']}.{each['property']}" for each in known["inputs"][:1]]
    return {
        "output": output,
        "outputs": outputs if output.startswith("..") else outputs[0],
        **asked,
        "changedPropIds": first if changed is None else changed,
    }


def bodies(own: Pool, output: str, known: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Calls of a callback that get past the first check, with values of every kind."""
    keys = [f"{each['id']}.{each['property']}" for part in ("inputs", "state") for each in known[part]]
    changed = st.none() | st.lists(st.sampled_from(keys), max_size=3) | st.lists(_texts | st.just('{"x.y'), max_size=3)
    given = st.fixed_dictionaries({key: values(own, key) for key in keys})
    return st.builds(lambda given, changed: body(output, known, given, changed), given, changed)


def written(value: Any) -> bytes:
    """JSON, also of what is nested deeper than Python follows; half a surrogate pair is escaped, as browsers do."""
    try:
        return json.dumps(value).encode()
    except RecursionError:
        return b"".join(_pieces(value))


def _pieces(value: Any) -> Iterator[bytes]:
    """JSON of a value, piece by piece, without recursion."""
    waiting: list[Any] = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, bytes):
            yield part
        elif isinstance(part, dict):
            pieces = [piece for key, each in part.items() for piece in (b",", json.dumps(key).encode() + b":", each)]
            waiting += [b"}", *reversed(pieces[1:]), b"{"]
        elif isinstance(part, list):
            pieces = [piece for each in part for piece in (b",", each)]
            waiting += [b"]", *reversed(pieces[1:]), b"["]
        else:
            yield json.dumps(part).encode()
