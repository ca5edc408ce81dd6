import io
import os
import subprocess
import sys
import time

import pytest
from rich.console import Console

import etl.console
from etl.console import Reporter


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
    """Each step is listed with its seconds, and all of them together."""
    reporter, file = _reporter()
    for name in ("load", "marts"):
        with reporter.step(name) as progress:
            progress(1, 2)
    assert reporter.times() == "load 0.0 s · marts 0.0 s · total 0.0 s"
    assert file.getvalue() == ""


def test_a_bar_shows_only_when_a_step_takes_a_while(monkeypatch):
    """On a terminal a slow step gets a bar, a quick one does not; in a file there is never one."""
    monkeypatch.setattr(etl.console, "_PATIENCE", 0.01)
    slow, shown = _reporter(force_terminal=True)
    with slow.step("load") as progress:
        progress(1, 2)
        time.sleep(0.3)
    assert "load" in shown.getvalue()
    monkeypatch.setattr(etl.console, "_PATIENCE", 5)
    quick, hidden = _reporter(force_terminal=True)
    with quick.step("load") as progress:
        progress(1, 2)
    assert "load" not in hidden.getvalue()


def test_a_step_that_fails_is_passed_on():
    """The reporter hides no error."""
    reporter, _ = _reporter()
    with pytest.raises(ValueError, match="no good"), reporter.step("load"):
        raise ValueError("no good")
    assert "load" not in reporter.times()


@pytest.mark.parametrize("place", ["a full disk", "a pipe that nobody reads"])
def test_what_nobody_can_read_stops_nothing(place: str):
    """A refresh goes on when its words have nowhere to go, and ends with its own status."""
    script = "from etl.console import Reporter; said = Reporter(); said.line('a', 'b'); said.warn('c'); raise SystemExit(7)"
    reading, writing = os.pipe()
    os.close(reading)
    with open("/dev/full", "w") if place == "a full disk" else os.fdopen(writing, "w") as out:
        done = subprocess.run([sys.executable, "-c", script], stdout=out, stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (7, "")
