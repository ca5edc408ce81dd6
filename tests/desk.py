"""A folder in which commands of the pages are run: the checkout by links, the files that pages speak of, and a warehouse."""

import csv
import http.client
import os
import random
import re
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest

from dashboard.access import users
from dashboard.access.roles import Role
from dashboard.access.users import Known
from tests.dashboard.browser import wait_until
from tests.helpers import QUICK
from tests.pages import PAGES, ROOT, blocks
from warehouse.versions import current, published

PEOPLE = range(4701, 4761)
"""The customers, among whom is the one whom a page forgets."""
BOUGHT = '[value]\nfeatures = ["monetary"]\nk_max = 3\n'
"""A segmentation of who has nothing but purchases, fitted in no time like QUICK."""
PLACES = {"/srv/mall": ".", "/srv/export/customers.csv": "my_customers.csv"}
"""What stands for a place of the reader's, and what it is here."""
TYPED = "select 41 + 1 as answer;\n"
"""What a command reads that asks: a client a statement, and `make user` as good a password as any."""
_STARTED = "STARTED"
_PYTHON = f"""#!/bin/sh
if [ -z "${_STARTED}" ]; then exec {shlex.quote(sys.executable)} "$@"; fi
env -0 >"${_STARTED}/environ"
printf '%s\\0' "$@" >"${_STARTED}/arguments"
"""
"""Python, or, where a folder is named, what notes with which arguments and variables Python would have been started."""


