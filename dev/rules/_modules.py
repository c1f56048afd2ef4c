"""How modules are cut and what packages offer."""

import ast
from collections.abc import Iterator, Sequence
from typing import TypeGuard

MAX_LINES = 500
LONG_FILES: dict[str, str] = {}
"""Files that may be longer than `MAX_LINES`, each with the reason."""


def problems(path: str, tree: ast.Module, nodes: Sequence[ast.AST], lines: int) -> Iterator[tuple[int, str, str]]:
    """Files that are too long, exports that are not complete, and imports past a package's front."""
    if lines > MAX_LINES and path not in LONG_FILES:
        yield (
            1,
            "file-length",
            f"{lines} lines: cut it by what its parts do (at most {MAX_LINES}; most files have 60 to 250)",
        )
    if path.endswith("/__init__.py"):
        yield from _exports(path, tree)
    if not path.startswith("tests/"):
        yield from _private_imports(path, nodes)


def _exports(path: str, tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """A package that re-exports names of its modules lists exactly those in `__all__` (ruff's RUF022 sorts them).

    Names that are loaded when first asked for stand in the `if TYPE_CHECKING` block.
    """
    own = path.removesuffix("__init__.py").replace("/", ".")
    body = [node for outer in tree.body for node in (outer.body if _is_type_checking(outer) else [outer])]
    imported = {
        alias.asname or alias.name: node.lineno
        for node in body
        if isinstance(node, ast.ImportFrom) and f"{node.module}.".startswith(own) and f"{node.module}." != own
        for alias in node.names
        if not (alias.asname or alias.name).startswith("_")
    }
    if not imported:
        return
    listed = next(
        (node for node in body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"), None
    )
    names = set(ast.literal_eval(listed.value)) if listed else set()
    for name in sorted(imported.keys() - names):
        yield imported[name], "exports", f"{name} is imported but not in __all__: add it, or do not import it here"
    for name in sorted(names - set(_defined(body)) - {"__version__"}):
        yield listed.lineno if listed else 1, "exports", f"{name} is in __all__ but not here: take it out"


def _is_type_checking(node: ast.stmt) -> TypeGuard[ast.If]:
    return isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.asname or alias.name for alias in node.names)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (target.id for target in targets if isinstance(target, ast.Name))


def _private_imports(path: str, nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str, str]]:
    """`from shared.identity._verify import ...` is for `shared/identity` alone."""
    for node in nodes:
        if not isinstance(node, ast.ImportFrom) or not node.module or node.level:
            continue
        parts = node.module.split(".")
        private = next(
            (index for index, part in enumerate(parts) if part.startswith("_") and part != "__future__"), None
        )
        if private is None or parts[0] not in {
            "agents",
            "deploy",
            "shared",
            "portal",
            "local",
            "knowledge",
            "benchmarks",
            "dev",
        }:
            continue
        owner = "/".join(parts[:private])
        if not path.startswith(f"{owner}/"):
            yield node.lineno, "private-import", f"{node.module} is private: import from {'.'.join(parts[:private])}"
