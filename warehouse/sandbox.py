"""Run statements that strangers write: each in a child process that can read one version and nothing else, and is killed in time.

DuckDB's own limits do not hold in every function (`repeat('x', 4e9)` heeds neither memory nor time), so the operating system sets
them: address space, processor time and file size of the child, and a wall clock outside it. What the child may do is told in
warehouse/sandbox_child.py.
"""

import fcntl
import json
import logging
import os
import re
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from warehouse.connection import Snapshot
from warehouse.errors import BusyError, InputError

_CHILD = Path(__file__).with_name("sandbox_child.py")
_LOOK = 0.05
"""Seconds between two looks whether a statement is still wanted."""
_SAID = 100_000
"""Bytes of an error that are read."""
_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)

log = logging.getLogger(__name__)


class StatementError(InputError):
    """A statement failed, or may not run: the message is DuckDB's own.

    `span` are the first character and the one after the last that it speaks of, counted from 0; None where it names no place.
    """

    def __init__(self, message: str, span: tuple[int, int] | None = None) -> None:
        super().__init__(message)
        self.span = span


class StoppedError(InputError):
    """Somebody stopped a statement before it was done."""


@dataclass(frozen=True)
class Limits:
    """What a statement may take."""

    seconds: int = 30
    """Of the clock, and of one processor."""
    memory_mb: int = 1_024
    """Of memory, in MiB."""
    most_rows: int = 10_000
    """Rows that a page shows."""
    most_bytes: int = 8_000_000
    """Characters of those rows."""
    most_file_bytes: int = 500_000_000
    """Of a file with all rows."""
    most_characters: int = 100_000
    """Of a statement."""
    at_once: int = 2
    """Statements that run at the same time, in all servers of a user on this machine."""
    most_waiting: int = 4
    """Statements that wait for their turn, in one server process; each keeps one of its threads."""
    most_wait_seconds: float = 60
    """How long one waits for its turn."""


@dataclass(frozen=True)
class Rows:
    """What a statement found, as JSON has it: numbers, truth values, text and None."""

    columns: list[dict[str, str]]
    """The name and the SQL type of each column; two may have the same name."""
    rows: list[list[Any]]
    has_more: bool
    """Whether there are more rows than are given."""
    seconds: float
    """From the start of its process to its answer, without the time in the queue."""


