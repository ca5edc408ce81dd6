"""Loading transactions: every line is kept, marked as a copy or rejected, and what it says is read as it is written."""

from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from etl.accounts import LoadReport
from etl.mapping import Mapping, read_mapping
from etl.transactions import load_transactions, load_transactions_and_customers
from etl.vocabulary import BOTH, TRANSACTIONS
from tests.helpers import FOUR, HEADER, loaded, refreshed, rejects
from warehouse.errors import GateError, InputError
from warehouse.forgotten import Forgotten

Write = Callable[..., Path]
LINES = "invoice,date,customer_id,product,quantity,price\n"


def alone(connection: duckdb.DuckDBPyConnection, path: Path, mapping: str = "") -> tuple[LoadReport, LoadReport]:
    """Load transactions, and the customers made from them."""
    said = path.parent / "said.toml"
    said.write_text(mapping)
    return load_transactions_and_customers(connection, path, read_mapping(said, BOTH))


def beside(connection: duckdb.DuckDBPyConnection, customers: Path, path: Path) -> LoadReport:
    """Load customers, and transactions beside them."""
    loaded(connection, customers)
    return load_transactions(connection, path)


def test_every_row_of_the_real_file_is_accounted_for(connection: duckdb.DuckDBPyConnection, shared_data: Path):
    """UCI Online Retail: 541,909 lines, of which 5,268 repeat another, 4,372 customers, and its revenue to the tenth of a penny."""
    report, customers = load_transactions_and_customers(connection, shared_data / "online_retail.parquet")
    assert (report.rows_in, report.rows_kept, report.rows_duplicate, report.rows_rejected) == (541_909, 536_641, 5_268, 0)
    assert customers.rows_kept == 4_372
    direct = f"from read_parquet('{shared_data / 'online_retail.parquet'}')"
    counted = connection.execute(f"select count(*), count(distinct CustomerID), sum(Quantity) {direct}").fetchone()
    own = "select count(*), count(distinct customer_id), sum(quantity) from staging.transactions"
    assert connection.execute(own).fetchone() == counted
    assert connection.execute("select sum(amount) from staging.transactions").fetchone() == (Decimal("9747747.9340"),)
    copies = connection.execute(f"select count(*) - count(distinct t) from (select t {direct} as t)").fetchone()
    assert copies == (5_268,)


def test_one_file_that_is_both(connection: duckdb.DuckDBPyConnection, shared_data: Path):
    """The Istanbul file: days come first, its "price" is of the line, and gender and age are the customers' own."""
    report, customers = load_transactions_and_customers(connection, shared_data / "istanbul_shopping.csv")
    assert [column.name for column in customers.columns] == ["customer_id", "gender", "age"]
    assert customers.rows_kept == report.rows_kept == 99_457
    assert "'price' was read as the amount of the whole line" in report.warnings[0]
    span = "select min(occurred_at), max(occurred_at), sum(amount) from staging.transactions"
    assert [str(value) for value in connection.execute(span).fetchone()] == [
        *("2021-01-01 00:00:00", "2023-03-08 00:00:00", "68551365.9100")
    ]
    person = connection.execute("select gender, age from staging.customers where customer_id = 'C241288'").fetchone()
    assert person == ("Female", 28)


@pytest.mark.parametrize(
    ("header", "names"),
    [
        (
            "InvoiceNo;StockCode;Quantity;InvoiceDate;UnitPrice;CustomerID",
            "transaction_id product quantity occurred_at unit_price customer_id",
        ),
        (
            "Order ID;Order Date;Customer ID;Product ID;Category;Product Name;Sales",
            "transaction_id occurred_at customer_id product category product_name amount",
        ),
        ("order_id;timestamp;user_id;sku;qty;total", "transaction_id occurred_at customer_id product quantity amount"),
        ("date;member_id;amount;id", "occurred_at customer_id amount id"),
        ("id;date;buyer;amount", None),
    ],
)
def test_headers_are_recognised(connection: duckdb.DuckDBPyConnection, write: Write, header: str, names: str | None):
    """The usual headers of several systems; a bare "id" is nobody's id in a file of transactions."""
    values = {"date": "2024-01-02", "time": "2024-01-02"}
    row = ";".join(next((value for word, value in values.items() if word in name.lower()), "7") for name in header.split(";"))
    path = write(f"{header}\n{row}\n")
    if names is None:
        with pytest.raises(InputError, match=r"a needed column is missing.* customer_id \(headers like customer,"):
            load_transactions_and_customers(connection, path)
    else:
        report, _ = load_transactions_and_customers(connection, path)
        assert [column.name for column in report.columns] == names.split()


