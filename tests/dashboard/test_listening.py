"""Where the dashboard listens, and who reaches it there."""

import socket
import time

import pytest

from dashboard.listening import bound_clients, is_this_machine, listen
from tests.dashboard.servers import free_port
from warehouse.errors import InputError


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST", "127.0.0.1", "127.255.3.4", "::1", "::ffff:127.0.0.1"])
def test_this_machine_alone(host):
    """These are reached from nowhere else."""
    assert is_this_machine(host)


@pytest.mark.parametrize(
    "host",
    ["", "0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "127.1", "2130706433", "localhost.example", "my-machine", "::ffff:10.0.0.1"],
)
def test_anything_else_is_taken_to_be_reached_by_others(host):
    """All addresses, addresses of networks, and names, even such as lead to this machine now."""
    assert not is_this_machine(host)


def test_every_address_of_a_name_is_listened_on():
    """Whoever comes to localhost by the older or the newer protocol is answered, where the machine has both."""
    port = free_port()
    sockets = listen("localhost", port)
    try:
        for family, *_, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
            with socket.socket(family) as client:
                client.connect(address)
        with pytest.raises(
            InputError, match=rf"cannot listen on localhost:{port}: Address already in use; choose another with PORT="
        ):
            listen("localhost", port)
    finally:
        for each in sockets:
            each.close()


def test_an_accepted_connection_does_not_wait_for_ever():
    """For a client that sends nothing more, and for one that takes nothing."""
    (listening,) = listen("127.0.0.1", free_port())
    bound_clients([listening], 1, 1)
    with listening, socket.create_connection(listening.getsockname()) as client:
        client.sendall(b"x")
        begun, (accepted, _) = time.monotonic(), listening.accept()
        with accepted:
            assert accepted.recv(10) == b"x"
            with pytest.raises(BlockingIOError):
                accepted.recv(10)
            with pytest.raises(BlockingIOError):
                accepted.sendall(b"x" * 50_000_000)
        assert time.monotonic() - begun < 15
