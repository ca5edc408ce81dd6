"""What is sent is compressed as the browser likes, and a script of a library only once."""

import zlib

import flask_compress.flask_compress as library
import pytest

from dashboard import compression
from dashboard.app import create_app
from warehouse.settings import Settings

SCRIPT = "/_dash-component-suites/dash/dcc/async-graph.js"


@pytest.fixture
def compressed(monkeypatch):
    """How often a body was compressed."""
    count, compress = [], library._compress_data
    monkeypatch.setattr(library, "_compress_data", lambda *given: count.append(1) or compress(*given))
    return count


@pytest.fixture
def client(tmp_path):
    return create_app(Settings(warehouse=tmp_path)).server.test_client()


def test_a_script_is_compressed_once_for_each_encoding(client, compressed):
    """The second browser gets what the first one got, and who likes another encoding gets that one."""
    bodies = [client.get(SCRIPT, headers={"Accept-Encoding": name}).data for name in ("gzip", "gzip", "deflate", "deflate")]
    assert bodies[0] == bodies[1] != bodies[2] == bodies[3]
    assert len(compressed) == 2
    assert zlib.decompress(bodies[0], 31) == zlib.decompress(bodies[2]) == client.get(SCRIPT).data


def test_what_changes_is_compressed_each_time(client, compressed):
    """A page and an answer are never those of before."""
    for _ in range(2):
        assert client.get("/", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    assert len(compressed) == 2


def test_what_is_kept_has_an_end(monkeypatch):
    """Many addresses of the same script do not fill the memory."""
    monkeypatch.setattr(compression, "_MOST_BYTES", 10)
    kept = compression.Kept()
    for key, body in (("br;/a", b"12345678"), ("br;/a", b"12345678"), ("br;/b", b"123"), ("br;/c", b"12"), ("br;", b"")):
        kept.set(key, body)
    assert [kept.get(f"br;{path}") for path in ("/a", "/b", "/c", "")] == [b"12345678", None, b"12", None]


@pytest.mark.parametrize("refused", ["gzip;q=0", "br;q=0, gzip;q=0, zstd;q=0, deflate;q=0.000", "*;q=0"])
def test_what_is_refused_is_not_sent(client, refused):
    """Not even where it is all that is named."""
    assert "Content-Encoding" not in client.get(SCRIPT, headers={"Accept-Encoding": refused}).headers
