"""Reading a document in a process of its own, which may take so much time and memory and no more.

A few kilobytes of PDF or HTML can ask for gigabytes or for hours, and a library that reads them can crash. The process
cannot write files, is ended when a document takes too long, and is begun anew for the next. It is no sandbox against
code that runs in it: nothing in these formats is run.
"""

import contextlib
import dataclasses
import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Mapping
from datetime import date
from typing import IO, Any, Final, Self

from knowledge._errors import DocumentUnreadable
from knowledge._model import Article, Section
from knowledge.building._front import Defaults
from knowledge.building._readers import READERS

SECONDS: Final = 30.0
MEGABYTES: Final = 1024

_START: Final = "import sys; sys.path[:] = {path!r}; from knowledge.building._apart import serve; serve()"


class Apart:
    """A process that reads documents, begun when it is first needed; for use by one thread.

    Args:
        seconds: How long one document may take.
    """

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, suffix: str, content: bytes, *, path: str, defaults: Defaults) -> Article:
        """Reads one document.

        Raises:
            DocumentUnreadable: With the reader's reason; or it took too long, too much memory, or ended the process.
        """
        process = self._process = self._process or _begin()
        late = threading.Event()

        def end() -> None:
            late.set()
            process.kill()

        timer = threading.Timer(self._seconds, end)
        timer.start()
        try:
            answer = _exchange(process, _request(suffix, content, path, defaults), content)
        finally:
            timer.cancel()
        if answer is None:
            self._end()
            raise DocumentUnreadable(
                f"reading it takes longer than {self._seconds:.0f} s" if late.is_set() else "it makes its reader fail"
            )
        if "unreadable" in answer:
            if answer["ends"]:
                self._end()
            raise DocumentUnreadable(answer["unreadable"])
        return _unpack(answer["article"])

    def _end(self) -> None:
        if (process := self._process) is not None:
            self._process = None
            process.kill()
            process.communicate()


def _begin() -> subprocess.Popen[bytes]:
    start = _START.format(path=sys.path)
    return subprocess.Popen(  # noqa: S603 -- this interpreter
        [sys.executable, "-c", start], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def _request(suffix: str, content: bytes, path: str, defaults: Defaults) -> bytes:
    request = dataclasses.asdict(defaults) | {"suffix": suffix, "size": len(content), "path": path}
    return f"{json.dumps(request, default=date.isoformat)}\n".encode()


def _exchange(process: subprocess.Popen[bytes], request: bytes, content: bytes) -> dict[str, Any] | None:
    """Sends a document; None where the process ended over it."""
    sending, receiving = process.stdin, process.stdout
    if sending is None or receiving is None:
        return None
    try:
        sending.write(request)
        sending.write(content)
        sending.flush()
        line = receiving.readline()
        answer = json.loads(line) if line.endswith(b"\n") else None
    except (OSError, ValueError):
        return None
    return answer if isinstance(answer, dict) else None


def _unpack(fields: Mapping[str, Any]) -> Article:
    sections = tuple(
        Section(tuple(path), anchor, text, navigation) for path, anchor, text, navigation in fields["sections"]
    )
    return Article(
        slug=fields["slug"],
        title=fields["title"],
        audience=fields["audience"],
        owner=fields["owner"],
        updated=date.fromisoformat(fields["updated"]),
        language=fields["language"],
        tags=tuple(fields["tags"]),
        aliases=tuple(fields["aliases"]),
        related=tuple(fields["related"]),
        sections=sections,
    )


def serve() -> None:
    """In the process: reads the documents that come on standard input, until it is closed."""
    _limit()
    coming, going = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not be taken for an answer
    while line := coming.readline():
        request = json.loads(line)
        going.write(f"{json.dumps(_answer(request, coming))}\n".encode())
        going.flush()


def _limit() -> None:
    limits = {resource.RLIMIT_AS: MEGABYTES * 1024 * 1024, resource.RLIMIT_FSIZE: 0, resource.RLIMIT_CORE: 0}
    for kind, most in limits.items():
        with contextlib.suppress(ValueError, OSError):  # where the system does not know one, the others hold
            resource.setrlimit(kind, (most, most))


def _answer(request: Mapping[str, Any], coming: IO[bytes]) -> dict[str, Any]:
    content = coming.read(request["size"])
    defaults = Defaults(
        audience=request["audience"],
        owner=request["owner"],
        language=request["language"],
        updated=date.fromisoformat(request["updated"]),
    )
    try:
        article = READERS[request["suffix"]].read(content, request["path"], defaults)
        fields = dataclasses.asdict(article)
        fields["updated"] = article.updated.isoformat()
        fields["sections"] = [dataclasses.astuple(section) for section in article.sections]
    except DocumentUnreadable as error:
        return {"unreadable": str(error), "ends": False}
    except (MemoryError, RecursionError):
        return {"unreadable": "reading it takes too much memory", "ends": True}
    return {"article": fields}
