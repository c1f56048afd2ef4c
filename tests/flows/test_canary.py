"""Every credential that the whole world used, looked for wherever somebody keeps, reads or is told something."""

import json
import logging
from collections.abc import AsyncGenerator, Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from local.directory.oauth import CONNECTIONS
from local.tenant.testing import SUPERVISOR
from shared.models.offline import OfflinePlanner
from tests.flows._world import SUBAGENTS, Person, Reply, World

FORM_SECRETS = ("client_assertion", "subject_token", "refresh_token", "code", "code_verifier")
ANSWER_SECRETS = ("access_token", "refresh_token", "id_token")
SEALING_KEY = "vault.key"
SHORTEST = 12  # of what is searched for: shorter runs of characters come up by chance
HOP = {"account_lookup": ["account:read"], "password_reset": ["password:read"], "docs_search": ["docs:read"]}


class Overheard(OfflinePlanner):
    """The planner, and a record of all that it was handed."""

    def __init__(self, prompts: list[str]) -> None:
        super().__init__()
        self._prompts = prompts

    async def stream(self, *handed: Any, **more: Any) -> AsyncGenerator[Any, None]:
        """Plans as ever."""
        self._prompts.append(repr((handed, more)))
        async for event in super().stream(*handed, **more):
            yield event


@dataclass
class Credentials:
    """What must be nowhere, by kind."""

    found: dict[str, set[str]] = field(default_factory=dict)

    def add(self, kind: str, *values: str) -> None:
        """Of a signed token its signature, which nothing else has; of everything else the whole."""
        parts = (value.rsplit(".", 1)[-1] if value.count(".") == 2 else value for value in values)
        self.found.setdefault(kind, set()).update(part for part in parts if len(part) >= SHORTEST)

    def in_text(self, text: str | bytes) -> set[str]:
        """The kinds of which there is one in a text."""
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        return {kind for kind, values in self.found.items() if any(value.encode() in data for value in values)}


class _OfAPart(logging.Filter):
    """Leaves out what only a test logs of tokens in URLs.

    That is the test's own client, and uvicorn's access log: no part keeps one, but pytest's handlers turn it on.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a part of the help desk said it."""
        return record.name not in {"httpx", "uvicorn.access"} or "?access_token=" not in record.getMessage()


@pytest.fixture(scope="module")
def prompts() -> list[str]:
    return []


@pytest.fixture(scope="module")
def spans() -> Iterator[InMemorySpanExporter]:
    exporter, provider = InMemorySpanExporter(), trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    processor = SimpleSpanProcessor(exporter)
    provider.add_span_processor(processor)
    yield exporter
    processor.shutdown()


@pytest.fixture(scope="module")
def overheard(
    tmp_path_factory: pytest.TempPathFactory, prompts: list[str], spans: InMemorySpanExporter
) -> Iterator[tuple[World, list[tuple[str, bytes]]]]:
    world = World(tmp_path_factory.mktemp("overheard"), model=lambda _: Overheard(prompts))
    traffic = world.tenant.overhear("/oauth/token")
    assert spans.get_finished_spans() == ()
    with world:
        yield world, traffic


