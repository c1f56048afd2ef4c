"""The relationship store, as whoever looks after it uses it: OpenFGA's API through `openfga-sdk`."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from openfga_sdk import OpenFgaClient

from portal._errors import CommandFailed, PartAway
from portal.relationships._desired import Relationship
from shared.authorization import PART, open_client, refusal_of
from shared.settings import FgaApiSettings

MOST_WRITTEN: Final = 40
"""Relationships in one request: the smallest limit there is (Auth0 FGA's trial)."""

_PAGE: Final = 100
_REFUSED: Final = range(400, 500)


@dataclass(frozen=True, slots=True)
class Stored:
    """A relationship in the store, and until when it holds, where it ends: the condition's parameters."""

    relationship: Relationship
    condition: str = ""
    context: tuple[tuple[str, str], ...] = ()


class StoreRefused(CommandFailed):
    """The store did not do what it was asked; `said` is its own code for why."""

    def __init__(self, said: str, message: str) -> None:
        self.said = said
        super().__init__(f"The {PART} refused ({said}): {message}")

    @property
    def is_not_there(self) -> bool:
        """Whether what was asked about does not exist."""
        return self.said.endswith("_not_found")


class RelationshipStore:
    """One store; belongs to the running loop, and is closed with `aclose`.

    Every method raises `PartAway` where the store does not answer, and `StoreRefused` where it refuses.

    Args:
        settings: Where it is, and the credential.
        store_id: Which store.
        model_id: The model that questions are answered by; the newest, where it is empty.
    """

    def __init__(self, settings: FgaApiSettings, store_id: str, model_id: str = "") -> None:
        self._client: OpenFgaClient = open_client(settings, store_id=store_id or None, model_id=model_id or None)
        self._timeout = settings.fga_timeout_seconds
        self.store_id = store_id
        self.model_id = model_id

    async def aclose(self) -> None:
        """Closes the connections."""
        await self._client.close()  # type: ignore[no-untyped-call]

    async def create(self, name: str) -> str:
        """Makes a new store; returns its id."""
        return str((await self._call("CreateStore", "POST", "/stores", {"name": name}))["id"])

    async def write_model(self, model: Mapping[str, Any]) -> str:
        """Adds a version of the model; returns its id."""
        written = await self._post("WriteAuthorizationModel", "authorization-models", dict(model))
        return str(written["authorization_model_id"])

    async def exists(self) -> bool:
        """Whether the store is there."""
        try:
            await self._call("GetStore", "GET", f"/stores/{self.store_id}", None)
        except StoreRefused as refused:
            if refused.is_not_there:
                return False
            raise
        return True

    async def newest(self) -> dict[str, Any] | None:
        """The newest model, if there is one."""
        path = f"/stores/{self.store_id}/authorization-models"
        found = (await self._call("ReadAuthorizationModels", "GET", path, None)).get("authorization_models") or []
        return dict(found[0]) if found else None

    async def model(self, model_id: str) -> dict[str, Any] | None:
        """One version of the model; None where the store has none of this id."""
        path = f"/stores/{self.store_id}/authorization-models/{model_id}"
        try:
            found = await self._call("ReadAuthorizationModel", "GET", path, None)
        except StoreRefused as refused:
            if refused.is_not_there:
                return None
            raise
        return dict(found["authorization_model"])

    async def all(self) -> list[Stored]:
        """Every relationship in the store."""
        found: list[Stored] = []
        body: dict[str, Any] = {"page_size": _PAGE, "consistency": "HIGHER_CONSISTENCY"}
        while True:
            page = await self._post("Read", "read", body)
            found += [_stored(item["key"]) for item in page.get("tuples") or []]
            if not page.get("continuation_token"):
                return found
            body["continuation_token"] = page["continuation_token"]

    async def delete(self, gone: Sequence[Relationship]) -> None:
        """Removes relationships; those that are not there are no matter."""
        for some in _portions(gone):
            keys = [_key(each) for each in some]
            await self._post("Write", "write", {"deletes": {"tuple_keys": keys, "on_missing": "ignore"}})

    async def write(
        self, new: Sequence[Relationship], *, condition: str = "", context: Mapping[str, str] | None = None
    ) -> None:
        """Adds relationships; those that are there are no matter, save where they hold under another condition."""
        extra = {"condition": {"name": condition, "context": dict(context or {})}} if condition else {}
        for some in _portions(new):
            keys = [{**_key(each), **extra} for each in some]
            writes = {"tuple_keys": keys, "on_duplicate": "ignore"}
            await self._post("Write", "write", {"writes": writes, **self._model()})

    async def check(self, relationship: Relationship, context: Mapping[str, str]) -> bool:
        """Whether it holds: written, or by what the model makes of others."""
        body = {
            "tuple_key": _key(relationship),
            "context": dict(context),
            "consistency": "HIGHER_CONSISTENCY",
            **self._model(),
        }
        return (await self._post("Check", "check", body)).get("allowed") is True

    async def expand(self, object_: str, relation: str) -> dict[str, Any]:
        """What a relation to an object is made of, one step deep."""
        body = {"tuple_key": {"relation": relation, "object": object_}, **self._model()}
        root: dict[str, Any] = (await self._post("Expand", "expand", body))["tree"]["root"]
        return root

    def _model(self) -> dict[str, str]:
        return {"authorization_model_id": self.model_id} if self.model_id else {}

    async def _post(self, operation: str, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return await self._call(operation, "POST", f"/stores/{self.store_id}/{path}", body)

    async def _call(self, operation: str, method: str, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        try:
            async with asyncio.timeout(max(30.0, self._timeout)):
                response = await self._client.execute_api_request(
                    operation_name=operation, method=method, path=path, body=body
                )
        except Exception as error:
            refusal = refusal_of(error)
            if refusal and refusal.status in _REFUSED:
                raise StoreRefused(refusal.code, refusal.message) from None
            raise _away(f"{refusal.status}" if refusal else type(error).__name__) from error
        found = response.json()
        if found is None:
            raise _away("its answer is no JSON object")
        return found


def _away(detail: str) -> PartAway:
    return PartAway(PART, f"The {PART} does not answer ({detail}): see whether FGA_API_URL is right and it runs.")


def _key(relationship: Relationship) -> dict[str, str]:
    return {"user": relationship.user, "relation": relationship.relation, "object": relationship.object}


def _stored(key: dict[str, Any]) -> Stored:
    condition = key.get("condition") or {}
    context = tuple(sorted((str(name), str(value)) for name, value in (condition.get("context") or {}).items()))
    relationship = Relationship(str(key["object"]), str(key["relation"]), str(key["user"]))
    return Stored(relationship, str(condition.get("name") or ""), context)


def _portions(items: Sequence[Relationship]) -> list[Sequence[Relationship]]:
    return [items[place : place + MOST_WRITTEN] for place in range(0, len(items), MOST_WRITTEN)]
