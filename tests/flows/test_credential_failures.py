"""What a person is told where the credential for the directory fails, and that nothing is done twice or in vain."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from local.directory import DirectoryConfig
from local.directory._database import FILE_NAME
from local.directory.oauth import CONNECTIONS
from local.tenant.testing import ManualClock
from tests.flows._world import Person, Reply, World

READS, ACTS = "account_lookup", "password_reset"
QUESTION, REQUEST = "Which groups am I in?", "Please unlock my account"
ANSWER, DONE = "You are in 2 groups", "Your account is unlocked"
TOKEN_ENDPOINT = "/oauth/token"
ACT = "/lifecycle/unlock"
EFFECTS = ("user.account.reset_password", "user.account.unlock", "user.account.unlock_by_admin")
BEYOND_ACCESS, BEYOND_REFRESH = 2 * 3600.0, 91 * 24 * 3600.0
DIRECTORY_SECONDS, VAULT_SECONDS = 2.0, 5.0
"""How long the agents wait for each."""


@dataclass
class Before:
    """What had happened until something was asked."""

    exchanges: int
    reached: int
    acts: int
    effects: int


@dataclass
class Scene:
    """A world in which the directory has a clock and ways to fail, and one person whose accounts work."""

    world: World
    clock: ManualClock
    http: httpx.AsyncClient
    login: str = ""
    person: Person | None = None
    _before: Before = field(default_factory=lambda: Before(0, 0, 0, 0))

    @property
    def faults(self) -> Any:
        """How the directory fails."""
        return self.world.directory_config.faults

    async def of(self, login: str) -> None:
        """Somebody whose accounts are connected anew, and whose tokens all parts hold."""
        self.login = login
        for connection in CONNECTIONS.values():
            await self.world.disconnect(login, connection)
            await self.world.connect(login, connection)
        self.person = await Person.sign_in(self.world, login, self.http)
        self.lock()
        assert "groups" in (await self.ask(QUESTION)).text
        assert "at least" in (await self.ask("What is the password policy?")).text
        self.mark()

    def lock(self) -> None:
        """Their account is locked, past the directory."""
        with closing(sqlite3.connect(self.world.directory_config.folder / FILE_NAME)) as connection, connection:
            login = f"{self.login}@helpdesk.example"
            connection.execute("UPDATE users SET status = 'LOCKED_OUT' WHERE login = ?", (login,))

    def mark(self) -> None:
        """What is counted, is counted from here."""
        self._before = Before(0, 0, 0, 0)
        self._before = Before(self.exchanges, self.reached, len(self.acts), self.effects)

    async def ask(self, text: str) -> Reply:
        """What the person is told; they do not wait for anything."""
        assert self.person is not None
        reply = await self.person.ask(text)
        if reply.state == "TASK_STATE_AUTH_REQUIRED":
            await self.person.call("CancelTask", {"id": reply.task["id"]})
        return reply

    @property
    def exchanges(self) -> int:
        """How often a token was asked for; all parts hold those of this tenant, so: one of the directory's."""
        return self.world.tenant.requests[TOKEN_ENDPOINT] - self._before.exchanges

    @property
    def reached(self) -> int:
        """How often the directory's API was called, with whatever token."""
        return sum(path.startswith("/api/v1/") for path in self.world.asked["directory"]) - self._before.reached

    @property
    def acts(self) -> list[str]:
        """Each attempt to change something in the directory."""
        acts = [path for path in self.world.asked["directory"] if "/lifecycle/" in path]
        return acts[self._before.acts :]

    @property
    def effects(self) -> int:
        """How often an account was changed, by the directory's own log."""
        assert self.world.directory is not None
        row = self.world.directory.database.one(
            "SELECT count(*) AS effects FROM log_events WHERE json_extract(event, '$.eventType') IN (?, ?, ?)",
            EFFECTS,
        )
        assert row is not None
        return int(row["effects"]) - self._before.effects

    def revoke(self) -> None:
        """The directory ends all that the person has granted."""
        assert self.world.directory is not None
        mine = [call for call in self.world.upstream_calls() if call.login.startswith(self.login)]
        self.world.directory.oauth.revoke_user(mine[-1].user_id)

    def expire(self, seconds: float = BEYOND_ACCESS) -> None:
        """So much time passes for what the directory has issued."""
        self.clock.advance(seconds)
        for connection in CONNECTIONS.values():
            self.world.tenant.expire_account(self.login, connection)

    def narrow(self, agent: str, without: str) -> None:
        """The directory takes a scope from an agent; what was issued before has run out."""
        scopes = self.world.directory_config.scopes
        self.restart(scopes={**scopes, agent: scopes[agent] - {without}})
        self.expire()

    def restart(self, **changes: Any) -> None:
        """The directory comes again with another configuration."""
        self.world.stop("directory")
        self.world.directory_config = replace(self.world.directory_config, **changes)
        self.world.start("directory")


