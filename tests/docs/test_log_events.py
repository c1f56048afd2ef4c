"""docs/reference/log-events.md explains every log event that any part writes, and no other."""

import ast
import re
from collections import defaultdict

from tests.docs._pages import ROOT, page

PAGE = page("docs/reference/log-events.md")
PLACES = ("agents", "knowledge", "local", "portal", "shared")
LEVELS = frozenset({"debug", "info", "warning", "error", "exception"})


def events_in_code() -> dict[str, set[str]]:
    """The events by name, with the packages that write them: first arguments of calls of a logger's methods."""
    found: dict[str, set[str]] = defaultdict(set)
    for place in PLACES:
        for path in (ROOT / place).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and node.args and _is_logger_method(node.func):
                    name = node.args[0]
                    assert isinstance(name, ast.Constant), f"{path}:{node.lineno}: an event's name is static (P19)"
                    found[str(name.value)].add("/".join(path.relative_to(ROOT).parts[:2]))
    return found


def _is_logger_method(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return function.id == "log"  # the one place that chooses the level first: shared/a2a/_request_log.py
    return (
        isinstance(function, ast.Attribute)
        and function.attr in LEVELS
        and ast.unparse(function.value) in {"_log", "log", "logger", "get_logger()"}
    )


def test_every_event_is_explained_and_no_other() -> None:
    described = {text.strip("`") for level, text in PAGE.headings if level == 3}
    assert described == set(events_in_code())


def test_names_are_in_snake_case() -> None:
    assert [name for name in events_in_code() if not re.fullmatch(r"[a-z]+(_[a-z]+)+|[a-z]+", name)] == []
