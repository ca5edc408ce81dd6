"""Loading stock: every row is kept, a copy or rejected, and is of the item that the transactions sell."""

from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from etl.accounts import LoadReport
from etl.further import load_stock
from etl.mapping import read_mapping
from etl.transactions import load_transactions_and_customers
from etl.vocabulary import STOCK
from tests.helpers import QUICK, four, refreshed, rejects
from warehouse.build import build
from warehouse.errors import GateError, InputError

Write = Callable[..., Path]
SOLD = (
    "invoice,date,customer_id,sku,description,category,quantity,unit_price\n"
    "1,2024-01-01,A,p1,Lamp,Light,2,5\n1,2024-01-01,A,p2,Chair,Seats,1,5\n2,2024-01-02,B,p3,Stool,Seats,1,5\n"
    "3,2024-01-03,B,p4,Stool,Seats,1,5\n"
)


def stocked(connection: duckdb.DuckDBPyConnection, write: Write, rows: str, mapping: str = "") -> LoadReport:
    """Load SOLD, a file of stock beside it, and make features.stock."""
    load_transactions_and_customers(connection, write(SOLD, "sold.csv"))
    report = load_stock(connection, write(rows, "stock.csv"), read_mapping(write(mapping, "m.toml"), STOCK))
    build(connection, ["features.service_rules", "features.products", "features.transaction_lines", "features.stock"])
    return report


@pytest.mark.parametrize(
    "header", ["sku,name of it,on_hand", "Product Code;Description;Units in Stock", "StockCode\tItem Name\tQty", "item,what,stock"]
)
def test_headers_are_recognised(connection: duckdb.DuckDBPyConnection, write: Write, header: str):
    """Those of several systems; a product, a name or a category and how many there are is enough."""
    mark = next(mark for mark in ",;\t" if mark in header)
    report = stocked(connection, write, f"{header}\nP1{mark}Lamp{mark}12\n")
    assert report.rows_kept == 1
    assert connection.execute("select product, on_hand from staging.stock").fetchall() == [("P1", 12.0)]


def test_rows_are_of_the_items_that_are_sold(connection: duckdb.DuckDBPyConnection, write: Write):
    """By code in any case, else by the name that only one product has; places are added up, categories are those of the sales."""
    rows = (
        "sku,product name,category,store,on hand\np1,,Other,North,3\nP1,,Other,South,4.5\n,chair,,North,2\n,Stool,,North,9\n"
        "p9,,New,North,1\np3,,,North,-2\n"
    )
    stocked(connection, write, rows)
    found = connection.execute("select item_kind, item, on_hand, count_rows, is_sold from features.stock order by all").fetchall()
    assert found == [
        *[("category", "Light", 7.5, 2, True), ("category", "New", 1.0, 1, False), ("category", "Seats", 0.0, 2, True)],
        *[("product", "P1", 7.5, 2, True), ("product", "P2", 2.0, 1, True), ("product", "P3", -2.0, 1, True)],
        *[("product", "P9", 1.0, 1, False), ("product", "Stool", 9.0, 1, False)],
    ]


def test_stock_of_categories_alone(connection: duckdb.DuckDBPyConnection, write: Write):
    """Where there is no product, a row is of its category."""
    stocked(connection, write, "category,pieces\nSeats,5\nSeats,6\n")
    assert connection.execute("select item_kind, item, on_hand from features.stock").fetchall() == [("category", "Seats", 11.0)]


REJECTED = (
    (",5", "no item", "the row has no sku"),
    ("p1,", "no amount", "the row has no on hand"),
    ("p1,many", "not a number", "on hand is 'many', which is not a number"),
    ("p1,1e15", "out of range", "on hand is 1e15, beyond a million millions"),
    ("Total,100", "subtotal row", "'Total' stands where an item should: a row of totals"),
    ("sku,on hand", "repeated header", "the row repeats the header"),
    (",", "blank row", "the row is blank"),
)
"""A row, the rule by which it is rejected, and the reason."""


def test_why_a_row_is_rejected(connection: duckdb.DuckDBPyConnection, write: Write):
    """The rows stand in raw.rejects, and the others are kept."""
    rows = "".join(f"{row}\n" for row, *_ in REJECTED)
    report = stocked(connection, write, f"sku,on hand\np1,4\n{rows}p2,1\n")
    assert (report.rows_in, report.rows_kept, report.rows_rejected) == (2 + len(REJECTED), 2, len(REJECTED))
    assert rejects(connection) == [("stock", line, rule, reason, row) for line, (row, rule, reason) in enumerate(REJECTED, start=3)]


def test_rows_that_are_alike_all_count(connection: duckdb.DuckDBPyConnection, write: Write, tmp_path: Path):
    """Two shelves, or two stores in files of their own, may have as many of an item."""
    report = stocked(connection, write, "sku,on hand\np1,4\np1,4\n")
    assert (report.rows_in, report.rows_kept, report.rows_duplicate) == (2, 2, 0)
    assert connection.execute("select on_hand from features.stock where item_kind = 'product'").fetchall() == [(8.0,)]
    folder = tmp_path / "stores"
    folder.mkdir()
    for name in ("north.csv", "south.csv"):
        (folder / name).write_text("sku,on hand\np1,4\n")
    load_transactions_and_customers(connection, write(SOLD, "sold.csv"))
    load_stock(connection, folder)
    assert connection.execute("select sum(on_hand) from staging.stock").fetchone() == (8.0,)