@pytest.fixture(scope="module")
def failing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, ManualClock]]:
    clock = ManualClock()
    world = World(tmp_path_factory.mktemp("failing"), settings={"directory_timeout_seconds": DIRECTORY_SECONDS})
    world.directory_config = replace(world.directory_config, clock=lambda: datetime.fromtimestamp(clock.now, UTC))
    with world:
        yield world, clock


@pytest.fixture
async def scene(failing: tuple[World, ManualClock], http: httpx.AsyncClient) -> AsyncIterator[Scene]:
    world, clock = failing
    config, before = world.directory_config, clock.now
    scene = Scene(world, clock, http)
    await scene.of("tomas.reyes")
    yield scene
    clock.now = before
    world.before.clear()
    _mend(config)
    world.tenant.mend()
    if world.directory_config is not config:
        scene.restart(scopes=config.scopes)


def _mend(config: DirectoryConfig) -> None:
    working = type(config.faults)()
    for each in fields(working):
        setattr(config.faults, each.name, getattr(working, each.name))


@pytest.mark.requirement("G3")
@pytest.mark.parametrize(("text", "purpose"), [(QUESTION, "read the groups"), (REQUEST, "unlock the account")])
async def test_revoked_it_is_tried_with_one_other_token_and_the_person_told_to_connect_again(
    scene: Scene, text: str, purpose: str
) -> None:
    scene.revoke()

    reply = await scene.ask(text)

    assert f"I could not {purpose}. The directory does not accept your connection" in reply.text
    assert "disconnect your account and connect it again (`helpdesk accounts`)" in reply.text
    assert (scene.exchanges, scene.reached, scene.acts, scene.effects) == (1, 2, [], 0)


@pytest.mark.requirement("G3")
async def test_revoked_right_before_the_act_it_is_not_tried_with_another_token(scene: Scene) -> None:
    def revoke(path: str) -> None:
        if path.endswith(ACT):
            scene.revoke()

    scene.world.before["directory"] = revoke

    reply = await scene.ask(REQUEST)

    assert "does not accept your connection to it any more; nothing was changed. Please ask again" in reply.text
    assert (scene.exchanges, len(scene.acts), scene.effects) == (0, 1, 0)


@pytest.mark.requirement("G2")
@pytest.mark.parametrize(("text", "answer", "acts"), [(QUESTION, ANSWER, 0), (REQUEST, DONE, 1)])
async def test_expired_it_is_renewed_once_and_the_person_sees_nothing_of_it(
    scene: Scene, text: str, answer: str, acts: int
) -> None:
    scene.expire()

    first = await scene.ask(text)
    exchanges, effects, tried = scene.exchanges, scene.effects, len(scene.acts)
    assert answer in first.text
    assert (exchanges, effects, tried) == (1, acts, acts)

    assert ANSWER in (await scene.ask(QUESTION)).text
    assert scene.exchanges == (1 if text == QUESTION else 2)  # each agent's own, until it expires


@pytest.mark.requirement("G3")
@pytest.mark.parametrize(("text", "agent"), [(QUESTION, READS), (REQUEST, ACTS)])
async def test_expired_for_good_the_task_waits_until_the_account_is_connected_again(
    scene: Scene, text: str, agent: str
) -> None:
    scene.expire(BEYOND_REFRESH)

    reply = await scene.ask(text)

    assert reply.state == "TASK_STATE_AUTH_REQUIRED"
    assert "it was revoked, or it has expired. Please connect it again" in reply.text
    assert f"`helpdesk accounts connect {CONNECTIONS[agent]}`" in reply.text
    assert (scene.exchanges, scene.reached, scene.acts, scene.effects) == (1, 1, [], 0)


@pytest.mark.requirement("G3")
@pytest.mark.parametrize(
    ("text", "agent", "scope", "acts"),
    [
        ("Show my recent sign-ins", READS, "okta.logs.read", 0),
        (REQUEST, ACTS, "okta.users.manage.self", 1),
    ],
)
async def test_narrowed_the_person_is_told_what_is_missing_and_it_is_not_tried_again(
    scene: Scene, text: str, agent: str, scope: str, acts: int
) -> None:
    scene.narrow(agent, scope)

    reply = await scene.ask(text)

    assert f"Your connection to the directory does not allow it: it lacks `{scope.removesuffix('.self')}`" in reply.text
    assert "disconnect your account and connect it again (`helpdesk accounts`)" in reply.text
    refused = [call for call in scene.world.upstream_calls() if call.status == httpx.codes.FORBIDDEN]
    assert (scene.exchanges, len(scene.acts), scene.effects) == (1, acts, 0)
    assert len({(call.token_id, call.path) for call in refused}) == len(refused)


