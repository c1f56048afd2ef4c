"""Each message once."""

import pytest

from shared.tasks import Storage


@pytest.mark.requirement("C6")
async def test_a_message_is_claimed_once(storage: Storage) -> None:
    assert await storage.messages.claim("alice", "message", "task-1") is None
    assert await storage.messages.claim("alice", "message", "task-2") == "task-1"


@pytest.mark.requirement("C6")
async def test_a_claim_is_seen_by_another_process(storage: Storage, other: Storage) -> None:
    await storage.messages.claim("alice", "message", "task-1")
    await storage.tasks.committed()
    assert await other.messages.claim("alice", "message", "task-2") == "task-1"


@pytest.mark.requirement("C6")
async def test_a_message_id_is_each_owners_own(storage: Storage) -> None:
    await storage.messages.claim("alice", "message", "task-1")
    assert await storage.messages.claim("bob", "message", "task-2") is None


async def test_a_claim_that_is_given_back_is_free_again(storage: Storage) -> None:
    await storage.messages.claim("alice", "message", "task-1")
    await storage.messages.release("alice", "message")
    assert await storage.messages.claim("alice", "message", "task-2") is None
