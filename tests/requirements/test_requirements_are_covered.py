"""Each requirement is proven by a test, and each test that claims one names one that exists."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import yaml

TESTS = Path(__file__).resolve().parents[1]
REQUIREMENTS: dict[str, dict[str, str]] = yaml.safe_load(
    (Path(__file__).parent / "security.yaml").read_text(encoding="utf-8")
)


@cache
def claims() -> dict[str, list[str]]:
    """The tests that claim each requirement, by file and name."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                for identifier in (identifier for mark in node.decorator_list for identifier in _identifiers(mark)):
                    found[identifier].append(f"{path.relative_to(TESTS)}::{node.name}")
    return dict(found)


def _identifiers(mark: ast.expr) -> list[str]:
    if isinstance(mark, ast.Call) and ast.unparse(mark.func) == "pytest.mark.requirement":
        return [str(argument.value) for argument in mark.args if isinstance(argument, ast.Constant)]
    return []


def test_every_requirement_that_applies_is_proven() -> None:
    proven = claims()
    assert [
        identifier for identifier, entry in REQUIREMENTS.items() if "later" not in entry and identifier not in proven
    ] == []


def test_every_claim_names_a_requirement() -> None:
    assert sorted(set(claims()) - set(REQUIREMENTS)) == []


def test_what_comes_later_is_not_proven_yet() -> None:
    proven = claims()
    assert [identifier for identifier, entry in REQUIREMENTS.items() if "later" in entry and identifier in proven] == []
