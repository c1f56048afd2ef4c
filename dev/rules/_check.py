"""Reads files and applies every rule to them."""

import ast
import re
import subprocess
import tokenize
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.rules import _calls, _modules, _text

_ALLOW = re.compile(r"#\s*lint: allow (?P<rule>[a-z-]+)(?:\s+--\s+(?P<reason>\S.*))?")
_ALLOW_BROAD = re.compile(r"#\s*noqa: BLE001\s+--\s+\S")


@dataclass(frozen=True, order=True, slots=True)
class Finding:
    """A line that breaks a rule, with what to do instead."""

    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def check_tree(root: Path, paths: Sequence[str] = ()) -> list[Finding]:
    """Checks the files of `paths`, or else every tracked or new file below `root`."""
    names = paths or _files(root)
    found: list[Finding] = []
    for name in names:
        path = root / name
        if path.is_file() and not path.is_symlink():
            found += check_file(name, path.read_bytes(), root=str(root))
    return sorted(found)


def check_file(path: str, content: bytes, *, root: str = "") -> list[Finding]:
    """Checks one file.

    Args:
        path: Relative to the repository, with `/`.
        content: Its bytes.
        root: Where the repository is: a path of this machine that no file may name.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return []
    lines = text.splitlines()
    found = [Finding(path, *problem) for problem in _text.problems(path, text, root)]
    if path.endswith(".py"):
        found += [Finding(path, *problem) for problem in _python_problems(path, text)]
    return list(_not_allowed(found, lines, path))


def _python_problems(path: str, text: str) -> Iterator[tuple[int, str, str]]:
    try:
        tree = ast.parse(text)
    except SyntaxError as error:
        yield error.lineno or 1, "syntax", f"{error.msg}: mend it"
        return
    nodes = list(ast.walk(tree))
    yield from _calls.problems(path, nodes)
    yield from _modules.problems(path, tree, nodes, text.count("\n"))


def _not_allowed(found: Iterable[Finding], lines: list[str], path: str) -> Iterator[Finding]:
    """Drops what a comment on its line allows; an allowance without a reason, or without use, is itself a finding."""
    allowed = {
        (number, match["rule"]): match["reason"]
        for number, comment in (_comments(lines) if path.endswith(".py") and any(map(_ALLOW.search, lines)) else ())
        if (match := _ALLOW.search(comment))
    }
    used = set()
    for finding in found:
        key = (finding.line, finding.rule)
        if key in allowed:
            used.add(key)
        if finding.rule == "broad-except" and _ALLOW_BROAD.search(lines[finding.line - 1]):
            continue  # ruff asks the same, and its comment gives the reason
        if not allowed.get(key):
            yield finding
    for number, rule in allowed.keys() - used:
        yield Finding(path, number, "unused-allowance", f"nothing here breaks {rule}: take the comment away")


def _comments(lines: list[str]) -> Iterator[tuple[int, str]]:
    """The comments, with their lines; what looks like one inside a string is none."""
    try:
        for token in tokenize.generate_tokens(iter([f"{line}\n" for line in lines]).__next__):
            if token.type == tokenize.COMMENT:
                yield token.start[0], token.string
    except (tokenize.TokenError, SyntaxError):
        return  # that the file cannot be read is found elsewhere


def _files(root: Path) -> list[str]:
    command = ["git", "-C", str(root), "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, capture_output=True, check=True).stdout.decode()
    return [name for name in listed.split("\0") if name]
