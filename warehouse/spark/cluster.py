"""What Spark is asked: to read Parquet and text files, and to run queries of DuckDB's over them."""

import contextlib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from warehouse.cluster import Columns, Parameters
from warehouse.errors import BuildError, InputError

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row, SparkSession

_TYPES = {
    "TINYINT": "tinyint",
    "SMALLINT": "smallint",
    "INTEGER": "int",
    "UINTEGER": "bigint",
    "BIGINT": "bigint",
    "UBIGINT": "decimal(20, 0)",
    "HUGEINT": "decimal(38, 0)",
    "UHUGEINT": "decimal(38, 0)",
    "FLOAT": "float",
    "DOUBLE": "double",
    "VARCHAR": "string",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp_ntz",
}
_SCHEME = "^file:/+"
_BYTES_OF_A_TASK = 32_000_000
_ROWS_OF_A_TASK = 1_000_000
"""Of the files that are read, text and Parquet; what is shuffled is some times as much."""
_OF_THE_CLUSTER = (
    (
        r"(?:FILE_NOT_EXIST|does not exist|FileNotFoundException)(?s:.*?)file:/*(/[^\s'\"]+?)[.,;']*\s",
        "{0}: this machine sees it, a worker of the cluster does not: put it where every worker can read it, by the same path",
    ),
    (
        r"OutOfMemoryError|exit code (?:137|52)\b|exited caused by one of the running tasks",
        "the workers have too little memory for this, or were lost again and again: give them more "
        "(spark.executor.memory in spark-defaults.conf), or have more of them",
    ),
    (r"(?:Permission denied|Mkdirs failed to create)[^\n/]*(/\S+)", "{0}: a worker of the cluster cannot read or write there"),
    (r"No space left on device", "a worker of the cluster has no room left on its disk"),
    (
        r"SparkContext was shut down|stopped SparkContext|Connection refused|are unresponsive|Answer from Java side is empty",
        "the connection to the cluster was lost",
    ),
)
"""What can be wrong with a cluster, or with what it can reach, and how that is told."""


