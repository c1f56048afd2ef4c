"""The functions behind the gateway: their packages, what a cold start takes, and a search as docs_search makes it.

A cold start is measured in a fresh interpreter that sees the unpacked package and the standard library alone, without
compiled bytecode, as Lambda's read-only file system has it. What AWS adds to get there is not in it.
"""

import argparse
import asyncio
import base64
import json
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path
from typing import Any, Final

from agents.docs_search.gateway import GatewayClient
from benchmarks.processes import free_port, server
from benchmarks.report import Report, table
from deploy.aws.docs.package import SEARCH, pack
from local.tenant.testing import LocalTenant
from shared.http import create_http_client
from shared.identity import RawToken

TITLE: Final = "The functions behind the gateway: packages, cold start, and a search through the local gateway"
ARTICLES: Final = Path("agents/docs_search/articles")
QUESTIONS: Final = ("How do I connect to the VPN?", "my printer does nothing", "rules for USB sticks", "new phone mfa")
CALLS: Final = 200
MAX_COLD_SECONDS: Final = 1.0
MAX_ZIPPED_KIB: Final = 5 * 1024

_KEY: Final = "k" * 32
_COLD: Final = """
import json, sys, time
begun = time.perf_counter()
from deploy.aws.docs.{module} import handler
ready = time.perf_counter()
event, custom = json.load(sys.stdin)
context = type("Context", (), {{"client_context": type("ClientContext", (), {{"custom": custom}})}})
first = time.perf_counter()
answer = handler(event, context)
done = time.perf_counter()
handler(event, context)
again = time.perf_counter()
assert "hits" in answer or "transformedGatewayRequest" in answer["mcp"], answer
print(json.dumps([ready - begun, done - first, again - done]))
"""
_IDENTITY: Final = """
import sys, time
from deploy.aws.docs.identity import Identity, sign
print(sign(Identity("i", "u", "c", frozenset({"docs:read"}), frozenset({"everyone"})), b"k" * 32, now=time.time()))
"""


def run(arguments: argparse.Namespace) -> Report:
    """Packs, starts cold as often as there are rounds, then searches warm."""
    with tempfile.TemporaryDirectory(prefix="bench-functions-") as name:
        folder = Path(name)
        packages = pack(ARTICLES, folder / "packages")
        sizes = {file: _sizes(path) for file, path in packages.items()}
        cold = {file: [_cold(folder, path, file) for _ in range(arguments.rounds)] for file, path in packages.items()}
        warm = _warm(folder / "var")
    starts = {
        file: [statistics.median(one[part] for one in rounds) * 1000 for part in range(3)]
        for file, rounds in cold.items()
    }
    rows = [
        [file, *(f"{size:.0f}" for size in sizes[file]), *(f"{ms:.1f}" for ms in starts[file])] for file in packages
    ]
    text = "\n\n".join(
        (
            table(("package", "zipped KiB", "unzipped KiB", "import ms", "first call ms", "next call ms"), rows),
            table(
                ("docs_search to the local gateway and back", "p50 ms", "p95 ms"),
                [
                    [
                        "one search, connection kept",
                        f"{statistics.median(warm):.1f}",
                        f"{sorted(warm)[int(CALLS * 0.95)]:.1f}",
                    ]
                ],
            ),
        )
    )
    missed = [
        f"{file} takes {sum(starts[file][:2]):.0f} ms to its first answer, not {MAX_COLD_SECONDS * 1000:.0f}"
        for file in packages
        if sum(starts[file][:2]) > MAX_COLD_SECONDS * 1000
    ]
    missed += [f"{file} has {sizes[file][0]:.0f} KiB" for file in packages if sizes[file][0] > MAX_ZIPPED_KIB]
    return Report(text, {"sizes_kib": sizes, "cold_ms": starts, "warm_ms": warm}, missed)


