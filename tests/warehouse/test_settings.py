from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from warehouse.errors import InputError
from warehouse.settings import Settings

HOME = Path.home()


@pytest.mark.parametrize(
    ("environ", "field", "expected"),
    [
        ({"CUSTOMERS": "my.csv"}, "customers", Path("my.csv")),
        ({"CUSTOMERS": "~/my.csv"}, "customers", HOME / "my.csv"),
        ({"TRANSACTIONS": "my.parquet"}, "transactions", Path("my.parquet")),
        ({"STOCK": "stock.csv"}, "stock", Path("stock.csv")),
        ({"RESULTS": "results.csv"}, "results", Path("results.csv")),
        ({"PLAYBOOK": "plays.toml"}, "playbook", Path("plays.toml")),
        ({"WAREHOUSE": "/srv/mall"}, "warehouse", Path("/srv/mall")),
        ({"MAPPING": "mine.toml"}, "mapping", Path("mine.toml")),
        ({"MAX_SHRINK": "0.9"}, "max_shrink", 0.9),
        ({"SEGMENTATIONS": "my.toml"}, "segmentations", Path("my.toml")),
        ({"MAPPING": "columns.toml"}, "mapping", Path("columns.toml")),
        ({"REPORT": "out"}, "report", Path("out")),
        ({"HOST": "0.0.0.0"}, "host", "0.0.0.0"),
        ({"PORT": "80"}, "port", 80),
        ({"WORKERS": "4"}, "workers", 4),
        ({"SERVE_MEMORY": "8GB"}, "serve_memory", "8GB"),
        ({"SERVE_MEMORY": "25%"}, "serve_memory", "25%"),
        ({"FORCE": "1"}, "force", True),
        ({"FORCE": "Yes"}, "force", True),
        ({"FORCE": "TRUE"}, "force", True),
        ({"FORCE": "on"}, "force", True),
        ({"FORCE": "0"}, "force", False),
        ({"FORCE": "no"}, "force", False),
        ({"MAX_REJECTED": "0.07"}, "max_rejected", 0.07),
        ({"MAX_REJECTED": "1"}, "max_rejected", 1.0),
        ({"KEEP_VERSIONS": "7"}, "keep_versions", 7),
        ({"K": "5"}, "k", 5),
        ({"MEMORY_LIMIT": "512 MiB"}, "memory_limit", "512 MiB"),
        ({"MEMORY_LIMIT": "40%"}, "memory_limit", "40%"),
        ({"ALLOW_EDIT": "1"}, "allow_edit", True),
        ({"ALLOW_SQL": "1"}, "allow_sql", True),
        ({"ALLOW_SQL": "0"}, "allow_sql", False),
        ({"ALERTS_FILE": "~/alerts.json"}, "alerts_file", HOME / "alerts.json"),
        ({"ALERTS_WEBHOOK": "https://chat.example:8443/hook?key=1"}, "alerts_webhook", "https://chat.example:8443/hook?key=1"),
        ({"USERS": "users.toml"}, "users", Path("users.toml")),
        ({"USER_HEADER": "X-Remote-User"}, "user_header", "X-Remote-User"),
        ({"TRUSTED_PROXY": "10.0.0.5, fd00::/8"}, "trusted_proxy", (ip_network("10.0.0.5/32"), ip_network("fd00::/8"))),
        ({"ACCESS": "/srv/access.sqlite"}, "access", Path("/srv/access.sqlite")),
        ({"SMALLEST_CELL": "10"}, "smallest_cell", 10),
        ({"EXPECTED_AGE": "36"}, "expected_age", timedelta(hours=36)),
        ({"EXPECTED_AGE": "1.5h"}, "expected_age", timedelta(minutes=90)),
        ({"EXPECTED_AGE": "2 d"}, "expected_age", timedelta(days=2)),
        ({"EXPECTED_AGE": "never"}, "expected_age", None),
    ],
)
def test_every_variable_sets_its_field(environ: dict[str, str], field: str, expected: object):
    """A variable sets the field of its name and leaves every other at its default."""
    assert expected == getattr(Settings.from_environment(environ), field)
    assert {**vars(Settings()), field: expected} == vars(Settings.from_environment(environ))


def test_what_the_gate_allows_by_itself():
    """One row in twenty may be rejected, and half of the customers may go."""
    assert (Settings().max_rejected, Settings().max_shrink) == (0.05, 0.5)


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        *(("USER_HEADER", text, "no browser sends") for text in ("Host", "cookie", "User-Agent", "Accept-Language", "X Remote")),
        *(("TRUSTED_PROXY", text, "anybody is no proxy") for text in ("0.0.0.0/0", "128.0.0.0/1", "10.0.0.1,::/0")),
        *(("TRUSTED_PROXY", text, "addresses or networks") for text in ("proxy", "10.0.0.1/8", "10.0.0.1;10.0.0.2")),
        *(("ACCESS", text, "ends in .sqlite") for text in ("refresh.lock", "v1.duckdb", "data")),
    ],
)
def test_what_would_let_strangers_in_or_harm_a_file_is_refused(name: str, text: str, wanted: str):
    """By name, with what to give instead."""
    with pytest.raises(InputError, match=wanted):
        Settings.from_environment({name: text})


