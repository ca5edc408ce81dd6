"""A version whose customers lie in Parquet files beside it shows what any other does."""

import json
from pathlib import Path
from typing import Any

import pytest
from plotly.utils import PlotlyJSONEncoder

from dashboard import queries, selection
from dashboard.filters import parse
from dashboard.pages import data, evidence, explore, history_parts, segments
from dashboard.theme import LIGHT
from tests.lake import with_lake
from warehouse.connection import Snapshot, Warehouse
from warehouse.lake import lake_in

FILTERS = {"age": {"op": "between", "value": [30, 50]}, "spending_kmeans": {"op": "in", "value": [1, 2]}}
ORDERS = [
    [],
    [{"colId": "customer_id", "sort": "asc"}],
    [{"colId": "customer_id", "sort": "desc"}],
    [{"colId": "age", "sort": "desc"}],
    [{"colId": "kmeans_segment", "sort": "asc"}],
]


@pytest.fixture(scope="module")
def both(published: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Snapshot, Snapshot]:
    """The same version, as it is and with a lake."""
    copy = with_lake(published, tmp_path_factory.mktemp("lake") / "w")
    plain, lake = Warehouse(published).snapshot(), Warehouse(copy).snapshot()
    assert (lake_in(plain), lake_in(lake) is None) == (None, False)
    return plain, lake


def _shown(content: Any) -> str:
    return json.dumps(content, cls=PlotlyJSONEncoder, sort_keys=True)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("chosen", [{}, FILTERS])
def test_the_table_has_the_same_rows(both: tuple[Snapshot, Snapshot], order: list[dict[str, str]], chosen: dict[str, Any]):
    """In the same order, on every page of them."""
    for start in (0, 100, 1_900):
        request = {"sortModel": order, "startRow": start, "endRow": start + 100}
        plain, lake = (explore.rows(db, request, chosen, "spending")[0] for db in both)
        assert lake == plain


def test_downloads_have_the_same_rows(both: tuple[Snapshot, Snapshot]):
    plain, lake = (db.rows(selection.statement(db, parse(FILTERS, queries.dimensions(db)), "spending")) for db in both)
    assert lake == plain
    assert len(plain) > 100


@pytest.mark.parametrize("key", [("spending", "kmeans"), ("lifestyle", "hierarchical")])
def test_pages_say_the_same(both: tuple[Snapshot, Snapshot], key: tuple[str, str]):
    plain, lake = (
        [
            *(page.content(db, queries.known_run(db, *key), LIGHT) for page in (segments, evidence)),
            data.content(db, LIGHT),
            history_parts.content(db, None, key, LIGHT),
        ]
        for db in both
    )
    assert _shown(lake) == _shown(plain)
