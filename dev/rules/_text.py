"""What no file may contain, whatever its kind: keys, tokens, paths of the machine that it was written on."""

import re
from collections.abc import Iterator

_PRIVATE_KEY = re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----")
_TOKEN = re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}")
_CLOUD_KEY = re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bsk-[A-Za-z0-9_-]{32,}")
_NOT_READ = frozenset({"uv.lock"})


def problems(path: str, lines: list[str], root: str) -> Iterator[tuple[int, str, str]]:
    """Lines that hold a credential or name this machine."""
    if path in _NOT_READ:
        return
    for number, line in enumerate(lines, 1):
        if _PRIVATE_KEY.search(line):
            yield number, "secret", "a private key: make it when it is needed and keep it in var/"
        if _TOKEN.search(line):
            yield number, "secret", "a signed token: make it in the test that needs it"
        if _CLOUD_KEY.search(line):
            yield number, "secret", "a cloud or model key: it belongs in the environment, by a *_FILE setting"
        if root.count("/") > 1 and f"{root}/" in line:
            yield number, "machine-path", "a path of this machine: make it relative to the repository"
