import pytest

from warehouse.errors import BuildError, BusyError, GateError, InputError, MallError, NotPublishedError, refuse


@pytest.mark.parametrize(
    ("error", "status"), [(MallError, 1), (BuildError, 1), (InputError, 2), (GateError, 2), (NotPublishedError, 2), (BusyError, 3)]
)
def test_every_error_has_its_exit_status(error: type[MallError], status: int):
    """1 a defect of ours, 2 bad input, 3 busy; and every one can be caught as MallError."""
    assert status == error.exit_status
    assert issubclass(error, MallError)


def test_an_error_is_one_line_whatever_a_value_in_it_holds(capsys: pytest.CaptureFixture[str]):
    """Line ends, controls of a terminal, marks that turn the writing around, and a million letters."""
    assert refuse("refresh", InputError("a\nb\x1b[31m\u202ec\ud800 6.2\u00a0% 😀" + "x" * 1_000_000)) == 2
    line = capsys.readouterr().err
    assert line.startswith("refresh: a b\\x1b[31m\\u202ec\\ud800 6.2\u00a0% 😀xxx")
    assert line.endswith("x…\n")
    assert len(line) < 2_100
