"""What the Dockerfiles and docker-compose.yml promise, as far as it can be seen without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.tags import Tag, compatible_tags, cpython_tags
from packaging.utils import parse_wheel_filename

from tests.containers._workspace import AGENTS, IMAGES, PYTHON, ROOT, dependencies, dockerfile, locked, members, package

COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
AGENT_SERVICES = {service["image"].removeprefix("helpdesk/"): name for name, service in SERVICES.items()}
OTHERS = frozenset({"local", "fga", "portal", "postgres", "door", "${OLLAMA_IMAGE:-ollama/ollama:0.12.6}"})
NEWEST_GLIBC_MINOR = 41  # trixie's; wheels for an older one run there too


def instructions(image: str, keyword: str) -> list[str]:
    """The arguments of each instruction of the last stage, continuation lines joined."""
    text = dockerfile(image).read_text(encoding="utf-8").replace("\\\n", "")
    last_stage = text[text.rindex("\nFROM ") :]
    return [line.removeprefix(f"{keyword} ") for line in last_stage.splitlines() if line.startswith(f"{keyword} ")]


def aarch64_tags() -> set[Tag]:
    """The tags of wheels that run on linux/arm64 in the images."""
    platforms = [f"manylinux_2_{minor}_aarch64" for minor in range(17, NEWEST_GLIBC_MINOR + 1)]
    platforms.append("manylinux2014_aarch64")
    return {*cpython_tags(PYTHON, platforms=platforms), *compatible_tags(PYTHON, "cp313", platforms)}


def mounts(service: str) -> dict[str, tuple[str, str]]:
    """A service's volumes: name -> (where, mode)."""
    found = {}
    for mount in SERVICES[service].get("volumes", []):
        volume, where, *mode = mount.split(":")
        found[volume] = (where, mode[0] if mode else "rw")
    return found


@pytest.mark.parametrize("agent", AGENTS)
def test_an_agents_image_is_made_as_the_others_are(agent: str) -> None:
    """Our own choice (P3): the Dockerfiles differ in names and in the workspace members that are copied."""

    def neutral(name: str) -> list[str]:
        text = dockerfile(name).read_text(encoding="utf-8")
        text = re.sub(r"image\.description=.*", "image.description=", text)
        for member in members(name) - {"shared"}:
            text = text.replace(f"COPY {member} {member}\n", "").replace(f"agents {member} shared", "agents shared")
        return text.replace(name, "AGENT").replace(f"--package {package(name)}", "--package AGENT").splitlines()

    assert neutral(agent) == neutral("supervisor")


@pytest.mark.parametrize("image", IMAGES)
def test_an_image_is_given_its_own_folder_and_what_it_depends_on(image: str) -> None:
    """DESIGN: the image is the locked environment plus shared/ and the agent's own folder."""
    modules = {f"agents/{agent}/authorization.fga" for agent in AGENTS if agent != "supervisor"}
    more = {"local": {"agents/docs_search/articles"}, "portal": modules}
    own = {image, "deploy", *more[image]} if image in more else {f"agents/{image}", "agents/__init__.py"}
    copied = {copy.rsplit(" ", 1)[0] for copy in instructions(image, "COPY") if not copy.startswith("--from=packages ")}
    assert copied == own | members(image)


@pytest.mark.parametrize("image", IMAGES)
def test_every_package_has_a_wheel_for_arm64(image: str) -> None:
    """AgentCore runs linux/arm64; nothing is compiled in the images, which hold no compiler."""
    fitting = aarch64_tags()
    without = [
        name
        for name in dependencies(image)
        if "registry" in locked()[name]["source"]
        and not any(
            parse_wheel_filename(wheel["url"].rsplit("/", 1)[-1])[3] & fitting for wheel in locked()[name]["wheels"]
        )
    ]
    assert without == []


@pytest.mark.parametrize("image", IMAGES)
def test_a_dockerfile_names_no_architecture(image: str) -> None:
    """It builds wherever its base image, which is one for many, and the packages' wheels are."""
    text = dockerfile(image).read_text(encoding="utf-8")
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    assert re.search(r"amd64|x86|arm64|aarch64|--platform|apt-get|curl|wget", code) is None
    assert "PYTHON_IMAGE=python:3.13-slim-trixie" in code


def test_the_build_context_leaves_out_keys_and_history() -> None:
    """An allow list: what is not named is not sent to the engine."""
    lines = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if line.strip() and not line.startswith("#")
    ]
    assert lines[0] == "*"
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert allowed <= {path.as_posix() for path in (Path(line) for line in allowed) if (ROOT / path).exists()}
    assert not {name for name in allowed if name.split("/")[0] in {"var", ".git", ".venv", "tests", "docs"}}


