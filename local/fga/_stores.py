"""Stores, their models and what is asserted of them."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from local.fga._database import Database
from local.fga._errors import FgaError, model_not_found, store_not_found
from local.fga._identifiers import Ulids
from local.fga._model import Model
from local.fga._store_tuples import StoreTuples

DEFAULT_PAGE = 50


class Stores:
    """All that the server keeps. Tuples and compiled models are held in memory too, once they were asked for."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self.database = database
        self.ulids = Ulids()
        self._clock = clock
        self._tuples: dict[str, StoreTuples] = {}
        self._models: dict[tuple[str, str], Model] = {}
        self._latest: dict[str, str] = {}

    def now(self) -> str:
        """The time, as it is kept and shown."""
        return self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    # Stores

    def create(self, name: str) -> dict[str, Any]:
        """Makes a store."""
        identifier, now = self.ulids.make(), self.now()
        self.database.execute("INSERT INTO stores VALUES (?, ?, ?, ?)", (identifier, name, now, now))
        return {"id": identifier, "name": name, "created_at": now, "updated_at": now}

    def get(self, identifier: str) -> dict[str, Any]:
        """Finds a store.

        Raises:
            FgaError: where there is none.
        """
        row = self.database.one("SELECT * FROM stores WHERE id = ?", (identifier,))
        if row is None:
            raise store_not_found()
        return dict(row) | {"deleted_at": None}

    def all(self, name: str, page: int | None, token: str) -> dict[str, Any]:
        """Lists stores, oldest first."""
        size = page or DEFAULT_PAGE
        rows = self.database.rows(
            "SELECT * FROM stores WHERE (? = '' OR name = ?) AND id > ? ORDER BY id LIMIT ?",
            (name, name, read_token(token), size + 1),
        )
        stores = [dict(row) | {"deleted_at": None} for row in rows[:size]]
        return {"stores": stores, "continuation_token": write_token(stores[-1]["id"]) if len(rows) > size else ""}

    def delete(self, identifier: str) -> None:
        """Removes a store with all that is in it; nothing where there is none."""
        with self.database.transaction():
            for table in ("models", "tuples", "changes", "assertions"):
                self.database.execute(f"DELETE FROM {table} WHERE store = ?", (identifier,))  # noqa: S608 -- names of ours
            self.database.execute("DELETE FROM stores WHERE id = ?", (identifier,))
        self._tuples.pop(identifier, None)
        self._latest.pop(identifier, None)
        self._models = {key: model for key, model in self._models.items() if key[0] != identifier}

    def tuples(self, identifier: str) -> StoreTuples:
        """The tuples of a store, which need not be there."""
        found = self._tuples.get(identifier)
        if found is None:
            found = self._tuples[identifier] = StoreTuples(self.database, identifier)
        return found

    # Models

    def add_model(self, store: str, document: Mapping[str, Any]) -> str:
        """Adds a model that was checked.

        Raises:
            FgaError: where there is no such store.
        """
        self.get(store)
        identifier = self.ulids.make()
        self._models[store, identifier] = Model(identifier, document)
        text = json.dumps({"id": identifier, **document})
        self.database.execute("INSERT INTO models VALUES (?, ?, ?)", (store, identifier, text))
        self._latest[store] = identifier
        return identifier

    def model(self, store: str, identifier: str = "") -> Model:
        """A model, compiled; the latest one where none is named.

        Raises:
            FgaError: where there is none.
        """
        wanted = identifier or self._latest.get(store, "")
        found = self._models.get((store, wanted))
        if found is None:
            document = self.model_document(store, wanted)
            wanted = document["id"]
            found = self._models.setdefault((store, wanted), Model(wanted, document))
            if not identifier:
                self._latest[store] = wanted
        return found

    def model_document(self, store: str, identifier: str = "") -> dict[str, Any]:
        """A model as JSON; the latest one where none is named.

        Raises:
            FgaError: where there is none.
        """
        row = self.database.one(
            "SELECT document FROM models WHERE store = ? AND (? = '' OR id = ?) ORDER BY id DESC LIMIT 1",
            (store, identifier, identifier),
        )
        if row is None:
            raise model_not_found(store, identifier)
        document: dict[str, Any] = json.loads(row["document"])
        return document

    def models(self, store: str, page: int | None, token: str) -> dict[str, Any]:
        """Lists models, newest first."""
        size, after = page or DEFAULT_PAGE, read_token(token)
        rows = self.database.rows(
            "SELECT id, document FROM models WHERE store = ? AND (? = '' OR id < ?) ORDER BY id DESC LIMIT ?",
            (store, after, after, size + 1),
        )
        models = [json.loads(row["document"]) for row in rows[:size]]
        return {
            "authorization_models": models,
            "continuation_token": write_token(rows[size - 1]["id"]) if len(rows) > size else "",
        }

    # Assertions

    def write_assertions(self, store: str, model: str, assertions: Sequence[Mapping[str, Any]]) -> None:
        """Keeps what is asserted of a model, in place of what was."""
        self.get(store)
        self.database.execute(
            "INSERT OR REPLACE INTO assertions VALUES (?, ?, ?)", (store, model, json.dumps(assertions))
        )

    def assertions(self, store: str, model: str) -> list[Any]:
        """What is asserted of a model."""
        row = self.database.one("SELECT document FROM assertions WHERE store = ? AND model = ?", (store, model))
        found: list[Any] = json.loads(row["document"]) if row else []
        return found


def write_token(text: str) -> str:
    """Where a page ends, as a continuation token."""
    return base64.urlsafe_b64encode(text.encode()).decode()


def read_token(token: str) -> str:
    """Where the page before ended.

    Raises:
        FgaError: where the token is none of ours.
    """
    try:
        return base64.b64decode(token, altchars=b"-_", validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise FgaError("invalid_continuation_token", "Invalid continuation token") from error
