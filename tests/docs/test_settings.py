"""docs/reference/settings.md describes every setting there is, as it is, and none that is not."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click import Command, Context, Group
from pydantic import SecretStr
from pydantic.fields import FieldInfo

import agents
import local
import shared
from agents.account_lookup.settings import AccountLookupSettings
from agents.docs_search.settings import DocsSearchSettings
from agents.password_reset.settings import PasswordResetSettings
from agents.supervisor.settings import SupervisorSettings
from local.credentials import CredentialsSettings
from local.directory.__main__ import DirectorySettings as LocalDirectorySettings
from local.fga.__main__ import FgaServerSettings
from local.gateway import GatewaySettings
from local.tenant.settings import TenantSettings
from portal.command._cli import cli
from portal.relationships import RelationshipSettings
from portal.web.settings import WebSettings
from shared.settings import (
    AgentCoreSettings,
    AgentSettings,
    ApprovalSettings,
    AuditSettings,
    DirectorySettings,
    FgaApiSettings,
    FgaSettings,
    OutboundSettings,
    ServiceSettings,
    Settings,
    SubagentSettings,
    TelemetrySettings,
)
from tests.docs._pages import ROOT, page

PAGE = "docs/reference/settings.md"
SECTIONS: dict[str, tuple[type[Settings], ...]] = {
    "Every process": (ServiceSettings,),
    "Traces and metrics": (TelemetrySettings,),
    "Every agent": (AgentSettings,),
    "The audit trail": (AuditSettings,),
    "Every subagent": (FgaApiSettings, FgaSettings, SubagentSettings),
    "The supervisor": (OutboundSettings, SupervisorSettings),
    "AgentCore Identity": (AgentCoreSettings,),
    "The agents that use the directory": (DirectorySettings, AccountLookupSettings),
    "password_reset": (PasswordResetSettings,),
    "Approvals": (ApprovalSettings,),
    "docs_search": (DocsSearchSettings,),
    "The local tenant": (TenantSettings,),
    "The local directory": (LocalDirectorySettings,),
    "The local FGA server": (FgaServerSettings,),
    "The local gateway": (GatewaySettings,),
    "The step that hands out credentials": (CredentialsSettings,),
    "helpdesk fga": (RelationshipSettings,),
    "The web chat": (WebSettings,),
}
COMMAND = "The helpdesk command"
COMPOSE = "docker-compose.yml"


def subclasses(cls: type[Settings]) -> Iterator[type[Settings]]:
    """Every Settings class of the project, wherever it is."""
    for subclass in cls.__subclasses__():
        if subclass.__module__.split(".")[0] in {"agents", "shared", "local", "portal"}:
            yield subclass
        yield from subclasses(subclass)


def inherited(cls: type[Settings]) -> dict[str, FieldInfo]:
    """The fields that a class has from its bases."""
    return {
        name: field
        for base in cls.__mro__[1:]
        if issubclass(base, Settings)
        for name, field in base.model_fields.items()
    }


def settings_under(section: str) -> dict[str, str]:
    """The headings of a section that name settings, and what stands under each."""
    text = page(PAGE).under(section)
    parts = re.split(r"^### `([A-Z0-9_]+)`$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def as_written(value: Any) -> str:
    """A default as the page writes it."""
    if isinstance(value, Path):
        value = value.relative_to(ROOT) if value.is_absolute() and value.is_relative_to(ROOT) else value
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple | dict):
        return "[]" if isinstance(value, tuple) else "{}"
    return str(value)


def line_about_default(field: FieldInfo) -> str:
    """The first line that must stand under a setting's heading."""
    if field.is_required():
        return "Required."
    default = field.get_default(call_default_factory=True)
    return "No default." if default is None else f"Default: `{as_written(default)}`."


def test_every_class_of_settings_has_a_section() -> None:
    for root in (agents, local, shared):
        for module in pkgutil.walk_packages(root.__path__, f"{root.__name__}."):
            if not module.name.endswith("__main__"):
                importlib.import_module(module.name)
    assert set(subclasses(Settings)) == {cls for classes in SECTIONS.values() for cls in classes}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_has_a_heading_for_each_setting_and_no_other(section: str) -> None:
    own = {name.upper() for cls in SECTIONS[section] for name in cls.model_fields.keys() - inherited(cls).keys()}
    assert set(settings_under(section)) == own


@pytest.mark.parametrize("section", SECTIONS)
def test_the_default_is_what_the_page_says(section: str) -> None:
    described = settings_under(section)
    wrong = {}
    for cls in SECTIONS[section]:
        for name, field in cls.model_fields.items():
            if name.upper() in described and name not in inherited(cls):
                first = described[name.upper()].strip().splitlines()[0]
                if not first.startswith(line_about_default(field)):
                    wrong[name.upper()] = (first, line_about_default(field))
    assert wrong == {}


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_says_where_it_has_another_default(section: str) -> None:
    text = page(PAGE).under(section)
    unsaid = [
        sentence
        for cls in SECTIONS[section]
        for name, field in cls.model_fields.items()
        if name in inherited(cls) and field.default != inherited(cls)[name].default
        for sentence in (f"`{name.upper()}` is `{as_written(field.default)}` here",)
        if sentence not in text
    ]
    assert unsaid == []


@pytest.mark.parametrize("section", SECTIONS)
def test_secrets_are_said_to_be_secret(section: str) -> None:
    described = settings_under(section)
    for cls in SECTIONS[section]:
        for name, field in cls.model_fields.items():
            if name.upper() in described and SecretStr.__name__ in str(field.annotation):
                assert "Secret" in described[name.upper()], name


def commands(command: Command) -> Iterator[Command]:
    """A command and all below it."""
    yield command
    if isinstance(command, Group):
        context = Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from commands(found)


def test_every_variable_of_the_command_has_a_heading() -> None:
    """Those of its options, and those that its one reader of the environment names."""
    options = {
        variable
        for command in commands(cli)
        for parameter in command.params
        if isinstance(variable := getattr(parameter, "envvar", None), str)
    }
    tree = ast.parse((ROOT / "portal/_environment.py").read_text(encoding="utf-8"))
    read = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"HELPDESK_[A-Z_]+", node.value)
    }
    assert set(settings_under(COMMAND)) == options | read


def test_every_variable_of_the_compose_file_has_a_heading() -> None:
    text = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
    known = {name for section in SECTIONS for name in settings_under(section)}
    assert set(settings_under(COMPOSE)) == set(re.findall(r"\$\{([A-Z_]+)", text)) - known
