"""ENGINE=spark before there is a cluster: what goes together, and what must be installed."""

import os
import stat
import sys
from pathlib import Path

import pytest

from etl.refresh import main
from tests.helpers import FOUR, HEADER


@pytest.fixture
def customers(tmp_path: Path) -> Path:
    path = tmp_path / "customers.csv"
    path.write_text(HEADER + FOUR)
    return path


def _refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main(arguments) == 2
    said = capsys.readouterr().err.strip()
    assert "\n" not in said
    return said


@pytest.fixture
def spark(tmp_path: Path, customers: Path) -> list[str]:
    """The options of a refresh on a cluster that nobody runs."""
    given = ["--engine", "spark", "--spark-master", "spark://127.0.0.1:9", "--customers", str(customers)]
    return [*given, "--warehouse", str(tmp_path / "w")]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--engine", "flink"], "flink: give duckdb or spark"),
        (["--engine", "spark"], "SPARK_MASTER=spark://host:7077"),
        (["--engine", "spark", "--spark-master", "host:7077"], "host:7077: give the address of a Spark master"),
        (["--engine", "spark", "--spark-master", "spark://h:1"], "ENGINE=spark needs CUSTOMERS=path"),
    ],
)
def test_settings_that_do_not_go_together(capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: list[str], said: str):
    assert said in _refused(capsys, *arguments, "--warehouse", str(tmp_path / "w"))


@pytest.mark.parametrize("other", ["transactions", "stock", "results"])
def test_customers_alone(capsys: pytest.CaptureFixture[str], spark: list[str], customers: Path, other: str):
    said = _refused(capsys, *spark, f"--{other}", str(customers))
    assert said == f"refresh: {other.upper()}={customers}: ENGINE=spark reads customers alone; leave it unset"


@pytest.mark.parametrize("package", ["pyspark", "sqlglot"])
def test_the_extra_is_named(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, spark: list[str], package: str):
    for each in ("pyspark", "sqlglot"):
        monkeypatch.setitem(sys.modules, each, None if each == package else sys)
    said = _refused(capsys, *spark)
    assert f"ENGINE=spark needs {package}, which is not installed" in said
    assert "pip install '.[spark]'" in said


def _java(folder: Path, version: str) -> None:
    """A program that says that it is this version of Java."""
    folder.mkdir(parents=True)
    program = folder / "java"
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2020-01-01' >&2\n")
    program.chmod(program.stat().st_mode | stat.S_IEXEC)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        (None, "ENGINE=spark needs Java 17 or newer, and there is none"),
        ("11.0.2", "is Java 11"),
        ("1.8.0_402", "is Java 8"),
        ("21.0.1", "the cluster cannot be reached"),
    ],
)
def test_java_is_named(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    spark: list[str],
    version: str | None,
    said: str,
):
    """Where it is missing or too old; with one that is new enough the next question is asked."""
    for package in ("pyspark", "sqlglot"):
        monkeypatch.setitem(sys.modules, package, sys)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    if version:
        _java(tmp_path / "bin", version)
    assert said in _refused(capsys, *spark)
    assert not list((tmp_path / "w").glob("v*"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "home"))
    if version:
        os.renames(tmp_path / "bin", tmp_path / "home" / "bin")
    assert said in _refused(capsys, *spark)