@pytest.mark.requirement("F3")
async def test_no_credential_of_any_kind_is_in_what_anybody_keeps_or_is_told(
    overheard: tuple[World, list[tuple[str, bytes]]],
    prompts: list[str],
    spans: InMemorySpanExporter,
    http: httpx.AsyncClient,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    world, traffic = overheard
    vaulted: set[str] = set()

    told = await _talk(world, http, lambda: vaulted.update(world.tenant.vaulted()))
    with caplog.filtering(_OfAPart()):
        refused = await _be_refused(world, http)

    credentials = _credentials(world, traffic)
    credentials.add("token in the vault", *vaulted)
    assert set(credentials.found) == {
        *("bearer token", "delegated user token", "token in the vault", "private key", "secret of a client"),
        *("password", "key of the vault", *FORM_SECRETS, *ANSWER_SECRETS),
    }
    assert all(credentials.found.values())
    assert {"bearer token", "delegated user token"} <= credentials.in_text(repr(world.heard))  # the search finds

    places = {
        "an answer": told,
        "a refusal": refused,
        "a prompt": "\n".join(prompts),
        "a log": "".join(capfd.readouterr()) + caplog.text,
        "a span": "\n".join(span.to_json() for span in spans.get_finished_spans()),
    }
    assert all(places.values())
    assert {place: kinds for place, text in places.items() if (kinds := credentials.in_text(text))} == {}
    kept = {str(path.relative_to(world.folder)): path.read_bytes() for path in _records(world.folder)}
    assert {"supervisor.sqlite3", *(f"{name}.sqlite3" for name in SUBAGENTS)} <= kept.keys()
    assert {name: kinds for name, data in kept.items() if (kinds := credentials.in_text(data))} == {}


async def _talk(world: World, http: httpx.AsyncClient, look: Callable[[], None]) -> str:
    """A person's day: asks, streams, acts, has a connection fail in each way, and reads their tasks again."""
    amelia = await Person.sign_in(world, "amelia.hart", http)
    look()
    replies = [await amelia.ask(text) for text in ("Which groups am I in?", "Please unlock my account")]
    replies.append(Reply([event async for event in amelia.stream("Show my devices, and where is the VPN guide?")]))
    for connection in CONNECTIONS.values():
        world.tenant.expire_account("amelia.hart", connection)
    assert world.directory is not None
    world.directory.oauth.store.execute("UPDATE access_tokens SET revoked_at = 0")
    replies.append(await amelia.ask("Is my account locked?"))
    look()
    world.directory.oauth.revoke_user(world.upstream_calls()[-1].user_id)
    replies.append(await amelia.ask("Which devices do I have?"))
    await world.disconnect("amelia.hart", CONNECTIONS["account_lookup"])
    replies.append(await amelia.ask("Which devices do I have?"))
    assert replies[-1].state == "TASK_STATE_AUTH_REQUIRED"
    await amelia.call("CancelTask", {"id": replies[-1].task["id"]})
    again = [await amelia.call("GetTask", {"id": reply.task["id"]}) for reply in replies]
    return repr([reply.events for reply in replies]) + repr(again) + repr(await amelia.call("ListTasks", {}))


async def _be_refused(world: World, http: httpx.AsyncClient) -> str:
    """What every part says to good credentials in the wrong place."""
    amelia = await Person.sign_in(world, "amelia.hart", http)
    answers: list[httpx.Response] = []
    for name in SUBAGENTS:
        agent = await world.tenant.client_credentials(world.tenant.api(name), scopes=["agent:invoke"])
        user = await world.tenant.exchange(amelia.token, world.tenant.api(name), scopes=HOP[name])
        for first, second in ((None, user), (agent, None), (user, agent), (amelia.token, user), (agent, amelia.token)):
            answers.append(await world.call_subagent(name, "Show my profile", http, agent=first, user=second))
        answers.append(
            await http.get(f"{world.url(name)}tasks/none", headers=_bearer(agent) | {"Delegated-User-Token": user})
        )
        answers.append(await http.post(world.url(name), content=agent, headers=_bearer(agent)))
        answers.append(await http.post(f"{world.url(name)}?access_token={agent}", json={}))
        answers.append(await http.post(world.url("supervisor"), json={}, headers=_bearer(user)))
        answers.append(await http.post(f"{world.url('gateway')}mcp", json={}, headers=_bearer(user)))
        answers.append(await http.get(f"{world.url('directory')}api/v1/users/me", headers=_bearer(user)))
        answers.append(await http.get(f"{world.url('fga')}stores", headers=_bearer(user)))
        form = {"grant_type": "refresh_token", "refresh_token": user, **world.tenant.credentials(SUPERVISOR)}
        answers.append(await world.tenant.request_token(form))
    lost = await amelia.call("GetTask", {"id": "no-such-task"})
    assert {400, 401, 403, 404} <= {answer.status_code for answer in answers}
    assert all(answer.is_error or "error" in answer.json() for answer in answers), [a.text for a in answers]
    return repr(lost) + "\n".join(f"{answer.headers!r} {answer.text}" for answer in answers)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}", "A2A-Version": "1.0"}


def _credentials(world: World, traffic: list[tuple[str, bytes]]) -> Credentials:
    credentials = Credentials()
    for headers in chain.from_iterable(world.heard.values()):
        credentials.add("bearer token", headers.get("authorization", "").removeprefix("Bearer "))
        credentials.add("delegated user token", headers.get("delegated-user-token", ""))
    _add_exchanged(credentials, traffic)
    _add_kept(credentials, world.folder)
    return credentials


def _add_exchanged(credentials: Credentials, traffic: list[tuple[str, bytes]]) -> None:
    """What went to and from the token endpoint."""
    for kind, body in traffic:
        if kind == "request":
            form = parse_qs(body.decode())
            for name in FORM_SECRETS:
                credentials.add(name, *form.get(name, []))
        elif body:
            members = json.loads(body)
            for name in ANSWER_SECRETS:
                credentials.add(name, *([members[name]] if name in members else []))


def _add_kept(credentials: Credentials, folder: Path) -> None:
    """What the stand-ins made and keep in files of their own."""
    for path in folder.rglob("*"):
        if path.name == "key.pem":
            credentials.add("private key", *path.read_text("ascii").splitlines()[1:-1])
        elif path.name == "client_secret":
            credentials.add("secret of a client", path.read_text("ascii").strip())
        elif path.name == "users.json":
            credentials.add("password", *json.loads(path.read_text("utf-8")).values())
        elif path.name == SEALING_KEY:
            credentials.add("key of the vault", path.read_text("ascii").strip())


def _records(folder: Path) -> list[Path]:
    """All that is kept, without the files that are for the secrets themselves."""
    return [path for path in folder.rglob("*") if path.is_file() and not _is_for_secrets(path)]


def _is_for_secrets(path: Path) -> bool:
    return (
        path.suffix in {".pem", ".key"} or path.name in {"client_secret", "users.json"} or path.parent.name == "tokens"
    )
