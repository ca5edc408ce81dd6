"""Running the claims of sql/checks: each file selects the rows that break its claim."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.build import Context, render
from warehouse.catalog import SQL, checks
from warehouse.connection import is_of_the_machine
from warehouse.errors import BuildError, GateError
from warehouse.progress import Progress, counted, silent


@dataclass(frozen=True)
class Failure:
    """A claim that does not hold."""

    claim: str
    """The claim, in words: the first line of the file."""
    path: Path
    """The file."""
    count: int
    """How many rows break it."""
    example: dict[str, object]
    """One of them."""


def run_checks(connection: duckdb.DuckDBPyConnection, progress: Progress = silent) -> int:
    """Run every claim and return how many held. Raises GateError naming those that do not."""
    context, step, failures = Context.read(connection), counted(progress, len(checks())), []
    for path in checks():
        step(path.stem)
        if failure := failing(connection, path, context):
            failures.append(failure)
    if failures:
        lines = [
            f"{failure.claim} ({failure.count} rows break it, for example {failure.example}; sql/checks/{failure.path.name})"
            for failure in failures
        ]
        raise GateError("not published, because a check failed: " + "; ".join(lines))
    return len(checks())


def failing(connection: duckdb.DuckDBPyConnection, path: Path, context: Context | None = None) -> Failure | None:
    """Run the claim in `path`; None when it holds."""
    sql = render(path, context or Context.read(connection))
    try:
        cursor = connection.execute(sql)
        names = [column[0] for column in cursor.description]
        rows = cursor.fetchall()
    except duckdb.Error as error:
        if is_of_the_machine(error):
            raise
        raise BuildError(f"{path.relative_to(SQL)}: {error}") from error
    if not rows:
        return None
    claim = sql.lstrip().splitlines()[0].removeprefix("--").strip()
    return Failure(claim, path, len(rows), dict(zip(names, rows[0], strict=True)))
