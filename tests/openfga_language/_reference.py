"""OpenFGA's own parser, as `dev/openfga --language` builds it."""

import json
import os
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent


@cache
def _program() -> Path:
    server = subprocess.run(
        [ROOT / "dev" / "openfga", "--path"], capture_output=True, text=True, check=True, timeout=60
    )
    return Path(server.stdout.strip()).with_name("language")


def reference(questions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """What OpenFGA's parser says to each question; dev/go/language/main.go tells their forms."""
    program = _program()
    if not program.exists() and not os.environ.get("CI"):
        pytest.skip("OpenFGA's own parser is not built: dev/openfga --language")
    text = "".join(json.dumps(question) + "\n" for question in questions)
    done = subprocess.run([program], input=text, capture_output=True, text=True, check=True, timeout=50)
    return [json.loads(line) for line in done.stdout.splitlines()]
