"""What a definition says that an export of the Deploy CLI does not."""

from collections.abc import Callable, Mapping
from typing import Any

import yaml

from local.tenant.definition import replace_keywords
from tests.auth0._deploy_cli import TENANT_FILE

SECTIONS: dict[str, Callable[[Any], str]] = {
    "resourceServers": lambda entry: entry["identifier"],
    "clients": lambda entry: entry["name"],
    "clientGrants": lambda entry: f"{entry['client_id']} / {entry['audience']} / {entry['subject_type']}",
    "databases": lambda entry: entry["name"],
    "connections": lambda entry: entry["name"],
    "roles": lambda entry: entry["name"],
    "guardianFactors": lambda entry: entry["name"],
}
NEVER_EXPORTED = {"pem", "client_secret"}
"""Keys and secrets: Auth0 does not tell the first, and the CLI masks the second."""


def wanted_of(keywords: Mapping[str, str]) -> dict[str, Any]:
    """The definition as the CLI reads it."""
    text = replace_keywords(TENANT_FILE.read_text(encoding="utf-8"), keywords.get)
    document: dict[str, Any] = yaml.safe_load(text)
    return document


def differences(wanted: Mapping[str, Any], exported: Mapping[str, Any]) -> list[str]:
    """Where an export says something else, or nothing."""
    found = []
    for section, value in wanted.items():
        key = SECTIONS.get(section)
        if key is None:
            found += _missing(value, exported.get(section), section)
            continue
        there = {key(entry): entry for entry in exported.get(section, ())}
        for entry in value:
            found += _missing(entry, there.get(key(entry)), f"{section}.{key(entry)}")
    return sorted(found)


def _missing(wanted: Any, there: Any, path: str) -> list[str]:
    if isinstance(wanted, dict):
        if not isinstance(there, dict):
            return [path]
        return [
            problem
            for name, value in wanted.items()
            if name not in NEVER_EXPORTED
            for problem in _missing(value, there.get(name), f"{path}.{name}")
        ]
    if isinstance(wanted, list):
        if not isinstance(there, list) or len(wanted) != len(there):
            return [path]
        rest = list(there)
        for value in wanted:  # the CLI sorts names, and Auth0 says nothing about the order of the rest
            match = next((one for one in rest if not _missing(value, one, path)), None)
            if match is None:
                return [path]
            rest.remove(match)
        return []
    return [] if wanted == there else [path]
