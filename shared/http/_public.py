"""The internet and nothing nearer: a client for addresses that somebody else named.

A URL that a caller names makes this process speak from where it stands, behind the firewall and beside the metadata
service of the cloud. So such a URL is `https` to the usual port; the addresses of its name are looked up, and all of
them are public; and the connection goes to the addresses that were looked at, so that a name that leads elsewhere a
moment later (DNS rebinding) leads nowhere. Redirects are never followed.
"""

import asyncio
import functools
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import aiohttp
import httpx
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.http._transport import Transport

MAX_URL_CHARACTERS: Final = 2048
LOOKUP_SECONDS: Final = 5.0
PUBLIC_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_LOOKUPS: Final = ThreadPoolExecutor(2, thread_name_prefix="look-up")
_STREAM: Final = socket.SOCK_STREAM
_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_NEARER: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # for protocols, RFC 6890; Oracle's cloud answers there
        "168.63.129.16/32",  # Azure's host, seen from its machines
        "192.88.99.0/24",  # relays of 6to4, RFC 7526
        "fec0::/10",  # site-local, RFC 3879
        "3fff::/20",  # for documentation, RFC 9637
    )
)
"""What Python calls global, in one version or another, and what is not the internet."""


Address = ipaddress.IPv4Address | ipaddress.IPv6Address
LookUp = Callable[[str], Awaitable[Sequence[str]]]
"""The addresses of a name."""


class NotPublic(OSError):
    """A URL that may not be called; its text says why, and can be told to whoever named it."""


@dataclass(frozen=True, slots=True)
class PublicUrls:
    """Which URLs may be called.

    Attributes:
        look_up: Finds the addresses of a name.
        this_machine: Also allows `http` and any port, at loopback addresses and nowhere else: for development.
    """

    look_up: LookUp
    this_machine: bool = False

    async def check(self, url: str) -> None:
        """Refuses a URL by its form, or by what its name leads to now.

        Raises:
            NotPublic: it may not be called.
        """
        host, local = self._host(url)
        addresses = await self.addresses(host)
        if local and not all(ipaddress.ip_address(one).is_loopback for one in addresses):
            raise NotPublic("The URL must be https, to port 443.")

    async def addresses(self, host: str) -> list[str]:
        """The addresses of a host, each of which may be called.

        Raises:
            NotPublic: one of them may not be, or there is none.
        """
        try:
            async with asyncio.timeout(LOOKUP_SECONDS):
                names = [host] if _is_address(host) else await self.look_up(host)
                found = [ipaddress.ip_address(one.partition("%")[0]) for one in names]
        except (OSError, UnicodeError, ValueError, TimeoutError) as error:
            raise NotPublic("The URL's host cannot be found.") from error
        if not found or not all(is_public(one) or (self.this_machine and one.is_loopback) for one in found):
            raise NotPublic("The URL's host is not on the public internet.")
        return [str(one) for one in found]

    def _host(self, url: str) -> tuple[str, bool]:
        """The host, and whether only a loopback address will do."""
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
        except ValueError as error:
            raise NotPublic("The URL cannot be read.") from error
        if not host or not url.isprintable() or not url.isascii() or " " in url or len(url) > MAX_URL_CHARACTERS:
            raise NotPublic("The URL cannot be read.")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise NotPublic("The URL may have no user name, no password and no fragment.")
        usual = parts.scheme == "https" and port in {None, 443}
        if not usual and not (self.this_machine and parts.scheme in {"http", "https"}):
            raise NotPublic("The URL must be https, to port 443.")
        return host, not usual


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def is_public(address: Address) -> bool:
    """Whether an address is one of the internet's, also where it carries another in it."""
    if isinstance(address, ipaddress.IPv6Address):
        if address in _NAT64:
            return is_public(ipaddress.IPv4Address(address.packed[-4:]))
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address.sixtofour is not None or address.teredo is not None:
            return False
    if any(address in network for network in _NEARER):
        return False
    return address.is_global and not address.is_multicast and not address.is_reserved


async def look_up(host: str) -> list[str]:
    """The addresses of a name, as the system knows them.

    Somebody else's name server may take its time: what waits for it has threads of its own.
    """
    loop = asyncio.get_running_loop()
    found = await loop.run_in_executor(_LOOKUPS, functools.partial(socket.getaddrinfo, host, None, type=_STREAM))
    return [str(info[4][0]) for info in found]


def create_public_http_client(urls: PublicUrls) -> httpx.AsyncClient:
    """A client that connects only where these rules let it.

    Whoever uses it checks each URL first: an address in place of a name is not looked up.
    """
    return httpx.AsyncClient(
        transport=_PublicTransport(urls),
        headers={"accept-encoding": "identity"},
        timeout=PUBLIC_TIMEOUT,
        follow_redirects=False,
        trust_env=False,
    )


class _PublicTransport(Transport):
    def __init__(self, urls: PublicUrls) -> None:
        super().__init__(httpx.Limits(max_connections=16, max_keepalive_connections=0))
        self._urls = urls

    def get_client(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            limit=16, force_close=True, ssl=self.ssl_context, resolver=_Resolver(self._urls), use_dns_cache=False
        )
        return aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())


class _Resolver(AbstractResolver):
    """Looks a name up anew for each connection, and hands over what it has looked at."""

    def __init__(self, urls: PublicUrls) -> None:
        self._urls = urls

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002 -- the signature is aiohttp's
    ) -> list[ResolveResult]:
        """The addresses to connect to."""
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for address in await self._urls.addresses(host)
        ]

    async def close(self) -> None:
        """Holds nothing."""
