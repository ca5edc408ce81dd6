"""The driver of `make load` asks as pages do, and its report counts right. No time is asserted."""

import ast
from pathlib import Path

from dashboard.app import create_app
from dashboard.guard import CALLBACKS, is_call
from tests.benchmarks import dash_client, load
from tests.benchmarks.load import STALE, Found
from tests.dashboard.access.people import client_of, guarded
from warehouse.settings import Settings

ROOT = Path(__file__).parent.parent
USERS = Path(load.__file__).with_name("load_users.py")
COMPONENTS = ("version", "difference", "customers", "segments-content", "evidence-content", "data-content", "ask-answer")


def test_it_calls_what_the_dashboard_has(published, tmp_path):
    """Every component that it names is filled by a callback, whose call is one of ours and is answered."""
    named = {node.value for node in ast.walk(ast.parse(USERS.read_text())) if isinstance(node, ast.Constant)}
    assert {"version", "difference", "customers", "ask-answer", "segments", "evidence", "data"} <= named
    client = client_of(guarded(published, tmp_path), "adam")
    callbacks = dash_client.Callbacks(client.get(dash_client.DEPENDENCIES).get_json())
    known = create_app(Settings(warehouse=published)).callback_map
    assert dash_client.CALLBACKS == CALLBACKS
    for component in COMPONENTS:
        body = callbacks.body(component, {"version.data": None, "filters.data": {}})
        assert is_call(body, known)
        assert client.post(CALLBACKS, json=body).status_code in (200, 204)


def test_the_people_of_the_driver_can_enter(tmp_path):
    """Their password is the one that it signs in with."""
    path = load._users_file(tmp_path, 3)
    said = USERS.read_text()
    assert "a password for the load" in said
    assert 'f"colleague-{next(PLACES)}"' in said
    assert list(load.users.read(path)) == ["colleague-0", "colleague-1", "colleague-2"]
    assert all(load.users.is_password(known, "a password for the load") for known in load.users.read(path).values())


def test_being_asked_to_wait_is_told_from_a_failure():
    """The sentences are those of the queue, to the letter."""
    known = (ROOT / "warehouse" / "slots.py").read_text()
    (waits,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(USERS.read_text()).body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "WAIT"
    ]
    assert all(f'"{each}"' in known for each in waits)
    assert known.count("BusyError(") == len(waits) + 1  # the other is of one's own statements, and each person has one


def row(name: str, requests: int, failures: int = 0) -> dict[str, object]:
    return {"name": name, "requests": requests, "failures": failures, "p50": 10, "p95": 20.5, "p99": 3000}


def test_the_report_counts_everything():
    """Failures and stale answers are told, and so is memory that grows; a kind that was not asked for is a dash."""
    held = [1.0] * 4 + [2.0] * 4 + [2.5] * 4 + [3.0] * 4
    few = Found(50, [row("Cube", 40), row("SQL", 60, 2), row(STALE, 30, 1)], ["SQL: no rows (2 times)"], 3, 10.0, held)
    many = Found(200, [row("Cube", 1_000), row(STALE, 300)], [], 2, 20.0, held)
    about, table, told_few, told_many = load.report([few, many], 100_000)
    assert about.startswith("100,000 customers")
    lines = table.splitlines()
    assert lines[2] == "| Cube | 40 | 10.0 ms | 20.5 ms | 3,000 ms | 0 | 1,000 | 10.0 ms | 20.5 ms | 3,000 ms | 0 |"
    assert lines[3] == "| SQL | 60 | 10.0 ms | 20.5 ms | 3,000 ms | 2 | – | – | – | – | – |"
    assert "100 requests, 10 a second, 2 of which failed" in told_few
    assert "3 versions were published" in told_few
    assert "of 30 looks for a new version 1 were told an older one" in told_few
    assert "2.00 GB in the second quarter of the time, 3.00 GB in the last, and 3.00 GB at most" in told_few
    assert told_few.endswith("- SQL: no rows (2 times)")
    assert "1,000 requests, 50 a second, 0 of which failed" in told_many
