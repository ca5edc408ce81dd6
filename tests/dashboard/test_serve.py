"""`make serve`: what many ask at once is answered, whatever happens to its processes, its warehouse and its clients."""

import json
import os
import signal
import threading
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dashboard import serve
from dashboard.workers import THREADS
from tests.dashboard.browser import wait_until
from tests.dashboard.servers import few_lines, free_port, serving
from warehouse.connection import Warehouse
from warehouse.errors import InputError
from warehouse.memory import ReaderLimits
from warehouse.publish import new_version
from warehouse.settings import Settings

UNDONE = b"POST /_dash-update-component HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 12\r\n\r\n"
ODD = '/a%0Ab"\\{}%00'
"""A path that is no good as it is in a line of a log."""


def publish(directory: Path) -> None:
    """Publish a version of which nothing is known but what it is."""
    with new_version(directory, keep=3) as draft:
        draft.connection.execute("create schema marts")
        draft.connection.execute(f"create table marts.provenance as select {draft.number} as version, now()::timestamp as built_at")


def test_a_refresh_is_served_by_every_worker_and_no_request_fails(tmp_path):
    """What is asked while a version is published is answered, and once it is, each of two workers has the new one.

    In the end a request of which half has arrived is answered, the server stops with 0, and every line of its logs is JSON
    without a query.
    """
    directory = tmp_path / "w"
    publish(directory)
    with serving(tmp_path, "-m", "dashboard.serve", WAREHOUSE=directory, WORKERS=2) as server:
        answers, is_published = [], threading.Event()

        def ask_on() -> None:
            while not is_published.is_set():
                answers.append(server.ask("/readyz?token=secret"))
                time.sleep(0.02)

        with ThreadPoolExecutor(2) as pool:
            hands = [pool.submit(ask_on) for _ in range(2)]
            try:
                wait_until(lambda: len(answers) > 9, what="answers")
                publish(directory)
            finally:
                is_published.set()
            for hand in hands:
                hand.result()
        assert {status for status, *_ in answers} == {200}
        assert {json.loads(body)["version"] for _, body, _ in answers} <= {1, 2}
        after = []

        def both_were_asked() -> bool:
            after.append(server.ask("/readyz"))
            return server.pids() <= {row["pid"] for row in rows(server.stdout())[len(answers) + 1 :] if row["path"] == "/readyz"}

        wait_until(both_were_asked, what="both workers to be asked")
        assert {json.loads(body)["version"] for _, body, _ in after} == {2}
        names = [headers["X-Request-ID"] for *_, headers in answers + after]
        assert len(set(names)) == len(names)
        odd = server.connect(b"GET " + ODD.encode() + b"?customer=zoe-11 HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert odd.recv(100).startswith(b"HTTP/1.1 ")
        directory.rename(tmp_path / "elsewhere")
        status, body, _ = server.ask("/readyz")
        assert (status, json.loads(body)) == (503, {"status": "unavailable", "reason": "no warehouse is published"})
        assert server.ask("/healthz")[0] == 200

        late = server.connect(UNDONE + b'{"output"')
        time.sleep(0.3)
        server.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        late.sendall(b":0}")
        assert late.recv(100).startswith(b"HTTP/1.1 400")
        assert server.process.wait(timeout=40) == 0
        requests, told = rows(server.stdout()), rows(server.stderr())
        assert {"time", "level", "pid", "request", "method", "path", "status", "ms", "bytes"} == set(requests[0])
        assert set(names) <= {row["request"] for row in requests}
        assert any(row["path"] == ODD for row in requests)
        assert [row["logger"] for row in told if row["level"] == "warning"] == ["dashboard.health", "dashboard.guard"]
        assert not [word for word in ("secret", "zoe-11", "customer=") if word in server.stdout() + server.stderr()]


def rows(log: str) -> list[dict]:
    """The lines of a log, each of them a JSON object."""
    return [json.loads(line) for line in log.splitlines()]


def test_what_happens_to_a_worker_is_mended(tmp_path):
    """One of two is killed, then all are renewed, then one fails, and at last they stop: no request fails but what fails by itself.

    Of an error its kind and place are logged, not its words, which may be a customer's. The answer in flight arrives.
    """
    with few_lines(tmp_path, count=2) as server, ThreadPoolExecutor(1) as pool:
        wait_until(lambda: len(server.pids()) == 2, what="two workers")
        before = server.pids()
        os.kill(min(before), signal.SIGKILL)
        wait_until(lambda: len(server.pids() - {min(before)}) == 2, what="another worker")
        before = server.pids()
        server.process.send_signal(signal.SIGHUP)

        def is_renewed() -> bool:
            assert server.ask("/")[0] == 200
            return len(server.pids()) == 2 and not server.pids() & before

        wait_until(is_renewed, what="two new workers")
        assert server.ask("/fails?customer=zoe-11")[0] == 500
        assert server.connect(b"GET /x?customer=zoe-11 HTTP/7\r\n\r\n").recv(20).startswith(b"HTTP/1.1 400")
        answer = pool.submit(server.ask, "/slow")
        time.sleep(0.5)
        assert server.stop(signal.SIGTERM) == 0
        assert answer.result()[0] == 200
        killed, failed, refused = (row for row in rows(server.stderr()) if row["level"] != "info")
        assert "SIGKILL" in killed["message"]
        assert (failed["error"], failed["at"][-1].split()[-1]) == ("KeyError", "answer")
        assert refused["message"] == "refused what is no request"
        assert "zoe-11" not in server.stderr() + server.stdout()


def test_a_worker_beyond_its_memory_makes_room_for_another(tmp_path):
    """The only worker holds too much, again and again: another takes its place before it ends, and no request fails.

    Ctrl-C, which reaches every process of a terminal, lets the answer in flight arrive, and ends with 0 and no traceback.
    """
    with few_lines(tmp_path, worker_bytes=1) as server, ThreadPoolExecutor(1) as pool:
        seen = set()

        def three_answered() -> bool:
            seen.add(server.ask("/")[1])
            return len(seen) >= 3

        wait_until(three_answered, what="three workers to take turns")
        answer = pool.submit(server.ask, "/slow")
        time.sleep(0.5)
        os.killpg(server.process.pid, signal.SIGINT)
        assert answer.result()[0] == 200
        assert server.process.wait(timeout=40) == 0
        assert {row["message"].split(" after ")[0] for row in rows(server.stderr()) if row["level"] != "info"} == {
            "makes room for a new worker"
        }


def test_slow_clients_are_hung_up_on(tmp_path):
    """Those who say half a head or half a body, or take nothing of an answer; then others are answered. It is no error of ours."""
    with few_lines(tmp_path) as server:
        slow = [server.connect(b"GET / HTTP/1.1\r\nX-"), server.connect(UNDONE + b"{")]
        slow += [server.connect(b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n") for _ in range(THREADS)]
        assert server.ask("/")[0] == 200
        assert slow[0].recv(100) == b""
        assert slow[1].recv(100).startswith(b"HTTP/1.1 408 ")
        wait_until(lambda: "/large" in server.stdout(), what="an answer that nobody takes to be given up")
        for each in slow:
            each.close()
        assert not [row for row in rows(server.stderr()) if row["level"] != "info"]
        assert "hung up on a client" in server.stderr()


def test_clients_that_wait_keep_nobody_waiting(tmp_path):
    """Those who have said nothing yet, wait with their next request or do not hang up hold no thread for long, and no loop."""
    with few_lines(tmp_path) as server:
        whole = b"GET / HTTP/1.1\r\nHost: localhost\r\n"
        kept = [
            server.connect(said) for said in (whole + b"\r\n", b"", whole + b"Connection: close\r\n\r\n") for _ in range(THREADS)
        ]
        assert kept[0].recv(100).startswith(b"HTTP/1.1 200")
        begun = time.monotonic()
        assert server.ask("/")[0] == 200
        assert time.monotonic() - begun < 2
        kept[0].sendall(whole + b"\r\n")
        for each in kept:
            each.close()


@pytest.mark.parametrize(
    ("environ", "said"),
    [
        ({"HOST": "0.0.0.0"}, "serve: HOST=0.0.0.0 lets others in: say who may enter with USERS=users.toml"),
        (
            {"HOST": "nobody.invalid", "USER_HEADER": "X-User"},
            "serve: cannot listen on nobody.invalid:{port}: no address of that name is known",
        ),
        (
            {"HOST": "192.0.2.1", "USER_HEADER": "X-User"},
            "serve: cannot listen on 192.0.2.1:{port}: it is no address of this machine",
        ),
        ({"PORT": "{taken}"}, "serve: cannot listen on 127.0.0.1:{taken}: Address already in use; choose another with PORT=8051"),
        ({"SERVE_MEMORY": "600MB"}, "serve: SERVE_MEMORY=600MB: 2 workers need 1000MB; give more, or fewer WORKERS"),
        ({"WORKERS": "0"}, "serve: WORKERS=0: give a whole number from 1 to 64"),
        ({}, "serve: {warehouse}/current.duckdb: no warehouse has been published there; run `make refresh` first"),
    ],
)
def test_what_cannot_be_served_is_one_line(environ, said, monkeypatch, capfd, tmp_path):
    """Status 2 and what to do about it."""
    with serve.listen("127.0.0.1", free_port())[0] as taken:
        known = {"taken": taken.getsockname()[1], "port": free_port(), "warehouse": tmp_path}
        for name, value in ({"PORT": "{port}", "WAREHOUSE": "{warehouse}"} | environ).items():
            monkeypatch.setenv(name, value.format(**known))
        assert serve.main() == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert line.startswith(said.format(**known))


def test_workers_share_the_memory(tmp_path):
    """DuckDB gets what Python leaves of a worker's part: half for the newest version, half for those that are open beside it."""
    limits = serve.limits(Settings(workers=4, serve_memory="8GB"))
    assert limits.memory_bytes == 2_000_000_000 - serve.PYTHON_BYTES
    assert 1 <= limits.threads <= max(1, (os.cpu_count() or 1) // 4)
    assert serve.worker_bytes(Settings(workers=64, serve_memory="1%")) >= serve.LEAST_BYTES
    with pytest.raises(InputError, match="fewer WORKERS"):
        serve.worker_bytes(Settings(workers=5, serve_memory="2GB"))
    publish(tmp_path)
    db = Warehouse(tmp_path, ReaderLimits(200_000_000, 1)).snapshot()
    assert db.rows("select current_setting('memory_limit') as m, current_setting('threads') as t") == [{"m": "95.3 MiB", "t": 1}]


@pytest.mark.parametrize(("given", "is_open"), [(None, False), (False, False), (True, True)])
def test_sql_is_off_unless_it_is_allowed(given, is_open, tmp_path):
    """Also for who asks this machine from itself, as a proxy does for strangers: neither a file nor the page."""
    publish(tmp_path)
    client = serve.application(Settings(warehouse=tmp_path, allow_sql=given)).test_client()
    asked = {"sql": "select 1 as one", "token": uuid.uuid4().hex}
    answer = client.post("/sql/rows.csv", json=asked, base_url="http://127.0.0.1:8050")
    assert ("SQL is off here" in answer.text) is not is_open, answer.text
    assert (answer.status_code == 200) is is_open, answer.text
    answer.close()