@pytest.mark.parametrize("text", [QUESTION, REQUEST])
async def test_the_vault_failing_is_asked_three_times_and_named(scene: Scene, text: str) -> None:
    scene.expire()
    scene.world.tenant.fail(TOKEN_ENDPOINT, 503, times=10)

    reply = await scene.ask(text)

    assert "The token vault is not available right now" in reply.text
    assert "Nothing was changed; please try again in a little while" in reply.text
    assert (scene.exchanges, scene.reached, scene.acts, scene.effects) == (3, 1, [], 0)

    scene.world.tenant.mend()
    assert (DONE if text == REQUEST else ANSWER) in (await scene.ask(text)).text
    assert scene.effects == (1 if text == REQUEST else 0)


@pytest.mark.parametrize("text", [QUESTION, REQUEST])
async def test_the_vault_away_is_named_and_nothing_was_changed(scene: Scene, text: str) -> None:
    scene.expire()
    scene.world.tenant.stop()
    try:
        reply = await scene.ask(text)
    finally:
        scene.world.tenant.start()

    assert "The token vault is not available right now" in reply.text
    assert "Nothing was changed; please try again in a little while" in reply.text
    assert (scene.reached, scene.acts, scene.effects) == (1, [], 0)


async def test_the_vault_slow_is_asked_once(scene: Scene) -> None:
    scene.expire()
    scene.world.tenant.fail(TOKEN_ENDPOINT, 503, times=10, delay=VAULT_SECONDS + 1)

    reply = await scene.ask(REQUEST)

    assert "The token vault is not available right now, so I could not unlock the account" in reply.text
    assert "Nothing was changed; please try again" in reply.text
    assert (scene.exchanges, scene.reached, scene.acts, scene.effects) == (1, 1, [], 0)


@pytest.mark.parametrize(("text", "agent"), [(QUESTION, READS), (REQUEST, ACTS)])
async def test_the_vault_limiting_is_left_alone_and_the_person_told_until_when(
    scene: Scene, text: str, agent: str
) -> None:
    scene.expire()
    scene.world.tenant.fail(TOKEN_ENDPOINT, 429, times=10, headers={"Retry-After": "30"})
    try:
        replies = [await scene.ask(text) for _ in range(3)]
    finally:
        scene.world.stop(agent)  # its next process knows nothing of the limit
        scene.world.start(agent)

    for reply in replies:
        assert "The token vault is not available right now" in reply.text
        assert "Nothing was changed; please try again in about 30 seconds" in reply.text
    assert (scene.exchanges, scene.reached, scene.acts, scene.effects) == (1, 1, [], 0)


@pytest.mark.parametrize("text", [QUESTION, REQUEST])
async def test_the_directory_away_is_asked_once_and_named(scene: Scene, text: str) -> None:
    scene.faults.away = True

    reply = await scene.ask(text)

    assert "The directory is not available right now" in reply.text
    assert "Nothing was changed; please try again in a little while" in reply.text
    assert (scene.exchanges, scene.reached, scene.acts, scene.effects) == (0, 1, [], 0)


async def test_the_directory_slow_to_read_is_asked_once(scene: Scene) -> None:
    scene.faults.delay = DIRECTORY_SECONDS + 1

    reply = await scene.ask(QUESTION)

    assert "The directory is not available right now, so I could not read the groups" in reply.text
    assert (scene.exchanges, scene.reached) == (0, 1)


@pytest.mark.parametrize("fault", [{"delay": DIRECTORY_SECONDS + 1}, {"lose_answers": True}])
async def test_an_act_that_was_not_confirmed_is_said_to_be_unsure_and_is_not_repeated(
    scene: Scene, fault: dict[str, Any]
) -> None:
    await scene.of("nadia.okafor")
    scene.faults.acts_only = True
    for name, value in fault.items():
        setattr(scene.faults, name, value)

    reply = await scene.ask(REQUEST)
    assert "I cannot tell whether I was able to unlock the account" in reply.text
    assert "Please ask me for the state of the account before you try again" in reply.text
    assert "Nothing was changed" not in reply.text
    assert len(scene.acts) == 1

    _mend(scene.world.directory_config)
    for _ in range(200):
        if scene.effects:
            break
        await asyncio.sleep(0.05)
    assert "is active" in (await scene.ask("Is my account locked?")).text
    assert (len(scene.acts), scene.effects) == (1, 1)


async def test_a_limit_of_the_directory_is_told_with_its_end_and_nothing_was_changed(scene: Scene) -> None:
    await scene.of("amelia.hart")
    scene.faults.rate_limited_for = 40

    read = await scene.ask(QUESTION)
    assert "The directory is not available right now" in read.text
    assert "please try again in about" in read.text
    assert (scene.exchanges, scene.reached) == (0, 1)

    scene.faults.acts_only = True
    act = await scene.ask("Please unlock my account")
    assert "so I could not unlock the account. Nothing was changed; please try again in about" in act.text
    assert (len(scene.acts), scene.effects) == (1, 0)

    _mend(scene.world.directory_config)
    assert "unlocked" in (await scene.ask("Please unlock my account")).text
    assert (len(scene.acts), scene.effects) == (2, 1)
    await scene.ask("Please unlock my account")
    assert (len(scene.acts), scene.effects) == (2, 1)
