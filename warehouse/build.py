"""Running the SQL files: fill the templates with what the warehouse holds so far, execute, and name the file that fails."""

import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import duckdb
from jinja2 import Environment, FileSystemLoader, StrictUndefined, TemplateError

from warehouse.blanks import named_id, trimmed, trimmed_id
from warehouse.catalog import SQL, relations
from warehouse.columns import Column
from warehouse.connection import is_of_the_machine, literal
from warehouse.errors import BuildError
from warehouse.lake_connection import is_in_lake
from warehouse.progress import Progress, counted, silent


@dataclass(frozen=True)
class Category:
    """One value of a category column, with its code and the column it is encoded into."""

    column_name: str
    """The category column, e.g. gender."""
    value: str
    """The value, e.g. Female."""
    code: int
    """Its number, from 0 in alphabetical order."""
    encoded_column: str
    """The 0/1 column of features.customer_features_scaled, e.g. gender_is_female."""


@dataclass(frozen=True)
class Clustering:
    """One segmentation by one algorithm."""

    segmentation: str
    """The name of the feature list, e.g. spending."""
    algorithm: str
    """kmeans or hierarchical."""

    @property
    def dimension(self) -> str:
        """The column that holds its segment where a row is a customer: spending_kmeans."""
        return f"{self.segmentation}_{self.algorithm}"


@dataclass(frozen=True)
class Feature:
    """A feature that customers were clustered on."""

    name: str
    """The feature; of a number also its column in features.customer_values."""
    category_column: str | None
    """The column of the category that it is a value of; None for a number."""

    @property
    def column(self) -> str:
        """The column of features.customer_values that it is made from."""
        return self.category_column or self.name


@dataclass(frozen=True)
class Model:
    """How the newest run clustered by a segmentation, but for the numbers, which are in segments.scaling and segments.centroids."""

    segmentation: str
    """The name of the feature list."""
    features: tuple[Feature, ...]
    """Its features, in their order."""


CONTEXT_RELATIONS = ("raw.columns", "features.columns", "features.category_encoding", "segments.runs", "segments.scaling")
"""The tables whose rows a context is read from, and no others: it is read anew once one of them was made."""


_COLUMN = "column_name, kind, label, unit, short_label, minimum, maximum, divide_by, scale, decimal_mark, date_order, source_header"
_MOST_VALUES = 1_000_000
"""Numbers that a browser is sent of the cross-filter cube: some megabytes, compressed a few hundred kilobytes."""
_MOST_DRAWN = 5_000
"""More points than that lie one over another."""
_FEW_VALUES = 30
"""With more values a category has as many bars as a number has bins."""
_FEATURE = "column_name, 'numeric', label, unit, short_label, minimum, maximum, 1, scale"


@dataclass(frozen=True)
class Context:
    """What the templates see: what the warehouse holds at that moment, so a file can loop over what earlier files made."""

    columns: tuple[Column, ...] = ()
    """The columns of the customers source that are loaded, in its order."""
    transactions: tuple[Column, ...] = ()
    """The same of the transactions; none where there are none."""
    stock: tuple[Column, ...] = ()
    """The same of the stock."""
    results: tuple[Column, ...] = ()
    """The same of the results of campaigns."""
    features: tuple[Column, ...] = ()
    """The numeric features of a customer, those of the customers source first."""
    purchases: tuple[Column, ...] = ()
    """Those of them that come from transactions."""
    charted: tuple[Column, ...] = ()
    """Those of them that the dashboard filters by."""
    categories: tuple[Category, ...] = ()
    """The values of the category columns."""
    clusterings: tuple[Clustering, ...] = ()
    """The clusterings of the newest run."""
    models: tuple[Model, ...] = ()
    """The models of the newest run."""
    count_lines: int = 0
    """The lines of transactions that were loaded, about."""
    lines_at_a_time: int = 1_000_000
    """What is many times as large as the lines of purchases is made of so many at a time."""
    is_lake: bool = False
    """Whether what is as large as the customers lies in Parquet files, whose rows have no order."""
    customers_tried: int = 100_000
    """Of so many a hit rate is known to a third of a percent: recommendations are tried on no more."""

    @property
    def numeric(self) -> tuple[Column, ...]:
        """The numeric columns of the customers source."""
        return tuple(column for column in self.columns if column.kind == "numeric")

    @property
    def category(self) -> tuple[Column, ...]:
        """The category columns."""
        return tuple(column for column in self.columns if column.kind == "category")

    @property
    def text(self) -> tuple[Column, ...]:
        """The further columns of the source, carried as text."""
        return tuple(column for column in self.columns if column.kind == "text")

    @property
    def by_importance(self) -> tuple[str, ...]:
        """The columns that the dashboard filters by, those first that its cube should have room for.

        First the numbers that something is clustered on, then categories with few values, other numbers, other categories.
        """
        clustered = {feature.column for model in self.models for feature in model.features}
        values = Counter(category.column_name for category in self.categories)
        ranks = {column.name: 0 if column.name in clustered else 2 for column in self.charted}
        ranks |= {column.name: 1 if values[column.name] <= _FEW_VALUES else 3 for column in self.category}
        return tuple(sorted(ranks, key=ranks.__getitem__))

    def cells(self, kept: Sequence[str]) -> int:
        """How many cells of the cross-filter cube a browser holds, when it has these columns."""
        numbers = sum(column.name in kept for column in self.charted)  # of a number a cell has its bin and its sum
        return _MOST_VALUES // (len(kept) + numbers + len(self.clusterings) + 1)

    @property
    def customers_drawn(self) -> int:
        """So many customers are each a cell of the cube, so that the dashboard can draw each."""
        return min(_MOST_DRAWN, self.cells(self.by_importance))

    def of_source(self, source: str) -> "Context":
        """The same, with the columns of `source`, customers, transactions, stock or results, as `columns`."""
        return self if source == "customers" else replace(self, columns=getattr(self, source))

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection) -> "Context":
        """Read the context from what the warehouse holds at this moment."""
        tables = connection.execute(
            "select schema_name || '.' || table_name, estimated_size from duckdb_tables() where database_name = current_database()"
        ).fetchall()
        held = {name for name, _ in tables if name in CONTEXT_RELATIONS}
        counts = dict(tables)

        def rows(relation: str, columns: str, order: str, condition: str = "true") -> list[tuple[object, ...]]:
            if relation not in held:
                return []
            return connection.execute(f"select {columns} from {relation} where {condition} order by {order}").fetchall()

        def columns(relation: str, values: str, condition: str = "true") -> tuple[Column, ...]:
            return tuple(Column(*row) for row in rows(relation, values, "position", condition))  # type: ignore[arg-type]

        return cls(
            columns=columns("raw.columns", _COLUMN, "source = 'customers' and kind <> 'ignore'"),
            transactions=columns("raw.columns", _COLUMN, "source = 'transactions' and kind <> 'ignore'"),
            stock=columns("raw.columns", _COLUMN, "source = 'stock' and kind <> 'ignore'"),
            results=columns("raw.columns", _COLUMN, "source = 'results' and kind <> 'ignore'"),
            features=columns("features.columns", _FEATURE),
            purchases=columns("features.columns", _FEATURE, "source = 'transactions'"),
            charted=columns("features.columns", _FEATURE, "is_charted"),
            categories=tuple(
                Category(*row)  # type: ignore[arg-type]
                for row in rows("features.category_encoding", "column_name, value, code, encoded_column", "column_name, code")
            ),
            clusterings=tuple(
                Clustering(*row)  # type: ignore[arg-type]
                for row in rows(
                    "segments.runs",
                    "segmentation, algorithm",
                    "segmentation_position, algorithm desc",
                    "run_id = (select max(run_id) from segments.runs)",
                )
            ),
            models=tuple(
                Model(str(segmentation), tuple(Feature(name, column) for _, name, column in features))  # type: ignore[arg-type]
                for segmentation, features in groupby(
                    rows(
                        "segments.scaling",
                        "segmentation, feature, category_column",
                        "segmentation, position",
                        "run_id = (select max(run_id) from segments.scaling)",
                    ),
                    key=itemgetter(0),
                )
            ),
            count_lines=counts.get("raw.transactions", 0),
            is_lake=is_in_lake(connection),
        )


