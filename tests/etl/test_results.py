"""Loading results of campaigns: every row is kept, a copy, a person's who was erased, or rejected with a reason."""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import duckdb
import pytest

from etl.accounts import LoadReport
from etl.further import load_results
from etl.mapping import read_mapping
from etl.refresh import main
from etl.vocabulary import RESULTS
from tests.helpers import HEADER, QUICK, four, loaded, refreshed, rejects
from warehouse.connection import Warehouse
from warehouse.errors import InputError
from warehouse.forget import forget
from warehouse.forgotten import Forgotten

Write = Callable[..., Path]
GIVEN = "campaign,customer_id,group,outcome\n"


def resulted(connection: duckdb.DuckDBPyConnection, write: Write, rows: str, mapping: str = "", **more) -> LoadReport:
    """Load four customers, and results beside them."""
    loaded(connection, write(four()))
    return load_results(connection, write(rows, "results.csv"), read_mapping(write(mapping, "m.toml"), RESULTS), **more)


def test_groups_and_outcomes_are_read_as_people_write_them(connection: duckdb.DuckDBPyConnection, write: Write):
    """Headers of several systems, words for the groups, yes and no, and amounts with a decimal comma."""
    rows = "Campaign name;Customer;Arm;Converted;Stratum\na;1;Treatment;yes;x\na;2;held-out;FALSE;x\n"
    rows += "a;3;TEST GROUP;1,5;\na;4;control;0;\n"
    report = resulted(connection, write, rows)
    assert (report.rows_in, report.rows_kept) == (4, 4)
    found = connection.execute("select customer_id, test_group, outcome, stratum from staging.results order by 1").fetchall()
    assert found == [("1", "treatment", 1, "x"), ("2", "holdout", 0, "x"), ("3", "treatment", 1.5, None), ("4", "holdout", 0, None)]


REJECTED = (
    (",2,holdout,1", "no campaign", "the row has no campaign"),
    ("a,,holdout,1", "no customer id", "the row has no customer_id"),
    ("a,2,B,1", "no group", "group is 'B', which is neither treatment nor holdout"),
    ("a,2,,1", "no group", "group is '', which is neither treatment nor holdout"),
    ("a,2,holdout,", "no outcome", "the row has no outcome; who did nothing has 0"),
    ("a,2,holdout,maybe", "not a number", "outcome is 'maybe', which is not a number"),
    (",,,", "blank row", "the row is blank"),
    ("campaign,customer_id,group,outcome", "repeated header", "the row repeats the header"),
)
"""A row, the rule by which it is rejected, and the reason."""


def test_why_a_row_is_rejected(connection: duckdb.DuckDBPyConnection, write: Write):
    """The rows stand in raw.rejects, and the others are kept."""
    rows = "".join(f"{row}\n" for row, *_ in REJECTED)
    report = resulted(connection, write, f"{GIVEN}a,1,treatment,1\n{rows}a,3,holdout,0\n")
    assert (report.rows_in, report.rows_kept, report.rows_rejected) == (2 + len(REJECTED), 2, len(REJECTED))
    assert rejects(connection) == [
        ("results", line, rule, reason, row) for line, (row, rule, reason) in enumerate(REJECTED, start=3)
    ]


def test_who_stands_twice(connection: duckdb.DuckDBPyConnection, write: Write):
    """A copy does not count; rows that contradict each other are both rejected; another campaign is another matter."""
    report = resulted(
        connection, write, f"{GIVEN}a,1,test,1\na,1,test,1\na,2,test,1\na,2,holdout,1\nb,2,holdout,0\na,3,holdout,0\n"
    )
    assert (report.rows_in, report.rows_kept, report.rows_duplicate, report.rows_rejected) == (6, 3, 1, 2)
    reasons = connection.execute("select distinct rule, reason from raw.rejects").fetchall()
    assert reasons == [("conflicting rows", "customer 2 stands in the campaign more than once, with different values")]
    assert connection.execute("select campaign, customer_id from staging.results order by all").fetchall() == [
        *[("a", "1"), ("a", "3"), ("b", "2")]
    ]


def test_rows_that_differ_in_what_is_not_looked_at(connection: duckdb.DuckDBPyConnection, write: Write):
    """Two mailings of one campaign to a customer: the customer counts once."""
    resulted(
        connection, write, "campaign,customer_id,group,outcome,mail\na,1,test,1,first\na,1,test,1,second\na,2,holdout,0,first\n"
    )
    assert connection.execute("select customer_id, mail from staging.results order by all").fetchall() == [
        ("1", "first"),
        ("2", "first"),
    ]


def test_erased_people_stay_out(connection: duckdb.DuckDBPyConnection, write: Write):
    """By their id, and by the hash of it that a list may have."""
    forgotten = Forgotten("salt", ())
    forgotten = Forgotten("salt", forgotten.hashes_of("PERSON-1"))
    hashed = sha256(b"PERSON-1").hexdigest()
    rows = f"a,PERSON-1,test,1\nb,{hashed},test,1\nc,{hashed.upper()},test,1\na,2,holdout,0\n"
    report = resulted(connection, write, GIVEN + rows, forgotten=forgotten)
    assert (report.rows_in, report.rows_kept, report.rows_forgotten) == (4, 1, 3)
    assert "still holds people who were erased on request, in 3 rows (line 2, 3, 4)" in " ".join(report.warnings)


