import pytest

from warehouse.errors import BuildError, BusyError, GateError, InputError, MallError, NotPublishedError


@pytest.mark.parametrize(
    ("error", "status"), [(MallError, 1), (BuildError, 1), (InputError, 2), (GateError, 2), (NotPublishedError, 2), (BusyError, 3)]
)
def test_every_error_has_its_exit_status(error: type[MallError], status: int):
    """1 a defect of ours, 2 bad input, 3 busy; and every one can be caught as MallError."""
    assert status == error.exit_status
    assert issubclass(error, MallError)
