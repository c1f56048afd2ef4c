"""The packages for AWS Lambda: the same bytes for the same sources, and all that the functions need."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from deploy.aws.docs.package import INTERCEPTOR, SEARCH, NoArticles, pack
from tests.gateway._functions import KEY, write_article

CALL = """
import json, time, types
from deploy.aws.docs import identity, search_function, interceptor_function
event = json.loads({event!r})
passed = interceptor_function.handler(event, None)["mcp"]["transformedGatewayRequest"]
custom = dict(bedrockAgentCoreToolName="docs___search_articles", bedrockAgentCoreGatewayId="g",
              bedrockAgentCorePropagatedHeaders=passed["headers"])
context = types.SimpleNamespace(client_context=types.SimpleNamespace(custom=custom))
print(json.dumps(search_function.handler(passed["body"]["params"]["arguments"], context)))
"""


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("packages")
    (folder / "articles").mkdir()
    write_article(folder / "articles", "vpn-setup", "everyone", "Set up the VPN", "Open the VPN client.")
    return pack(folder / "articles", folder / "packages")


def test_the_same_sources_give_the_same_bytes(packages: dict[str, Path], tmp_path: Path) -> None:
    again = pack(packages[SEARCH].parent.parent / "articles", tmp_path)
    for name, path in packages.items():
        assert path.read_bytes() == again[name].read_bytes()


def test_a_package_holds_what_its_function_needs_and_no_more(packages: dict[str, Path]) -> None:
    names = {name: set(zipfile.ZipFile(path).namelist()) for name, path in packages.items()}
    assert {Path(file).parts[0] for file in names[SEARCH]} == {
        "deploy", "knowledge", "knowledge.sqlite3", "snowballstemmer",
    }  # fmt: skip
    assert {Path(file).parts[0] for file in names[INTERCEPTOR]} == {"deploy"}
    assert not any("package.py" in file or "building" in file for found in names.values() for file in found)


def test_the_functions_answer_from_their_packages_alone(packages: dict[str, Path], tmp_path: Path) -> None:
    """In an interpreter of their own that sees the standard library and the packages, and nothing installed here."""
    from tests.gateway._functions import AGENT, AUDIENCE, ISSUER, request  # noqa: PLC0415 -- beside its use

    for path in packages.values():
        zipfile.ZipFile(path).extractall(tmp_path)
    environment = {
        "IDENTITY_KEY": KEY.decode(), "GATEWAY_ID": "g", "ISSUER": ISSUER, "AUDIENCE": AUDIENCE, "DECIDERS": AGENT,
    }  # fmt: skip
    command = [
        sys.executable,
        "-S",
        "-P",
        "-c",
        f"import sys; sys.path.insert(0, '.')\n{CALL.format(event=json.dumps(request()))}",
    ]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["hits"][0]["article"] == "vpn-setup"


def test_a_folder_without_articles_is_no_knowledge_base(tmp_path: Path) -> None:
    with pytest.raises(NoArticles):
        pack(tmp_path, tmp_path / "packages")