TIMES = (
    ("2010-12-01 08:26:00", "2010-12-01 08:26:00"),
    ("2010-12-01T08:26:00Z", "2010-12-01 08:26:00"),
    ("2010-12-01T08:26:00+02:00", "2010-12-01 08:26:00"),
    (" 2010-12-01 ", "2010-12-01 00:00:00"),
    ("2010/12/01 8:26", "2010-12-01 08:26:00"),
    ("20101201", "2010-12-01 00:00:00"),
    ("13/12/2010", "2010-12-13 00:00:00"),
    ("3/4/2010 8:26", "2010-04-03 08:26:00"),
    ("3/4/10 8:26", "2010-04-03 08:26:00"),
    ("03-04-2010 08:26:30", "2010-04-03 08:26:30"),
    ("3.4.2010 08:26", "2010-04-03 08:26:00"),
    ("01 Dec 2010", "2010-12-01 00:00:00"),
    ("1-Dec-10", "2010-12-01 00:00:00"),
    ("December 1, 2010", "2010-12-01 00:00:00"),
    ("12/13/2010 01:05 PM", None),
    ("2010-02-30", None),
    ("31/11/2010", None),
    ("10-12-01", "2001-12-10 00:00:00"),
    ("yesterday", None),
    ("infinity", None),
    ("epoch", None),
    ("45000", None),
    ("2200-01-01", None),
    ("1899-12-31", None),
)
"""How a time is written in a file with the day first, and the time it is; None where it is none, or cannot be true."""


def test_a_time_is_read_as_it_is_written(connection: duckdb.DuckDBPyConnection, write: Write):
    """ISO, figures with the day first where others show it, names of months; what is no time, or cannot be true, is rejected."""
    rows = "".join(f'{n},"{date}",c{n},p,1,5\n' for n, date in enumerate(["25/12/2010", *(text for text, _ in TIMES)]))
    load_transactions_and_customers(connection, write(LINES + rows))
    found = dict(connection.execute("select source_line, occurred_at::varchar from staging.transactions").fetchall())
    rejected = dict(connection.execute("select source_line, rule from raw.rejects").fetchall())
    assert {text: found.get(line) for line, (text, _) in enumerate(TIMES, start=3)} == dict(TIMES)
    assert rejected.keys() == {line for line, (_, time) in enumerate(TIMES, start=3) if time is None}
    assert set(rejected.values()) <= {"not a date", "out of range"}


@pytest.mark.parametrize(("text", "time"), [("3/4/2010 8:26", "2010-04-03 08:26:00"), ("12/13/2010 01:05 PM", None)])
def test_one_date_tells_of_another(connection: duckdb.DuckDBPyConnection, write: Write, text: str, time: str | None):
    """That the day comes first; also against one that would have it otherwise, which is rejected."""
    load_transactions_and_customers(connection, write(f"{LINES}1,25/12/2010,c0,p,1,5\n2,{text},c1,p,1,5\n"))
    found = connection.execute("select occurred_at::varchar from staging.transactions order by source_line").fetchall()
    assert found == [("2010-12-25 00:00:00",), *([(time,)] if time else [])]
    rejected = connection.execute("select source_line, rule from raw.rejects").fetchall()
    assert rejected == ([] if time else [(3, "not a date")])


