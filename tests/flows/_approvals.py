"""Approvals in a whole system: a task that waits, the phone on which somebody decides, and what came of it."""

import asyncio
import re
import sqlite3
from contextlib import closing
from typing import Any

import httpx

from tests.flows._world import Person, World
from tests.tenant._ciba import form_token, open_phone

WAITS, DONE, CANCELED = "TASK_STATE_AUTH_REQUIRED", "TASK_STATE_COMPLETED", "TASK_STATE_CANCELED"
QUESTION = "I forgot my password, please reset it"


async def look(person: Person, task_id: str) -> dict[str, Any]:
    """The task as it is now."""
    task: dict[str, Any] = (await person.call("GetTask", {"id": task_id}))["result"]
    return task


async def until(person: Person, task_id: str, state: str) -> dict[str, Any]:
    """Looks until the task is in a state."""
    for _ in range(300):
        task = await look(person, task_id)
        if task["status"]["state"] == state:
            return task
        await asyncio.sleep(0.1)
    raise AssertionError(task)


async def waiting(world: World, login: str, http: httpx.AsyncClient, question: str = QUESTION) -> tuple[Person, Any]:
    """Somebody, and their task that waits for approval."""
    person = await Person.sign_in(world, login, http)
    reply = await person.ask(question)
    assert reply.state == WAITS, reply.text
    return person, reply.task


def code_of(task: dict[str, Any]) -> str:
    """The code that the task shows."""
    (wait,) = task["metadata"]["helpdesk/waiting"]
    assert wait["kind"] == "approval"
    return str(wait["subject"])


def resets(world: World, login: str | None = None) -> int:
    """How many resets the directory was asked for, and of whom, by its own record; refused ones count, too."""
    found = [call.path for call in world.upstream_calls() if call.path.endswith("/lifecycle/reset_password")]
    return len(found) if login is None else sum(user_id(world, login) in path for path in found)


def acts(world: World) -> int:
    """How many changes of anything the directory was asked for."""
    return sum(call.method != "GET" for call in world.upstream_calls())


def user_id(world: World, login: str) -> str:
    """The directory's id of a person."""
    with closing(sqlite3.connect(world.folder / "directory" / "directory.sqlite3")) as connection:
        ((found,),) = connection.execute("SELECT id FROM users WHERE login LIKE ?", (f"{login}@%",)).fetchall()
    return str(found)


def ledger(world: World, statement: str, *values: object) -> list[Any]:
    """What the ledger of password_reset says; a test may move its time as well."""
    with closing(sqlite3.connect(world.folder / "password_reset.sqlite3", timeout=10)) as connection, connection:
        return connection.execute(statement, values).fetchall()


def answer(task: dict[str, Any]) -> str:
    """All that agents have said in a task."""
    return "".join(part["text"] for artifact in task.get("artifacts", []) for part in artifact["parts"])


async def at_the_phone(world: World, login: str, action: str, code: str) -> httpx.Response:
    """Answers the request with this code at somebody's phone."""
    async with world.tenant.http() as browser:
        page = await open_phone(world.tenant, browser, login)
        fields = {"form_token": form_token(page), "consent_id": consent_of(page, code), "action": action}
        return await browser.post(f"{world.tenant.issuer}phone", data=fields)


def consent_of(page: httpx.Response, code: str) -> str:
    """The request on a phone's page whose binding message ends with this code."""
    sections = re.findall(r'<section class="asked".*?</section>', page.text, re.DOTALL)
    found = [section for section in sections if f"code {code}</h2>" in section]
    assert len(found) == 1, page.text
    consent = re.search(r'name="consent_id" value="([^"]+)"', found[0])
    assert consent is not None
    return consent[1]
