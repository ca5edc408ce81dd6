"""A cluster for the tests of this folder, where Java and the extra are there; without them they are skipped."""

import importlib.util
import shutil
from collections.abc import Iterator

import pytest

from tests.spark.standalone import Standalone, standalone


@pytest.fixture(scope="session", autouse=True)
def _needs() -> Iterator[None]:
    """PySpark, sqlglot and Java."""
    for package in ("pyspark", "sqlglot"):
        if importlib.util.find_spec(package) is None:
            pytest.skip(f"{package} is not installed: make test-spark installs it")
    if shutil.which("java") is None:
        pytest.skip("there is no Java")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_PYTHON", "there-is-no-python")  # workers need none
        yield


@pytest.fixture(scope="session")
def cluster(_needs: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standalone]:
    """A master and two workers."""
    with standalone(tmp_path_factory.mktemp("cluster")) as running:
        yield running
