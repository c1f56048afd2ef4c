"""Chromium without a window, driven over the Chrome DevTools Protocol through a pair of pipes."""

import asyncio
import base64
import itertools
import json
import os
import shutil
import signal
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
SECONDS = 20.0
DESKTOP, PHONE = (1280, 860), (390, 844)

_WITH_PIPES = """
import fcntl, os, sys
theirs = [fcntl.fcntl(int(one), fcntl.F_DUPFD, 10) for one in sys.argv[1:3]]
os.dup2(theirs[0], 3)
os.dup2(theirs[1], 4)
os.execvp(sys.argv[3], sys.argv[3:])
"""
"""The protocol's pipes are the descriptors 3 and 4 (`--remote-debugging-pipe`)."""


def chromium() -> str | None:
    """The browser's program, where there is one."""
    return next((found for name in PROGRAMS if (found := shutil.which(name))), None)


class Chromium:
    """One browser with one page; started with `async with`.

    Args:
        program: What is run.
        profile: A folder for what it keeps.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self._program = program
        self._profile = profile
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._session = ""
        self.complaints: list[str] = []
        """What pages wrote to the console as errors, and what their policy has blocked."""

    async def __aenter__(self) -> Self:
        ours_in, theirs_out = os.pipe()
        theirs_in, ours_out = os.pipe()
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _WITH_PIPES, str(theirs_in), str(theirs_out), self._program),
            *("--headless=new", "--remote-debugging-pipe", f"--user-data-dir={self._profile}"),
            *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"),
            *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--lang=en-GB"),
            "about:blank",
            pass_fds=(theirs_in, theirs_out),
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=64 * 1024 * 1024)
        self._transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(ours_in, "rb", 0)
        )
        self._out = os.fdopen(ours_out, "wb", 0)
        self._listening = asyncio.create_task(self._listen(reader))
        targets = await self._send("Target.getTargets", session="")
        page = next(one["targetId"] for one in targets["targetInfos"] if one["type"] == "page")
        attached = await self._send("Target.attachToTarget", session="", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            await self._send(f"{domain}.enable")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._out.close()
        self._listening.cancel()
        await asyncio.gather(self._listening, return_exceptions=True)
        self._transport.close()

    async def look(self, size: tuple[int, int], *, dark: bool = False) -> None:
        """Has the page look as on a screen of this size."""
        width, height = size
        await self._send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1 if width > PHONE[0] else 2,
            mobile=width <= PHONE[0],
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        await self._send("Emulation.setEmulatedMedia", features=[scheme])

    async def open(self, url: str) -> None:
        """Opens an address."""
        await self._send("Page.navigate", url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def run(self, script: str) -> Any:
        """What an expression is worth in the page."""
        done = await self._send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    async def until(self, script: str, *, seconds: float = SECONDS) -> None:
        """Waits until an expression is true; the page may change meanwhile."""
        deadline = asyncio.get_running_loop().time() + seconds
        while True:
            with suppress(AssertionError):
                if await self.run(f"Boolean({script})"):
                    return
            if asyncio.get_running_loop().time() > deadline:
                text = await self.run("location.href + '\\n' + document.body.innerText")
                raise AssertionError(f"not in time: {script}\n{text}\n{self.complaints}")
            await asyncio.sleep(0.05)

    async def until_text(self, words: str, *, seconds: float = SECONDS) -> None:
        """Waits until words can be read."""
        await self.until(f"document.body.innerText.includes({json.dumps(words)})", seconds=seconds)

    async def press(self, selector: str) -> None:
        """Clicks the first element that a selector finds."""
        await self.until(f"document.readyState === 'complete' && document.querySelector({json.dumps(selector)})")
        await self.run(f"void document.querySelector({json.dumps(selector)}).click()")

    async def write(self, selector: str, text: str) -> None:
        """Types into a field, as from a keyboard."""
        await self.until(f"document.readyState === 'complete' && document.querySelector({json.dumps(selector)})")
        await self.run(f"void document.querySelector({json.dumps(selector)}).focus()")
        await self._send("Input.insertText", text=text)

    async def enter(self) -> None:
        """Presses Enter."""
        for kind in ("keyDown", "keyUp"):
            await self._send(
                "Input.dispatchKeyEvent", type=kind, key="Enter", code="Enter", text="\r", windowsVirtualKeyCode=13
            )

    async def picture(self, path: Path, *, whole: bool = False) -> None:
        """Keeps what can be seen."""
        shot = await self._send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        await asyncio.to_thread(path.write_bytes, base64.b64decode(shot["data"]))

    async def _send(self, method: str, *, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if session is None:
            message["sessionId"] = self._session
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self._out.write(json.dumps(message).encode() + b"\0")
        async with asyncio.timeout(SECONDS):
            answer = await self._waiting[number]
        del self._waiting[number]
        assert "error" not in answer, f"{method}: {answer['error']}"
        result: dict[str, Any] = answer["result"]
        return result

    async def _listen(self, reader: asyncio.StreamReader) -> None:
        while True:
            try:
                message = json.loads((await reader.readuntil(b"\0"))[:-1])
            except asyncio.IncompleteReadError:
                return
            if "id" in message:
                future = self._waiting.get(message["id"])
                if future is not None and not future.done():
                    future.set_result(message)
            elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.complaints.append(str(message["params"]["entry"]["text"]))
            elif message["method"] == "Runtime.exceptionThrown":
                self.complaints.append(str(message["params"]["exceptionDetails"]))
