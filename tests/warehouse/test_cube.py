import math
import random
from collections import Counter
from collections.abc import Iterator

import duckdb
import pytest

from analytics.run import Segmentation, run
from warehouse.build import build
from warehouse.catalog import checks
from warehouse.checks import run_checks
from warehouse.connection import Snapshot, add_scratch
from warehouse.rules import count_rules

pytestmark = pytest.mark.xdist_group("cube")  # the marts of each list are built once

NUMBERS = {
    "whole": [0, 1, 2, 3, 5, 8, 13, 21, 29],
    "whole, from 18": [18, 19, 31, 44, 70],
    "whole, wide": [3, 999, 5_000, 123_456, 3_000_000],
    "below zero": [-40, -39, -21, -20, -19, -1, 0, 1, 17],
    "nearly alike": [7, 7, 8, 9],
    "one far away": [0, 1, 2, 3, 1_000_000],
    "tenths": [round(0.1 * i, 1) for i in range(31)],
    "tenths, from 1.7": [round(1.7 + 0.1 * i, 1) for i in range(31)],  # 1.7 / 0.1 is 17 and 17 * 0.1 is above 1.7
    "fifths, from 3.4": [round(3.4 + 0.2 * i, 1) for i in range(31)],
    "tenths, around zero": [round(-1.5 + 0.1 * i, 1) for i in range(31)],
    "hundredths": [round(0.7 + 0.01 * i, 2) for i in range(31)],
    "thirds": [i / 3 for i in range(-9, 22)],
    "tiny": [i * 1e-7 for i in range(31)],
}
"""What a numeric column may hold."""

WIDE = {
    "edges": [-2_000, -1_000, -50, -1, 0, 1, 2, 3, 5, 7, 10, 20, 70, 100, 999, 1_000, 123_456, 7e14],
    "fractions": [-0.5, -0.1, 0, 0.1, 0.99, 1, 1.99, 2.5],
    "far from nought": [30, 31, 49, 50, 51, 800],
    "beyond the last edge": [0, 1e15, 8e15, 3e17],
    "small": [0.1, 0.2, 0.3, 0.4],
}
"""What a numeric column on a log scale may hold."""

Cube = tuple[duckdb.DuckDBPyConnection, list[float], list[tuple[float, str, int, int]]]


def _cubed(connection: duckdb.DuckDBPyConnection, numbers: list[float], scale: str = "linear") -> list[tuple[float, str, int, int]]:
    """Build the marts of customers with a number, `amount`, and a category, `tier`; returns them with their segments."""
    build(connection, ["raw.columns"])
    connection.executemany(
        "insert into raw.columns values ('customers', $1, $1, $2, $1, $1, '', null, null, 1, $4, '.', '', $3)",
        [("customer_id", "id", 1, "linear"), ("amount", "numeric", 2, scale), ("tier", "category", 3, "linear")],
    )
    build(connection, [f"raw.{name}" for name in ("customers", "transactions", "stock", "results", "rejects", "sources", "gate")])
    connection.executemany(
        "insert into raw.customers values ('literal', $1, $1, $2, $3)",
        [(place, repr(number), "gold" if place % 3 else "iron") for place, number in enumerate(numbers)],
    )
    build(connection, ["staging", "features", "segments"])
    run(connection, 1, [Segmentation("any", "Any", ("amount",), k=2)])
    build(connection, ["marts"])
    count_rules(connection)
    return connection.execute("select amount, tier, any_kmeans, any_hierarchical from marts.customers").fetchall()


@pytest.fixture(scope="module", params=NUMBERS)
def cube(request: pytest.FixtureRequest) -> Iterator[Cube]:
    """The marts of each list of numbers."""
    with duckdb.connect() as connection:
        add_scratch(connection)
        yield connection, NUMBERS[request.param], _cubed(connection, NUMBERS[request.param])


def test_the_bins_are_what_their_edges_say(cube: Cube):
    """Every customer is in the one bin whose edges hold the value; the cube counts and sums exactly these cells."""
    connection, _, customers = cube
    _assert_in_bins(connection, customers)


@pytest.mark.parametrize("name", WIDE)
def test_the_bins_of_a_log_scale_are_what_their_edges_say(connection: duckdb.DuckDBPyConnection, name: str):
    """The same on a log scale, where bins lie side by side, five for every ten times, and nought opens one."""
    _assert_in_bins(connection, _cubed(connection, WIDE[name], "log"))
    bins = connection.execute(
        "select lower_edge, upper_edge from marts.crossfilter_bins where dimension = 'amount' order by bin"
    ).fetchall()
    assert [upper for _, upper in bins[:-1]] == [lower for lower, _ in bins[1:]]
    assert all(0 in edges or max(edges, key=abs) / min(edges, key=abs) <= 2 or edges[1] == 1e18 for edges in bins)
    assert bins[0][0] <= min(WIDE[name]) < bins[0][1]


