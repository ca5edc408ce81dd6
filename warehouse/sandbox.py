"""Run statements that strangers write: each in a child process that can read one version and nothing else, and is killed in time.

DuckDB's own limits do not hold in every function (`repeat('x', 4e9)` heeds neither memory nor time), so the operating system sets
them: address space, processor time and file size of the child, and a wall clock outside it. What the child may do is told in
warehouse/sandbox_child.py.
"""

import io
import json
import logging
import os
import re
import selectors
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO

from warehouse.connection import Snapshot
from warehouse.errors import BusyError, InputError, MallError
from warehouse.lake import lake_in
from warehouse.slots import GLANCE_SECONDS, Slots
from warehouse.statement_error import StatementError, from_duckdb

_CHILD = Path(__file__).with_name("sandbox_child.py")
_SAID = 100_000
"""Bytes of an error that are read."""
_HEAD_BYTES = 1_000_000
"""Of an answer that are not rows."""
_TOKEN = re.compile(r"[0-9a-f]{32}", re.ASCII)

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Limits:
    """What a statement may take."""

    seconds: int = 30
    """Of the clock, and of one processor."""
    memory_mb: int = 1_024
    """Of memory, in MiB."""
    most_rows: int = 10_000
    """Rows that a page shows."""
    most_bytes: int = 4_000_000
    """Of those rows, as they are sent."""
    most_file_bytes: int = 500_000_000
    """Of a file with all rows."""
    most_files: int = 2
    """Files that are open at the same time, in one server process: a slow client keeps one on the disk."""
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
    """Where statements run, two at a time. `folder` is where the processes that share the slots meet (warehouse/slots.py)."""

    def __init__(self, limits: Limits | None = None, folder: Path | None = None) -> None:
        self.limits = limits or Limits()
        self._slots = Slots(self.limits.at_once, self.limits.most_waiting, self.limits.most_wait_seconds, folder)
        self._files = threading.BoundedSemaphore(self.limits.most_files)

    def rows(self, db: Snapshot, sql: str, token: str, owner: str = "") -> Rows:
        """The rows of a statement, as many as a page shows; `token` is what stops it, 32 hexadecimal digits; `owner` is who asks.

        Raises StatementError for what DuckDB or the limits refuse, StoppedError once it was stopped, BusyError when too many wait,
        and InputError where the machine has no room.
        """
        with tempfile.TemporaryFile() as answer:
            seconds = self._run(db, sql, token, owner, "rows", {}, answer, self.limits.most_bytes + _HEAD_BYTES)
            found = json.load(answer)
        return Rows(found["columns"], found["rows"], found["has_more"], seconds)

    def file(
        self, db: Snapshot, sql: str, token: str, kind: str, about: Mapping[str, str], formula: str = "", owner: str = ""
    ) -> BinaryIO:
        """All rows of a statement as an open file, csv or parquet; `about` goes into the Parquet file's own metadata.

        In CSV an apostrophe stands before a text that matches `formula`, a regular expression. Raises as `rows` does.
        """
        if not self._files.acquire(blocking=False):
            raise BusyError("Other files are being downloaded. Try again in a moment.")
        answer = _File(self._files.release)
        try:
            said = {"about": dict(about), "formula": formula}
            self._run(db, sql, token, owner, kind, said, answer, self.limits.most_file_bytes)
        except BaseException:
            answer.close()
            raise
        return answer

    def stop(self, token: str) -> None:
        """Stop the statement with this token, whichever process runs it; one that is done already is left alone."""
        if _TOKEN.fullmatch(token):
            self._slots.cancel(token)

    def _run(
        self, db: Snapshot, sql: str, token: str, owner: str, kind: str, said: Mapping[str, Any], answer: IO[bytes], most_bytes: int
    ) -> float:
        """Write the answer of a child to a file; returns the seconds it took."""
        if not _TOKEN.fullmatch(token):
            raise InputError("that is no token of a statement")
        if _is_no_text(sql):
            raise StatementError("The statement holds a character that is no text.")
        if len(sql) > self.limits.most_characters:
            raise StatementError(f"The statement is longer than {self.limits.most_characters:,} characters.")
        limits = {"seconds": self.limits.seconds, "memory_mb": self.limits.memory_mb}
        limits |= {"most_rows": self.limits.most_rows, "most_bytes": self.limits.most_bytes}
        lake = lake_in(db)
        request = {
            "path": str(db.path.resolve()),
            "lake": str(lake) if lake else None,
            "sql": sql,
            "kind": kind,
            "parent": os.getpid(),
            **limits,
            **said,
        }
        try:
            with self._slots.slot(token, owner) as ask_whether_wanted:
                began = time.monotonic()
                self._ask(request, ask_whether_wanted, answer, most_bytes)
                answer.seek(0)
                return time.monotonic() - began
        except OSError as error:
            log.warning("no statement can run: %s", error.strerror)
            raise InputError("The statement cannot run: the machine has no room for it now.") from error

    def _ask(self, request: Mapping[str, Any], ask_whether_wanted: Callable[[], None], answer: IO[bytes], most_bytes: int) -> None:
        """Let a child answer a request. It is dead afterwards, whatever happens."""
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
                said = _collect(process, ask_whether_wanted, deadline, answer, most_bytes)
                status = process.wait(timeout=max(deadline - time.monotonic(), 0.1))
            except subprocess.TimeoutExpired:
                raise self._too_slow() from None
            finally:
                process.kill()
        if status != 0:
            raise self._failure(status, said, request["sql"])

    def _failure(self, status: int, said: bytes, sql: str) -> MallError:
        """Why a child has failed: in the words of this product where that is a limit of ours, else in DuckDB's own."""
        try:
            complaint = json.loads(said.splitlines()[-1])
            kind, message = complaint["kind"], complaint["message"]
        except (ValueError, IndexError, TypeError, KeyError):
            if status > 0:
                last = said.decode(errors="replace").splitlines()[-1:]
                log.error("a statement could not be run: %s", " ".join(last).partition(":")[0])
                return MallError("The statement could not be run, and that is a defect of this product.")
            return self._too_slow() if status == -signal.SIGXCPU else self._too_much()  # the system has killed it
        if kind == "Refused":
            return StatementError(f"{message[:1].upper()}{message[1:]}.")
        if kind == "InterruptException" or "max_execution_time" in message:
            return self._too_slow()
        if kind == "OutOfMemoryException" or "bad allocation" in message or "bad_alloc" in message:
            return self._too_much()
        return from_duckdb(message, sql, complaint["starts"], complaint["lines_before"])

    def _too_slow(self) -> StatementError:
        return StatementError(f"The statement took longer than {self.limits.seconds} s and was stopped.")

    def _too_much(self) -> StatementError:
        most = f"{self.limits.memory_mb:,} MB of memory and {self.limits.seconds} s"
        return StatementError(f"The statement needs more than it may take: {most}.")


