"""A person who is signed in at a help desk, their accounts in the directory connected: what a benchmark asks with."""

import asyncio
from dataclasses import dataclass

import httpx

from portal.accounts import Accounts, ConnectRequest
from portal.conversation import HelpDesk
from portal.demo import Browser
from portal.session import Desk, DeviceAuthorization, Profiles, Session
from portal.signin import SignInFlows
from shared.http import create_http_client


@dataclass(frozen=True, slots=True)
class Credentials:
    """What a person knows: their name, their password at the tenant, their passkey code at the directory."""

    login: str
    password: str
    passkey: str


async def signed_in(desk: Desk, person: Credentials, http: httpx.AsyncClient, profiles: Profiles) -> HelpDesk:
    """The line of a person who has signed in through the device flow and connected their accounts."""
    session = await session_of(desk, person, http, profiles)
    return HelpDesk(desk.url, http, session, owner=f"{desk.issuer} {session.sign_in().subject}")


async def session_of(desk: Desk, person: Credentials, http: httpx.AsyncClient, profiles: Profiles) -> Session:
    """The session of such a person."""
    async with create_http_client(keep_cookies=True) as own:

        async def approve(asked: DeviceAuthorization) -> None:
            await Browser(own).sign_in(asked.verification_uri_complete, login=person.login, password=person.password)

        sign_in = await SignInFlows(desk, http).by_device(approve)
    profiles.save(person.login, sign_in)
    session = Session(profiles.of(person.login), http)
    await _connect(Accounts(desk.issuer, session, http), person)
    return session


async def _connect(accounts: Accounts, person: Credentials) -> None:
    """Connects the person's accounts in the directory, playing their browser there."""
    for connection in await accounts.connections():
        async with create_http_client(keep_cookies=True) as own, asyncio.TaskGroup() as group:
            browser = Browser(own)

            def browse(request: ConnectRequest, browser: Browser = browser, group: asyncio.TaskGroup = group) -> None:
                group.create_task(browser.sign_in(request.url, login=person.login, password=person.passkey))

            await accounts.connect(connection, browse)