def test_months_come_first_where_the_dates_show_it(connection: duckdb.DuckDBPyConnection, write: Write):
    """One date with a figure above 12 tells for all; a mapping overrules it; where nothing tells, a warning says what was done."""
    ask = "select list(cast(occurred_at as date)::varchar order by source_line) from staging.transactions"
    path = write(LINES + "1,03/04/2024,a,p,1,5\n2,12/25/2023,b,p,1,5\n3,1/2/24 1:05 PM,b,p,1,5\n")
    report, _ = alone(connection, path)
    assert connection.execute(ask).fetchone() == (["2024-03-04", "2023-12-25", "2024-01-02"],)
    assert report.warnings == ()
    path = write(LINES + "1,03/04/2024,a,p,1,5\n2,11/12/2023,b,p,1,5\n")
    report, _ = alone(connection, path)
    assert connection.execute(ask).fetchone() == (["2024-04-03", "2023-12-11"],)
    assert report.warnings == (
        "'03/04/2024' was read with the day first; if that is wrong, say so in a MAPPING file: "
        '[transactions.file] dates = "month"',
    )
    report, _ = alone(connection, path, '[transactions.file]\ndates = "month"\n')
    assert connection.execute(ask).fetchone() == (["2024-03-04", "2023-11-12"],)
    assert report.warnings == ()


def test_files_that_write_dates_otherwise_are_not_mixed(connection: duckdb.DuckDBPyConnection, tmp_path: Path):
    """Read together, half of the dates would be wrong without anyone noticing."""
    (tmp_path / "in").mkdir()
    for name, date in (("a.csv", "25/12/2023"), ("b.csv", "12/25/2023")):
        (tmp_path / "in" / name).write_text(f"{LINES}1,{date},a,p,1,5\n")
    with pytest.raises(InputError, match=r"in/a\.csv: its dates have the day first, and those of in/b\.csv the month"):
        load_transactions_and_customers(connection, tmp_path / "in")


REJECTED = (
    (",,,,,", "blank row", "the row is blank"),
    ("Total,,,,9,99", "subtotal row", "'Total' stands where a transaction should: a row of totals"),
    ("invoice,date,customer_id,product,quantity,price", "repeated header", "the row repeats the header"),
    ("7,,a,p,1,5", "no date", "the row has no date"),
    ("7,soon,a,p,1,5", "not a date", "date is 'soon', which is not a date"),
    ("7,1850-01-01,a,p,1,5", "out of range", "date is 1850-01-01, before 1900"),
    ("7,2100-01-01,a,p,1,5", "out of range", "date is 2100-01-01, which is still to come"),
    ("7,2024-01-02,a,p,two,5", "not a number", "quantity is 'two', which is not a number"),
    ("7,2024-01-02,a,p,1,5e13", "out of range", "price is 5e13, beyond a million millions"),
    ("7,2024-01-02,a,p,,5", "no amount", "the row has no price or no quantity"),
    ("7,2024-01-02,a,p,3,", "no amount", "the row has no price or no quantity"),
    ("7,2024-01-02,a,p,3", "broken row", ""),
)
"""A row, the rule by which it is rejected, and the reason; where that is empty, any."""


def test_why_a_line_is_rejected(connection: duckdb.DuckDBPyConnection, write: Write):
    """Each with its rule, a reason in a sentence and its text; the good lines around it stay."""
    lines = "".join(f"1{n},2024-01-01,a,p,2,5\n{row}\n" for n, (row, *_) in enumerate(REJECTED)) + "1,2024-01-01,a,p,2,5\n"
    report, _ = load_transactions_and_customers(connection, write(LINES + lines))
    count = len(REJECTED)
    assert (report.rows_in, report.rows_kept, report.rows_rejected) == (2 * count + 1, count + 1, count)
    found = [
        (source, line, rule, reason if said else "", row)
        for (source, line, rule, reason, row), (*_, said) in zip(rejects(connection), REJECTED, strict=True)
    ]
    assert found == [("transactions", 3 + 2 * n, rule, reason, row) for n, (row, rule, reason) in enumerate(REJECTED)]


