"""Run one statement that a stranger wrote, in a process of its own: `python -I sandbox_child.py < request`.

It imports nothing of ours, because its start is what a reader waits for. warehouse/sandbox.py starts it, feeds it and ends it.
What was found goes to standard output; whatever goes wrong is one JSON object on standard error, and exit status 1.
"""

import ctypes
import json
import os
import re
import resource
import signal
import struct
import sys
from decimal import Decimal
from typing import Any

_NUMBERS = (
    "TINYINT",
    "SMALLINT",
    "INTEGER",
    "BIGINT",
    "UTINYINT",
    "USMALLINT",
    "UINTEGER",
    "UBIGINT",
    "FLOAT",
    "DOUBLE",
    "HUGEINT",
    "UHUGEINT",
)
_LARGE = ("HUGEINT", "UHUGEINT", "BIGNUM")
"""Whole numbers for which Parquet has no type."""
_EXACT = 2**53
"""Up to here a browser counts exactly; a larger whole number is sent as text."""
_DIGITS = 15
"""Digits of a decimal number that a browser keeps."""
_CELL = 2_000
"""Characters of a value that a page shows."""
_CHUNK = 500
_PROGRAM = 1 << 30
"""Bytes of address space for the program itself, which touches little of them."""
_NICE = 15
"""How far it stands back where processors are scarce: pages come first."""
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""The calls of Landlock, by their numbers on every architecture."""
_READ = 0b1100
"""Of Landlock's rights: to read files and folders."""
_MACHINE = ("/proc/self/cgroup", "/proc/meminfo", "/proc/stat", "/sys/devices/system/cpu", "/sys/fs/cgroup")
"""Where DuckDB reads what the machine has; it does not bear that it cannot."""
_RIGHTS_BY_VERSION = (13, 14, 15, 15, 16)
"""How many rights to files the versions of Landlock know, from the first on; later ones as many as the last."""


class Refused(Exception):
    """The statement is none that may run."""


def main() -> int:
    """Answer the request on standard input; returns the exit status."""
    request = json.load(sys.stdin)
    place = {"starts": 0, "lines_before": 0}
    _confine(request)
    import duckdb  # within the limits: what it reserves counts too

    try:
        _lock_files([*_data(request), *sys.path, *_MACHINE])  # before DuckDB has a thread that it would not bind
        connection = duckdb.connect(request["path"], read_only=True, config=_settings(request))
        for setting in _lockdown(request):
            connection.execute(setting)
        statement, kind = _only_statement(connection, request["sql"])
        place["starts"] = max(request["sql"].find(statement), 0)
        if request["kind"] != "rows":
            _write(connection, statement, kind, request, place)
        else:
            _show(connection, statement, kind, request, place)
    except (duckdb.Error, Refused) as error:
        complaint = {"kind": type(error).__name__, "message": str(error), **place}
    except MemoryError:
        complaint = {"kind": "OutOfMemoryException", "message": ""}
    else:
        return 0
    json.dump(complaint, sys.stderr)
    return 1


def _confine(request: dict[str, Any]) -> None:
    """Give up what a statement has no need of: for good, before the first byte of it is read."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)  # nobody waits for the answer any more
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.getppid() != request["parent"]:
        os._exit(1)
    memory = request["memory_mb"] << 20
    for limit, most in (
        (resource.RLIMIT_AS, memory + _PROGRAM),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 64),
    ):
        resource.setrlimit(limit, (most, most))
    resource.setrlimit(resource.RLIMIT_CPU, (request["seconds"] + 1, request["seconds"] + 2))  # SIGXCPU first, which says why
    os.nice(_NICE)
    os.chdir("/")


def _lock_files(readable: list[str]) -> None:
    """Let this process write, make and remove no file whatever, read only these and what is below them, and reach no network.

    DuckDB's own settings do not see to that: it may always write to the files of an open database, and COPY can stand inside of a
    SELECT. Landlock binds root as well. Raises Refused where the system has none.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    version = libc.syscall(_CREATE_RULESET, None, 0, 1)
    if version < 1:
        raise Refused("SQL needs Landlock to keep statements from writing: Linux 5.13 or newer, and not switched off")
    files = (1 << _RIGHTS_BY_VERSION[min(version, len(_RIGHTS_BY_VERSION)) - 1]) - 1
    network, signals = 0b11 * (version >= 4), 0b11 * (version >= 6)
    handled = struct.pack("=QQQ", files, network, signals)[: 8 if version < 4 else 16 if version < 6 else 24]
    rules = libc.syscall(_CREATE_RULESET, handled, len(handled), 0)
    for path in filter(os.path.exists, readable):
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        rights = _READ if os.path.isdir(path) else _READ & 0b100
        if libc.syscall(_ADD_RULE, rules, 1, struct.pack("=Qi", rights, place), 0):
            raise Refused(f"Landlock refuses: {os.strerror(ctypes.get_errno())}")
        os.close(place)
    if libc.syscall(_RESTRICT_SELF, rules, 0):
        raise Refused(f"Landlock refuses: {os.strerror(ctypes.get_errno())}")