class Spark:
    """A cluster that computes over relations as large as the customers: see warehouse.cluster.Cluster."""

    def __init__(self, session: "SparkSession") -> None:
        self.session = session

    def relations(self, sql: str) -> set[str]:
        """The relations that a query of DuckDB's names."""
        from warehouse.spark.translate import relations  # sqlglot comes with the extra

        return relations(sql)

    def show(self, name: str, folder: Path, columns: Columns, is_small: bool = False) -> None:
        """Read the Parquet files of a folder under a name; what `is_small` is sent to every worker, rather than joined there."""
        schema = ", ".join(f"`{column}` {spark_type(type_)}" for column, type_ in columns)
        with asking(f"the files of {name}"):
            rows = self.session.read.schema(schema).parquet(str(folder))
            (_broadcast(rows) if is_small else rows).createOrReplaceTempView(name)

    def show_lines(self, name: str, files: Mapping[Path, str]) -> None:
        """Read text files line by line: source_file, source_line (from 1), line and is_readable; not what is
        blank at the end of a file.

        Spark reads files in blocks and counts no lines, so the lines of every block are counted first. Who reads a block, and in
        which order, is the same each time: what it depends on is settled before.
        """
        with asking("lines of text"):
            self._share_out(sum(path.stat().st_size for path in files) // _BYTES_OF_A_TASK)
            self.session.read.text([str(path) for path in files]).selectExpr(
                "make_valid_utf8(value) as line",
                "is_valid_utf8(value) as is_readable",
                "_metadata.file_path as file_path",
                "_metadata.file_block_start as block",
                "monotonically_increasing_id() as place",
            ).createOrReplaceTempView(f"{name}__read")
            blocks = self.session.sql(
                "select file_path, block, count(*) as count_lines, min(place) as first_place, "
                r"max(place) filter (where line rlike '\\S') as last_place "
                f"from {name}__read group by file_path, block order by file_path, block"
            ).collect()
            self._hold(
                f"{name}__blocks",
                "file_path string, block bigint, offset bigint, source_file string, last_line bigint",
                _offsets(blocks, files),
            )
            self.session.sql(
                f"create or replace temporary view {name} as "
                "select blocks.source_file, lines.place + blocks.offset as source_line, lines.line, lines.is_readable "
                f"from {name}__read as lines inner join {name}__blocks as blocks using (file_path, block) "
                "where lines.place + blocks.offset <= blocks.last_line"
            )

    def show_rows(self, name: str, files: Mapping[Path, str]) -> None:
        """Read Parquet files: _source_file, _source_line (from 1) and their columns."""
        with asking("rows of Parquet"):
            read = self.session.read.parquet(*(str(path) for path in files))
            self._share_out(read.count() // _ROWS_OF_A_TASK)
            shown = [(_bare(uri), _shown(uri, files)) for uri in read.inputFiles()]
            self._hold(f"{name}__files", "_file_path string, _source_file string", shown)
            read.selectExpr(
                *("*", f"regexp_replace(_metadata.file_path, '{_SCHEME}', '/') as _file_path"),
                "_metadata.row_index + 1 as _source_line",
            ).createOrReplaceTempView(f"{name}__read")
            self.session.sql(
                f"create or replace temporary view {name} as "
                f"select * except (_file_path) from {name}__read inner join {name}__files using (_file_path)"
            )

    def define(self, name: str, sql: str, names: Mapping[str, str], parameters: Parameters) -> None:
        """Give a query of DuckDB's a name."""
        with asking(sql):
            self.session.sql(f"create or replace temporary view {name} as {_translated(sql, names, parameters)}")

    def write(
        self, folder: Path, sql: str, columns: Columns, names: Mapping[str, str], parameters: Parameters, in_order: bool = True
    ) -> int:
        """Add the rows of a query of DuckDB's to the Parquet files of a folder; returns how many."""
        from pyspark.sql import Observation
        from pyspark.sql.functions import count, lit

        values = ", ".join(f"cast(`{column}` as {spark_type(type_)}) as `{column}`" for column, type_ in columns)
        with asking(sql):
            query = f"select {values} from ({_translated(sql, names, parameters, in_order)}) as result"
            rows, seen = self.session.sql(query), Observation()
            rows.observe(seen, count(lit(1)).alias("count_rows")).write.mode("append").parquet(str(folder))
            return int(seen.get.get("count_rows", 0))

    def _share_out(self, tasks: int) -> None:
        """Have so many tasks more than there are processors, where Spark has no better reason."""
        for setting in ("spark.sql.shuffle.partitions", "spark.sql.files.minPartitionNum"):
            self.session.conf.set(setting, str(tasks + self.session.sparkContext.defaultParallelism))

    def _hold(self, name: str, columns: str, rows: Sequence[Sequence[Any]]) -> None:
        """Give a few rows a name. They are part of the statement: rows of Python's own would need Python on every worker."""
        names = [column.split()[0] for column in columns.split(", ")]
        text = json.dumps([dict(zip(names, row, strict=True)) for row in rows])
        held = self.session.sql(f"select inline(from_json(:rows, 'array<struct<{columns}>>'))", {"rows": text})
        _broadcast(held).createOrReplaceTempView(name)


def spark_type(type_: str) -> str:
    """Spark's name of a type of DuckDB's. Raises KeyError for one that it does not have."""
    if type_.endswith("[]"):
        return f"array<{spark_type(type_.removesuffix('[]'))}>"
    if type_.startswith("DECIMAL"):
        return type_.lower()
    if type_.startswith("STRUCT("):
        fields = re.findall(r'"?(\w+)"? (\w+(?:\[\])?)', type_.removeprefix("STRUCT("))
        return f"struct<{', '.join(f'{name}: {spark_type(own)}' for name, own in fields)}>"
    return _TYPES[type_]


@contextlib.contextmanager
def asking(sql: str) -> Iterator[None]:
    """Say in one line what goes wrong on the cluster while the block runs a statement.

    Raises InputError where the cluster is at fault, BuildError where the statement is.
    """
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError, ConnectionError) as error:
        said = str(error)
        for pattern, told in _OF_THE_CLUSTER:
            if found := re.search(pattern, said):
                raise InputError(told.format(*found.groups())) from error
        reason = re.search(r"Exception: (.+)", said)
        first = reason.group(1) if reason else said.strip().splitlines()[0]
        raise BuildError(f"Spark: {first[:500]}: {' '.join(sql.split())[:200]}") from error


def _translated(sql: str, names: Mapping[str, str], parameters: Parameters, in_order: bool = True) -> str:
    from warehouse.spark.translate import translate

    return translate(sql, lambda name: names.get(name, name), parameters, in_order)


def _offsets(blocks: "list[Row]", files: Mapping[Path, str]) -> list[tuple[str, int, int, str, int]]:
    """Of every block, in order: what makes of a line's place its number, and the last line of its file with anything on it."""
    found: list[tuple[str, int, int, str]] = []
    last: dict[str, int] = {}
    lines = 0
    for block in blocks:
        if not found or found[-1][0] != block.file_path:
            lines = 0
        offset = lines - block.first_place + 1
        found.append((block.file_path, block.block, offset, _shown(block.file_path, files)))
        if block.last_place is not None:
            last[block.file_path] = block.last_place + offset
        lines += block.count_lines
    return [(*one, last.get(one[0], 0)) for one in found]


def _broadcast(rows: "DataFrame") -> "DataFrame":
    """The same rows, sent to every worker where they are joined."""
    from pyspark.sql.functions import broadcast

    return broadcast(rows)


def _bare(uri: str) -> str:
    """An address without what stands before its path: Spark has it in two ways."""
    return re.sub(_SCHEME, "/", uri)


def _shown(uri: str, files: Mapping[Path, str]) -> str:
    """The name to show for the file that Spark calls by its address."""
    path = Path(unquote(_bare(uri)))
    return files[path] if path in files else next(name for given, name in files.items() if given.resolve() == path.resolve())