def test_copies_are_marked_within_a_transaction_only(connection: duckdb.DuckDBPyConnection, write: Write):
    """A line that equals an earlier one in every column does not count; the same purchase on another receipt does."""
    bought = ["1,2024-01-01,a,p,2,5", "1,2024-01-01,a,p,2,5", "1,2024-01-01,a,p,3,5", "2,2024-01-01,a,p,2,5"]
    rows = "\n".join([*bought, *2 * [",2024-01-01,a,p,2,5"]])
    report, _ = load_transactions_and_customers(connection, write(LINES + rows))
    assert (report.rows_in, report.rows_kept, report.rows_duplicate) == (6, 5, 1)
    assert connection.execute("select source_line from staging.transactions where is_duplicate").fetchall() == [(3,)]
    made = connection.execute("select distinct transaction_id from staging.transactions where source_line > 5").fetchall()
    assert made == [("a 2024-01-01 00:00:00",)]


def test_a_price_is_of_a_piece_unless_it_grows_with_the_quantity(connection: duckdb.DuckDBPyConnection, write: Write):
    """What varies less within a product is what the column holds; a mapping has the last word."""
    ask = "select list(amount::double order by source_line) from staging.transactions"
    of_piece = "".join(f"{n},2024-01-01,a,p{n % 2},{n},{3 + n % 2}\n" for n in range(1, 7))
    report, _ = alone(connection, write(LINES + of_piece))
    assert connection.execute(ask).fetchone() == ([n * (3.0 + n % 2) for n in range(1, 7)],)
    assert report.warnings == ()
    of_line = "".join(f"{n},2024-01-01,a,p{n % 2},{n},{n * (3 + n % 2)}\n" for n in range(1, 7))
    path = write(LINES + of_line)
    report, _ = alone(connection, path)
    assert connection.execute(ask).fetchone() == ([n * (3.0 + n % 2) for n in range(1, 7)],)
    assert connection.execute("select unit_price from staging.transactions where source_line = 7").fetchone() == (3.0,)
    assert "'price' was read as the amount" in report.warnings[0]
    report, _ = alone(connection, path, '[transactions.columns]\nprice = "unit_price"\n')
    assert connection.execute("select amount::double from staging.transactions where source_line = 7").fetchone() == (108.0,)
    assert report.warnings == ()


def test_customers_are_what_their_latest_lines_say(connection: duckdb.DuckDBPyConnection, write: Write):
    """A later line wins, an empty value does not, and a mapping can make a category of a further column."""
    rows = ["2024-01-01,a,5,30,web,x", "2024-03-01,a,5,31,,y", "2024-02-01,a,5,99,shop,z", "2024-01-01,,5,50,web,"]
    text = "\n".join(["date,customer_id,amount,age,Channel,Note", *rows])
    _, customers = alone(connection, write(text), '[transactions.columns]\nChannel = "category"\n')
    assert connection.execute("from staging.customers").fetchall() == [("a", "shop", 31.0)]
    assert (customers.source, customers.rows_kept, customers.is_of_files) == ("customers", 1, False)


def test_transactions_beside_customers_carry_what_they_say_of_people(connection: duckdb.DuckDBPyConnection, write: Write):
    """The customers file has the word: an age on a receipt is text."""
    report = beside(connection, write(HEADER + FOUR), write("date,customer_id,amount,age\n2024-01-01,1,5,30\n", "t.csv"))
    assert {column.name: column.kind for column in report.columns}["age"] == "text"
    assert connection.execute("select age from staging.customers where customer_id = '1'").fetchone() == (19.0,)


def test_erased_people_stay_out(connection: duckdb.DuckDBPyConnection, write: Write):
    """Their lines are counted, not loaded, and what others say of them is taken out."""
    forgotten = Forgotten("salt", ())
    forgotten = Forgotten("salt", (forgotten.hash("PERSON-1"),))
    text = "id,date,customer_id,amount,note\n1,2024-01-01,PERSON-1,5,\n2,2024-01-01,a,5,for PERSON-1\n3,never,b,5,PERSON-1\n"
    report, customers = load_transactions_and_customers(connection, write(text), Mapping(), forgotten)
    assert (report.rows_in, report.rows_kept, report.rows_rejected, report.rows_forgotten) == (3, 1, 1, 1)
    assert customers.rows_kept == 1
    assert connection.execute("select note from raw.transactions").fetchall() == [(None,)]
    assert connection.execute("select row_text from raw.rejects").fetchall() == [(None,)]
    assert "line 2" in report.warnings[0]


