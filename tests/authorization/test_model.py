"""The tests that stand beside each module of the model, in the FGA CLI's format, run against a store."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from portal.relationships import our_model
from shared.authorization import open_client
from shared.settings import FgaApiSettings
from tests.authorization._servers import ROOT, Fga

FILES = sorted([*(ROOT / "deploy/fga").glob("*.fga.yaml"), *(ROOT / "agents").glob("*/*.fga.yaml")])


class Store:
    """One store, asked as the FGA CLI asks."""

    def __init__(self, settings: FgaApiSettings) -> None:
        self._client: Any = open_client(settings, store_id=None, model_id=None)
        self._store_id = ""

    async def aclose(self) -> None:
        await self._client.close()

    async def fill(self, name: str, tuples: list[dict[str, Any]]) -> None:
        """Makes the store anew, with our model and these relationships."""
        self._store_id = (await self._call("/stores", {"name": name}))["id"]
        await self.ask("authorization-models", our_model())
        for place in range(0, len(tuples), 40):
            await self.write(tuples[place : place + 40])

    async def write(self, tuples: list[dict[str, Any]]) -> None:
        if tuples:
            await self.ask("write", {"writes": {"tuple_keys": tuples}})

    async def delete(self, tuples: list[dict[str, Any]]) -> None:
        keys = [{name: each[name] for name in ("user", "relation", "object")} for each in tuples]
        if keys:
            await self.ask("write", {"deletes": {"tuple_keys": keys}})

    async def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._call(f"/stores/{self._store_id}/{path}", body)

    async def _call(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        response = await self._client.execute_api_request(operation_name="Test", method="POST", path=path, body=body)
        found: dict[str, Any] = response.json()
        return found


@pytest.fixture
async def store(fga: Fga) -> AsyncIterator[Store]:
    opened = Store(FgaApiSettings.load(fga_api_url=fga.url, fga_api_token=fga.token))
    yield opened
    await opened.aclose()


def test_each_module_has_its_tests() -> None:
    modules = {path.with_suffix("") for path in FILES}
    assert modules == {*(ROOT / "deploy/fga").glob("core.fga"), *(ROOT / "agents").glob("*/authorization.fga")}


def _read(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A file of tests, and the relationships that it starts from."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    return document, yaml.safe_load((path.parent / document["tuple_file"]).read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
async def test_the_model_says_what_the_file_says(path: Path, store: Store) -> None:
    document, given = _read(path)
    await store.fill(document["name"], given)
    for test in document["tests"]:
        extra = test.get("tuples", [])
        await store.write(extra)
        wrong = [found async for found in _wrong(test, store)]
        await store.delete(extra)
        assert wrong == [], test["name"]


async def _wrong(test: dict[str, Any], store: Store) -> AsyncIterator[str]:
    """What the store says otherwise than the test."""
    for each in test.get("check", []):
        for relation, expected in each["assertions"].items():
            key = {"user": each["user"], "relation": relation, "object": each["object"]}
            said = await store.ask("check", {"tuple_key": key, "context": each.get("context", {})})
            if bool(said.get("allowed")) is not expected:
                yield f"{key} is {said.get('allowed')}"
    for each in test.get("list_objects", []):
        for relation, expected in each["assertions"].items():
            body = {
                "user": each["user"],
                "relation": relation,
                "type": each["type"],
                "context": each.get("context", {}),
            }
            said = await store.ask("list-objects", body)
            if sorted(said.get("objects", [])) != sorted(expected):
                yield f"{body} are {said.get('objects')}"
    for each in test.get("list_users", []):
        kind, _, identifier = each["object"].partition(":")
        for relation, expected in each["assertions"].items():
            body = {
                "object": {"type": kind, "id": identifier},
                "relation": relation,
                "user_filters": each["user_filter"],
                "context": each.get("context", {"current_time": "2026-12-01T00:00:00Z"}),
            }
            said = await store.ask("list-users", body)
            users = [f"{user['object']['type']}:{user['object']['id']}" for user in said.get("users", [])]
            if sorted(users) != sorted(expected["users"]):
                yield f"{relation} of {each['object']} are {users}"
