"""How far the rule of a segment catches it: counted in SQL over marts.customers, by whoever made or changed that."""

from itertools import groupby

import duckdb

_NEWEST = "run_id = (select max(run_id) from segments.runs)"


def count_rules(connection: duckdb.DuckDBPyConnection) -> None:
    """Set rule_coverage and rule_purity of the newest run's segments; null where there is nobody to count."""
    rules = connection.execute(
        f"select segmentation, algorithm, segment_id, rule_sql from segments.segments where {_NEWEST} and rule_sql is not null "
        "order by segmentation, algorithm, segment_id"
    ).fetchall()
    for (segmentation, algorithm), own in groupby(rules, key=lambda rule: rule[:2]):
        segments = [(segment_id, sql) for _, _, segment_id, sql in own]
        counted = _count(connection, f"{segmentation}_{algorithm}", segments)
        connection.executemany(
            "update segments.segments set rule_coverage = $hits / nullif(size, 0), rule_purity = $hits / nullif($caught, 0) "
            f"where {_NEWEST} and segmentation = $segmentation and algorithm = $algorithm and segment_id = $segment_id",
            [
                {"segmentation": segmentation, "algorithm": algorithm, "segment_id": segment_id, "caught": caught, "hits": hits}
                for (segment_id, _), (caught, hits) in zip(segments, counted, strict=True)
            ],
        )


def _count(connection: duckdb.DuckDBPyConnection, dimension: str, segments: list[tuple[int, str]]) -> list[tuple[int, int]]:
    """Per segment: the customers whom its rule catches, and those of them who are in it by the column `dimension`."""
    columns = ", ".join(
        f"count(*) filter ({sql}), count(*) filter (({sql}) and {dimension} = {segment_id})" for segment_id, sql in segments
    )
    row = connection.execute(f"select {columns} from marts.customers").fetchone()
    assert row is not None
    return list(zip(row[::2], row[1::2], strict=True))
