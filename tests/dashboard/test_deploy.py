"""The examples of dashboard/deploy say what is so."""

import configparser
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

import pytest

from warehouse import sandbox_child
from warehouse.memory import in_bytes
from warehouse.sandbox import Limits
from warehouse.settings import Settings

ROOT = Path(__file__).parent.parent.parent
DEPLOY = ROOT / "dashboard" / "deploy"
UNITS = sorted(path.name for path in DEPLOY.glob("mall-*"))
CONTAINER = (DEPLOY / "Containerfile").read_text(encoding="utf-8")


def unit(name: str) -> configparser.ConfigParser:
    parsed = configparser.ConfigParser(interpolation=None)
    parsed.optionxform = str
    parsed.read_string((DEPLOY / name).read_text(encoding="utf-8"))
    return parsed


def test_there_are_three_units():
    """The dashboard, a refresh, and when."""
    assert UNITS == ["mall-dashboard.service", "mall-refresh.service", "mall-refresh.timer"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_takes_the_units(tmp_path):
    """Nothing in them is unknown to it, with a program where they name the one of the checkout."""
    program = tmp_path / ".venv" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.symlink_to(shutil.which("true"))
    for name in UNITS:
        (tmp_path / name).write_text((DEPLOY / name).read_text(encoding="utf-8").replace("/srv/mall", str(tmp_path)))
    command = ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / name) for name in UNITS)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, [line for line in done.stderr.splitlines() if str(tmp_path) in line or "mall" in line]) == (0, [])


@pytest.mark.parametrize("name", [name for name in UNITS if name.endswith(".service")])
def test_a_service_starts_what_there_is_with_settings_there_are(name):
    """Its command is a module of ours, its variables are settings, and it may take and write only what it is given."""
    service = unit(name)["Service"]
    folder = service["WorkingDirectory"]
    (module,) = re.fullmatch(rf"{folder}/\.venv/bin/python -m ([a-z.]+)", service["ExecStart"]).groups()
    assert find_spec(module) is not None
    environ = dict(each.split("=", 1) for each in service["Environment"].split())
    Settings.from_environment(environ)
    assert {key.lower() for key in environ} <= set(vars(Settings()))
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("yes", "strict", "")
    assert service["MemoryMax"]
    assert service.get("ReadWritePaths") == {"mall-refresh.service": environ["WAREHOUSE"]}.get(name)


def test_the_timer_starts_the_refresh():
    """Once it is enabled, and at a time: the service that it names, or the one of its own name, is there and refreshes."""
    timer = unit("mall-refresh.timer")
    started = unit(timer["Timer"].get("Unit", "mall-refresh.service"))
    assert started["Service"]["ExecStart"].endswith(" -m etl.refresh")
    assert started["Service"]["Type"] == "oneshot"
    assert timer["Timer"]["OnCalendar"]
    assert timer["Install"]["WantedBy"] == "timers.target"


def amount(text: str) -> int:
    """Bytes of 8G or 2g, as systemd and podman count."""
    return int(text[:-1]) << {"g": 30, "m": 20}[text[-1].lower()]


def needed(settings: Settings) -> int:
    """What the workers take, one of them while it is renewed, and two statements of the SQL page."""
    workers = in_bytes(settings.serve_memory)
    return workers + workers // settings.workers + Limits().at_once * ((Limits().memory_mb << 20) + sandbox_child._PROGRAM)


def test_a_limit_of_memory_is_beyond_what_is_taken():
    """The unit's, with downloads in a /tmp that may be in memory, and the container's, whose /tmp is."""
    service = unit("mall-dashboard.service")["Service"]
    downloads = Limits().at_once * Limits().most_file_bytes
    settings = Settings.from_environment(dict(each.split("=", 1) for each in service["Environment"].split()))
    assert amount(service["MemoryMax"]) >= needed(settings) + downloads
    ((room, memory, serve_memory),) = re.findall(r"--tmpfs /tmp:size=(\w+) --memory (\w+) --env SERVE_MEMORY=(\w+)", CONTAINER)
    assert amount(memory) >= needed(Settings(serve_memory=serve_memory)) + amount(room)
    assert amount(room) >= downloads


def test_the_container_has_what_there_is():
    """It copies what is in the checkout, all that is installed, and starts a module of ours."""
    copied = [name for line in re.findall(r"^COPY (.*) \S+$", CONTAINER, flags=re.MULTILINE) for name in line.split()]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"warehouse", "etl", "analytics", "dashboard", "pyproject.toml", "constraints.txt", "README.md"} == set(copied)
    modules = set(re.findall(r"python -m ((?:etl|dashboard)[a-z.]*)", CONTAINER)) | {"dashboard.serve"}
    assert all(find_spec(module) for module in modules)
    assert 'CMD ["python", "-m", "dashboard.serve"]' in CONTAINER
    (variables,) = re.findall(r"^ENV (.*)$", CONTAINER, flags=re.MULTILINE)
    assert {each.split("=")[0].lower() for each in variables.split()} <= set(vars(Settings()))


def test_no_example_names_a_registry():
    """The base is named shortly; nothing is fetched from an address."""
    (base,) = re.findall(r"^FROM (.*)$", CONTAINER, flags=re.MULTILINE)
    assert re.fullmatch(r"[a-z]+:[\w.-]+", base)
    for path in DEPLOY.iterdir():
        assert set(re.findall(r"https?://([^/:'\"]+)", path.read_text(encoding="utf-8"))) <= {"127.0.0.1"}
