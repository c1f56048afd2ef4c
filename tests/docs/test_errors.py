"""docs/reference/errors.md says how each error looks from outside, and what each reason means."""

import ast
import importlib
import pkgutil
import re

from a2a.utils.errors import A2A_ERROR_MAPPING, JSON_RPC_ERROR_CODE_MAP

import agents
import shared
from shared.a2a._errors import FACES
from shared.directory._transport import _REASONS
from shared.errors import HelpdeskError
from tests.docs._pages import ROOT, page

PAGE = "docs/reference/errors.md"
PLACES = ("agents", "shared", "portal", "knowledge")


def rows(heading: str) -> list[list[str]]:
    """The cells of the table under a heading, without their backquotes."""
    return [[cell.strip("`") for cell in row] for row in page(PAGE).rows(heading)]


def error_classes() -> set[type[HelpdeskError]]:
    """Every class of error that an agent may raise."""
    for root in (agents, shared):
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    found, waiting = set(), [HelpdeskError]
    while waiting:
        cls = waiting.pop()
        if cls not in found:
            found.add(cls)
            waiting += cls.__subclasses__()
    return {cls for cls in found if cls.__module__.split(".")[0] in {"agents", "shared"}}


def reasons_in_code() -> set[str]:
    """Every reason that any part gives: the codes of classes, and those named where an error is made."""
    found: set[str] = set(_REASONS.values())
    for place in PLACES:
        for path in (ROOT / place).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.ClassDef):
                    found |= {
                        statement.value.value
                        for statement in node.body
                        if isinstance(statement, ast.Assign | ast.AnnAssign)
                        and isinstance(statement.value, ast.Constant)
                        and isinstance(statement.value.value, str)
                        and "code"
                        in ast.dump(statement.target if isinstance(statement, ast.AnnAssign) else statement.targets[0])
                    }
                elif isinstance(node, ast.Call):
                    found |= {
                        keyword.value.value
                        for keyword in node.keywords
                        if keyword.arg == "code"
                        and isinstance(keyword.value, ast.Constant)
                        and isinstance(keyword.value.value, str)
                    }
    return found


def test_every_class_of_errors_has_its_row_and_every_row_its_class() -> None:
    """Also STYLE P16: the table at the edge is complete."""
    described = {row[0]: row[1:5] for row in rows("Errors of the help desk")}
    actual = {
        cls.__name__: [cls.code, str(face.http), str(face.rpc), face.status]
        for cls in error_classes()
        for face in (FACES[next(base for base in cls.__mro__ if base in FACES)],)
    }
    assert described == actual


def test_every_error_of_the_protocol_has_its_row() -> None:
    described = {row[0]: row[1:3] for row in rows("Errors of A2A")}
    actual = {
        cls.__name__: [str(code), str(A2A_ERROR_MAPPING[cls].http_code) if cls in A2A_ERROR_MAPPING else "400"]
        for cls, code in JSON_RPC_ERROR_CODE_MAP.items()
    }
    assert described == actual


def test_every_reason_is_explained_and_no_other() -> None:
    text = page(PAGE).under("Reasons")
    assert set(re.findall(r"^### `([a-z0-9_]+)`$", text, flags=re.MULTILINE)) == reasons_in_code()