def test_every_field_has_a_variable():
    """The table above leaves no field out, and an empty variable counts as unset."""
    emptied = {name.upper(): "" for name in vars(Settings())}
    assert len(emptied) == 31
    assert Settings() == Settings.from_environment(emptied)
    assert Settings() == Settings.from_environment({"UNRELATED": "1"})


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch):
    """Without a mapping, os.environ is read."""
    monkeypatch.setenv("PORT", "9000")
    assert Settings.from_environment().port == 9000


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("SMALLEST_CELL", "0", "whole number from 1 to 1000"),
        ("PORT", "eighty", "whole number from 1 to 65535"),
        ("PORT", "0", "whole number from 1 to 65535"),
        ("PORT", "65536", "whole number from 1 to 65535"),
        ("PORT", "80.5", "whole number from 1 to 65535"),
        ("PORT", "nan", "whole number from 1 to 65535"),
        ("WORKERS", "0", "whole number from 1 to 64"),
        ("WORKERS", "65", "whole number from 1 to 64"),
        ("SERVE_MEMORY", "8", "amount of memory such as 4GB, or a share of the machine's such as 60%"),
        ("KEEP_VERSIONS", "0", "whole number from 1 to 1000"),
        ("KEEP_VERSIONS", "-1", "whole number from 1 to 1000"),
        ("KEEP_VERSIONS", "2.5", "whole number from 1 to 1000"),
        ("K", "1", "whole number from 2 to 50"),
        ("MEMORY_LIMIT", "much", "amount of memory such as 4GB, or a share of the machine's such as 60%"),
        ("K", "51", "whole number from 2 to 50"),
        ("K", "five", "whole number from 2 to 50"),
        ("MAX_REJECTED", "1.1", "number from 0 to 1"),
        ("MAX_REJECTED", "-0.1", "number from 0 to 1"),
        ("MAX_REJECTED", "5%", "number from 0 to 1"),
        ("MAX_SHRINK", "2", "number from 0 to 1"),
        ("MAX_REJECTED", "inf", "number from 0 to 1"),
    ],
)
def test_a_bad_number_is_refused_by_name(name: str, text: str, wanted: str):
    """A number out of its range, or no number, is refused; the message has the variable, the text and the range."""
    with pytest.raises(InputError) as error:
        Settings.from_environment({name: text})
    assert f"{name}={text}: give {'an' if wanted.startswith('amount') else 'a'} {wanted}" == str(error.value)


@pytest.mark.parametrize("text", ["0", "-1", "2w", "tomorrow", "1e9", "1234567d", "nan"])
def test_a_bad_age_is_refused(text: str):
    """What is no age is refused with the ways to write one."""
    with pytest.raises(InputError) as error:
        Settings.from_environment({"EXPECTED_AGE": text})
    assert str(error.value) == f"EXPECTED_AGE={text}: give hours such as 36 or 36h, days such as 2d, or never"


@pytest.mark.parametrize(
    "text",
    [
        "chat.example/secret",
        "ftp://chat.example/secret",
        "file:///etc/secret",
        "https:///secret",
        "https://me:secret@chat.example/",
        "https://chat.example/a secret",
        "https://chat.example/secret\r\nHost: other",
        "https://chat.example:99999999/secret",
        "https://[secret/",
        "https://chät.example/secret",
    ],
)
def test_an_address_that_cannot_be_posted_to_is_refused_unseen(text: str):
    """The message has no part of the address, which may be a secret; nor has what is printed of settings that have one."""
    with pytest.raises(InputError) as error:
        Settings.from_environment({"ALERTS_WEBHOOK": text})
    assert str(error.value).startswith("ALERTS_WEBHOOK: give an address that begins with http:// or https://")
    assert "secret" not in f"{error.value}{error.value.__cause__}"
    assert "secret" not in repr(Settings(alerts_webhook="https://chat.example/secret"))


def test_only_a_json_file_is_ever_replaced():
    """Alerts are written to no other kind of file: not to a version of the warehouse, nor to its link."""
    with pytest.raises(InputError, match=r"ALERTS_FILE=data/warehouse/current.duckdb: give a path that ends in .json"):
        Settings.from_environment({"ALERTS_FILE": "data/warehouse/current.duckdb"})