@pytest.mark.parametrize("service", SERVICES)
def test_a_container_can_change_nothing_but_its_volumes(service: str) -> None:
    """Our own choice: read-only root, no capabilities, no way to gain any, nobody's root."""
    definition = SERVICES[service]
    assert definition["read_only"] is True
    assert definition["cap_drop"] == ["ALL"]
    assert definition["security_opt"] == ["no-new-privileges:true"]
    assert "user" not in definition
    assert "privileged" not in definition


def test_only_what_a_person_needs_is_published_and_only_on_this_machine() -> None:
    published = {name: service["ports"] for name, service in SERVICES.items() if service.get("ports")}
    assert set(published) == {"door", "portal", "tenant", "directory"}
    assert all(len(ports) == 1 and ports[0].startswith("127.0.0.1:") for ports in published.values())


def test_an_agent_can_read_no_other_parts_credentials() -> None:
    """Each credentials volume is written by the step that hands them out and read by one agent."""
    holders: dict[str, set[str]] = {}
    for service in SERVICES:
        for volume in mounts(service):
            holders.setdefault(volume, set()).add(service)
    for agent, service in AGENT_SERVICES.items():
        if agent in OTHERS:
            continue
        assert set(mounts(service)) == {service, f"{service}-credentials"}
        assert holders[service] == {service}
        assert holders[f"{service}-credentials"] == {service, "credentials"}
        assert mounts(service)[f"{service}-credentials"] == ("/credentials", "ro")
        assert mounts("credentials")[f"{service}-credentials"] == (f"/credentials/{agent}", "rw")
    assert holders["tenant"] == {"tenant", "credentials"}
    assert holders["directory"] == {"directory", "relationships"}
    assert mounts("relationships")["directory"] == ("/app/var/directory", "ro")
    assert holders["fga"] == {"fga", "relationships", "credentials"}
    assert mounts("credentials")["fga"] == ("/app/var/fga", "ro")
    assert holders["postgres"] == {"postgres"}
    assert holders["token-vault"] == {"tenant", "directory"}


def test_only_who_works_on_accounts_can_reach_the_directory() -> None:
    """The vault, the two agents, and the step that reads everybody before there are agents."""
    assert {name for name, service in SERVICES.items() if "upstream" in service.get("networks", [])} == {
        "directory",
        "tenant",
        "account-lookup",
        "password-reset",
        "relationships",
    }


def test_only_subagents_can_ask_the_relationship_store() -> None:
    assert {name for name, service in SERVICES.items() if "relationships" in service.get("networks", [])} == {
        "fga",
        "relationships",
        "account-lookup",
        "password-reset",
        "docs-search",
    }


def test_the_door_leads_to_the_supervisors_and_nowhere_else() -> None:
    assert {name for name, service in SERVICES.items() if "door" in service.get("networks", [])} == {
        "door",
        "portal",
        "supervisor",
    }
    assert SERVICES["door"]["networks"] == ["door"]


def test_each_place_that_credentials_are_handed_to_is_in_the_image() -> None:
    """A volume that is mounted where the image has no folder belongs to root, and the step could not write there."""
    made = set(dockerfile("local").read_text(encoding="utf-8").split())
    places = {mount.split(":")[1] for mount in SERVICES["credentials"]["volumes"] if ":/credentials/" in mount}
    assert len(places) >= 6
    assert places - made == set()


def test_the_web_chat_reaches_the_door_and_the_tenant_and_nothing_else() -> None:
    assert SERVICES["portal"]["networks"] == ["door", "sign-in"]
    assert {name for name, service in SERVICES.items() if "sign-in" in service.get("networks", [])} == {
        "portal",
        "tenant",
    }


def test_only_docs_search_can_reach_the_gateway() -> None:
    assert {name for name, service in SERVICES.items() if "documents" in service.get("networks", [])} == {
        "docs-search",
        "gateway",
        "tenant",
    }
    assert SERVICES["gateway"]["networks"] == ["documents"]


def test_every_agent_is_in_the_stack() -> None:
    assert set(AGENT_SERVICES) == {*AGENTS, *OTHERS}


def test_a_model_is_brought_by_its_profile_alone() -> None:
    assert {name for name, service in SERVICES.items() if "profiles" in service} == {"ollama"}
    assert [name for name, service in SERVICES.items() if "ollama" in service.get("depends_on", ())] == []
