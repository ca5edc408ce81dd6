"""Where the dashboard listens: the sockets of HOST and PORT, and whether anyone but this machine reaches them."""

import errno
import ipaddress
import os
import socket
import struct
from collections.abc import Iterable

from warehouse.errors import InputError

_BACKLOG = 1024
"""How many connections wait while all threads are busy."""
_NOT_HERE = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


def is_this_machine(host: str) -> bool:
    """Whether who listens on `host` is reached from this machine only: localhost, 127.0.0.0/8 and ::1.

    Any other name is taken to be reached from elsewhere, whatever it leads to now.
    """
    if host.lower() == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of `host`. Raises InputError, which says why that cannot be."""
    where = f"cannot listen on {host}:{port}:"
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise InputError(f"{where} no address of that name is known; give this machine's with HOST=127.0.0.1") from error
    sockets: list[socket.socket] = []
    missing: OSError | None = None
    for family, address in dict.fromkeys((each[0], each[4]) for each in found):
        try:
            both = family == socket.AF_INET6 and host == "::"
            sockets.append(socket.create_server(address, family=family, backlog=_BACKLOG, dualstack_ipv6=both))
        except OSError as error:
            if error.errno not in _NOT_HERE:
                for each in sockets:
                    each.close()
                raise InputError(f"{where} {os.strerror(error.errno or 0)}; choose another with PORT=8051") from error
            missing = error
    if not sockets:  # localhost has two addresses, and a machine perhaps one of them
        raise InputError(f"{where} it is no address of this machine; give one with HOST=127.0.0.1") from missing
    return sockets


def bound_clients(sockets: Iterable[socket.socket], read_seconds: int = 10, write_seconds: int = 30) -> None:
    """End the waiting of a thread for a client that sends nothing of a request, or takes nothing of its answer, for so long.

    Linux hands what a listening socket has to the connections that it accepts: reading or writing then fails with BlockingIOError.
    A connection on which nothing was said yet is not even accepted for a while: browsers open some ahead.
    """
    for each in sockets:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", read_seconds, 0))
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDTIMEO, struct.pack("ll", write_seconds, 0))
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_DEFER_ACCEPT, read_seconds)
