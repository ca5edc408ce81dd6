"""What a refresh asks of a cluster that has the customers: to read their files, and to run DuckDB's queries over them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

Parameters = Sequence[Any] | Mapping[str, Any]
Columns = Sequence[tuple[str, str]]
"""Names and DuckDB's types."""


class Cluster(Protocol):
    """What computes over relations that are as large as the customers."""

    def relations(self, sql: str) -> set[str]:
        """The relations that a query of DuckDB's names, what it defines itself among them."""

    def show(self, name: str, folder: Path, columns: Columns, is_small: bool = False) -> None:
        """Read the Parquet files of a folder under a name; what `is_small` may be sent to every worker."""

    def show_lines(self, name: str, files: Mapping[Path, str]) -> None:
        """Read text files, given with the names to show for them, line by line: source_file, source_line (from 1), line and
        is_readable, which is false where bytes are no UTF-8. What is blank at the end of a file is left out.
        """

    def show_rows(self, name: str, files: Mapping[Path, str]) -> None:
        """Read Parquet files of the same columns, given with the names to show: _source_file, _source_line (from 1), then those."""

    def define(self, name: str, sql: str, names: Mapping[str, str], parameters: Parameters) -> None:
        """Give a query of DuckDB's a name; `names` has by DuckDB's name of each relation that it reads the one here."""

    def write(
        self, folder: Path, sql: str, columns: Columns, names: Mapping[str, str], parameters: Parameters, in_order: bool
    ) -> int:
        """Add the rows of a query of DuckDB's, whose columns are given, to a folder's Parquet files, `in_order` or as they come.

        Returns how many the workers say they wrote.
        """
