import io
import os
import re
import subprocess
import sys
import threading
import time

import duckdb
import pytest
from rich.console import Console

import etl.console
from etl.console import Reporter, Step

TERMINAL = {"force_terminal": True, "force_interactive": True, "color_system": None}
SPEAKING = """
import time
import etl.console
etl.console._PATIENCE = 0.01
said = etl.console.Reporter()
with said.step("load", "Loaded", 1_000_000):
    time.sleep(0.3)
said.line("a", "b")
said.warn("c")
raise SystemExit(7)
"""
"""Says all that a refresh can say, a step that takes long first."""


def _reporter(**settings) -> tuple[Reporter, io.StringIO]:
    file = io.StringIO()
    return Reporter(Console(file=file, highlight=False, soft_wrap=True, **settings)), file


def test_a_line_has_a_title_and_is_never_folded_or_marked_up():
    """Whatever stands in a text is printed as it is, on one line."""
    reporter, file = _reporter(width=40)
    reporter.line("Rows", "[bold]4[/bold] in " + "x" * 100)
    reporter.warn("[red]mind[/red]")
    assert file.getvalue() == "Rows         [bold]4[/bold] in " + "x" * 100 + "\n[red]mind[/red]\n"


def test_steps_are_timed():
    """Each step is listed with its seconds, and all of them together, as the benchmarks read them; quick ones say nothing else."""
    reporter, file = _reporter()
    for name in ("load", "marts"):
        with reporter.step(name, "Title", 1_000_000) as step:
            step(1, 2, "this")
    assert reporter.times() == "load 0.0 s · marts 0.0 s · total 0.0 s"
    assert re.findall(r"(\w+) ([\d.]+) s", reporter.times()) == [("load", "0.0"), ("marts", "0.0"), ("total", "0.0")]
    assert file.getvalue() == ""


def test_a_step_shows_only_when_it_takes_a_while(monkeypatch):
    """On a terminal a slow step says what it is at, a quick one does not; in a file it never does."""
    monkeypatch.setattr(etl.console, "_PATIENCE", 0.01)
    said = []
    for settings in (TERMINAL, {}):
        reporter, file = _reporter(**settings)
        with reporter.step("load", "Loaded") as step:
            step(1, 2, "reading")
            time.sleep(0.3)
        said.append(file.getvalue())
    assert re.search("load +reading +━[━╸╺ ]+50% +0:00", said[0])
    assert said[1] == ""
    monkeypatch.setattr(etl.console, "_PATIENCE", 5)
    quick, hidden = _reporter(**TERMINAL)
    with quick.step("load", "Loaded") as step:
        step(1, 2, "reading")
    assert hidden.getvalue() == ""


@pytest.mark.parametrize(
    ("amount", "left"), [(356_000, r"Loaded       356,000 rows in \d\.\d s, [\d,]+ a second\n"), (9_999, ""), (0, "")]
)
def test_a_slow_step_leaves_a_line_where_it_had_much_to_do(monkeypatch, amount: int, left: str):
    """What many rows took stays to be read, also in a file; how fast a few are says nothing."""
    monkeypatch.setattr(etl.console, "_PATIENCE", 0.01)
    reporter, file = _reporter()
    with reporter.step("load", "Loaded") as step:
        time.sleep(0.02)
        step.amount, step.unit = amount, "rows"
    assert re.fullmatch(left, file.getvalue())


def _drawn(step: Step, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, soft_wrap=True, **TERMINAL)
    console.print(step)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_step_is_drawn_on_one_line():
    """Its name, what it is at, how much is done, what is done a second and for how long, on any terminal of 50 columns or more."""
    step = Step("checks", 3_000_000, "customers", lambda: -1, started=time.monotonic() - 75.0)
    step(1, 2, "inertia_is_the_sum_of_squared_distances")
    assert re.fullmatch(r"checks       inertia_is_the_sum_of_sq… ━+╸ +50%    20,000 customers/s   1:15\n", _drawn(step))
    for width in (50, 79, 80, 300):
        assert len(_drawn(step, width)) <= min(width, 100) + 1
    step(0, 2, "[bold]this[/bold]")
    assert re.fullmatch(r"checks +\[bold\]this\[/bold\] +1:15\n", _drawn(step))


def test_a_statement_refines_the_share_of_its_part():
    """What DuckDB says of the statement moves within the part, forward only and not to its end: another may follow."""
    percent = iter([-1.0, 40.0, 0.0, 100.0, 0.0])
    step = Step("marts", 0, "customers", lambda: next(percent))
    step(1, 4, "this")
    assert [step.share for _ in range(4)] == [0.25, 0.35, 0.35, 0.4975]
    step(2, 4, "that")
    assert step.share == 0.5


def test_a_step_is_split_by_size():
    """Files one after the other move the step by as much as they are of all; they are what there is to work on."""
    step = Step("load", 0, "", lambda: -1)
    customers, transactions = step.split([1_000, 3_000], "kB")
    shares = []
    for progress, done, total in ((customers, 0, 2), (customers, 1, 2), (transactions, 0, 3), (transactions, 2, 3)):
        progress(done, total, "this")
        shares.append(step.share)
    assert shares == [0, 0.125, 0.25, 0.75]
    assert (step.amount, step.unit) == (4_000, "kB")
    next(step.split([0], "kB"))(1, 2, "an empty file")
    assert step.share == 0


def test_a_running_statement_is_watched():
    """On a terminal DuckDB is asked, from another thread, how far it is; to a file nobody asks."""
    with duckdb.connect() as connection:
        settings = "select current_setting('enable_progress_bar'), current_setting('enable_progress_bar_print')"
        as_it_was = connection.execute(settings).fetchone()
        for given, expected in (({}, as_it_was), (TERMINAL, (True, False))):
            reporter, _ = _reporter(**given)
            reporter.watch(connection)
            assert connection.execute(settings).fetchone() == expected
        with reporter.step("load", "Loaded") as step:
            assert step.share == 0
            step(0, 1, "this")
            seen = []
            asking = threading.Thread(target=lambda: [seen.append(step.share) or time.sleep(0.01) for _ in range(100)])
            asking.start()
            while asking.is_alive():
                connection.execute("create or replace temp table t as select hash(range) as h from range(3_000_000)")
    assert max(seen) > 0


def test_a_step_that_fails_is_passed_on():
    """The reporter hides no error."""
    reporter, _ = _reporter()
    with pytest.raises(ValueError, match="no good"), reporter.step("load", "Loaded"):
        raise ValueError("no good")
    assert "load" not in reporter.times()


@pytest.mark.parametrize("place", ["a full disk", "a pipe that nobody reads", "a terminal that was closed"])
def test_what_nobody_can_read_stops_nothing(place: str):
    """A refresh goes on when its words have nowhere to go, and ends with its own status."""
    reading, writing = os.openpty() if "terminal" in place else os.pipe()
    os.close(reading)
    with open("/dev/full", "w") if place == "a full disk" else os.fdopen(writing, "w") as out:
        done = subprocess.run([sys.executable, "-c", SPEAKING], stdout=out, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (7, "")
