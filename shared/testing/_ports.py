"""Ports for servers that are told theirs before they start."""

import socket
import sys
from collections.abc import Generator
from contextlib import contextmanager


@contextmanager
def reserved_port() -> Generator[int, None, None]:
    """A port of loopback that is given to nobody else until the block ends, and that a server may listen on meanwhile.

    A socket is bound to it and does not listen. Linux then lets another one listen there that is bound with
    `SO_REUSEADDR`, as those of servers are, and gives the port neither to who asks for any nor to a connection that
    goes out. Elsewhere it is a port that was free.
    """
    with socket.socket() as held:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        if sys.platform != "linux":
            held.close()
        yield port
