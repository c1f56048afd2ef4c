"""What no file may contain, whatever its kind: keys, tokens, paths of the machine that it was written on."""

import re
from collections.abc import Iterator

_CREDENTIALS = {
    re.compile(r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"): "a private key: make it when needed and keep it in var/",
    re.compile(r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"): (
        "a signed token: make it in the test that needs it"
    ),
    re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b|\bsk-[A-Za-z0-9_-]{32,}"): (
        "a cloud or model key: it belongs in the environment, by a *_FILE setting"
    ),
}
_NOT_READ = frozenset({"uv.lock"})


def problems(path: str, text: str, root: str) -> Iterator[tuple[int, str, str]]:
    """Lines that hold a credential or name this machine."""
    if path in _NOT_READ:
        return
    for pattern, what in _CREDENTIALS.items():
        for found in pattern.finditer(text):
            yield text.count("\n", 0, found.start()) + 1, "secret", what
    if root.count("/") > 1 and (place := text.find(f"{root}/")) >= 0:
        yield (
            text.count("\n", 0, place) + 1,
            "machine-path",
            "a path of this machine: make it relative to the repository",
        )
