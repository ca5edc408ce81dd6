"""The users file: who is in it, what is refused, and that it is read again when it changes."""

import io
import logging
import os
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from dashboard.access import door, user, users
from dashboard.access.roles import Role
from dashboard.access.users import Known, Users
from tests.dashboard.access.people import PASSWORD, PEOPLE, users_file
from warehouse.errors import InputError
from warehouse.settings import Settings


def test_what_is_written_is_read(tmp_path):
    """Names, roles and hashes survive; nobody but the owner can read the file, and no password stands in it."""
    path = users_file(tmp_path)
    assert {name: known.role for name, known in users.read(path).items()} == PEOPLE
    assert path.stat().st_mode & 0o777 == 0o600
    assert PASSWORD not in path.read_text()
    assert os.listdir(tmp_path) == ["users.toml"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("[anna]\nrole = 'owner'\n", "role = viewer, analyst, editor"),
        ("[anna]\n", "role = viewer, analyst, editor"),
        ("anna = 'viewer'\n", "role = viewer, analyst, editor"),
        ("[anna]\nrole = ['viewer']\n", "role = viewer, analyst, editor"),
        ("[anna]\nrole = 'viewer'\nemail = 'a@b'\n", "role = viewer, analyst, editor"),
        ("[anna]\nrole = 'viewer'\npassword = 'secret words'\n", "no Argon2 hash"),
        ("[anna]\nrole = 'viewer'\npassword = 7\n", "no Argon2 hash"),
        ("['Anna']\nrole = 'viewer'\n", "is no name"),
        ("['an na']\nrole = 'viewer'\n", "is no name"),
        ("[anna", "is not TOML"),
    ],
)
def test_a_bad_file_is_refused_in_one_line(write, text, wanted):
    """What is wrong is said with the file; what might be a password is not repeated."""
    with pytest.raises(InputError, match=wanted) as error:
        users.read(write(text, "users.toml"))
    assert "users.toml" in str(error.value)
    assert "secret words" not in str(error.value)


def test_passwords():
    """Only the right password is right; somebody without one never enters by one, nor does nobody."""
    known = Known(Role.VIEWER, users.hashed(PASSWORD))
    assert users.is_password(known, PASSWORD)
    assert not users.is_password(known, PASSWORD + " ")
    assert not users.is_password(Known(Role.VIEWER), PASSWORD)
    assert not users.is_password(None, PASSWORD)


@pytest.mark.parametrize("password", ["elevenchars", "x" * 257])
def test_a_password_that_is_none_is_refused(password):
    """Twelve characters at least, and no end of them is hashed."""
    with pytest.raises(InputError, match="12 to 256"):
        users.hashed(password)


def test_the_file_is_read_again_when_it_changes(tmp_path, caplog):
    """Who is taken out is out at once; while it is damaged nobody is in it, which the log says, and afterwards they are again."""
    path = users_file(tmp_path)
    known = Users(path)
    assert known["vera"].role == Role.VIEWER
    users.write(path, {"adam": Known(Role.EDITOR)})
    assert known["vera"] is None
    assert known["adam"].role == Role.EDITOR
    whole = path.read_text()
    path.write_text("[adam")
    with caplog.at_level(logging.ERROR):
        assert known["adam"] is None
    assert "nobody may enter until the users file can be read" in caplog.text
    path.write_text(whole)
    assert known["adam"].role == Role.EDITOR
    path.unlink()
    assert known["adam"] is None


def test_the_owner_and_the_mode_of_a_file_stay(tmp_path):
    """The service reads what root wrote."""
    path = users_file(tmp_path)
    path.chmod(0o640)
    if os.getuid() == 0:
        os.chown(path, 0, 12345)
    before = path.stat()
    users.write(path, {"adam": Known(Role.EDITOR)})
    after = path.stat()
    assert (after.st_uid, after.st_gid, after.st_mode) == (before.st_uid, before.st_gid, before.st_mode)


def test_a_link_stays_one(tmp_path):
    """And leads to a file that has the new user; nothing else is left in the folder."""
    (tmp_path / "elsewhere").mkdir()
    path, target = tmp_path / "users.toml", users_file(tmp_path / "elsewhere")
    path.symlink_to(target)
    user.put(path, "zed", "viewer", "")
    assert path.is_symlink()
    assert "zed" in users.read(target)
    assert os.listdir(tmp_path / "elsewhere") == ["users.toml"]


def test_two_at_once_lose_nothing(tmp_path):
    """Each sees what the other has done, however long a hash takes."""
    path = users_file(tmp_path)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(user.put, path, f"new-{place}", "viewer", PASSWORD) for place in range(4)]
        done.append(pool.submit(user.put, path, "vera", "none", ""))
    assert all(each.result() for each in done)
    assert set(users.read(path)) == {"adam", "edda", *(f"new-{place}" for place in range(4))}


@pytest.mark.parametrize("text", ["", "# nobody\n"])
def test_a_file_with_nobody_opens_no_server(write, text):
    """A dashboard that nobody can enter is a mistake."""
    with pytest.raises(InputError, match="nobody is in it"):
        door.check(Settings(users=write(text, "users.toml")))


def run(monkeypatch, path, typed, *arguments) -> int:
    monkeypatch.setenv("USERS", str(path))
    monkeypatch.setattr(sys, "argv", ["user", *arguments])
    monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
    return user.main()


def test_the_command_adds_changes_and_takes_out(tmp_path, monkeypatch, capsys):
    """A password is piped in; without one it stays as it is, and so does a role."""
    path = tmp_path / "new" / "users.toml"
    assert run(monkeypatch, path, f"{PASSWORD}\n", "--name", "Anna", "--role", "analyst") == 0
    first = users.read(path)["anna"]
    assert users.is_password(first, PASSWORD)
    assert run(monkeypatch, path, "\n", "--name", "anna", "--role", "editor") == 0
    assert users.read(path)["anna"] == Known(Role.EDITOR, first.password)
    assert run(monkeypatch, path, "another long password\n", "--name", "anna") == 0
    changed = users.read(path)["anna"]
    assert changed.role == Role.EDITOR
    assert users.is_password(changed, "another long password")
    assert run(monkeypatch, path, "", "--name", "bert", "--role", "") == 0
    assert users.read(path)["bert"] == Known(Role.VIEWER)
    assert run(monkeypatch, path, "", "--name", "anna", "--role", "none") == 0
    assert list(users.read(path)) == ["bert"]
    assert "anna may not enter any more" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "typed", "wanted"),
    [
        (("--name", "anna", "--role", "king"), PASSWORD, "ROLE=king"),
        (("--name", "a b"), PASSWORD, "is no name"),
        (("--name", " "), PASSWORD, "give the users file and a name"),
        (("--name", "anna"), "short", "12 to 256"),
        (("--name", "nobody", "--role", "none"), "", "there is no nobody"),
    ],
)
def test_the_command_refuses_in_one_line_and_changes_nothing(tmp_path, monkeypatch, capsys, arguments, typed, wanted):
    """Exit status 2, one line, and the file to the byte what it was."""
    path = users_file(tmp_path)
    before = path.read_bytes()
    assert run(monkeypatch, path, f"{typed}\n", *arguments) == 2
    said = capsys.readouterr().err
    assert wanted in said
    assert said.count("\n") == 1
    assert path.read_bytes() == before
