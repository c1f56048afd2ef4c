"""What people are told of their own activity, where an agent that is asked for it tells lies."""

import json
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from starlette.requests import Request

from shared.a2a import Caller
from shared.a2a._context import CALLER
from shared.agent_loop._activity import Activity
from shared.audit import AuditFile, AuditTrail, SealingKey
from shared.identity import RawToken
from shared.testing import make_principal


class Peer:
    """An agent that tells what the test wrote."""

    name = "docs_search"

    def __init__(self, answer: Any) -> None:
        self._answer = answer

    async def get(self, *_: object, **__: object) -> Any:
        return self._answer


async def told(tmp_path: Path, answer: Any, **parameters: int) -> dict[str, Any]:
    trail = AuditTrail.begin(
        AuditFile.open(tmp_path / "audit.sqlite3", create=True), SealingKey.generate(), agent="supervisor"
    )
    caller = Caller(make_principal(), None, RawToken("token"))
    query = urlencode(parameters).encode()
    scope = {"type": "http", "method": "GET", "path": "/activity", "query_string": query, "headers": [], CALLER: caller}
    peer: Any = Peer(answer)  # it has what is used of a client
    response = await Activity(trail, [peer])._answer(Request(scope))
    trail.close()
    found: dict[str, Any] = json.loads(bytes(response.body))
    return found


@pytest.mark.requirement("H1")
async def test_an_agent_speaks_for_itself_alone(tmp_path: Path) -> None:
    claimed = {"at": 1, "agent": "password_reset", "action": "password:reset", "outcome": "succeeded"}

    found = await told(tmp_path, {"records": [claimed]})

    assert [(one["agent"], one["action"]) for one in found["records"]] == [("docs_search", "password:reset")]


RECORD = {"at": 1, "action": "account:lock:remove", "outcome": "succeeded"}


@pytest.mark.parametrize(("answer", "more"), [({"more": True}, True), ({"more": "yes"}, False), ({}, False)])
async def test_that_another_agent_left_something_out_is_told(tmp_path: Path, answer: Any, more: bool) -> None:
    assert (await told(tmp_path, {"records": [RECORD], **answer}))["more"] is more


async def test_what_an_agent_tells_of_another_time_is_not_told(tmp_path: Path) -> None:
    """One of an older release does not know `until`."""
    found = await told(tmp_path, {"records": [RECORD, RECORD | {"at": 7}]}, until=5)
    assert [one["at"] for one in found["records"]] == [1]


@pytest.mark.parametrize(
    "answer",
    [
        *(None, [], {"records": {}}, {"records": "abc"}, {"records": [{"at": "1"}]}),
        *({"records": [RECORD | {"at": at}]} for at in (10**30, -(10**15), None)),
        *({"records": [RECORD | {"until": until}]} for until in (10**15, -1, "tomorrow")),
    ],
)
async def test_what_is_no_activity_counts_as_away(tmp_path: Path, answer: Any) -> None:
    assert await told(tmp_path, answer) == {"records": [], "away": ["docs_search"], "more": False}
