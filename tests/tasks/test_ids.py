"""What the id of a task is."""

import uuid
from datetime import UTC, datetime, timedelta

from shared.tasks import new_task_id


def test_ids_sort_by_when_they_were_made() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)
    one = uuid.UUID(new_task_id())
    after = datetime.now(UTC)
    assert (one.version, one.variant) == (7, uuid.RFC_4122)
    assert before <= datetime.fromtimestamp((one.int >> 80) / 1000, UTC) <= after


def test_of_many_ids_made_together_no_random_part_is_as_another() -> None:
    ids = [uuid.UUID(new_task_id()).int for _ in range(10_000)]
    for bits in (62, 76):
        assert len({one % 2**bits for one in ids}) == len(ids)
    changing = 0
    for one in ids:
        changing |= one ^ ids[0]
    assert changing % 2**62 == 2**62 - 1
    assert (changing >> 64) % 2**12 == 2**12 - 1
