"""Telling what changed: the message, the file, and an address that answers, refuses, sends elsewhere or says nothing."""

import contextlib
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from rich.console import Console

import etl.alerts
from etl.alerts import FORM, Message, deliver, sentences
from etl.console import Reporter
from etl.refresh import refresh
from tests.helpers import HEADER
from warehouse.settings import Settings

QUIET: Message = {"form": FORM, "version": 1, "run_id": 1, "alerts": []}
LOUD: Message = {**QUIET, "alerts": [{"segmentation": None, "sentence": "4 % of the rows were rejected — “A”."}]}


class _Post(BaseHTTPRequestHandler):
    """Keeps what was posted, and answers as the server says."""

    server: "Listener"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.posted.append((self.path, self.headers["Content-Type"], body))
        status = self.server.answers.pop(0) if self.server.answers else 200
        self.send_response(status)
        if status == 302:
            self.send_header("Location", f"{self.server.address}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class Listener(ThreadingHTTPServer):
    """An address that is posted to."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Post)
        self.posted: list[tuple[str, str, bytes]] = []
        self.answers: list[int] = []
        self.address = f"http://127.0.0.1:{self.server_address[1]}"


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits between two tries, nor long for an answer."""
    monkeypatch.setattr(etl.alerts, "PAUSE", 0.01)
    monkeypatch.setattr(etl.alerts, "TIMEOUT", 0.3)
    monkeypatch.setattr(etl.alerts, "DEADLINE", 2.0)


@pytest.fixture
def listener() -> Iterator[Listener]:
    """One that listens on this machine."""
    with Listener() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def _warned(message: Message, **settings: object) -> list[str]:
    """What is warned of while a message is delivered."""
    warnings: list[str] = []
    deliver(Settings(**settings), message, warnings.append)  # type: ignore[arg-type]
    return warnings


def test_a_message_is_posted_as_json(listener: Listener):
    """Once, to the whole address, in UTF-8."""
    assert _warned(LOUD, alerts_webhook=f"{listener.address}/hook?key=secret") == []
    ((path, kind, body),) = listener.posted
    assert (path, kind) == ("/hook?key=secret", "application/json; charset=utf-8")
    assert json.loads(body) == LOUD


def test_nothing_is_posted_without_alerts(listener: Listener, tmp_path: Path):
    """A file is written all the same, so that old alerts do not stay in it."""
    path = tmp_path / "new" / "alerts.json"
    for message in (LOUD, QUIET):
        assert _warned(message, alerts_file=path, alerts_webhook=listener.address) == []
        assert json.loads(path.read_text(encoding="utf-8")) == message
    assert len(listener.posted) == 1
    assert [each.name for each in path.parent.iterdir()] == ["alerts.json"]


@pytest.mark.parametrize(
    ("answers", "posts", "problem"),
    [([503], 2, None), ([503, 500], 2, "it answered 500"), ([404], 1, "it answered 404"), ([302, 302], 2, "it answered 302")],
)
def test_a_failure_is_tried_again_once(listener: Listener, answers: list[int], posts: int, problem: str | None):
    """But not what was refused; nobody is sent elsewhere; the warning has scheme and host of the address, and no more."""
    listener.answers = list(answers)
    expected = [] if problem is None else [f"ALERTS NOT SENT to {listener.address}: {problem}"]
    assert expected == _warned(LOUD, alerts_webhook=f"{listener.address}/hook/secret")
    assert [path for path, *_ in listener.posted] == ["/hook/secret"] * posts


def test_nobody_listens():
    """A closed port is a line."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{closed.getsockname()[1]}"
        assert _warned(LOUD, alerts_webhook=f"{address}/secret") == [f"ALERTS NOT SENT to {address}: Connection refused"]


@pytest.mark.parametrize("drip", [b"", b"H", b"no HTTP at all\r\n\r\n"])
def test_somebody_who_answers_nothing_or_byte_by_byte_is_left(drip: bytes):
    """A refresh ends, and says that no answer came."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ended = threading.Event()

        def answer() -> None:
            open_ones = []
            server.settimeout(0.05)
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    open_ones.append(server.accept()[0])
                for one in open_ones:
                    with contextlib.suppress(OSError):
                        one.sendall(drip)
            for one in open_ones:
                one.close()

        thread = threading.Thread(target=answer)
        thread.start()
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        (warning,) = _warned(LOUD, alerts_webhook=f"{address}/secret")
        ended.set()
        thread.join()
    assert re.fullmatch(rf"ALERTS NOT SENT to {address}: (it did not answer in time|BadStatusLine)", warning)


def test_a_file_that_cannot_be_written_is_a_line(tmp_path: Path):
    """Whatever stands in its way stays as it is."""
    (tmp_path / "folder.json").mkdir()
    (warning,) = _warned(LOUD, alerts_file=tmp_path / "folder.json")
    assert warning.startswith(f"ALERTS NOT WRITTEN to {tmp_path / 'folder.json'}: ")
    (tmp_path / "file").write_text("mine")
    (warning,) = _warned(LOUD, alerts_file=tmp_path / "file" / "a.json")
    assert warning.startswith(f"ALERTS NOT WRITTEN to {tmp_path / 'file' / 'a.json'}: ")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.json"]


def test_a_refresh_prints_the_first_alerts():
    """Five with their clustering, and how many more there are."""
    alerts = [{"segmentation": "who", "algorithm": "kmeans", "sentence": f"{number}."} for number in range(7)]
    told = sentences({**QUIET, "alerts": alerts})
    assert told == [*(f"who kmeans: {number}." for number in range(5)), "and 2 more, in segments.alerts"]
    assert sentences(LOUD) == [LOUD["alerts"][0]["sentence"]]


def test_a_refresh_tells_what_it_has_published(
    listener: Listener, tmp_path: Path, write: Callable[..., Path], capsys: pytest.CaptureFixture[str]
):
    """Version, source and alerts, nobody's id; only what is published is told, and a failure to tell ends no refresh."""
    toml = write('[who]\nfeatures = ["age"]\nk = 2\nk_max = 2\n', "who.toml")
    settings = Settings(
        warehouse=tmp_path / "w",
        segmentations=toml,
        alerts_file=tmp_path / "alerts.json",
        alerts_webhook=f"{listener.address}/secret",
    )

    def told(count_old: int, **others: object) -> Message:
        ages = (60 if place < count_old else 20 for place in range(200))
        rows = "".join(f"person-{place},Male,{age + place % 5},{place % 60},{place % 90}\n" for place, age in enumerate(ages))
        refresh(
            Settings(**vars(settings) | {"customers": write(HEADER + rows)} | others), Reporter(Console(width=200, highlight=False))
        )
        return json.loads((tmp_path / "alerts.json").read_text(encoding="utf-8"))

    first, same = told(60), told(60)
    assert (first["form"], first["version"], first["alerts"], same["alerts"]) == (1, 1, [], [])
    assert first["data_since"] == same["data_since"] <= first["built_at"] < same["built_at"]
    assert listener.posted == []
    moved = told(150)
    assert {alert["kind"] for alert in moved["alerts"]} == {"size"}
    assert moved["alerts"][0].keys() >= {"run_id", "previous_run_id", "segment_id", "segment_name", "severity", "sentence"}
    assert (moved["version"], moved["source_file"], moved["count_customers"]) == (3, "customers.csv", 200)
    ((path, _, body),) = listener.posted
    assert (path, json.loads(body)) == ("/secret", moved)
    assert "person-" not in body.decode()
    capsys.readouterr()
    listener.answers = [500, 500]
    assert told(60)["version"] == 4
    out = capsys.readouterr().out
    assert f"ALERTS NOT SENT to {listener.address}: it answered 500" in " ".join(out.split())
    assert "secret" not in out
    assert re.search(r"Alert +who kmeans: “", out)
