"""Which column of a customers file is which: a table of synonyms, and a readable name for everything else."""

import re
from collections.abc import Collection, Iterable, Sequence, Set
from dataclasses import replace

from warehouse.columns import Column
from warehouse.errors import InputError

CUSTOMER_ID = Column("customer_id", "id", "Customer id")

KNOWN: dict[Column, tuple[str, ...]] = {
    CUSTOMER_ID: ("customer_id", "customerid", "client_id", "clientid", "id"),
    Column("gender", "category", "Gender", short="gender"): ("gender", "genre", "sex"),
    Column("age", "numeric", "Age", "years", "age", minimum=0, maximum=120): ("age", "age_years"),
    Column("annual_income_k", "numeric", "Annual income", "k$", "income", minimum=0): (
        "annual_income_k",
        "annual_income",
        "annualincome",
        "annual_income_thousands",
        "income",
        "income_k",
    ),
    Column("spending_score", "numeric", "Spending score", "1–100", "score", minimum=0, maximum=100): (
        "spending_score",
        "spending_score_1_100",
        "spendingscore",
        "score",
    ),
}
"""The columns the product knows, each with the headers it is recognised by (normalised: see `normalise`)."""

_BY_SYNONYM = {synonym: column for column, synonyms in KNOWN.items() for synonym in synonyms}


def normalise(header: str) -> str:
    """A header as a name: lower case, words joined by underscores. "Annual Income (k$)" -> "annual_income_k"."""
    return re.sub(r"[^a-z0-9]+", "_", header.lower()).strip("_")


def match(headers: Sequence[str], reserved: Iterable[str] = ()) -> tuple[Column, ...]:
    """Give every header its column: a known one, or a text column under a name made from the header.

    `reserved` are words that cannot stand as a column's name in SQL. Returns one Column per header, in order.
    Raises InputError when two headers mean the same known column.
    """
    taken = dict.fromkeys(("source_file", "source_line", "is_duplicate", "reason"), "")  # the loader's own
    unusable = frozenset(reserved)
    columns = []
    for position, header in enumerate(headers, start=1):
        name = normalise(header)
        known = _BY_SYNONYM.get(name)
        if known is not None:
            if known.name in taken:
                raise InputError(f"columns '{taken[known.name]}' and '{header}' both mean {known.name}; rename or remove one")
            column = replace(known, source_header=header)
        else:
            column = Column(_free(name, position, taken, unusable), "text", header.strip(), source_header=header)
        taken[column.name] = header
        columns.append(column)
    return tuple(columns)


def require(columns: Sequence[Column], needed: Iterable[str], file: str) -> None:
    """Check that every needed column is there. Raises InputError naming the file, the column and what would do."""
    present = {column.name for column in columns}
    missing = [name for name in dict.fromkeys((CUSTOMER_ID.name, *needed)) if name not in present]
    if missing:
        known = {column.name: synonyms for column, synonyms in KNOWN.items()}
        hints = [f"{name} (recognised headers: {', '.join(known[name])})" if name in known else name for name in missing]
        found = ", ".join(f"'{column.source_header}'" for column in columns)
        raise InputError(f"{file}: no column for {'; '.join(hints)}. The file's columns are {found}. Rename its header line.")


def _free(name: str, position: int, taken: Collection[str], reserved: Set[str]) -> str:
    base = name if name and not name[0].isdigit() else f"column_{name or position}"
    if base in reserved or base in {column.name for column in KNOWN}:
        base = f"{base}_"
    free, count = base, 1
    while free in taken:
        count += 1
        free = f"{base}_{count}"
    return free
