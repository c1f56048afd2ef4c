"""One suite for the embedded server and the real one; and OpenFGA's own, where its module's source is at hand."""

import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from shared.openfga_language import parse_model
from tests.fga._servers import ROOT, Api, embedded
from tests.fga._suite import load, problems

OURS = Path(__file__).with_name("conformance.yaml")


@pytest.mark.parametrize("test", load(OURS), ids=lambda test: test["name"])
async def test_a_server_decides_as_it_has_to(api: Api, test: dict[str, Any]) -> None:
    assert await problems(api, test) == []


@cache
def _openfga_source() -> Path | None:
    """Where Go keeps the source of the OpenFGA that dev/go/go.mod pins, if it has it."""
    if os.environ.get("CI"):
        return _source_by_go()
    try:
        return _source_by_go()
    except (OSError, subprocess.SubprocessError):
        return None


def _source_by_go() -> Path | None:
    command = ["go", "list", "-mod=readonly", "-m", "-f", "{{.Dir}}", "github.com/openfga/openfga"]
    environment = os.environ | {"GOFLAGS": "-mod=mod", "GOPROXY": "off"}
    done = subprocess.run(
        command, cwd=ROOT / "dev" / "go", env=environment, capture_output=True, text=True, check=True, timeout=30
    )
    return Path(done.stdout.strip()) / "assets" / "tests" if done.stdout.strip() else None


@pytest.mark.parametrize("suite", ["consolidated_1_1_tests.yaml", "abac_tests.yaml"])
async def test_the_embedded_server_passes_openfga_s_own_suites(tmp_path: Path, suite: str) -> None:
    source = _openfga_source()
    if source is None:
        pytest.skip("the source of the OpenFGA module is not in Go's module cache: dev/openfga")
    tests = load(source / suite)
    assert len(tests) > 30

    async with embedded(tmp_path / "fga", inline_expressions=True) as server:
        found = {test["name"]: said for test in tests if (said := await problems(server, test))}

    assert found == {}


@pytest.mark.parametrize(("depth", "expected"), [(24, True), (26, "authorization_model_resolution_too_complex")])
async def test_an_answer_that_lies_too_deep_is_an_error(api: Api, depth: int, expected: object) -> None:
    """Groups in a circle would be answered; a long chain of other types is not, by either server."""
    lines = ["model", "  schema 1.1", "type user", "type g0", "  relations", "    define member: [user]"]
    for number in range(1, depth + 1):
        lines += [f"type g{number}", "  relations", f"    define member: [g{number - 1}#member]"]
    store = await api.store(parse_model("\n".join(lines)))
    tuples = [
        {"object": f"g{number}:x", "relation": "member", "user": f"g{number - 1}:x#member"}
        for number in range(1, depth + 1)
    ]
    await api.write(store, [*tuples, {"object": "g0:x", "relation": "member", "user": "user:a"}])

    status, answer = await api.call(
        "POST", f"{store}/check", {"tuple_key": {"object": f"g{depth}:x", "relation": "member", "user": "user:a"}}
    )

    assert (answer["allowed"] if status == 200 else answer["code"]) == expected
