"""Add somebody to the users file, change them or take them out: `python -m dashboard.access.user`, or `make user NAME=anna`.

The password is asked for twice, or is the first line of what is piped in.
"""

import argparse
import getpass
import sys
from dataclasses import replace
from pathlib import Path

from dashboard.access import users
from dashboard.access.roles import ROLES, Role
from dashboard.access.users import FEWEST_CHARACTERS, Known
from warehouse.errors import InputError, MallError, refuse
from warehouse.settings import Settings

OUT = "none"
"""The role of who may not enter any more."""


def put(path: Path, name: str, role: str, password: str) -> str:
    """Give somebody a role and a password; an empty password, or role, leaves what is there. Returns what was done, in a line.

    Raises InputError for what cannot be; the file is as it was then.
    """
    name = users.folded(name)
    if role and role not in (*ROLES, OUT):
        raise InputError(f"ROLE={role}: give {', '.join(ROLES)}, or {OUT} for somebody who may not enter any more")
    hashed = users.hashed(password) if password else None  # it takes a moment, in which others may change the file
    with users.changing(path) as known:
        before = known.get(name)
        if role == OUT:
            if before is None:
                raise InputError(f"{path}: there is no {name}")
            del known[name]
            return f"{name} may not enter any more"
        new = Known(ROLES[role] if role else before.role if before else Role.VIEWER, before.password if before else None)
        known[name] = new if hashed is None else replace(new, password=hashed)
    is_open = known[name].password is not None
    return f"{name} may enter as {new.role.name.lower()}{'' if is_open else ', where a proxy says who asks: there is no password'}"


def main() -> int:
    """The command line; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m dashboard.access.user", description="Say who may enter the dashboard.")
    parser.add_argument("--name", required=True, help="who")
    parser.add_argument("--role", default="", help=f"{', '.join(ROLES)}, or {OUT} for nobody any more (new: viewer)")
    asked = parser.parse_args()
    try:
        path = Settings.from_environment().users
        if path is None or not asked.name.strip():
            raise InputError("give the users file and a name: make user USERS=users.toml NAME=anna ROLE=analyst")
        print(put(path, asked.name, asked.role, "" if asked.role == OUT else _password()))
    except MallError as error:
        return refuse("user", error)
    except (EOFError, KeyboardInterrupt):
        print("\nuser: nothing is changed", file=sys.stderr)
        return 130
    return 0


def _password() -> str:
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\n")
    password = getpass.getpass(f"Password ({FEWEST_CHARACTERS} characters or more; empty: as it is): ")
    if password and getpass.getpass("The same again: ") != password:
        raise InputError("those are two different passwords")
    return password


if __name__ == "__main__":
    sys.exit(main())