@dataclass
class Desk:
    """The folder, and what was done in it."""

    folder: Path
    port: int
    done: dict[str, str] = field(default_factory=dict)
    """The commands that were run, with what those said that were run as they stand."""

    @property
    def warehouse(self) -> Path:
        return self.folder / "data" / "warehouse"

    def environ(self, command: str) -> dict[str, str]:
        """What the shell of a person has; and a port that nobody else has, segments found in no time, and two versions to keep."""
        is_bought = "TRANSACTIONS=" in command and "CUSTOMERS=" not in command
        given = {"PORT": str(self.port), "SEGMENTATIONS": "bought.toml" if is_bought else "quick.toml", "LC_ALL": "C.UTF-8"}
        given["KEEP_VERSIONS"] = "2"  # who is erased is erased from all of them
        return {**os.environ, **given, "PATH": f"{self.folder / '.venv' / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    def run(self, command: str, **environ: str) -> str:
        """Run a command as it stands; what it has said."""
        self.done[command] = self._ask_shell(command, environ)
        return self.done[command]

    def _ask_shell(self, command: str, environ: dict[str, str]) -> str:
        done = subprocess.run(
            ["bash", "-c", self.filled(command)],
            cwd=self.folder,
            env=self.environ(command) | environ,
            input=TYPED,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
        return done.stdout

    def run_here(self, command: str, **environ: str) -> None:
        """Run a command; a module of ours that it starts is run in this process, which has imported what takes seconds."""
        started = self.folder / "started"
        shutil.rmtree(started, ignore_errors=True)
        started.mkdir()
        self._ask_shell(command, environ | {_STARTED: str(started)})
        if (started / "arguments").exists():
            self._run_started(command, started)
        self.done[command] = ""

    def _run_started(self, command: str, started: Path) -> None:
        told, arguments = ((started / name).read_text().removesuffix("\0").split("\0") for name in ("environ", "arguments"))
        dash_m, module, *arguments = arguments
        assert dash_m == "-m", command
        spec = find_spec(module)
        assert spec is not None, command
        before = signal.getsignal(signal.SIGTERM)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name, value in (variable.split("=", 1) for variable in told):
                patch.setenv(name, value)
            patch.setattr(sys, "argv", [module, *arguments])
            patch.setattr(sys, "stdin", StringIO(TYPED))
            try:
                status = import_module(f"{module}.__main__" if spec.submodule_search_locations else module).main()
            except SystemExit as ended:  # --help
                status = ended.code
            finally:
                signal.signal(signal.SIGTERM, before)
        assert status == 0, command

    def serve(self, command: str) -> None:
        """Start a server, ask it whether it is ready, and stop it."""
        said = self.folder / "said"
        with said.open("w") as output:
            arguments = {"cwd": self.folder, "env": self.environ(command), "stdout": output, "stderr": output}
            process = subprocess.Popen(["bash", "-c", command], start_new_session=True, **arguments)
        try:
            wait_until(lambda: self._is_ready(process, said), seconds=150, what=f"{command} to answer")
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(timeout=60)
            wait_until(lambda: not _is_alive(process.pid), what=f"{command} to end")
        self.done[command] = said.read_text()

    def filled(self, command: str) -> str:
        """The command with what is here in place of what is the reader's."""
        for theirs, ours in PLACES.items():
            command = command.replace(theirs, ours)
        return re.sub(r"\bVERSION=12\b", lambda _: f"VERSION={self._earlier()}", command)

    def _earlier(self) -> int:
        return min(set(published(self.warehouse)) - {current(self.warehouse)})

    def _is_ready(self, process: "subprocess.Popen[bytes]", said: Path) -> bool:
        assert process.poll() is None, said.read_text()
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def furnish(folder: Path) -> None:
    """Put on a desk what commands find: the checkout, its environment, and the files that pages name."""
    for name in ("Makefile", "pyproject.toml", "constraints.txt", "warehouse", "etl", "analytics", "dashboard"):
        (folder / name).symlink_to(ROOT / name)
    programs = folder / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "python").write_text(_PYTHON)
    (programs / "python").chmod(0o755)
    (programs / "duckdb").symlink_to(Path(sys.executable).with_name("duckdb"))
    (programs.parent / ".app").touch()  # what make would install is installed
    (folder / "quick.toml").write_text(QUICK)
    (folder / "bought.toml").write_text(BOUGHT)
    users.write(folder / "users.toml", {"colleague": Known(Role.ANALYST)})
    (folder / "cards.csv").write_text(_cards())
    for name, text in _examples().items():
        (folder / name).write_text(text)
    for name, copied in (("exports/march.csv", "sales.csv"), ("data/Mall_Customers.csv", "my_customers.csv")):
        (folder / name).parent.mkdir()
        shutil.copyfile(folder / copied, folder / name)


def write_toml(folder: Path) -> None:
    """The TOML files of the pages, under the names that their first lines say."""
    for block in (block for page in PAGES for block in blocks(page, "toml")):
        (folder / block.text.splitlines()[0].removeprefix("# ")).write_text(block.text)


def _examples() -> dict[str, str]:
    """The files that pages show the beginnings of: with their headers, and rows enough to be of use."""
    items = (("A1", "Apple", "Food", 6, 0.5), ("C3", "Chair", "Home", 1, 49.9))
    rows = {
        "my_customers.csv": [[n, "FM"[n % 2], 20 + n % 40, 20 + 60 * (n % 4 // 2) + n % 7, 15 + 70 * (n % 2)] for n in PEOPLE],
        "sales.csv": [[n, f"2026-03-{1 + n % 28:02} 10:{n % 60:02}", PEOPLE[n * 7 % 60], *items[n % 3 // 2]] for n in range(200)],
        "stock.csv": [["A1", "Apple", 120], ["C3", "Chair", 4]],
        "results.csv": [["Spring letter", n, ("addressed", "held out")[n % 2], int(n % 3 == 0)] for n in PEOPLE],
    }
    headers = {block.name: block.text.splitlines()[0] for page in PAGES for block in blocks(page, "csv")}
    assert headers.keys() == rows.keys()
    written = {name: StringIO() for name in rows}
    for name, text in written.items():
        csv.writer(text, lineterminator="\n").writerows(rows[name])
    return {name: f"{headers[name]}\n{text.getvalue()}" for name, text in written.items()}


def _cards() -> str:
    """Cards with the columns that the example of a mapping names."""
    draw = random.Random(0)
    lines = ["CUST_ID,Income p.a.,BALANCE,PURCHASES,TENURE,STATE,COMMENT"]
    for n in range(60):
        balance, tenure = 900 * (n % 2) + draw.randrange(100), 6 + 50 * (n % 2) + n % 3
        lines.append(f"C{n},{20_000 + n * 100},{balance},{n * n},{tenure},{('NY', 'CA')[n % 3 // 2]},none")
    return "\n".join(lines) + "\n"