def test_what_is_not_known_is_not_loaded(connection: duckdb.DuckDBPyConnection, write: Write):
    """A stock is nobody's: what its notes say of people stays in the file."""
    stocked(connection, write, "sku,on hand,note,customer_id\np1,4,for PERSON-1,PERSON-1\n")
    assert "PERSON-1" not in str(connection.execute("from raw.stock").fetchall())
    kinds = connection.execute("select source_header, kind from raw.columns where source = 'stock' order by position").fetchall()
    assert kinds == [("sku", "text"), ("on hand", "numeric"), ("note", "ignore"), ("customer_id", "ignore")]


def test_names_in_the_place_of_codes_and_codes_that_are_unknown(connection: duckdb.DuckDBPyConnection, write: Write):
    """A name under "product" finds its product; an unknown code is another product, whatever its name; categories in any case."""
    stocked(connection, write, "product,description,category,on hand\nCHAIR,,,3\np9,Lamp,,5\n,,seats,7\n")
    found = connection.execute("select item_kind, item, on_hand, is_sold from features.stock order by all").fetchall()
    assert found == [("category", "Seats", 10.0, True), ("product", "P2", 3.0, True), ("product", "P9", 5.0, False)]


def test_products_whose_names_begin_like_totals(connection: duckdb.DuckDBPyConnection, write: Write):
    """Only a row that names nothing else is one of totals."""
    report = stocked(connection, write, "name,item name,sku,on hand\nx,Total bleach,p1,4\n,Total,,9\n")
    assert (report.rows_kept, report.rows_rejected) == (1, 1)


def test_a_mapping_says_which_column_is_which(connection: duckdb.DuckDBPyConnection, write: Write):
    """And how numbers are written."""
    mapping = '[stock.columns]\nArtikel = "product"\nda = "on_hand"\nnote = "ignore"\n[stock.file]\ndecimal = ","\n'
    stocked(connection, write, "Artikel;da;note\np1;1.234;x\n", mapping)
    assert connection.execute("select product, on_hand from staging.stock").fetchall() == [("P1", 1234.0)]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("name of it,on hand\nx,1\n", r'stock\.csv: a needed column is missing; .* \[stock\.columns\] "\.\.\." = "product"'),
        ("sku,colour\np1,red\n", r"stock\.csv: a needed column is missing; its columns are 'sku', 'colour'\. .* on_hand \(headers"),
        ("sku,on hand\n", r"stock\.csv: has a header but no stock"),
        ("sku,on hand\np1,x\n", r"stock\.csv: not one of its 1 rows can be used; the first is line 2"),
        ("sku,stock,available\np1,1,2\n", r"stock\.csv: columns 'stock' and 'available' both mean on_hand"),
    ],
)
def test_files_that_cannot_be_used(connection: duckdb.DuckDBPyConnection, write: Write, rows: str, message: str):
    """One line that names the file."""
    with pytest.raises(InputError, match=message):
        stocked(connection, write, rows)


def test_what_the_gate_says(tmp_path: Path, write: Write):
    """Strangers and several rows of an item are warned of; stock of nothing that is sold, or of no sales, is refused."""
    segmentation = write('[value]\nfeatures = ["monetary"]\nk = 2\n', "v.toml")
    sold = write(SOLD + "".join(f"{n},2024-01-0{n},C{n},p{n % 4},Thing,Light,1,{n}\n" for n in range(4, 9)), "sold.csv")

    def refresh(stock: str):
        return refreshed(tmp_path / "w", None, segmentation, transactions=sold, stock=write(stock, "stock.csv"))

    db = refresh("sku,size,on hand\np1,S,1\np1,L,1\np8,S,5\np9,S,9\n")
    said = {(row["rule"], row["verdict"], row["detail"]) for row in db.rows("from marts.gate") if "tock" in row["rule"]}
    assert said == {
        ("Rows of stock rejected", "passed", "Every one of the 4 rows of stock can be used."),
        ("Stock", "warned", "1 of 3 products are in the transactions; not 'P9', 'P8'."),
        ("Stock", "warned", "Several rows, perhaps of several places, are of one product, 1 times: they were added up."),
    }
    with pytest.raises(GateError, match=r"stock\.csv: not published: 0 of 1 products are in the transactions; not 'P9'; write"):
        refresh("sku,on hand\np9,1\n")
    with pytest.raises(GateError, match=r"stock\.csv: not published: 2 of 3 rows of stock cannot be used \("):
        refresh("sku,on hand\np1,1\np1,x\np1,y\n")
    with pytest.raises(InputError, match=r"stock\.csv: what is in stock says something beside what is sold: give TRANSACTIONS"):
        refreshed(tmp_path / "x", write(four()), write(QUICK, "q.toml"), stock=write("sku,on hand\np1,1\n", "stock.csv"))
