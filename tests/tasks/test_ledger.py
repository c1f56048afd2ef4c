"""Each message once."""

import pytest

from shared.tasks import Storage


@pytest.mark.requirement("C6")
async def test_a_message_is_claimed_once(storage: Storage) -> None:
    assert await storage.messages.claim("alice", "message", "task-1") is None
    assert await storage.messages.claim("alice", "message", "task-2") == "task-1"


@pytest.mark.requirement("C6")
async def test_a_claim_outlives_the_process(storage: Storage) -> None:
    await storage.messages.claim("alice", "message", "task-1")
    await storage.database.committed()
    other = Storage.open(storage.database.path, agent="account_lookup")
    try:
        assert await other.messages.claim("alice", "message", "task-2") == "task-1"
    finally:
        other.close()


@pytest.mark.requirement("C6")
async def test_a_message_id_is_each_owners_own(storage: Storage) -> None:
    await storage.messages.claim("alice", "message", "task-1")
    assert await storage.messages.claim("bob", "message", "task-2") is None


async def test_a_claim_that_is_given_back_is_free_again(storage: Storage) -> None:
    await storage.messages.claim("alice", "message", "task-1")
    await storage.messages.release("alice", "message")
    assert await storage.messages.claim("alice", "message", "task-2") is None
