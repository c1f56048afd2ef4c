"""What is counted of approvals: each request, and each way in which one ends, once."""

from shared.telemetry._metrics import APPROVALS
from tests.approval._people import Call, Desk, asker
from tests.approval.test_approvals import approved, ask
from tests.telemetry._counting import counting


async def test_each_thing_that_happens_to_an_approval_is_counted_once(desk: Desk) -> None:
    with counting(APPROVALS) as counted:
        row = await approved(desk)
        assert counted.since() == {("requested",): 1, ("approved",): 1}
        await desk.approvals.withdraw(row, "changed")
        assert counted.since() == {("requested",): 1, ("approved",): 1, ("failed",): 1}

        waits = await ask(desk, call=Call("task-2"))
        await desk.approvals.abandon(waits.resume, asker(), "context")
        await desk.approvals.abandon(waits.resume, asker(), "context")
        assert counted.since()["cancelled",] == 1

        await ask(desk, call=Call("task-3"))
        await desk.look(after=301)
        assert counted.since()["expired",] == 1

        await ask(desk, call=Call("task-4"))
        desk.phone.answer(approves=False)
        await desk.look()
        assert counted.since() == {
            ("requested",): 4,
            **{(end,): 1 for end in ("approved", "failed", "cancelled", "expired", "denied")},
        }
