"""Threads of conversation: each owner's own, kept short in whole turns."""

from typing import Any

import pytest

from shared.tasks import ConversationStore, SqliteConversationStore, SqliteStorage, Storage
from shared.tasks.postgres import PostgresConversationStore, PostgresStorage


def said(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def answered(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": [{"text": text}]}


def turn(number: int) -> list[dict[str, Any]]:
    """A turn with a tool call: four messages, the third of which is a user's by role alone."""
    return [
        said(f"question {number}"),
        {"role": "assistant", "content": [{"toolUse": {"toolUseId": "1", "name": "tool", "input": {}}}]},
        {"role": "user", "content": [{"toolResult": {"toolUseId": "1", "status": "success", "content": []}}]},
        answered(f"answer {number}"),
    ]


def limited(storage: Storage, **limits: int) -> ConversationStore:
    if isinstance(storage, SqliteStorage):
        return SqliteConversationStore(storage.database, **limits)
    assert isinstance(storage, PostgresStorage)
    return PostgresConversationStore(storage.database, **limits)


async def test_what_was_appended_is_loaded_in_order(storage: Storage) -> None:
    await storage.conversations.append("alice", "context", [said("one"), answered("two")])
    await storage.conversations.append("alice", "context", [said("drei, äöü"), answered("four")])
    assert await storage.conversations.load("alice", "context") == [
        said("one"),
        answered("two"),
        said("drei, äöü"),
        answered("four"),
    ]


@pytest.mark.requirement("C3")
async def test_the_same_context_id_of_two_owners_is_two_conversations(storage: Storage) -> None:
    await storage.conversations.append("alice", "context", [said("my secret")])
    await storage.conversations.claim("bob", "context")
    assert await storage.conversations.load("bob", "context") == []
    await storage.conversations.append("bob", "context", [said("hello")])
    assert await storage.conversations.load("bob", "context") == [said("hello")]
    assert await storage.conversations.load("alice", "context") == [said("my secret")]


@pytest.mark.requirement("C3")
async def test_owners_and_contexts_do_not_run_into_each_other(storage: Storage) -> None:
    await storage.conversations.append("a", "bc", [said("one")])
    assert await storage.conversations.load("ab", "c") == []


async def test_only_the_newest_whole_turns_are_kept(storage: Storage) -> None:
    """A tool's result without its call is refused by every model provider."""
    conversations = limited(storage, max_messages=10)
    for number in range(5):
        await conversations.append("alice", "context", turn(number))
    assert await conversations.load("alice", "context") == turn(3) + turn(4)


async def test_long_conversations_are_kept_short_in_bytes_too(storage: Storage) -> None:
    conversations = limited(storage, max_bytes=4096)
    for number in range(10):
        await conversations.append("alice", "context", [said(f"{number}" * 1000), answered("yes")])
    kept = await conversations.load("alice", "context")
    assert [message["content"][0]["text"][0] for message in kept] == ["7", "y", "8", "y", "9", "y"]


async def test_a_turn_that_is_too_long_by_itself_is_not_kept(storage: Storage) -> None:
    conversations = limited(storage, max_bytes=100)
    await conversations.append("alice", "context", [said("x" * 1000)])
    assert await conversations.load("alice", "context") == []


async def test_an_owner_without_a_name_has_no_conversations(storage: Storage) -> None:
    with pytest.raises(PermissionError):
        await storage.conversations.append("", "context", [said("hello")])
    assert await storage.conversations.load("", "context") == []


async def test_a_turn_that_cannot_be_written_leaves_nothing_behind(storage: Storage) -> None:
    with pytest.raises(TypeError):
        await storage.conversations.append("alice", "context", [said("one"), {"role": "user", "content": [object()]}])
    assert await storage.conversations.load("alice", "context") == []
