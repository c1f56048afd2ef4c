"""People who ask a help desk whose replicas are killed, and ask again until there is an answer, as any client may.

A message that brings no task is sent again as it is: it keeps its id, so that it is acted on once. What failed because
an agent stopped is asked for again with a new one, as the words say.
"""

import asyncio
import re
import sqlite3
import time
import uuid
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx

from portal.demo import Browser
from portal.session import Session
from shared.http import create_http_client

ANSWER_SECONDS: Final = 60.0
TRIES: Final = 12
AGAIN_SECONDS: Final = 0.2
ENDED: Final = ("TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED")
WAITS: Final = "TASK_STATE_AUTH_REQUIRED"
STOPPED: Final = (
    *("stopped before", "away at the moment", "not available right now", "could not answer", "could not be answered"),
    *("broke off", "Something went wrong"),
)
"""What a person may read where an agent was killed while it worked for them."""

REFUSED: Final = (
    *("still waits for an answer", "as many requests waiting", "again and again", "denied this a moment ago"),
    *("Nobody approved it in time", "The answer from the phone was lost", "by the directory's log", "Please ask again"),
)
"""What they may read of something that waits for an approval; each says that nothing was changed, or what was."""

RESET: Final = "I forgot my password, please reset it"
WHAT_CAME_OF_IT: Final = "Was a reset link sent to me?"
UNLOCK: Final = "Please unlock my account"
SENT: Final = "A link to choose a new password is on its way"
UNLOCKED: Final = ("is unlocked", "is not locked")


@dataclass
class Asked:
    """Something that somebody wanted, and what came of it.

    Attributes:
        kind: What.
        outcome: `right`; `refused`, in words that say so; `wrong`; or `no answer`.
        said: The last words.
        seconds: How long it took, in all.
        cut_off: What was read each time that it had to be asked for again, because an agent had stopped.
        tasks: By message id, the task that came of it.
        codes: By the code that was shown, what was answered at the phone, and what was said in the end.
    """

    kind: str
    outcome: str = "no answer"
    said: str = ""
    seconds: float = 0.0
    cut_off: list[str] = field(default_factory=list)
    tasks: dict[str, str] = field(default_factory=dict)
    codes: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Asker:
    """Somebody who asks.

    Attributes:
        login: Who.
        session: Their session.
        url: Where the help desk is.
        http: A client.
        phone: Their phone, where they have one at hand.
        sent_again: How often a message was sent again because no task came of it.
    """

    login: str
    session: Session
    url: str
    http: httpx.AsyncClient
    phone: "Phone | None" = None
    sent_again: int = 0

    async def wants(self, kind: str, text: str, *, is_right: Callable[[str], bool], answer: str = "approve") -> Asked:
        """Asks until it is answered, or refused for a reason that is none of ours.

        Args:
            kind: What it is called.
            text: The words.
            is_right: Whether an answer is the right one.
            answer: What they say at the phone, if they are asked.
        """
        asked, begun = Asked(kind), time.monotonic()
        try:
            for _ in range(TRIES):
                before = set(asked.codes)
                task = await self.ask(text, asked)
                while task["status"]["state"] == WAITS:
                    code = _code(task)
                    if code and code not in asked.codes and self.phone is not None:
                        asked.codes[code] = (answer, "")
                        await self.phone.answer(code, answer)
                    task = await self._look(task["id"])
                for code in asked.codes.keys() - before:
                    asked.codes[code] = (answer, said(task))
                asked.said = said(task)
                asked.outcome = _outcome(asked.said, is_right=is_right)
                if asked.outcome != "cut off":
                    break
                asked.cut_off.append(asked.said)
        except TimeoutError:
            asked.outcome = "no answer"
        asked.seconds = time.monotonic() - begun
        return asked

    async def ask(self, text: str, asked: Asked | None = None) -> dict[str, Any]:
        """The task that comes of a message, which is sent again until there is one that has ended or waits.

        Raises:
            TimeoutError: if there is none in time.
        """
        message_id = uuid.uuid4().hex
        message = {"messageId": message_id, "role": "ROLE_USER", "parts": [{"text": text}]}
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                task = (await self._call("SendMessage", {"message": message})).get("task")
                if task is not None and asked is not None:
                    asked.tasks[message_id] = task["id"]
                if task is not None and task["status"]["state"] in (*ENDED, WAITS):
                    found: dict[str, Any] = task
                    return found
                self.sent_again += 1
                await asyncio.sleep(AGAIN_SECONDS)

    async def _look(self, task_id: str) -> dict[str, Any]:
        """The task a little later; each look has it go on where that was forgotten (decision 0027).

        Raises:
            TimeoutError: if nobody shows it in time.
        """
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                await asyncio.sleep(AGAIN_SECONDS)
                task = await self._call("GetTask", {"id": task_id})
                if task and task["status"]["state"] in (*ENDED, WAITS):
                    return task

    async def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """What an operation gives; nothing where it gives an error, or nobody answers."""
        headers = {"Authorization": f"Bearer {await self.session.access_token()}", "A2A-Version": "1.0"}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            response = await self.http.post(self.url, json=body, headers=headers, timeout=ANSWER_SECONDS)
            found: dict[str, Any] = response.json().get("result") or {}
        except (httpx.HTTPError, ValueError):
            return {}
        return found


class Phone:
    """Somebody's phone, which stays signed in.

    Args:
        url: The tenant's page that stands in for it.
        login: Whose it is.
        password: Their password at the tenant.
    """

    def __init__(self, url: str, login: str, password: str) -> None:
        self._url = url
        self._login = login
        self._password = password
        self._http = create_http_client()
        self._browser = Browser(self._http)

    async def answer(self, code: str, answer: str) -> None:
        """Approves or denies what is asked with this code.

        Raises:
            TimeoutError: it is not asked there.
        """
        async with asyncio.timeout(ANSWER_SECONDS):
            while True:
                page = await self._browser.enter(
                    self._url, login=self._login, password=self._password, until=lambda page: "approvals" in page.text
                )
                codes = re.findall(r", code ([0-9A-Z]+)", page.text)
                if code in codes:
                    page.forms = [page.forms[codes.index(code)]]
                    page.forms[0].press(answer)
                    await self._browser.submit(page)
                    return
                await asyncio.sleep(AGAIN_SECONDS)

    async def aclose(self) -> None:
        """Puts it away."""
        await self._http.aclose()


def said(task: dict[str, Any]) -> str:
    """All words of a task."""
    parts = [part for artifact in task.get("artifacts", []) for part in artifact["parts"]]
    parts += task["status"].get("message", {}).get("parts", [])
    return "\n".join(part.get("text", "") for part in parts)


def lock(directory: Path, login: str) -> None:
    """Locks an account, as wrong passwords would."""
    with closing(sqlite3.connect(directory / "directory.sqlite3", timeout=10)) as connection, connection:
        connection.execute("UPDATE users SET status = 'LOCKED_OUT' WHERE login LIKE ?", (f"{login}@%",))


def _code(task: dict[str, Any]) -> str:
    waits = task.get("metadata", {}).get("helpdesk/waiting") or []
    return next((str(wait["subject"]) for wait in waits if wait["kind"] == "approval"), "")


def _outcome(text: str, *, is_right: Callable[[str], bool]) -> str:
    if is_right(text):
        return "right"
    if any(words in text for words in STOPPED):
        return "cut off"
    return "refused" if any(words in text for words in REFUSED) else "wrong"