_ENVIRONMENT = Environment(
    loader=FileSystemLoader(SQL),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
    autoescape=False,  # SQL, not HTML: literals go through the filter below
)
_ENVIRONMENT.filters["literal"] = literal
_ENVIRONMENT.filters["trimmed"] = trimmed
_ENVIRONMENT.filters["trimmed_id"] = trimmed_id
_ENVIRONMENT.filters["named_id"] = named_id


def render(path: Path, context: Context, **further: object) -> str:
    """The SQL in `path` (under warehouse/sql) with its templates filled. Raises BuildError naming the file."""
    try:
        return _ENVIRONMENT.get_template(path.relative_to(SQL).as_posix()).render(context=context, **further)
    except TemplateError as error:
        raise BuildError(f"{path.relative_to(SQL)}: {error}") from error


_TOGETHER = 0.1
"""Seconds for which files are run in one transaction: small ones together, and one that takes longer is the last of its own."""


@cache
def _asks(path: Path) -> bool:
    """Whether a template loops over what the warehouse holds."""
    return "context" in path.read_text(encoding="utf-8")


def build(connection: duckdb.DuckDBPyConnection, wanted: Iterable[str], progress: Progress = silent) -> None:
    """Create the relations of `wanted`, schemas or schema.relation names, in the order in which they read each other.

    Raises BuildError naming the file that failed.
    """
    names = set(wanted)
    chosen = [relation for relation in relations() if relation.schema in names or relation.qualified in names]
    for schema in dict.fromkeys(relation.schema for relation in chosen):
        connection.execute(f"create schema if not exists {schema}")
    left, context, step = deque(chosen), None, counted(progress, len(chosen))
    while left:
        with _all_or_nothing(connection):
            until = time.monotonic() + _TOGETHER
            while left and time.monotonic() < until:
                relation = left.popleft()
                step(relation.name)
                if context is None and _asks(relation.path):
                    context = Context.read(connection)
                _run(connection, relation.path, context or Context())
                if relation.qualified in CONTEXT_RELATIONS:
                    context = None


def execute_file(connection: duckdb.DuckDBPyConnection, path: Path, context: Context | None = None, **further: object) -> None:
    """Run one SQL file, its templates filled with what the warehouse holds at this moment, or with a `context` read before,
    and what else it asks for.

    All of it or nothing. Raises BuildError naming it; where the disk or the memory failed, duckdb's own error.
    """
    if context is None:
        context = Context.read(connection) if _asks(path) else Context()
    with _all_or_nothing(connection):
        _run(connection, path, context, **further)


@contextmanager
def _all_or_nothing(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """A transaction: the disk is waited for once, not after every comment."""
    connection.begin()
    try:
        yield
        connection.commit()
    except BaseException:
        with suppress(duckdb.Error):  # a commit that failed has rolled back
            connection.rollback()
        raise


def _run(connection: duckdb.DuckDBPyConnection, path: Path, context: Context, **further: object) -> None:
    sql = render(path, context, **further)
    try:
        connection.execute(sql)
    except duckdb.Error as error:
        if is_of_the_machine(error):
            raise
        raise BuildError(f"{path.relative_to(SQL)}: {error}") from error
