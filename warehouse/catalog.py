"""The SQL files as a catalog: a folder is a schema, a file is a relation, and the order follows from who reads whom."""

import re
from collections.abc import Set
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

from warehouse.errors import BuildError

SQL = Path(__file__).parent / "sql"


@dataclass(frozen=True)
class Relation:
    """One SQL file that creates one relation."""

    schema: str
    """The schema, from the folder's name without its number."""
    name: str
    """The relation's name, from the file's name."""
    path: Path
    """The file."""

    @property
    def qualified(self) -> str:
        """schema.name"""
        return f"{self.schema}.{self.name}"

    @property
    def template(self) -> str:
        """The file's text, before the templates in it are filled."""
        return self.path.read_text(encoding="utf-8")


@cache
def relations() -> tuple[Relation, ...]:
    """Every relation, each after the relations it reads. Raises BuildError when two read each other."""
    found = {}
    for path in sorted(SQL.glob("[0-9]*/*.sql")):
        relation = Relation(path.parent.name.partition("_")[2], path.stem, path)
        found[relation.qualified] = relation
    reads = {name: sorted(_reads(relation, found.keys())) for name, relation in found.items()}  # a set has another order each time
    try:
        order = list(TopologicalSorter(reads).static_order())
    except CycleError as error:
        raise BuildError(f"relations read each other in a circle: {' -> '.join(error.args[1])}") from error
    return tuple(found[name] for name in order)


def checks() -> tuple[Path, ...]:
    """The files of sql/checks, by name."""
    return tuple(sorted((SQL / "checks").glob("*.sql")))


def _reads(relation: Relation, known: Set[str]) -> set[str]:
    mentioned = set(re.findall(r"\b([a-z_]+\.[a-z_]+)\b", _without_comments(relation.template)))
    return (mentioned & known) - {relation.qualified}


def _without_comments(sql: str) -> str:
    # "-- depends on: schema.relation" stays: it names what a template loops over without saying so in its SQL.
    sql = re.sub(r"--(?! depends on:)[^\n]*", "", sql)
    return re.sub(r"^comment on .*?;\s*$", "", sql, flags=re.MULTILINE | re.DOTALL)