def _assert_in_bins(connection: duckdb.DuckDBPyConnection, customers: list[tuple[float, str, int, int]]) -> None:
    bins = connection.execute(
        "select bin, lower_edge, upper_edge from marts.crossfilter_bins where dimension = 'amount'"
    ).fetchall()
    counts: Counter[tuple[int, ...]] = Counter()
    sums: Counter[tuple[int, ...]] = Counter()
    for amount, tier, *segments in customers:
        (amount_bin,) = (number for number, lower, upper in bins if lower <= amount < upper)
        cell = (amount_bin, ["gold", "iron"].index(tier), *(segment - 1 for segment in segments))
        counts[cell] += 1
        sums[cell] += amount
    cells = connection.execute(
        "select amount_bin, tier_bin, any_kmeans_bin, any_hierarchical_bin, count_customers, sum_amount from marts.crossfilter_cube"
    ).fetchall()
    in_cube: Counter[tuple[int, ...]] = Counter()
    sums_in_cube: Counter[tuple[int, ...]] = Counter()
    for *bins_of_cell, count, total in cells:
        in_cube[tuple(bins_of_cell)] += count
        sums_in_cube[tuple(bins_of_cell)] += total
    assert counts == in_cube
    assert dict(sums) == pytest.approx(dict(sums_in_cube))
    assert run_checks(connection) == len(checks())


def test_bins_are_few_and_round(cube: Cube):
    """About 30 bins at most, side by side, of a width of 1, 2 or 5 times a power of ten; whole numbers are not split."""
    connection, numbers, _ = cube
    (width,) = connection.execute("select bin_width from marts.crossfilter_dimensions where dimension = 'amount'").fetchone()
    magnitude = 10 ** math.floor(math.log10(width) + 1e-9)
    assert round(width / magnitude, 9) in (1, 2, 5)
    if all(number == int(number) for number in numbers):
        assert width >= 1
    edges = connection.execute("select lower_edge, upper_edge from marts.crossfilter_bins where dimension = 'amount'").fetchall()
    assert 1 <= len(edges) <= 32
    assert all(edges[place][1] == edges[place + 1][0] for place in range(len(edges) - 1))


def test_values_on_an_edge_open_a_bin(connection: duckdb.DuckDBPyConnection):
    """A bin has its lower edge and not its upper: 20 is in the bin from 20."""
    _cubed(connection, [0, 19, 20, 59])
    rows = connection.execute(
        "select lower_edge, sum(count_customers) from marts.crossfilter_cube inner join marts.crossfilter_bins "
        "on dimension = 'amount' and bin = amount_bin group by 1 order by 1"
    ).fetchall()
    assert rows == [(0, 1), (18, 1), (20, 1), (58, 1)]


def test_a_constant_has_one_bin(connection: duckdb.DuckDBPyConnection, sample: Snapshot):
    """A number that is the same for all has one bin, and its sums are kept."""
    build(connection, ["raw.columns"])
    connection.executemany(
        "insert into raw.columns values ('customers', $1, $1, $2, $1, $1, '', null, null, 1, 'linear', '.', '', $3)",
        [("customer_id", "id", 1), ("amount", "numeric", 2), ("other", "numeric", 3)],
    )
    build(connection, [f"raw.{name}" for name in ("customers", "transactions", "stock", "results", "rejects", "sources", "gate")])
    connection.executemany("insert into raw.customers values ('literal', $1, $1, '7.5', $1)", [(place,) for place in range(4)])
    build(connection, ["staging", "features", "segments"])
    run(connection, 1, [Segmentation("any", "Any", ("other",), k=2)])
    build(connection, ["marts"])
    bins = connection.execute(
        "select bin, lower_edge, upper_edge from marts.crossfilter_bins where dimension = 'amount'"
    ).fetchall()
    assert bins == [(0, 7.0, 8.0)]
    assert connection.execute("select sum(sum_amount) from marts.crossfilter_cube where amount_bin = 0").fetchone() == (30.0,)


def _independent(connection: duckdb.DuckDBPyConnection, customers: int, numbers: int) -> None:
    """Make the cube of customers with so many numbers that have nothing to do with each other, and two categories."""
    build(connection, ["raw.columns"])
    names = [f"n{place}" for place in range(numbers)]
    kinds = [("customer_id", "id"), *((name, "numeric") for name in names), ("tier", "category"), ("town", "category")]
    connection.executemany(
        "insert into raw.columns values ('customers', $1, $1, $2, $1, $1, '', null, null, 1, 'linear', '.', '', $3)",
        [(name, kind, place) for place, (name, kind) in enumerate(kinds, start=1)],
    )
    build(connection, [f"raw.{name}" for name in ("customers", "transactions", "stock", "results", "rejects", "sources", "gate")])
    drawn = ", ".join(f"(hash(i, {place}) % 1000)::varchar" for place in range(numbers))
    connection.execute(
        f"insert into raw.customers select 'generated', i, i::varchar, {drawn}, ['gold', 'iron'][1 + i % 2], 'T' || i % 40 "
        f"from range({customers}) as t(i)"
    )
    build(connection, ["staging", "features", "segments"])
    dimensions = "customers", "crossfilter_dimensions", "crossfilter_bins", "crossfilter_cube"
    build(connection, [f"marts.{name}" for name in dimensions])


