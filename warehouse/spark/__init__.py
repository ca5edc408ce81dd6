"""Apache Spark in the place of DuckDB for whatever has a row per customer: the same SQL, translated."""
