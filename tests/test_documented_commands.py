"""Every command of the pages is run, or stands here with the reason why not."""

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.dashboard.browser import free_port
from tests.desk import Desk, furnish, write_toml
from tests.pages import PAGES, blocks, commands

pytestmark = pytest.mark.xdist_group("documented commands")  # they share a warehouse

NOT_RUN = {
    "make test": "runs this test",
    "make check": "runs before it, in .ci/run",
    "make soak": "takes an hour",
    "make bench": "takes an hour, and installs what is measured against",
    "make bench-dashboard": "takes minutes",
    "make load": "takes minutes, and installs who plays the people",
    "make bench-spark": "takes an hour, and installs what ENGINE=spark needs",
    "make test-spark": "needs Java, and installs what ENGINE=spark needs",
    "make refresh ENGINE=spark": "needs a cluster; tests/spark has one",
    "make data": "fetches a file; tests/etl/test_fetch.py has it",
    "make dictionary": "writes to a page; tests/test_documentation.py compares it",
    "make sample CUSTOMERS_N=10000000": "writes ten million customers; fewer are written",
    "podman": "needs containers; tests/dashboard/test_deploy.py has the Containerfile",
    "sudo": "needs root; tests/dashboard/test_deploy.py has the units",
    "journalctl": "needs the service that root installs",
}
"""How a command begins that is not run, and why. A target of make is in the Makefile all the same: test_documentation.py."""
SERVERS = ("make dashboard", "make serve")
"""How a command begins that runs until it is stopped."""
APART = re.compile(r"refresh\b.*\b(TRANSACTIONS|MAPPING|SEGMENTATIONS|RESULTS|K)=")
"""Refreshes that would not follow upon the others, and get a warehouse of their own."""


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A desk with two versions of a warehouse, the first of which was made by the README's first command as it stands."""
    folder = tmp_path_factory.mktemp("desk")
    furnish(folder)
    desk = Desk(folder, free_port())
    desk.run("make refresh CUSTOMERS=my_customers.csv")
    desk.run_here("make refresh")
    yield desk
    shutil.rmtree(folder)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_of_a_page_is_run(page: str, desk: Desk):
    """In the order of the page, each once for all pages; whatever is not known here is run, too, and none may fail."""
    for place, command in enumerate(commands(page)):
        if command in desk.done or any(command == known or command.startswith(f"{known} ") for known in NOT_RUN):
            continue
        if command.startswith(SERVERS):
            desk.serve(command)
            continue
        write_toml(desk.folder)  # a copy that is to be edited is the example then
        apart = f"data/{page.replace('/', '_')}_{place}"
        desk.run_here(command, **({"WAREHOUSE": apart} if APART.search(command) else {}))


def test_a_refresh_says_what_the_readme_shows(desk: Desk):
    """Its first command prints such lines in this order, and those without a figure of the customers as they stand there."""
    (shown,) = [block.text.splitlines() for block in blocks("README.md", "text")]
    said = desk.done[commands("README.md")[0]].splitlines()
    begin = len("Customers    ")
    assert (
        [line[:begin] for line in said if line[:begin] in {line[:begin] for line in shown}][: len(shown) + 1]
        == [
            *(line[:begin] for line in shown[:3]),
            shown[2][:begin],  # by Ward
            *(line[:begin] for line in shown[3:]),
        ]
    )
    assert {shown[0], *shown[3:]} <= set(said)


def test_the_client_answers(desk: Desk):
    """`make sql` opens a client on the warehouse, which answers."""
    assert "42" in desk.run("make sql")


@pytest.mark.parametrize("page", PAGES)
def test_programs_of_a_page_run(page: str, desk: Desk):
    """A block of Python finds the warehouse."""
    for block in blocks(page, "python"):
        done = subprocess.run([sys.executable, "-c", block.text], cwd=desk.folder, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stderr) == (0, "")
        assert "('spending', 'kmeans', " in done.stdout


def test_what_is_not_run_is_documented():
    """The list of what is not run has nothing that no page has."""
    every = [command for page in PAGES for command in commands(page)]
    assert [known for known in NOT_RUN if not any(command.startswith(known) for command in every)] == []