def test_an_id_as_our_lists_have_it(connection: duckdb.DuckDBPyConnection, write: Write):
    """The apostrophe before what a spreadsheet would take for a formula goes again."""
    forgotten = Forgotten("salt", Forgotten("salt", ()).hashes_of("-7"))
    report = resulted(connection, write, f"{GIVEN}a,'+49170,test,1\na,'-7,holdout,1\n", forgotten=forgotten)
    assert report.rows_forgotten == 1
    assert connection.execute("select customer_id from staging.results").fetchall() == [("+49170",)]


def test_a_campaign_that_is_called_like_an_erased_person(connection: duckdb.DuckDBPyConnection, write: Write):
    """Its name stays: it is no text about people. In a note it would go."""
    forgotten = Forgotten("salt", Forgotten("salt", ()).hashes_of("SPRING-24"))
    resulted(connection, write, "campaign_id,customer_id,group,outcome,note\nSPRING-24,1,test,1,SPRING-24\n", forgotten=forgotten)
    assert connection.execute("select campaign, note from staging.results").fetchall() == [("SPRING-24", None)]


def test_a_campaign_that_begins_like_totals(connection: duckdb.DuckDBPyConnection, write: Write):
    """Only a row without a customer is one of totals."""
    report = resulted(connection, write, f"{GIVEN}Total sale,1,test,1\nTotal,,,1\n")
    assert (report.rows_kept, report.rows_rejected) == (1, 1)


def test_a_person_is_erased_from_results_too(tmp_path: Path, write: Write):
    """Their rows go, hashed ones too, and the account of the file says so; what was measured stays."""
    person = "PERSON-77"
    rows = HEADER + "".join(f"{name},Male,{20 + i},{15 + i},{30 + i}\n" for i, name in enumerate([person, *"abcdefg"]))
    hashed = sha256(person.encode()).hexdigest()
    given = f"{GIVEN}x,{person},test,1\ny,{hashed.upper()},test,1\n"
    given += "".join(f"x,{name},holdout,0\ny,{name},holdout,1\n" for name in "ab")
    results = write(given, "results.csv")
    directory = tmp_path / "w"
    before = refreshed(directory, write(rows), write(QUICK, "q.toml"), results=results).rows("from marts.campaigns")
    forget(directory, person)
    db = Warehouse(directory).snapshot()
    assert db.rows("select source, rows_in, rows_kept, rows_forgotten from raw.sources order by 1") == [
        {"source": "customers", "rows_in": 8, "rows_kept": 7, "rows_forgotten": 1},
        {"source": "results", "rows_in": 6, "rows_kept": 4, "rows_forgotten": 2},
    ]
    assert db.value("select count(*) from staging.results where customer_id in (?, ?)", [person, hashed]) == 0
    assert db.rows("from marts.campaigns") == before


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            "campaign,customer_id,outcome\na,1,1\n",
            r"a needed column is missing; .* \[results\.columns\] \"\.\.\.\" = \"test_group\"",
        ),
        (GIVEN, r"results\.csv: has a header but no results"),
        (f"{GIVEN}a,1,x,1\n", r"not one of its 1 rows can be used; the first is line 2: group is 'x'"),
    ],
)
def test_files_that_cannot_be_used(connection: duckdb.DuckDBPyConnection, write: Write, rows: str, message: str):
    """One line that names the file."""
    with pytest.raises(InputError, match=message):
        resulted(connection, write, rows)


def test_the_command_line_takes_results_and_a_playbook(tmp_path: Path, write: Write, capsys: pytest.CaptureFixture[str]):
    """And refuses what is not there with one line. Rows of strangers are measured, and the gate says that they are nobody's."""
    given = ["--customers", str(write(four())), "--warehouse", str(tmp_path / "w"), "--segmentations", str(write(QUICK, "q.toml"))]
    results = write(f"{GIVEN}a,1,test,1\na,{sha256(b'2').hexdigest()},holdout,1\na,x,test,0\n", "results.csv")
    plays = write('[[play]]\nname = "x"\nadvice = "y"\n', "plays.toml")
    assert main([*given, "--results", str(results), "--playbook", str(plays)]) == 0
    db = Warehouse(tmp_path / "w").snapshot()
    assert db.value("select count(*) from marts.campaigns") == 1
    assert db.rows("select verdict, detail from marts.gate where rule = 'Customers of campaigns'") == [
        {"verdict": "warned", "detail": "2 of 3 rows of results are of a customer, by id or by its hash."}
    ]
    assert db.rows("select distinct play from marts.playbook") == [{"play": "x"}]
    assert main([*given, "--results", str(tmp_path / "none.csv")]) == 2
    assert main([*given, "--playbook", str(tmp_path / "none.toml")]) == 2
    assert all(len(line) > 20 for line in capsys.readouterr().err.splitlines()[-2:])
