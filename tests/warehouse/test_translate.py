"""DuckDB's SQL as Spark's, where the two differ: what a refresh asks is compared, answer by answer, in tests/spark."""

import pytest

from warehouse.errors import BuildError
from warehouse.spark.translate import relations, translate


@pytest.mark.parametrize(
    ("duckdb", "spark"),
    [
        ("select count(*) from raw.customers", "SELECT COUNT(*) FROM raw__customers AS customers"),
        ("select a from t order by a", "SELECT a FROM t"),
        ("select a from t order by a limit 1", "SELECT a FROM t ORDER BY a NULLS LAST LIMIT 1"),
        ("select regexp_matches(a, '^b') from t", "SELECT a RLIKE '^b' FROM t"),
        ("select regexp_replace(a, 'b', '\\1', 'g') from t", "SELECT REGEXP_REPLACE(a, 'b', '$1') FROM t"),
        ("select a[2] from t", "SELECT TRY_ELEMENT_AT(a, CAST(2 AS INT)) FROM t"),
        ("select log(10, a) from t", "SELECT LOG10(a) FROM t"),
        ("select list_position(a, 1) from t", "SELECT NULLIF(ARRAY_POSITION(a, 1), 0) FROM t"),
        ("select * replace (1 as a) from t", "SELECT * EXCEPT (a), 1 AS a FROM t"),
        ("select a from t where b = ?", "SELECT a FROM t WHERE b = 'it\\'s'"),
    ],
)
def test_what_is_written_otherwise(duckdb: str, spark: str):
    given = ["it's"] if "?" in duckdb else []
    assert translate(duckdb, lambda name: name.replace(".", "__"), given, in_order=False) == spark


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("select log(2, a) from t", "a logarithm to another base than 10"),
        ("select list(a order by b) from t", "a list in an order"),
        ("select regexp_replace(a, 'b', 'c') from t", "of the first match alone"),
        ("select a[2:3] from t", "a slice with two ends"),
        ("select try(a / b) from t", "what may fail"),
        ("select from where", "cannot be read for Spark"),
    ],
)
def test_what_is_refused(sql: str, said: str):
    with pytest.raises(BuildError, match=said):
        translate(sql, lambda name: name)


def test_relations():
    """What a query defines itself is among them."""
    assert relations("with a as (from raw.customers) select * from a join scratch.b using (c)") == {
        "a",
        "raw.customers",
        "scratch.b",
    }
