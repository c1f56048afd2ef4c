"""docs/reference/a2a.md says what the agents' surface is."""

import re

from shared.a2a import AGENT_SCHEME, DELEGATED_USER_HEADER, SESSION_HEADER, USER_SCHEME, Limits
from shared.a2a._card import DISCOVERY_SCHEME, SIGN_IN_SCHEME
from shared.a2a._operations import STREAMING, UNARY
from shared.a2a._request_log import REQUEST_ID_HEADERS
from shared.a2a._rest import _ROUTES
from shared.a2a._v03 import METHODS
from shared.a2a._well_known import OPEN_PATHS
from shared.agent_loop import WORKING_KEY
from shared.settings import AgentSettings
from tests.docs._pages import page

PAGE = page("docs/reference/a2a.md")


def cells(heading: str, column: int) -> set[str]:
    """All that is in backquotes in a column of a table."""
    return {name for row in PAGE.rows(heading) for name in re.findall(r"`([^`]+)`", row[column])}


def test_what_is_open_is_what_the_page_says() -> None:
    assert cells("Without a token", 0) == OPEN_PATHS


def test_the_operations_are_those_of_the_bindings() -> None:
    assert cells("Operations", 1) == set(UNARY) | set(STREAMING)
    assert cells("Operations", 2) == {f"{method} {path}" for path, method, _ in _ROUTES}
    assert cells("Operations", 3) == set(METHODS)


def test_a_row_is_about_one_operation_in_both_bindings() -> None:
    by_operation = {(f"{method} {path}", operation) for path, method, operation in _ROUTES}
    for row in PAGE.rows("Operations"):
        operation = row[1].strip("`")
        assert {(route, operation) for route in re.findall(r"`([^`]+)`", row[2])} <= by_operation


def test_the_headers_are_those_that_are_read() -> None:
    named = {name.lower() for name in cells("Request headers", 0)}
    assert {"authorization", DELEGATED_USER_HEADER.lower(), SESSION_HEADER.lower()} <= named
    assert {name.decode() for name in REQUEST_ID_HEADERS} <= named


def test_the_schemes_and_the_metadata_key_are_those_of_the_code() -> None:
    assert cells("The card", 0) == {AGENT_SCHEME, USER_SCHEME, SIGN_IN_SCHEME, DISCOVERY_SCHEME}
    assert f"`{WORKING_KEY}`" in PAGE.under("What is said")


def test_the_limits_are_those_of_the_code() -> None:
    limits = Limits()
    said = {row[0]: int(row[1].split()[0]) for row in PAGE.rows("Limits")}
    assert said == {
        "request body": limits.body_bytes,
        "all headers": limits.header_bytes,
        "a token": limits.token_bytes,
        "depth of JSON": limits.json_depth,
        "text of a message": limits.message_characters,
        "parts of a message": limits.message_parts,
        "a message besides its text": limits.besides_text_bytes,
        "messages of a task": limits.task_bytes,
        "requests of a user": limits.user_requests_per_minute,
        "requests of a calling client": limits.client_requests_per_minute,
        "unfinished tasks of a user": limits.open_tasks,
        "open requests of a user": limits.open_requests,
        "a task that waits for input": int(limits.waiting_seconds),
    }
    named = {name for row in PAGE.rows("Limits") for name in re.findall(r"`([A-Z_]+)`", row[1])}
    assert named <= {name.upper() for name in AgentSettings.model_fields}
