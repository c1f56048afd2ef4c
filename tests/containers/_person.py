"""A person at a terminal: signs in and asks with the `helpdesk` command, and confirms in a browser."""

import asyncio
import json
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from portal.demo import Browser
from shared.http import create_http_client
from tests.containers._workspace import ROOT

COMMAND_SECONDS = 90


class Person:
    """Somebody with a terminal of their own.

    Args:
        login: Their user name.
        password: Their password at the tenant.
        home: Where the command keeps their sign-in.
    """

    def __init__(self, login: str, password: str, home: Path) -> None:
        self._login = login
        self._password = password
        self._home = home

    async def sign_in(self, command: str) -> None:
        """Runs a command line that begins with `./helpdesk login`, and confirms what it shows."""
        program, *arguments = shlex.split(command)
        assert program == "./helpdesk"
        process = await self._start([*arguments, "--json"])
        async with asyncio.timeout(COMMAND_SECONDS), create_http_client(keep_cookies=True) as http:
            assert process.stdout is not None
            shown = json.loads(await process.stdout.readline())
            await Browser(http).sign_in(shown["verification_uri_complete"], login=self._login, password=self._password)
            rest, errors = await process.communicate()
        assert process.returncode == 0, f"{rest.decode()}\n{errors.decode()}"

    async def connect_accounts(self, passkey: str) -> None:
        """Connects everything that is to be connected, with their passkey code of the directory."""
        process = await self._start(["accounts", "connect", "--json"])
        async with asyncio.timeout(COMMAND_SECONDS):
            assert process.stdout is not None
            async for line in process.stdout:
                shown = json.loads(line)
                if shown["event"] == "connect":
                    async with create_http_client(keep_cookies=True) as http:
                        await Browser(http).sign_in(shown["url"], login=self._login, password=passkey)
            _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()

    async def ask_on_the_web(self, web_url: str, question: str) -> str:
        """Signs in to the web chat, in a browser without JavaScript, and asks; the words of the page that answers."""
        async with create_http_client() as http:
            browser = Browser(http)
            page = await browser.enter(
                f"{web_url}/login",
                login=self._login,
                password=self._password,
                until=lambda page: any(form.action == "/messages" for form in page.forms),
            )
            page.forms = [form for form in page.forms if form.action == "/messages"]
            page.forms[0].fields["text"] = question
            return (await browser.submit(page)).text

    async def ask(self, question: str, *, go_on: bool = False) -> dict[str, Any]:
        """Asks, and returns the last event: what was answered, and by whom."""
        process = await self._start(["ask", "--json", *(["--continue"] if go_on else []), question])
        async with asyncio.timeout(COMMAND_SECONDS):
            output, errors = await process.communicate()
        assert process.returncode == 0, f"{output.decode()}\n{errors.decode()}"
        last: dict[str, Any] = json.loads(output.splitlines()[-1])
        return last

    async def activity(self) -> list[dict[str, Any]]:
        """What agents did on their behalf, as they are told."""
        process = await self._start(["activity", "--json"])
        async with asyncio.timeout(COMMAND_SECONDS):
            output, errors = await process.communicate()
        assert process.returncode == 0, f"{output.decode()}\n{errors.decode()}"
        records: list[dict[str, Any]] = json.loads(output.splitlines()[-1])["records"]
        return records

    async def _start(self, arguments: Sequence[str]) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *("env", f"HELPDESK_HOME={self._home}", sys.executable, "-m", "portal", *arguments),
            cwd=ROOT,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
