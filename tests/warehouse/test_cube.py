import math
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import cycle, islice

import duckdb
import pytest

from analytics.run import Segmentation, run
from warehouse.build import build
from warehouse.builder import add_scratch
from warehouse.catalog import checks
from warehouse.checks import run_checks
from warehouse.connection import Snapshot
from warehouse.rules import count_rules

pytestmark = pytest.mark.xdist_group("cube")  # the marts are built once

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

ALONE = {"on an edge": [0, 19, 20, 59], "constant": [7.5]}
"""What else it may hold: values of which the bins are written down below."""

PEOPLE = 31
"""Customers: as many as the longest list has numbers; the others begin anew."""


class Cube:
    """The marts of customers who have a number of each list, and a category, `tier`."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self.connection = connection
        lists = NUMBERS | ALONE | WIDE
        self.column_of: Mapping[str, str] = {name: f"amount_{place}" for place, name in enumerate(lists)}
        build(connection, ["raw.columns"])
        kinds = [("customer_id", "id", "linear")]
        kinds += [(column, "numeric", "log" if name in WIDE else "linear") for name, column in self.column_of.items()]
        kinds += [("tier", "category", "linear")]
        connection.executemany(
            "insert into raw.columns values ('customers', $1, $1, $2, $1, $1, '', null, null, 1, $4, '.', '', $3)",
            [(name, kind, place, scale) for place, (name, kind, scale) in enumerate(kinds, start=1)],
        )
        sources = ("customers", "transactions", "stock", "results", "rejects", "sources", "gate")
        build(connection, [f"raw.{name}" for name in sources])
        given = zip(*(islice(cycle(numbers), PEOPLE) for numbers in lists.values()), strict=True)
        connection.executemany(
            f"insert into raw.customers values ('literal', $1, $1{''.join(f', ${place + 2}' for place in range(len(lists) + 1))})",
            [(place, *map(repr, numbers), "gold" if place % 3 else "iron") for place, numbers in enumerate(given)],
        )
        build(connection, ["staging", "features", "segments"])
        run(connection, 1, [Segmentation("any", "Any", tuple(self.column_of[name] for name in lists if name != "constant"), k=2)])
        build(connection, ["marts"])
        count_rules(connection)

    def bins(self, name: str) -> list[tuple[int, float, float]]:
        """The bins of a list: number, lower and upper edge."""
        return self.connection.execute(
            "select bin, lower_edge, upper_edge from marts.crossfilter_bins where dimension = ? order by bin",
            [self.column_of[name]],
        ).fetchall()

    def counts(self, name: str) -> list[tuple[float, int]]:
        """Customers by the lower edge of their bin of a list."""
        column = self.column_of[name]
        return self.connection.execute(
            "select lower_edge, sum(count_customers)::integer from marts.crossfilter_cube inner join marts.crossfilter_bins "
            f"on dimension = '{column}' and bin = {column}_bin group by 1 order by 1"
        ).fetchall()


@pytest.fixture(scope="module")
def cube() -> Iterator[Cube]:
    """Built once for all lists of numbers."""
    with duckdb.connect() as connection:
        add_scratch(connection)
        yield Cube(connection)


def test_every_check_holds(cube: Cube):
    """Whatever the numbers are, and in all columns at once."""
    assert run_checks(cube.connection) == len(checks())


@pytest.mark.parametrize("name", NUMBERS)
def test_the_bins_are_what_their_edges_say(cube: Cube, name: str):
    """Every customer is in the one bin whose edges hold the value; the cube counts and sums exactly these cells."""
    _assert_in_bins(cube, name, NUMBERS[name])


@pytest.mark.parametrize("name", WIDE)
def test_the_bins_of_a_log_scale_are_what_their_edges_say(cube: Cube, name: str):
    """The same on a log scale, where bins lie side by side, five for every ten times, and nought opens one."""
    _assert_in_bins(cube, name, WIDE[name])
    edges = [(lower, upper) for _, lower, upper in cube.bins(name)]
    assert [upper for _, upper in edges[:-1]] == [lower for lower, _ in edges[1:]]
    assert all(0 in pair or max(pair, key=abs) / min(pair, key=abs) <= 2 or pair[1] == 1e18 for pair in edges)
    assert edges[0][0] <= min(WIDE[name]) < edges[0][1]


def _assert_in_bins(cube: Cube, name: str, numbers: list[float]) -> None:
    column, bins = cube.column_of[name], cube.bins(name)
    customers = cube.connection.execute(f"select {column}, tier, any_kmeans, any_hierarchical from marts.customers").fetchall()
    assert Counter(amount for amount, *_ in customers) == Counter(islice(cycle(numbers), PEOPLE))
    counts: Counter[tuple[int, ...]] = Counter()
    sums: Counter[tuple[int, ...]] = Counter()
    for amount, tier, *segments in customers:
        (amount_bin,) = (number for number, lower, upper in bins if lower <= amount < upper)
        cell = (amount_bin, ["gold", "iron"].index(tier), *(segment - 1 for segment in segments))
        counts[cell] += 1
        sums[cell] += amount
    cells = cube.connection.execute(
        f"select {column}_bin, tier_bin, any_kmeans_bin, any_hierarchical_bin, count_customers, sum_{column} "
        "from marts.crossfilter_cube"
    ).fetchall()
    in_cube: Counter[tuple[int, ...]] = Counter()
    sums_in_cube: Counter[tuple[int, ...]] = Counter()
    for *bins_of_cell, count, total in cells:
        in_cube[tuple(bins_of_cell)] += count
        sums_in_cube[tuple(bins_of_cell)] += total
    assert counts == in_cube
    assert dict(sums) == pytest.approx(dict(sums_in_cube))


@pytest.mark.parametrize("name", NUMBERS)
def test_bins_are_few_and_round(cube: Cube, name: str):
    """About 30 bins at most, side by side, of a width of 1, 2 or 5 times a power of ten; whole numbers are not split."""
    (width,) = cube.connection.execute(
        "select bin_width from marts.crossfilter_dimensions where dimension = ?", [cube.column_of[name]]
    ).fetchone()
    magnitude = 10 ** math.floor(math.log10(width) + 1e-9)
    assert round(width / magnitude, 9) in (1, 2, 5)
    if all(number == int(number) for number in NUMBERS[name]):
        assert width >= 1
    bins = cube.bins(name)
    assert 1 <= len(bins) <= 32
    assert all(bins[place][2] == bins[place + 1][1] for place in range(len(bins) - 1))


def test_values_on_an_edge_open_a_bin(cube: Cube):
    """A bin has its lower edge and not its upper: 20 is in the bin from 20."""
    assert cube.counts("on an edge") == [(0, 8), (18, 8), (20, 8), (58, 7)]


def test_a_constant_has_one_bin(cube: Cube):
    """A number that is the same for all has one bin, and its sums are kept."""
    assert cube.bins("constant") == [(0, 7.0, 8.0)]
    column = cube.column_of["constant"]
    total = cube.connection.execute(f"select sum(sum_{column}) from marts.crossfilter_cube where {column}_bin = 0").fetchone()
    assert total == (7.5 * PEOPLE,)


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
