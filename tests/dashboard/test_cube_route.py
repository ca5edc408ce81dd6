"""The cube as a file: compressed once, known by its ETag, and never taken for another version's."""

import gzip
import json
import shutil

import brotli
import pytest

from dashboard import cube_route
from dashboard.app import create_app
from warehouse.settings import Settings

PLAIN = {"identity": lambda body: body, "br": brotli.decompress, "gzip": gzip.decompress}


@pytest.fixture
def directory(published, tmp_path):
    shutil.copytree(published, tmp_path / "w", symlinks=True)
    return tmp_path / "w"


@pytest.fixture
def client(directory):
    return create_app(Settings(warehouse=directory)).server.test_client()


def get(client, accepted: str | None, address: str = "/cube/1.json", **headers: str):
    return client.get(address, headers=headers | ({} if accepted is None else {"Accept-Encoding": accepted}))


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("br;q=0.5, gzip;q=0.9", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("gzip;q=0, br;q=0", "identity"),
        ("*;q=0", "identity"),
        ("gzip;q=0.2, identity", "identity"),
        ("", "identity"),
        (None, "identity"),
    ],
)
def test_the_encoding_is_the_browsers_choice(client, accepted, encoding):
    """What it likes best, never what it refuses; decoded it is the same cube, and each has an ETag of its own."""
    answer = get(client, accepted)
    assert answer.headers.get("Content-Encoding", "identity") == encoding
    assert answer.headers["Vary"] == "Accept-Encoding"
    assert json.loads(PLAIN[encoding](answer.data)) == json.loads(get(client, None).data)
    assert answer.get_etag()[0].endswith(f"-{encoding}")
    assert answer.content_length == len(answer.data)


def test_what_a_browser_has_is_not_sent_again(client):
    """304 without a body for its ETag; the whole cube for another one. HEAD has the same headers and no body."""
    answer = get(client, "br")
    again = get(client, "br", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
    assert get(client, "gzip", **{"If-None-Match": answer.headers["ETag"]}).status_code == 200
    assert get(client, "br", **{"If-None-Match": '"1-0-0-br"'}).status_code == 200
    head = client.head("/cube/1.json", headers={"Accept-Encoding": "br"})
    assert (head.data, head.headers["ETag"], head.content_length) == (b"", answer.headers["ETag"], answer.content_length)


def test_it_is_made_once(client, monkeypatch):
    """However often and however encoded it is asked for."""
    made = []
    monkeypatch.setattr(cube_route, "cube", lambda db: made.append(db.version) or {})
    monkeypatch.setitem(cube_route._COMPRESS, "br", lambda body: made.append("br") or brotli.compress(body))
    for accepted in ("br", "gzip", "br", None, "br"):
        assert get(client, accepted).status_code == 200
    assert made == [1, "br"]


def test_a_version_that_was_written_anew_has_another_tag(client, directory):
    """A browser that has the cube of the file before, perhaps with a customer who was erased, gets the new one."""
    before = get(client, "br")
    address = "/cube/1.json?built=2026 " + before.get_etag()[0].removeprefix("1-").rsplit("-", 2)[0]
    assert "immutable" in get(client, "br", address).headers["Cache-Control"]
    shutil.copy(directory / "v1.duckdb", directory / "new")
    (directory / "new").replace(directory / "v1.duckdb")
    assert get(client, "br", **{"If-None-Match": before.headers["ETag"]}).status_code == 200
    assert get(client, "br", address).headers["Cache-Control"] == "private, no-cache", "the address is of the file before"
