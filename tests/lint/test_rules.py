"""Each project rule finds what it is there for, lets the right place be, and says what to do instead."""

import base64
import json
from pathlib import Path

import pytest

from dev.rules import check_file, check_tree

BREAKING = {
    "jwt-door": [
        ("shared/a2a/_x.py", "import jwt\njwt.decode('t', 'k')\n", 2),
        ("agents/supervisor/x.py", "import jwt as j\nclaims = j.decode_complete('t')\n", 2),
        ("portal/x.py", "from jwt import PyJWKClient\n", 1),
    ],
    "http-door": [
        ("shared/identity/_x.py", "import httpx\nclient = httpx.AsyncClient()\n", 2),
        ("agents/supervisor/x.py", "from httpx import get as fetch\nfetch('http://x')\n", 2),
        ("tests/x.py", "import httpx\nwith httpx.Client() as client: ...\n", 2),
        ("local/x.py", "import urllib.request\nurllib.request.urlopen('http://x')\n", 2),
    ],
    "environment": [
        ("agents/supervisor/settings.py", "import os\nURL = os.environ['URL']\n", 2),
        ("local/tenant/_x.py", "from os import getenv\n", 1),
        ("portal/x.py", "import os as o\no.environ.get('X')\n", 2),
    ],
    "sleep": [
        ("portal/x.py", "import time\ntime.sleep(1)\n", 2),
        ("tests/x.py", "from time import sleep\n", 1),
    ],
    "mock": [
        ("tests/x.py", "from unittest import mock\n", 1),
        ("tests/y.py", "from unittest.mock import patch\n", 1),
    ],
    "task-store": [("agents/supervisor/app.py", "from a2a.server.tasks import InMemoryTaskStore\n", 1)],
    "broad-except": [
        ("portal/x.py", "try:\n    f()\nexcept Exception:\n    pass\n", 3),
        ("portal/x.py", "try:\n    f()\nexcept:\n    pass\n", 3),
        ("portal/x.py", "try:\n    f()\nexcept (ValueError, BaseException) as e:\n    print(e)\n", 3),
    ],
    "private-import": [("agents/supervisor/app.py", "from shared.identity._verify import verify\n", 1)],
    "exports": [
        ("shared/x/__init__.py", "from shared.x._y import a, b\n\n__all__ = ['a']\n", 1),
        ("shared/x/__init__.py", "from shared.x._y import a\n\n__all__ = ['a', 'b']\n", 3),
        ("shared/x/__init__.py", "from shared.x._y import a\n", 1),
    ],
    "file-length": [("shared/x.py", "x = 1\n" * 501, 1)],
    "syntax": [("shared/x.py", "def (\n", 1)],
}

KEEPING = [
    ("shared/identity/_verify.py", "import jwt\njwt.decode('t', 'k')\n"),
    ("shared/http/_client.py", "import httpx\nclient = httpx.AsyncClient()\n"),
    ("shared/a2a/_x.py", "import httpx\ndef f(http: httpx.AsyncClient) -> httpx.Response: ...\n"),
    ("shared/settings/_load.py", "import os\nos.environ.get('X')\n"),
    ("shared/a2a/_x.py", "environ = {}\nenviron.get('os.environ')\n"),
    ("portal/x.py", "try:\n    f()\nexcept BaseException:\n    undo()\n    raise\n"),
    ("portal/x.py", "try:\n    f()\nexcept Exception:  # noqa: BLE001 -- the last handler\n    say()\n"),
    ("portal/x.py", "import time\ntime.sleep(1)  # lint: allow sleep -- nothing else can wake it\n"),
    ("shared/identity/__init__.py", "from shared.identity._verify import verify\n\n__all__ = ['verify']\n"),
    ("tests/identity/test_x.py", "from shared.identity._verify import verify\n"),
]


@pytest.mark.parametrize(
    ("rule", "path", "text", "line"), [(rule, *case) for rule, cases in BREAKING.items() for case in cases]
)
def test_a_rule_finds_what_it_is_there_for(rule: str, path: str, text: str, line: int) -> None:
    found = check_file(path, text.encode())
    assert [(finding.rule, finding.line) for finding in found] == [(rule, line)]
    assert ": " in str(found[0])


@pytest.mark.parametrize(("path", "text"), KEEPING)
def test_a_rule_lets_the_right_place_be(path: str, text: str) -> None:
    assert check_file(path, text.encode()) == []


def test_an_allowance_needs_a_reason() -> None:
    text = b"import time\ntime.sleep(1)  # lint: allow sleep\n"
    assert [finding.rule for finding in check_file("portal/x.py", text)] == ["sleep"]


def test_an_allowance_that_nothing_needs_is_found() -> None:
    text = b"x = 1  # lint: allow sleep -- it slept here once\n"
    assert [finding.rule for finding in check_file("portal/x.py", text)] == ["unused-allowance"]


def _token() -> str:
    def part(content: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256', 'typ': 'JWT'})}.{part({'sub': 'auth0|1', 'aud': 'x'})}.{part('signature')}"


@pytest.mark.parametrize(
    "line",
    [
        "-----BEGIN " + "PRIVATE KEY-----",
        "-----BEGIN " + "RSA PRIVATE KEY-----",
        f"token: {_token()}",
        "key = 'AKIA" + "A1B2C3D4E5F6G7H8'",
    ],
    ids=["key", "rsa key", "token", "cloud key"],
)
@pytest.mark.parametrize("path", ["README.md", "tests/x.py", "deploy/x.yaml"])
def test_no_file_holds_a_credential(path: str, line: str) -> None:
    text = f'"""{line}"""\n' if path.endswith(".py") else f"{line}\n"
    assert [finding.rule for finding in check_file(path, text.encode())] == ["secret"]


def test_no_file_names_this_machine() -> None:
    text = b"See /home/somebody/helpdesk/README.md.\n"
    assert [f.rule for f in check_file("README.md", text, root="/home/somebody/helpdesk")] == ["machine-path"]
    assert check_file("README.md", text, root="/srv/helpdesk") == []


def test_binary_files_are_passed_over() -> None:
    assert check_file("picture.png", b"\x89PNG\xff\xfe\x00") == []


def test_named_paths_are_read_from_the_tree(tmp_path: Path) -> None:
    (tmp_path / "x.py").write_text("import time\ntime.sleep(1)\n")
    (found,) = check_tree(tmp_path, ["x.py", "gone.py"])
    assert str(found).startswith("x.py:2: sleep: time.sleep: ")
