"""A port that a test gives to a server is that server's alone, from before it starts until after it has stopped."""

import errno
import socket
import sys

import pytest

from shared.testing import LoopbackServer, reserved_port

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a port be held for somebody else")


def is_given_to_others(port: int) -> bool:
    """Whether who asks for any port, or connects from it, may have this one."""
    with socket.socket() as other:
        try:
            other.bind(("127.0.0.1", port))
        except OSError as error:
            return error.errno != errno.EADDRINUSE
    return True


def test_a_server_may_listen_on_it_again_and_again_and_nobody_else_is_given_it() -> None:
    with reserved_port() as port:
        for _ in range(2):
            assert not is_given_to_others(port)
            with pytest.raises(ConnectionRefusedError):
                socket.create_connection(("127.0.0.1", port))
            with socket.create_server(("127.0.0.1", port)):
                socket.create_connection(("127.0.0.1", port)).close()
    assert is_given_to_others(port)


def test_a_server_that_is_stopped_keeps_its_port_until_nobody_holds_it() -> None:
    server = LoopbackServer()
    server.stop()
    assert not is_given_to_others(server.port)
    port = server.port
    del server
    assert is_given_to_others(port)
