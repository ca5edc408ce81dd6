"""Who asks, and as what."""

from dataclasses import dataclass
from enum import IntEnum

from flask import g, has_request_context


class Role(IntEnum):
    """What somebody may do; each may do what those before it may."""

    NOBODY = 0
    """Sign in."""
    VIEWER = 1
    """See counts and means, none of which is of few customers."""
    ANALYST = 2
    """See customers, ask in SQL and take files away."""
    EDITOR = 3
    """Name and describe segments."""


ROLES = {role.name.lower(): role for role in Role if role}
"""The roles, by what a users file calls them."""


@dataclass(frozen=True)
class User:
    """Somebody who asks."""

    name: str
    """Their name; empty where nobody is asked for one."""
    role: Role
    """What they may do."""
    can_leave: bool = False
    """Whether they signed in here, and so can sign out."""


NOBODY = User("", Role.NOBODY)
"""Who has not said who they are."""


def current() -> User:
    """Who sent the request that is being answered; outside of one, a person at this machine."""
    if not has_request_context():
        return User("", Role.ANALYST)
    return g.get("user", NOBODY)  # type: ignore[no-any-return]


def may(role: Role) -> bool:
    """Whether who asks has a role, or one above it."""
    return current().role >= role