def _data(request: dict[str, Any]) -> list[str]:
    """Where the version lies: its file, and the folder of Parquet files that it may read."""
    return [request["path"], *([request["lake"]] if request["lake"] else [])]


def _settings(request: dict[str, Any]) -> dict[str, Any]:
    """What DuckDB is opened with: what can be set only then, and what must hold before the file is read."""
    return {
        "threads": 1,
        "memory_limit": f"{request['memory_mb']}MB",
        "temp_directory": "",
        "max_temp_directory_size": "0B",
        "allow_community_extensions": "false",
        "allow_unsigned_extensions": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_persistent_secrets": "false",
        "python_enable_replacements": "false",
    }


def _lockdown(request: dict[str, Any]) -> list[str]:
    """What shuts the door behind us. A file leaves by standard output, the one path that is left open for it."""
    way_out = [] if request["kind"] == "rows" else ["set allowed_paths = ['/dev/stdout']"]
    _, *folders = _data(request)
    beside = [f"set allowed_directories = [{', '.join(map(_literal, folders))}]"] if folders else []
    return [
        *way_out,
        *beside,
        "set enable_external_access = false",
        f"set max_execution_time = {request['seconds'] * 1000}",
        "set lock_configuration = true",
    ]


def _only_statement(connection: Any, sql: str) -> tuple[str, str]:
    """The text of the one statement there is, and its type. Raises Refused where it may not run."""
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise Refused("write one statement" if statements else "write a statement")
    (statement,) = statements
    try:
        kind = statement.type.name
    except ValueError:  # a type for which the Python package has no name
        kind = "none of them"
    if kind == "MULTI":
        raise Refused("a PIVOT needs its values here: pivot … on column in ('one', 'another')")
    if kind not in ("SELECT", "EXPLAIN"):
        raise Refused(f"only SELECT and EXPLAIN run here, and this is {kind}: nothing can be changed")
    if statement.named_parameters:
        raise Refused("the statement has parameters, such as ? or $1: write their values")
    if _says(statement.query, "copy"):
        raise Refused('COPY cannot be used here; a column of that name is written "copy"')
    return _without_end(statement.query), kind


def _says(text: str, keyword: str) -> bool:
    """Whether a word is in a statement, outside of its texts, comments and quoted names."""
    import duckdb

    whole = text.encode()
    return any(
        kind in (duckdb.token_type.keyword, duckdb.token_type.identifier)
        and whole[place : place + len(keyword)].lower() == keyword.encode()
        and not whole[place + len(keyword) : place + len(keyword) + 1].isalnum()
        for place, kind in duckdb.tokenize(text)
    )


def _without_end(text: str) -> str:
    """A statement without the semicolons that end it, and the comments there: it is to stand in brackets."""
    import duckdb

    whole = text.encode()
    for place, kind in reversed(duckdb.tokenize(text)):  # places are counted in bytes
        if kind != duckdb.token_type.comment and whole[place : place + 1] != b";":
            break
        whole = whole[:place]
    return whole.decode()


