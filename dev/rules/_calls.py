"""Names that one place alone may use, and handlers that catch everything."""

import ast
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch


@dataclass(frozen=True, slots=True)
class Door:
    """Names that may be used in `places` only, and what everybody else does instead."""

    rule: str
    names: tuple[str, ...]
    places: tuple[str, ...]
    instead: str
    calls_only: bool = False  # such a name may be imported and stand in annotations


DOORS = (
    Door(
        "jwt-door",
        ("jwt.decode", "jwt.decode_complete", "jwt.PyJWT", "jwt.PyJWS", "jwt.PyJWKClient", "jwt.get_unverified_header"),
        ("shared/identity/*", "local/tenant/*", "local/directory/oauth/*", "tests/identity/*", "tests/tenant/*"),
        "tokens are read in shared.identity alone: use TokenVerifier, or hold the token as a RawToken",
    ),
    Door(
        "http-door",
        (
            *(
                f"httpx.{name}"
                for name in ("AsyncClient", "Client", "get", "post", "put", "delete", "request", "stream")
            ),
            "httpx_aiohttp.HttpxAiohttpClient",
            "aiohttp.ClientSession",
            "urllib.request.urlopen",
            "requests.get",
            "requests.post",
            "requests.Session",
        ),
        ("shared/http/*", "dev/setup.py"),
        "HTTP clients are made in shared.http alone, once per process: use create_http_client()",
        calls_only=True,
    ),
    Door(
        "environment",
        ("os.environ", "os.environb", "os.getenv", "os.putenv", "os.unsetenv"),
        (
            *("shared/settings/*", "portal/_environment.py", "dev/*", "tests/*", "benchmarks/*"),
            "deploy/aws/*/*_function.py",  # the entry points on AWS Lambda, which stand alone
        ),
        "the environment is read in shared.settings alone: add a field to a Settings class and pass the object down",
    ),
    Door(
        "sleep",
        ("time.sleep",),
        ("benchmarks/*",),
        "nothing sleeps: wait for the event itself with a bound, or take a clock as an argument",
    ),
    Door(
        "mock",
        ("unittest.mock", "mock"),
        (),
        "no mocks: run the real thing on loopback, or a fake that passes the same tests (shared.testing)",
    ),
    Door(
        "task-store",
        ("a2a.server.tasks.InMemoryTaskStore", "a2a.server.tasks.DatabaseTaskStore"),
        ("tests/*", "benchmarks/*"),
        "tasks are kept in shared.tasks: these stores lose them at a restart, or are too slow",
    ),
)


def problems(path: str, nodes: Sequence[ast.AST]) -> Iterator[tuple[int, str, str]]:
    """Uses of a door's names outside its places, and broad handlers that swallow what they catch."""
    closed = [door for door in DOORS if not any(fnmatch(path, place) for place in door.places)]
    guarded = {name: door for door in closed for name in door.names}
    aliases = _imported(nodes)
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call)}
    for node in nodes:
        if isinstance(node, ast.ExceptHandler) and _is_broad(node) and not _raises_again(node):
            yield (
                node.lineno,
                "broad-except",
                "name the errors that are expected here; only a top-level handler catches everything, and says why",
            )
        for line, name in _uses(node, aliases):
            door = guarded.get(name)
            if door is not None and (id(node) in called or not door.calls_only):
                yield line, door.rule, f"{name}: {door.instead}"


def _uses(node: ast.AST, aliases: dict[str, str]) -> Iterator[tuple[int, str]]:
    """The full names of what a node uses or imports."""
    if isinstance(node, ast.Attribute | ast.Name):
        name = _full_name(node, aliases)
        if name:
            yield node.lineno, name
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield node.lineno, node.module
        for imported in node.names:
            yield node.lineno, f"{node.module}.{imported.name}"
    elif isinstance(node, ast.Import):
        for imported in node.names:
            yield node.lineno, imported.name


def _full_name(node: ast.expr, aliases: dict[str, str]) -> str | None:
    """`os.environ` for `o.environ` after `import os as o`; None where the root was not imported."""
    if isinstance(node, ast.Attribute):
        owner = _full_name(node.value, aliases)
        return f"{owner}.{node.attr}" if owner else None
    return aliases.get(node.id) if isinstance(node, ast.Name) else None


def _imported(nodes: Sequence[ast.AST]) -> dict[str, str]:
    """What each imported name stands for."""
    names = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            for imported in node.names:
                bound = imported.asname or imported.name.split(".")[0]
                names[bound] = imported.name if imported.asname else bound
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for imported in node.names:
                names[imported.asname or imported.name] = f"{node.module}.{imported.name}"
    return names


def _is_broad(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(
        kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in caught
    )


def _raises_again(handler: ast.ExceptHandler) -> bool:
    """Whether the handler cleans up and lets the error go on, as itself or as the cause of another."""
    return isinstance(handler.body[-1], ast.Raise)
