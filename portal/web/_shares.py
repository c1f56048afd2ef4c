"""How much of the web chat one address or one person may take: of its time, and of its lines to what stands behind it.

An address is what the connection says, or where a proxy of ours is at its end, what that proxy says. A network of IPv6
of 64 bits counts as one: whoever has an address there has all of them.
"""

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.types import Scope

from shared.a2a import OpenRequests, RateLimit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MOST_AT_ONCE: Final = 32
"""Requests of one person, or of one address of people who are not signed in; each holds two lines at most, of 256."""

TOO_MANY: Final = "Too many requests are under way at the same time; try again shortly."
AT_END: Final = "helpdesk.web.at_end"
_STRANGER: Final = "helpdesk.web.stranger"
_HELD: Final = "helpdesk.web.held"


class Shares:
    """Counts them.

    Args:
        per_minute: Requests of one address of people who are not signed in.
        proxies: The networks whose proxies are believed.
        clock: Monotonic seconds.
    """

    def __init__(self, per_minute: int, proxies: Sequence[Network], *, clock: Callable[[], float]) -> None:
        self._limit = RateLimit(per_minute, clock=clock)
        self._proxies = proxies
        self._at_once = OpenRequests(MOST_AT_ONCE, words=TOO_MANY)

    def take(self, scope: Scope) -> None:
        """Takes a request from the share of whoever is not signed in; once for each request.

        Raises:
            TooManyRequests: it is used up.
        """
        if _STRANGER in scope:
            return
        address = self._address(scope)
        self._limit.take(address)
        scope[_STRANGER] = True
        self.hold(scope, f"address {address}")

    def require(self, scope: Scope) -> None:
        """Sees that there is something left of that share, and takes nothing.

        Raises:
            TooManyRequests: it is used up.
        """
        self._limit.require(self._address(scope))

    def hold(self, scope: Scope, whose: str) -> None:
        """Counts a request until it has ended; once.

        Raises:
            TooManyRequests: so many of theirs are under way already.
        """
        if _HELD in scope or AT_END not in scope:
            return
        stack: ExitStack = scope[AT_END]
        self._at_once.take(whose)
        stack.callback(self._at_once.give_back, whose)
        scope[_HELD] = True

    def _address(self, scope: Scope) -> str:
        peer = _address_in(str((scope.get("client") or ("",))[0]))
        named = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for").decode("latin-1")
        hops = named.split(",")
        while peer is not None and hops and any(peer in network for network in self._proxies):
            before = _address_in(hops.pop().strip())
            if before is None:
                break
            peer = before
        return _network_of(peer)


def networks_in(said: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks, as they are written.

    Raises:
        ValueError: one is none.
    """
    return tuple(ip_network(one) for one in said)


def _address_in(text: str) -> Address | None:
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _network_of(address: Address | None) -> str:
    if isinstance(address, IPv6Address):
        return str(ip_network((int(address), 64), strict=False))
    return str(address or "unknown")