def _show(connection: Any, statement: str, kind: str, request: dict[str, Any], place: dict[str, int]) -> None:
    """Write columns and rows as JSON; at most so many rows and bytes, and whether there are more."""
    if kind == "SELECT":
        bound = _bound(connection, statement)
        head = [(name, str(each)) for name, each in zip(bound.columns, bound.types, strict=True)]
        place["lines_before"] = 1
        cursor = connection.execute(_renamed(statement, [_shown(number, each) for number, (_, each) in enumerate(head)]))
    else:
        cursor = connection.execute(statement)
        head = [(name, str(each)) for name, each, *_ in cursor.description]
    columns = [{"name": name, "type": each} for name, each in head]
    rows: list[str] = []
    room = request["most_bytes"]
    has_more = False
    while not has_more and (chunk := cursor.fetchmany(_CHUNK)):
        for row in chunk:
            line = json.dumps([_plain(value) for value in row], ensure_ascii=False)
            room -= len(line.encode())
            if len(rows) == request["most_rows"] or room < 0:
                has_more = True
                break
            rows.append(line)
    start = json.dumps({"columns": columns, "has_more": has_more}, ensure_ascii=False)
    sys.stdout.write(f'{start[:-1]}, "rows": [{",".join(rows)}]}}')
    sys.stdout.flush()


def _bound(connection: Any, statement: str) -> Any:
    """The statement as a relation: its columns are known, and nothing of it has run."""
    try:
        return connection.sql(statement)
    except Exception:
        connection.execute(statement)  # fails alike, and says where, which a relation does not
        raise


def _renamed(statement: str, expressions: list[str]) -> str:
    """The statement with its columns by their place, since names may be there twice; one line stands before it."""
    places = ", ".join(f"c{number}" for number in range(len(expressions)))
    return f"select {', '.join(expressions)} from (\n{statement}\n) as asked({places})"


def _shown(number: int, sql_type: str) -> str:
    """SQL: a column as JSON can hold it: numbers and truth as they are, anything else as DuckDB writes it."""
    name = f"c{number}"
    if sql_type in _NUMBERS or sql_type == "BOOLEAN" or sql_type.startswith("DECIMAL("):
        return name
    return f"cast({name} as varchar)"


def _plain(value: Any) -> Any:
    """A value for JSON: what it cannot hold exactly is text."""
    if isinstance(value, str):
        return value if len(value) <= _CELL else value[:_CELL] + "…"
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) and not abs(value) < float("inf"):
        return str(value)
    if isinstance(value, Decimal):
        return float(value) if len(value.as_tuple().digits) <= _DIGITS else str(value)
    return str(value) if isinstance(value, int) and abs(value) > _EXACT else value


def _write(connection: Any, statement: str, kind: str, request: dict[str, Any], place: dict[str, int]) -> None:
    """Write the rows as a file to standard output."""
    if kind != "SELECT":
        raise Refused("only the rows of a SELECT can be downloaded")
    bound = _bound(connection, statement)
    is_csv = request["kind"] == "csv"
    formula = request["formula"] if is_csv else ""
    columns, names = [], set[str]()
    for number, (given, each) in enumerate(zip(bound.columns, bound.types, strict=True)):
        name = re.sub(f"({formula})", r"'\1", given) if formula else given
        while name.lower() in names:
            name += "_"
        names.add(name.lower())
        columns.append(f'{_filed(number, str(each), formula)} as "{name.replace(chr(34), chr(34) * 2)}"')
    pairs = ", ".join(f"{_literal(key)}: {_literal(value)}" for key, value in request["about"].items())
    how = "format csv, header" if is_csv else f"format parquet, compression zstd, kv_metadata {{{pairs}}}"
    place["lines_before"] = 2
    connection.execute(f"copy (\n{_renamed(statement, columns)}\n) to '/dev/stdout' ({how}, use_tmp_file false)")


def _filed(number: int, sql_type: str, formula: str) -> str:
    """SQL: a column for a file: no text that a spreadsheet runs, and no whole number that Parquet would round."""
    name = f"c{number}"
    if not formula:
        return f"cast({name} as varchar)" if sql_type in _LARGE else name
    if sql_type in (*_NUMBERS, *_LARGE, "BOOLEAN") or sql_type.startswith(("DECIMAL(", "DATE", "TIME")):
        return name
    return f"regexp_replace(cast({name} as varchar), {_literal(f'({formula})')}, '''\\1')"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


if __name__ == "__main__":
    sys.exit(main())