def test_what_the_gate_says(tmp_path: Path, write: Write):
    """Lines of nobody and of strangers are told; no line of a customer, and too many rejected lines, are refused and named."""
    customers = write(HEADER + FOUR)
    lines = "date,customer_id,amount\n" + "".join(
        f"2024-01-{day:02},{who},{day}\n" for day, who in enumerate("1112334499", start=1)
    )
    path = write(f"{lines}2024-02-01,,5\n", "t.csv")
    db = refreshed(tmp_path / "w", customers, None, transactions=path)
    verdicts = {row["rule"]: (row["verdict"], row["detail"]) for row in db.rows("from raw.gate")}
    told = "8 of 11 lines are of a customer, 1 name nobody, 2 are of 1 people who are not among the customers."
    assert verdicts["Lines of customers"] == ("warned", told)
    assert verdicts["Columns"] == ("passed", "Every column that spending, lifestyle, value needs is there.")
    assert [row["segmentation"] for row in db.rows("from marts.clusterings where algorithm = 'kmeans'")] == [
        *("spending", "lifestyle", "value")
    ]
    strangers = write("date,customer_id,amount\n2024-01-01,x1,5\n2024-01-02,x2,5\n", "s.csv")
    with pytest.raises(GateError, match=r"s\.csv: not published: 0 of 2 lines are of a customer"):
        refreshed(tmp_path / "w", customers, None, transactions=strangers)
    broken = write(lines + "never,1,5\n", "b.csv")
    with pytest.raises(GateError, match=r"b\.csv: not published: 1 of 11 lines of transactions cannot be used \(1 .*\), more than"):
        refreshed(tmp_path / "w", customers, None, transactions=broken)
    with pytest.raises(GateError, match=r"version 1 has value.*come from transactions: give TRANSACTIONS=path"):
        refreshed(tmp_path / "w", customers, None)


def test_who_all_bought_once(tmp_path: Path, write: Write):
    """Recency and frequency say nothing then: that is told, and the segmentation by value is made from money alone."""
    lines = "date,customer_id,amount\n" + "".join(f"2024-01-{1 + n % 28:02},c{n},{5 + 90 * (n % 2) + n % 5}\n" for n in range(60))
    db = refreshed(tmp_path / "w", None, None, transactions=write(lines))
    told = db.columns("select verdict, detail from raw.gate where rule = 'Purchases' order by position")
    assert told["verdict"] == ["warned", "warned"]
    assert told["detail"] == [
        "No customer bought more than once, so that how lately and how often says nothing of them.",
        "value is made from monetary alone: recency_days, frequency tell nothing of these customers.",
    ]
    assert db.value("select any_value(features) from segments.runs") == ["monetary"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[transactions]\nage = 1\n", "unknown entry age; known are [transactions.columns] and [transactions.file]"),
        ('[transactions.columns]\nA = "age"\n', "[transactions.columns] 'A': there is no column 'age'; known are transaction_id"),
        ('[transactions.file]\ndates = "year"\n', '[transactions.file]: dates must be "day" or "month"'),
        ('[file]\ndates = "day"\n', None),
    ],
)
def test_a_bad_mapping_of_transactions_is_one_sentence(write: Write, text: str, reason: str | None):
    """What is said of transactions is checked like what is said of customers; each source has its own tables."""
    path = write(text, "mapping.toml")
    if reason is None:
        assert read_mapping(path, TRANSACTIONS).options.dates is None
        with pytest.raises(InputError, match="unknown entry dates"):
            read_mapping(path)
    else:
        with pytest.raises(InputError) as error:
            read_mapping(path, TRANSACTIONS)
        assert str(error.value).startswith(f"{path}: {reason}")