def test_each_of_few_customers_is_a_cell(connection: duckdb.DuckDBPyConnection):
    """Up to 5,000 the page can draw every customer; of more the cells are combinations of bins."""
    for customers, cells in ((5_000, 5_000), (5_001, 31 * 2 * 40)):
        with duckdb.connect() as own:
            add_scratch(own)
            _independent(own, customers, 1)
            (found,) = own.execute("select count(*) from marts.crossfilter_cube").fetchone()
            assert found == customers == cells or found <= cells < customers


@pytest.mark.parametrize(("numbers", "bins", "left_out"), [(2, 20, []), (3, 10, []), (5, 10, ["n4", "town"])])
def test_the_cube_stays_small_whatever_the_columns(
    connection: duckdb.DuckDBPyConnection, numbers: int, bins: int, left_out: list[str]
):
    """With more columns bins are fewer, and where that is not enough the last columns are left out; the rest counts everybody."""
    customers = 150_000
    _independent(connection, customers, numbers)
    cells, total = connection.execute("select count(*), sum(count_customers) from marts.crossfilter_cube").fetchone()
    assert total == customers
    assert cells <= 1.1 * 1_000_000 / (2 * numbers + 3)
    found = connection.execute("select dimension from marts.crossfilter_dimensions where not is_in_cube order by 1").fetchall()
    assert [name for (name,) in found] == left_out
    (used,) = connection.execute("select count(*) from marts.crossfilter_bins where dimension = 'n0'").fetchone()
    assert used == bins
    first_bins = connection.execute(
        "select count(*) from marts.customers, marts.crossfilter_bins where dimension = 'n0' and bin = 0 and n0 < upper_edge"
    ).fetchone()
    assert first_bins == connection.execute("select sum(count_customers) from marts.crossfilter_cube where n0_bin = 0").fetchone()
    for name in left_out:
        assert connection.execute(f"select count({name}_bin) from marts.crossfilter_cube").fetchone() == (0,)


@pytest.mark.parametrize("name", ["sample", "mall"])
@pytest.mark.parametrize("seed", range(5))
def test_a_filtered_cube_counts_what_sql_counts(name: str, seed: int, request: pytest.FixtureRequest):
    """For random brushes and picks, the cells that pass hold as many customers, and as much income, as direct SQL finds."""
    snapshot: Snapshot = request.getfixturevalue(name)
    random.seed(seed)
    in_cube, in_customers = [], []
    for dimension in snapshot.rows("from marts.crossfilter_dimensions order by position"):
        column, kind = dimension["dimension"], dimension["kind"]
        bins = snapshot.rows("from marts.crossfilter_bins where dimension = ? order by bin", [column])
        if kind == "numeric":
            low, high = sorted(random.sample(range(len(bins)), 2))
            in_cube.append(f"{column}_bin between {low} and {high}")
            in_customers.append(f"{column} >= {bins[low]['lower_edge']!r} and {column} < {bins[high]['upper_edge']!r}")
        else:
            picked = random.sample(bins, max(1, len(bins) - 1))
            values = [f"'{b['category']}'" if kind == "category" else str(b["segment_id"]) for b in picked]
            in_cube.append(f"{column}_bin in ({', '.join(str(b['bin']) for b in picked)})")
            in_customers.append(f"{column} in ({', '.join(values)})")
    sums = "coalesce(sum({}), 0) as income from marts.{} where {}"
    cube = snapshot.rows(
        "select coalesce(sum(count_customers), 0) as n, "
        + sums.format("sum_annual_income_k", "crossfilter_cube", " and ".join(in_cube))
    )
    direct = snapshot.rows("select count(*) as n, " + sums.format("annual_income_k", "customers", " and ".join(in_customers)))
    assert cube == direct


def test_the_dimensions_are_the_columns_of_customers(sample: Snapshot):
    """Every dimension is a column of marts.customers, in the order of the page, and has a column in the cube."""
    dimensions = sample.columns("select dimension, kind, position from marts.crossfilter_dimensions order by position")
    assert dimensions["position"] == list(range(1, 9))
    assert dimensions["kind"] == ["numeric"] * 3 + ["category"] + ["segment"] * 4
    customers = set(sample.columns("from marts.customers limit 0"))
    cube = set(sample.columns("from marts.crossfilter_cube limit 0"))
    assert set(dimensions["dimension"]) == customers - {"customer_id"}
    assert {f"{dimension}_bin" for dimension in dimensions["dimension"]} <= cube