def _sizes(package: Path) -> tuple[float, float]:
    unzipped = sum(entry.file_size for entry in zipfile.ZipFile(package).infolist())
    return package.stat().st_size / 1024, unzipped / 1024


def _cold(folder: Path, package: Path, file: str) -> list[float]:
    """Seconds of the import, the first call and the next, in an interpreter of its own."""
    unpacked = folder / file.removesuffix(".zip")
    zipfile.ZipFile(package).extractall(unpacked)
    if file == SEARCH:
        module, custom = "search_function", _custom(unpacked)
        event: Any = {"question": QUESTIONS[0]}
    else:
        module, custom, event = "interceptor_function", {}, _request()
    said = _python(_COLD.format(module=module), unpacked, json.dumps([event, custom]))
    times: list[float] = json.loads(said.splitlines()[-1])
    return times


def _python(code: str, folder: Path, stdin: str = "") -> str:
    environment = {
        "IDENTITY_KEY": _KEY, "GATEWAY_ID": "g", "ISSUER": "i", "AUDIENCE": "a", "DECIDERS": "c", "PYTHONPATH": ".",
    }  # fmt: skip
    command = [sys.executable, "-S", "-B", "-c", code]
    return subprocess.run(  # noqa: S603 -- our own code
        command, cwd=folder, env=environment, input=stdin, capture_output=True, text=True, check=True
    ).stdout


def _custom(unpacked: Path) -> dict[str, Any]:
    return {
        "bedrockAgentCoreToolName": "docs___search_articles",
        "bedrockAgentCoreGatewayId": "g",
        "bedrockAgentCorePropagatedHeaders": {"x-helpdesk-identity": _python(_IDENTITY, unpacked).strip()},
    }


def _request() -> dict[str, Any]:
    claims = {"iss": "i", "sub": "u", "aud": "a", "exp": time.time() + 60, "scope": "docs:read", "client_id": "c"}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call"}
    return {
        "interceptorInputVersion": "1.0",
        "mcp": {"gatewayRequest": {"headers": {"Authorization": f"Bearer e30.{payload}.c2ln"}, "body": body}},
    }


def _warm(folder: Path) -> list[float]:
    """Milliseconds of searches from docs_search's client to the local gateway, in a process of its own, and back."""
    with LocalTenant(folder) as tenant:
        port = free_port()
        agent = tenant.client("Docs search API client")
        settings = {
            "helpdesk_env": "local",
            "port": port,
            "helpdesk_var": str(folder),
            "auth0_issuer": tenant.issuer,
            "gateway_authorizer": {
                "discoveryUrl": tenant.discovery_url,
                "allowedAudience": [tenant.api("gateway")],
                "allowedClients": [agent.client_id],
                "allowedScopes": ["docs:read"],
            },
        }
        path = folder / "gateway.json"
        path.write_text(json.dumps(settings), encoding="utf-8")
        with server("benchmarks.servers.gateway", [str(path)], port, folder / "gateway.log", ready_path="/healthz"):
            return asyncio.run(_search(tenant, f"http://127.0.0.1:{port}/mcp"))


async def _search(tenant: LocalTenant, url: str) -> list[float]:
    signed_in = await tenant.sign_in("amelia.hart")
    delegated = await tenant.exchange(signed_in, tenant.api("docs_search"), scopes=["docs:read"])
    token = RawToken(await tenant.exchange(delegated, tenant.api("gateway"), client="Docs search API client"))
    headers = {"X-Helpdesk-Audiences": "everyone,employees"}
    took = []
    async with create_http_client() as http:
        client = GatewayClient(url, http, scope="docs:read")
        for number in range(CALLS + len(QUESTIONS)):
            arguments = {"question": QUESTIONS[number % len(QUESTIONS)]}
            begun = time.perf_counter()
            await client.call("docs___search_articles", arguments, token=token, headers=headers)
            took.append((time.perf_counter() - begun) * 1000)
    return took[len(QUESTIONS) :]
