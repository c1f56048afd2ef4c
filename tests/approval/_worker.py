"""A process that asks for approvals, polls for all that wait, and acts upon whatever is approved, whoever asked."""

import asyncio
import json
import os
import time
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from shared.approval import ENDED, UNDER_WAY, Approvals, Entry, Intent, Person, State, open_ledger
from shared.errors import ApprovalEnded, OAuthError, WaitsForPerson
from shared.identity import (
    AccessToken,
    BackchannelAuthentication,
    BackchannelRequest,
    JwksCache,
    Pending,
    RawToken,
    TokenVerifier,
)
from shared.tasks import open_storage
from shared.telemetry import configure_logging
from shared.testing import AuthorizationServer
from tests.approval._people import AUDIENCE, CLIENT, Call, asker, intent

TASKS: Final = tuple(f"task-{number}" for number in range(100))
INTERVAL: Final = 0.5
ACT_SECONDS: Final = 0.01
SETTLED_SECONDS: Final = 1.0


class Willing:
    """An authorization server that two processes share: everybody approves at once, and each answer is told once.

    Args:
        server: Signs tokens.
        folder: Holds a file for each request, and one for each answer that was told.
    """

    client_id = CLIENT

    def __init__(self, server: AuthorizationServer, folder: Path) -> None:
        self._server = server
        self._folder = folder

    async def ask(self, request: BackchannelRequest) -> BackchannelAuthentication:
        auth_req_id = uuid.uuid4().hex
        asked = {"subject": request.subject, "details": list(request.authorization_details)}
        (self._folder / f"{auth_req_id}.request").write_text(json.dumps(asked), encoding="utf-8")
        return BackchannelAuthentication(auth_req_id, request.requested_expiry, INTERVAL)

    async def poll(self, auth_req_id: str, *, scopes: frozenset[str]) -> AccessToken | Pending:
        try:
            os.close(os.open(self._folder / f"{auth_req_id}.told", os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            raise OAuthError("invalid_grant") from None
        asked = json.loads((self._folder / f"{auth_req_id}.request").read_text(encoding="utf-8"))
        claims = self._server.user_claims(asked["subject"], audience=AUDIENCE, scopes=scopes, client_id=CLIENT)
        claims["authorization_details"] = asked["details"]
        token = RawToken(self._server.signing_key.sign(self._server.header(), claims))
        return AccessToken(token, time.time() + 900, scopes)


class Worker:
    """One of several processes over one database.

    Args:
        folder: Holds what the authorization server knows, and a line for each effect.
        url: The database.
    """

    def __init__(self, folder: Path, url: str) -> None:
        self._effects = os.open(folder / "effects", os.O_CREAT | os.O_APPEND | os.O_RDWR)
        self._storage = open_storage(url, agent="password_reset")
        self._ledger = open_ledger(self._storage)
        server = AuthorizationServer()
        keys = JwksCache(server.discovery_url, server.issuer, server.create_http_client())
        verifier = TokenVerifier(server.issuer, AUDIENCE, keys)
        self._approvals = Approvals(self._ledger, Willing(server, folder), verifier)

    async def run(self, tasks: Sequence[str]) -> None:
        """Asks for what these tasks want, and does all that is approved, of all tasks of all processes."""
        await self._storage.start()
        self._approvals.start()
        for task in tasks:
            if not await self._ledger.of_task(task):
                try:
                    await self._approvals.ask(_wanted(task), Call(task), asker(f"auth0|{task}"))
                except WaitsForPerson:
                    continue
        await asyncio.gather(*(self._follow(task) for task in TASKS))
        await self._approvals.aclose()
        await self._storage.aclose()

    async def _follow(self, task: str) -> None:
        while True:
            row = next(iter(await self._ledger.of_task(task)), None)
            if row is not None and row.state in ENDED:
                return
            if row is not None and row.state is State.APPROVED:
                await self._act(task, row)
            elif row is not None and row.state in UNDER_WAY and time.time() > row.acting_at + SETTLED_SECONDS:
                done = row.id in os.pread(self._effects, 1 << 20, 0).decode("ascii").split()
                await self._approvals.finish(row, State.DONE if done else State.FAILED, "settled")
            await asyncio.sleep(0.05)

    async def _act(self, task: str, row: Entry) -> None:
        call, who = Call(task), asker(f"auth0|{task}")
        try:
            await self._approvals.begin(row, _wanted(task), call, who, mark=0.0, effects=1)
        except ApprovalEnded:
            return  # another process has it
        await asyncio.sleep(ACT_SECONDS)
        os.write(self._effects, f"{row.id}\n".encode("ascii"))
        await asyncio.sleep(ACT_SECONDS)
        await self._approvals.finish(row, State.DONE)


def _wanted(task: str) -> Intent:
    return intent(Person(f"auth0|{task}", task), account=f"of-{task}")


def work(folder: str, url: str, tasks: Sequence[str]) -> None:
    """A whole process."""
    configure_logging(level="ERROR", log_format="json")
    asyncio.run(Worker(Path(folder), url).run(tasks))
