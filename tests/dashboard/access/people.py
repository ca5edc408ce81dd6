"""Three people who may enter, and how they do it."""

from functools import cache
from pathlib import Path

from flask.testing import FlaskClient

from dashboard.access import users
from dashboard.access.roles import Role
from dashboard.access.users import Known
from dashboard.app import create_app
from warehouse.settings import Settings

PASSWORD = "correct horse battery"
PEOPLE = {"vera": Role.VIEWER, "adam": Role.ANALYST, "edda": Role.EDITOR}
HOST = "http://localhost"


@cache
def hashed() -> str:
    """The hash of the password, which takes a moment."""
    return users.hashed(PASSWORD)


def users_file(folder: Path) -> Path:
    """A users file with a viewer, an analyst and an editor."""
    path = folder / "users.toml"
    users.write(path, {name: Known(role, hashed()) for name, role in PEOPLE.items()})
    return path


def guarded(warehouse: Path, folder: Path, **settings: object) -> Settings:
    """The settings of a dashboard that asks who enters; what it writes down is in the folder."""
    return Settings(warehouse=warehouse, users=users_file(folder), access=folder / "access.sqlite", **settings)


def sign_in(client: FlaskClient, name: str, password: str = PASSWORD, **headers: str):
    """Post the form; the answer."""
    return client.post("/login", data={"name": name, "password": password}, headers=headers)


def client_of(settings: Settings, name: str | None = None) -> FlaskClient:
    """A browser, in which somebody has signed in."""
    client = create_app(settings).server.test_client()
    if name:
        assert sign_in(client, name).status_code == 303
    return client