class Sandbox:
    """Where statements run, two at a time. `directory` holds who runs: processes that share it share the turns."""

    def __init__(self, limits: Limits | None = None, directory: Path | None = None) -> None:
        self.limits = limits or Limits()
        self._directory = directory
        self._waiting = threading.BoundedSemaphore(self.limits.at_once + self.limits.most_waiting)

    def rows(self, db: Snapshot, sql: str, token: str) -> Rows:
        """The rows of a statement, as many as a page shows; `token` is what stops it, 32 hexadecimal digits.

        Raises StatementError for what DuckDB or the limits refuse, StoppedError once it was stopped, BusyError when too many wait.
        """
        with tempfile.TemporaryFile() as answer:
            seconds = self._run(db, sql, token, "rows", {}, answer, 2 * self.limits.most_bytes)
            found = json.load(answer)
        return Rows(found["columns"], found["rows"], found["has_more"], seconds)

    def file(self, db: Snapshot, sql: str, token: str, kind: str, about: Mapping[str, str], formula: str = "") -> BinaryIO:
        """All rows of a statement as an open file, csv or parquet; `about` goes into the Parquet file's own metadata.

        In CSV an apostrophe stands before a text that matches `formula`, a regular expression. Raises as `rows` does.
        """
        answer = tempfile.TemporaryFile()  # noqa: SIM115  whoever asked for it closes it
        try:
            said = {"about": dict(about), "formula": formula}
            self._run(db, sql, token, kind, said, answer, self.limits.most_file_bytes)
        except BaseException:
            answer.close()
            raise
        return answer

    def stop(self, token: str) -> None:
        """Stop the statement with this token, whichever process runs it; one that is done already is left alone."""
        if _TOKEN.fullmatch(token):
            self._wish(token).unlink(missing_ok=True)

    def _run(
        self, db: Snapshot, sql: str, token: str, kind: str, said: Mapping[str, Any], answer: IO[bytes], most_bytes: int
    ) -> float:
        """Write the answer of a child to a file; returns the seconds it took."""
        if not _TOKEN.fullmatch(token):
            raise InputError("that is no token of a statement")
        if _unprintable(sql):
            raise StatementError("The statement holds a character that is no text.")
        if len(sql) > self.limits.most_characters:
            raise StatementError(f"The statement is longer than {self.limits.most_characters:,} characters.")
        limits = {"seconds": self.limits.seconds, "memory_mb": self.limits.memory_mb}
        limits |= {"most_rows": self.limits.most_rows, "most_bytes": self.limits.most_bytes}
        request = {"path": str(db.path), "sql": sql, "kind": kind, "parent": os.getpid(), **limits, **said}
        with self._wanted(token) as wish, self._turn(wish):
            began = time.monotonic()
            failure = self._ask(request, wish, answer, most_bytes)
            if failure:
                raise self._refusal(failure, sql)
            answer.seek(0)
            return time.monotonic() - began

    def _ask(self, request: Mapping[str, Any], wish: Path, answer: IO[bytes], most_bytes: int) -> dict[str, Any] | None:
        """Let a child answer a request; returns what it complains of. It is dead afterwards, whatever happens."""
        deadline = time.monotonic() + self.limits.seconds + 2  # its own clocks come first: they say it better
        with tempfile.TemporaryFile() as question:
            question.write(json.dumps(request).encode())
            question.seek(0)
            process = subprocess.Popen(
                [sys.executable, "-I", "-B", str(_CHILD)],
                stdin=question,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env={"LC_ALL": "C.UTF-8"},
                start_new_session=True,
            )
        with process:
            try:
                said = _listen(process, wish, deadline, answer, most_bytes)
                status = process.wait(timeout=max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                raise self._too_slow() from None
            finally:
                process.kill()
        if status == 0:
            return None
        try:
            complaint = json.loads(said.splitlines()[-1])
            return dict(complaint)
        except (ValueError, IndexError, TypeError):
            log.warning("a statement ended its process: %d", status)
            return {"kind": "Died", "message": ""}

    def _too_slow(self) -> StatementError:
        return StatementError(f"The statement took longer than {self.limits.seconds} s and was stopped.")

    def _refusal(self, failure: Mapping[str, Any], sql: str) -> StatementError:
        """A child's complaint in the words of this product where it is a limit of ours, else in DuckDB's own."""
        kind, message = failure["kind"], failure["message"]
        if kind == "Refused":
            return StatementError(f"{message[:1].upper()}{message[1:]}.")
        if kind == "InterruptException" or "max_execution_time" in message:
            return self._too_slow()
        if kind in ("OutOfMemoryException", "Died") or "bad allocation" in message or "bad_alloc" in message:
            most = f"{self.limits.memory_mb:,} MB of memory and {self.limits.seconds} s"
            return StatementError(f"The statement needs more than it may take: {most}.")
        return StatementError(_words(message), span(message, sql, failure["starts"], failure["lines_before"]))

    @contextmanager
    def _wanted(self, token: str) -> Iterator[Path]:
        """A file that is there for as long as the statement is wanted: to stop it, anybody removes the file."""
        wish = self._wish(token)
        try:
            os.close(os.open(wish, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except FileExistsError as error:
            raise InputError("a statement with this token runs already") from error
        try:
            yield wish
        finally:
            wish.unlink(missing_ok=True)

    @contextmanager
    def _turn(self, wish: Path) -> Iterator[None]:
        """Wait for one of the turns. The system gives back the turn of a process that dies."""
        if not self._waiting.acquire(blocking=False):
            raise BusyError("Other statements are waiting already. Try again in a moment.")
        try:
            deadline = time.monotonic() + self.limits.most_wait_seconds
            while (turn := self._free_turn()) is None:
                if time.monotonic() > deadline:
                    raise BusyError("Other statements take all the time there is. Try again in a moment.")
                _ask_whether_wanted(wish)
                time.sleep(_LOOK)
            try:
                yield
            finally:
                os.close(turn)
        finally:
            self._waiting.release()

    def _free_turn(self) -> int | None:
        """The locked file of a turn that nobody has, open; None where all are taken."""
        for number in range(self.limits.at_once):
            turn = os.open(self._folder() / f"turn-{number}", os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(turn)
            else:
                return turn
        return None

    def _wish(self, token: str) -> Path:
        return self._folder() / f"wanted-{token}"

    def _folder(self) -> Path:
        """The folder of who runs, made where it is not there. Raises InputError where it is another user's."""
        folder = self._directory or Path(tempfile.gettempdir()) / f"mall-sql-{os.getuid()}"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink() or folder.stat().st_uid != os.getuid():
            raise InputError(f"{folder}: is another user's; no statement can run")
        return folder


def span(message: str, sql: str, starts: int = 0, lines_before: int = 0) -> tuple[int, int] | None:
    """Where in a statement an error of DuckDB points, as the first character and the one after the last; None where nowhere.

    What ran is what `starts` at that character, after so many `lines_before` it that are not of the statement.
    DuckDB quotes the line after "LINE 2: ", with dots where it cuts it, and underlines the place below.
    """
    found = re.search(r"^LINE (\d+): (.*)\n( *)(\^+)\s*$", message, re.MULTILINE)
    if not found:
        return None
    number, quoted, mark = int(found[1]) - lines_before, found[2], len(found[4])
    margin = len(found[3]) - len(f"LINE {found[1]}: ")
    lines = sql[starts:].split("\n")
    if not 0 <= margin <= len(quoted) or not 1 <= number <= len(lines):
        return None
    whole = quoted.removeprefix("...") if quoted.startswith("...") else quoted
    place = lines[number - 1].find(whole.removesuffix("..."))
    if place < 0:
        return None
    start = starts + sum(len(line) + 1 for line in lines[: number - 1]) + place + margin - (len(quoted) - len(whole))
    return start, min(start + mark, len(sql))


def _unprintable(sql: str) -> bool:
    """Whether half of a pair of characters, or a zero, is in it: DuckDB reads neither."""
    return any(character == "\0" or "\ud800" <= character <= "\udfff" for character in sql)


def _words(message: str) -> str:
    """An error without the line it quotes: that is marked where it stands."""
    return re.split(r"\n+LINE \d+: ", message)[0].strip()


def _ask_whether_wanted(wish: Path) -> None:
    if not wish.exists():
        raise StoppedError("Stopped.")


def _listen(process: "subprocess.Popen[bytes]", wish: Path, deadline: float, answer: IO[bytes], most_bytes: int) -> bytes:
    """Write what a process says to a file until it has said all; returns what it said on standard error.

    Raises TimeoutExpired at the deadline, StoppedError once it is not wanted, StatementError for more than so many bytes.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    complaint, written = b"", 0
    with selectors.DefaultSelector() as ears:
        ears.register(process.stdout, selectors.EVENT_READ)
        ears.register(process.stderr, selectors.EVENT_READ)
        while ears.get_map():
            heard = ears.select(_LOOK)
            _ask_whether_wanted(wish)
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _ in heard:
                said = os.read(key.fd, 1 << 16)
                if not said:
                    ears.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    complaint = (complaint + said)[-_SAID:]
                elif (written := written + len(said)) <= most_bytes:
                    answer.write(said)
                else:
                    raise StatementError(f"The answer is larger than {most_bytes / 1e6:,.0f} MB. Select less of it.")
    return complaint
