"""What a proxy in front says of a request: who sent it, from where, and over which protocol. It is believed where it is trusted."""

import re
from collections.abc import Sequence
from ipaddress import ip_address

from flask import request

from warehouse.settings import Network

_IPV6_SITE = 64


class Proxy:
    """The proxies that are believed, by their networks."""

    def __init__(self, trusted: Sequence[Network]) -> None:
        self._trusted = trusted

    def says(self, header: str) -> str:
        """What a trusted proxy says in a header of the request that is being answered; empty where it is another who asks."""
        return request.headers.get(header, "") if self._is_asking() else ""

    def address(self) -> str:
        """Where the request comes from, as it is counted and written down: of a list the last, which the proxy itself wrote."""
        return site(self.says("X-Forwarded-For").rpartition(",")[2].strip() or request.remote_addr or "")

    def is_secure(self) -> bool:
        """Whether nobody on the way reads what the browser sends."""
        return request.is_secure or self.says("X-Forwarded-Proto").lower() == "https"

    def _is_asking(self) -> bool:
        try:
            peer = ip_address(request.remote_addr or "")
        except ValueError:
            return False
        peer = getattr(peer, "ipv4_mapped", None) or peer
        return any(peer in network for network in self._trusted)


def site(address: str) -> str:
    """An address as it is counted and written down: of IPv6 the network, which is one customer's of a provider."""
    bare = re.fullmatch(r"\[(.+)\](?::\d+)?|([\d.]+):\d+", address)  # some proxies write the port as well
    try:
        found = ip_address((bare[1] or bare[2]) if bare else address)
    except ValueError:
        return "unknown"
    found = getattr(found, "ipv4_mapped", None) or found
    if found.version == 4 or found.is_loopback:
        return str(found)
    return f"{ip_address(int(found) >> _IPV6_SITE << _IPV6_SITE)}/{_IPV6_SITE}"