class _File(io.BufferedRandom):
    """A file without a name, that says when it is closed."""

    def __init__(self, when_closed: Callable[[], None]) -> None:
        super().__init__(tempfile.TemporaryFile(buffering=0))  # noqa: SIM115  closed with this one
        self._when_closed = when_closed

    def close(self) -> None:
        if not self.closed:
            super().close()
            self._when_closed()


def _is_no_text(sql: str) -> bool:
    """Whether half of a pair of characters, or a zero, is in it: DuckDB reads neither."""
    return any(character == "\0" or "\ud800" <= character <= "\udfff" for character in sql)


def _collect(
    process: "subprocess.Popen[bytes]", ask_whether_wanted: Callable[[], None], deadline: float, answer: IO[bytes], most_bytes: int
) -> bytes:
    """Write what a process says to a file until it has said all; returns what it said on standard error.

    Raises TimeoutExpired at the deadline, StoppedError once it is not wanted, StatementError for more than so many bytes.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    complaint, written = b"", 0
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        selector.register(process.stderr, selectors.EVENT_READ)
        while selector.get_map():
            ready = selector.select(GLANCE_SECONDS)
            ask_whether_wanted()
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(process.args, 0)
            for key, _ in ready:
                said = os.read(key.fd, 1 << 16)
                if not said:
                    selector.unregister(key.fileobj)
                elif key.fileobj is process.stderr:
                    complaint = (complaint + said)[-_SAID:]
                elif (written := written + len(said)) <= most_bytes:
                    answer.write(said)
                else:
                    raise StatementError(f"The answer is larger than {most_bytes / 1e6:,.0f} MB. Select less of it.")
    return complaint
