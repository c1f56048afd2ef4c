"""From a risky act to its approval and its one effect, with every way in which it ends otherwise."""

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from structlog.testing import capture_logs

from shared.approval import Approvals, By, Entry, Person, State
from shared.audit import Outcome
from shared.errors import ApprovalEnded, OAuthError, UpstreamUnavailable, WaitsForPerson
from shared.identity import Pending
from shared.tasks import open_storage
from shared.testing import Clock
from tests.approval._people import AMELIA, IDRIS, NOOR, OSCAR, OWNER, Call, Desk, asker, intent


async def ask(desk: Desk, *, call: Call | None = None, who: str = AMELIA, **more: Any) -> WaitsForPerson:
    with pytest.raises(WaitsForPerson) as waits:
        await desk.approvals.ask(intent(**more), call or Call(), asker(who))
    return waits.value


async def begin(desk: Desk, entry: Entry, *, call: Call | None = None, who: str = AMELIA, **more: Any) -> None:
    await desk.approvals.begin(entry, intent(**more), call or Call(), asker(who), mark=0.0, effects=1)


async def approved(desk: Desk, **more: Any) -> Entry:
    await ask(desk, **more)
    desk.phone.answer(approves=True)
    await desk.look()
    row = await desk.row()
    assert row.state is State.APPROVED
    return row


async def test_what_waits_says_who_where_the_code_and_until_when(desk: Desk) -> None:
    waits = await ask(desk)

    row = await desk.row()
    (request,) = desk.phone.asked
    assert (waits.waits_for, waits.subject, waits.resume) == ("approval", row.code, row.id)
    assert f"The code there must be **{row.code}**" in waits.public_message
    assert waits.expires_at == row.deadline == row.created_at + 300
    assert request.subject == AMELIA
    assert request.binding_message == f"Reset password of amelia.hart, code {row.code}"
    assert request.authorization_details[0]["properties"]["hash"]["value"] == row.digest
    assert waits.is_over is not None
    assert not await waits.is_over()
    desk.phone.answer(approves=True)
    await desk.look()
    assert await waits.is_over()


@pytest.mark.requirement("E1")
async def test_without_an_approval_nothing_begins(desk: Desk) -> None:
    await ask(desk)

    with pytest.raises(ApprovalEnded):
        await begin(desk, await desk.row())
    assert (await desk.row()).state is State.REQUESTED


@pytest.mark.requirement("E4")
async def test_an_approval_begins_one_act(desk: Desk) -> None:
    row = await approved(desk)

    await begin(desk, row)
    with pytest.raises(ApprovalEnded):
        await begin(desk, row)
    await desk.approvals.finish(row, State.DONE)
    with pytest.raises(ApprovalEnded):
        await begin(desk, row)
    assert (await desk.row()).told == "A link is on its way."


@pytest.mark.requirement("E3")
@pytest.mark.parametrize("change", [{"account": "00u2"}, {"kind": "all"}])
async def test_what_is_not_exactly_what_was_approved_does_not_begin(desk: Desk, change: dict[str, Any]) -> None:
    row = await approved(desk)

    with pytest.raises(ApprovalEnded, match="hash"):
        await begin(desk, row, **change)
    assert (await desk.row()).state is State.FAILED


@pytest.mark.requirement("E5")
async def test_a_row_is_for_its_own_person_task_and_act(desk: Desk) -> None:
    row = await approved(desk)

    async def earlier(who: str, call: Call, operation: str = "reset_password", account: str = "00u1") -> Entry | None:
        return await desk.approvals.earlier(call, asker(who), operation=operation, account=account)

    assert await earlier(AMELIA, Call()) is None
    assert await earlier(AMELIA, Call(resume=row.id)) is not None
    for who, call, more in (
        (OSCAR, Call(resume=row.id), {}),
        (AMELIA, Call("task-2", row.id), {}),
        (AMELIA, Call(resume=row.id), {"account": "00u2"}),
        (AMELIA, Call(resume=row.id), {"operation": "reset_factors"}),
        (AMELIA, Call(resume="another"), {}),
    ):
        with pytest.raises(ApprovalEnded):
            await earlier(who, call, **more)


@pytest.mark.requirement("E5")
@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"sub": OSCAR}, "approval_by_another"),
        ({"client_id": "another"}, "approval_of_another_client"),
        ({"act": {"sub": "supervisor-api"}}, "approval_of_another_client"),
        ({"scope": "openid"}, "approval_scope_missing"),
        ({"authorization_details": []}, "approval_of_another_action"),
        ({"authorization_details": None}, "approval_of_another_action"),
        ({"authorization_details": "all"}, "token_claim_malformed"),
        ({"authorization_details": [{"type": "other"}]}, "approval_of_another_action"),
        ({"aud": "https://helpdesk.example/supervisor"}, "token_audience_mismatch"),
        ({"iss": "https://tenant.example.evil/"}, "token_issuer_mismatch"),
        ({"iat": 1_700_000_000}, "approval_not_fresh"),
        ({"exp": 1_700_000_000, "iat": 1_600_000_000}, "token_expired"),
    ],
)
async def test_a_token_that_is_not_this_approval_is_no_approval(
    desk: Desk, claims: dict[str, Any], reason: str
) -> None:
    await ask(desk)
    desk.phone.claims = claims
    desk.phone.answer(approves=True)
    await desk.look()

    row = await desk.row()
    assert (row.state, row.reason) == (State.FAILED, reason)


@pytest.mark.requirement("E3")
async def test_a_token_with_another_hash_is_no_approval(desk: Desk) -> None:
    await ask(desk)
    details = [dict(one) for one in desk.phone.asked[0].authorization_details]
    properties = details[0]["properties"] | {"hash": {**details[0]["properties"]["hash"], "value": "x" * 43}}
    desk.phone.claims = {"authorization_details": [{**details[0], "properties": properties}]}
    desk.phone.answer(approves=True)
    await desk.look()

    assert (await desk.row()).reason == "approval_of_another_action"


@pytest.mark.requirement("E4")
async def test_a_token_that_comes_again_is_taken_once(desk: Desk) -> None:
    row = await approved(desk)
    await begin(desk, row)
    await desk.approvals.finish(row, State.DONE)
    await ask(desk, call=Call("task-2"))
    taken = await desk.ledger.move(
        (await desk.row("task-2")).id, {State.REQUESTED}, State.APPROVED, approved_at=1.0, token_id=row.token_id
    )

    assert not taken
    assert (await desk.row("task-2")).state is State.REQUESTED


@pytest.mark.requirement("E2")
async def test_denied_expired_and_cancelled_are_told_apart(desk: Desk) -> None:
    await ask(desk)
    desk.phone.answer(approves=False)
    await desk.look()
    denied = await desk.row()
    assert denied.state is State.DENIED
    assert "**denied** on the phone" in desk.approvals.ended(denied, "do it")

    desk.clock.advance(301)
    await ask(desk, call=Call("task-2"))
    await desk.look(after=301)
    expired = await desk.row("task-2")
    assert expired.state is State.EXPIRED
    assert "Nobody approved it in time" in desk.approvals.ended(expired, "do it")

    waits = await ask(desk, call=Call("task-3"))
    await desk.approvals.abandon(waits.resume, asker(OSCAR), "context")
    assert (await desk.row("task-3")).state is State.REQUESTED
    await desk.approvals.abandon(waits.resume, asker(), "context")
    cancelled = await desk.row("task-3")
    assert "**cancelled**" in desk.approvals.ended(cancelled, "do it")
    desk.phone.answer(approves=True)
    assert await desk.look() == 0
    assert (await desk.row("task-3")).state is State.CANCELLED


@pytest.mark.requirement("E2")
async def test_the_server_s_denial_at_the_deadline_counts_as_expired(desk: Desk) -> None:
    await ask(desk)
    desk.phone.poll_with = [OAuthError("access_denied")]
    await desk.look(after=300)

    assert (await desk.row()).state is State.EXPIRED


@pytest.mark.requirement("E2")
async def test_an_approval_is_good_for_a_while(desk: Desk) -> None:
    row = await approved(desk)
    desk.clock.advance(301)

    with pytest.raises(ApprovalEnded) as ended:
        await begin(desk, row)
    assert "too long ago" in ended.value.public_message
    await ask(desk, call=Call("task-2"))
    desk.phone.answer(approves=True)
    await desk.look()
    await desk.look(after=301)
    assert (await desk.row("task-2")).state is State.EXPIRED


@pytest.mark.requirement("E6")
async def test_the_one_whom_the_policy_names_is_asked(desk: Desk) -> None:
    await ask(desk, who=OSCAR)
    await ask(desk, who=OSCAR, by=By.SECURITY, account="00u2", four_eyes=True)

    assert [request.subject for request in desk.phone.asked] == [AMELIA, IDRIS]


@pytest.mark.requirement("E6")
@pytest.mark.parametrize(
    ("who", "how"),
    [
        (AMELIA, {"four_eyes": True}),
        (OSCAR, {"owner": Person("", "Nobody who signs in")}),
    ],
)
async def test_where_nobody_else_can_be_asked_nothing_is_done(desk: Desk, who: str, how: dict[str, Any]) -> None:
    said = await desk.approvals.ask(intent(**how), Call(), asker(who))

    assert "nobody is there to be asked" in said
    assert desk.phone.asked == []


@pytest.mark.requirement("E6")
@pytest.mark.parametrize(("who", "owner"), [(IDRIS, OWNER), (OSCAR, Person(IDRIS, "Idris Kamara"))])
async def test_of_several_on_call_neither_who_asks_nor_whose_it_is_decides(desk: Desk, who: str, owner: Person) -> None:
    await ask(desk, who=who, by=By.SECURITY, four_eyes=True, owner=owner)

    assert [request.subject for request in desk.phone.asked] == [NOOR]


@pytest.mark.requirement("E6")
async def test_of_several_on_call_one_without_a_phone_gives_way_to_the_next(desk: Desk) -> None:
    desk.phone.ask_with = [OAuthError("unauthorized_client")]
    await ask(desk, who=OSCAR, by=By.SECURITY, four_eyes=True)

    assert [request.subject for request in desk.phone.asked] == [NOOR]
    rows = await desk.rows()
    assert {row.approver: row.state for row in rows} == {IDRIS: State.FAILED, NOOR: State.REQUESTED}
    ((wait, _),) = await desk.approvals.cut_off("task-1")  # a crash brings back the one who was asked
    assert wait.resume == next(row.id for row in rows if row.approver == NOOR)


@pytest.mark.requirement("E8")
async def test_of_several_on_call_who_does_not_answer_is_asked_last_and_who_said_no_has_said_it_for_all(
    desk: Desk,
) -> None:
    await ask(desk, who=OSCAR, by=By.SECURITY, four_eyes=True)
    await desk.look(after=301)
    await ask(desk, call=Call("task-2"), who=OSCAR, by=By.SECURITY, four_eyes=True)
    assert [request.subject for request in desk.phone.asked] == [IDRIS, NOOR]

    desk.phone.answer(approves=False)
    await desk.look()
    said = await desk.approvals.ask(intent(by=By.SECURITY, four_eyes=True), Call("task-3"), asker(OSCAR))

    assert "denied this a moment ago" in said
    assert len(desk.phone.asked) == 2


@pytest.mark.requirement("E8")
async def test_one_person_is_not_flooded(desk: Desk) -> None:
    async def said(task: str, who: str = OSCAR, **more: Any) -> str:
        return await desk.approvals.ask(intent(**more), Call(task), asker(who))

    await ask(desk, call=Call("task-1"), who=OSCAR)
    assert "still waits for an answer" in await said("task-2")
    await ask(desk, call=Call("task-3"), who="auth0|fatima")
    await ask(desk, call=Call("task-4"), who=AMELIA)
    assert "as many requests waiting on their phone as one person may have" in await said("task-5", "auth0|marek")
    await ask(desk, call=Call("task-6"), who=OSCAR, owner=Person(IDRIS, "Idris"), account="00u2")  # of another
    assert len(desk.phone.asked) == 4


@pytest.mark.requirement("E8")
async def test_who_said_no_is_left_alone_for_a_while(desk: Desk) -> None:
    await ask(desk)
    desk.phone.answer(approves=False)
    await desk.look()

    assert "do not ask again so soon" in await desk.approvals.ask(intent(), Call("task-2"), asker())
    desk.clock.advance(300)
    await ask(desk, call=Call("task-3"))


@pytest.mark.requirement("E8")
async def test_nobody_is_worn_down_by_requests_that_are_taken_back(desk: Desk) -> None:
    """A request that is cancelled has rung the phone as well as one that was denied."""
    for number in range(6):
        waits = await ask(desk, call=Call(f"task-{number}"), who=OSCAR)
        await desk.approvals.abandon(waits.resume, asker(OSCAR), "context")

    assert "again and again" in await desk.approvals.ask(intent(), Call("task-7"), asker(OSCAR))
    assert len(desk.phone.asked) == 6
    await ask(desk, call=Call("task-8"), who=AMELIA)  # whom nobody else can keep from what is theirs
    desk.clock.advance(3600)
    await ask(desk, call=Call("task-9"), who=OSCAR)


@pytest.mark.requirement("E10")
async def test_polls_keep_to_the_server_s_pace_and_end_with_the_request(desk: Desk) -> None:
    await ask(desk)
    begun = desk.clock()
    desk.phone.poll_with = [Pending(), Pending(wait=10.0, slow_down=True), Pending()]
    for _ in range(400):
        await desk.look(after=1.0)

    at = [poll - begun for poll in desk.phone.polls]
    pauses = [later - earlier for earlier, later in pairwise(at)]
    assert at[0] == 5
    assert pauses[0] >= 5
    assert all(pause >= 10 for pause in pauses[1:-1])
    assert at[-1] <= 300
    assert (await desk.row()).state is State.EXPIRED


@pytest.mark.requirement("E9")
async def test_an_answer_that_a_crash_lost_is_asked_for_once_more(desk: Desk) -> None:
    await ask(desk)
    desk.phone.answer(approves=True)
    desk.phone.told.add("request-1")  # it went to a process that died before it was noted
    await desk.look()
    assert (await desk.row()).state is State.ASKING
    await desk.look(after=0.0)

    first, second = desk.phone.asked
    assert second.binding_message == first.binding_message
    assert second.authorization_details == first.authorization_details
    desk.phone.answer(approves=True)
    await desk.look()
    assert (await desk.row()).state is State.APPROVED


@pytest.mark.requirement("E9")
async def test_another_process_takes_up_what_one_left(desk: Desk, database: str, clock: Clock) -> None:
    await ask(desk)
    entry = await desk.row()
    clock.advance(5)
    assert await desk.ledger.lease(entry, 30)
    assert not await desk.ledger.lease(entry, 30)
    assert await desk.ledger.due(8) == []
    await desk.storage.aclose()

    storage = open_storage(database, agent="password_reset", clock=clock)
    await storage.start()
    after = Desk(storage, clock)
    after.phone = desk.phone
    desk.phone.answer(approves=True)
    again = Approvals(after.ledger, desk.phone, after.approvals._asking.verifier, clock=clock)
    async with asyncio.timeout(20):
        while not await again._poller.round():  # the lease of a process that died holds nobody up
            pass
    assert (await after.row()).state is State.APPROVED
    await storage.aclose()


async def test_the_server_away_puts_off_and_loses_nothing(desk: Desk) -> None:
    desk.phone.ask_with = [UpstreamUnavailable("authorization server")]
    with pytest.raises(UpstreamUnavailable):
        await desk.approvals.ask(intent(), Call(), asker())
    assert (await desk.row()).state is State.FAILED

    await ask(desk, call=Call("task-2"))
    desk.phone.poll_with = [UpstreamUnavailable("authorization server", retry_after=20)]
    desk.phone.answer(approves=True)
    await desk.look()
    assert await desk.look(after=10) == 0
    await desk.look(after=10)
    assert (await desk.row("task-2")).state is State.APPROVED


async def test_who_has_no_device_is_told_so(desk: Desk) -> None:
    desk.phone.ask_with = [OAuthError("invalid_request", "User does not have push notifications enabled")]

    assert "you have none that can be asked now" in await desk.approvals.ask(intent(), Call(), asker())
    assert (await desk.row()).state is State.FAILED


@pytest.mark.requirement("E9")
async def test_a_task_that_was_cut_off_waits_for_its_row(desk: Desk) -> None:
    waits = await ask(desk)

    ((wait, words),) = await desk.approvals.cut_off("task-1")
    assert (wait.kind, wait.tool, wait.arguments, wait.resume) == (
        "approval",
        "reset_password",
        {"person": ""},
        waits.resume,
    )
    assert words == waits.public_message
    assert await desk.approvals.cut_off("another") == []


async def test_what_was_begun_before_a_task_was_cut_off_cannot_be_cancelled_any_more(desk: Desk) -> None:
    await begin(desk, await approved(desk))

    ((wait, _),) = await desk.approvals.cut_off("task-1")

    assert wait.kind == "outcome"


@pytest.mark.requirement("E2")
@pytest.mark.requirement("E13")
async def test_a_task_that_ends_without_the_act_ends_its_approval_on_record(desk: Desk) -> None:
    """Given, or still waited for: the same can be asked for again at once."""
    row = await approved(desk)
    await desk.approvals.task_ended(row.id, asker(OSCAR))
    assert (await desk.row()).state is State.APPROVED

    await desk.approvals.task_ended(row.id, asker())

    ended = await desk.row()
    assert (ended.state, ended.reason) == (State.FAILED, "task_ended")
    with pytest.raises(ApprovalEnded):
        await begin(desk, row)
    waits = await ask(desk, call=Call("task-2"))
    await desk.approvals.task_ended(waits.resume, asker())
    assert (await desk.row("task-2")).state is State.FAILED
    assert [
        (event.action.value, event.outcome.value, event.result, event.rule.reason)
        for event in desk.trail.events
        if event.outcome is Outcome.FAILED
    ] == [("approval:decision:receive", "failed", "failed", "task_ended")] * 2


async def test_a_task_that_ends_leaves_what_was_begun_as_it_is(desk: Desk) -> None:
    row = await approved(desk)
    await begin(desk, row)
    await desk.approvals.task_ended(row.id, asker())
    assert (await desk.row()).state is State.ACTING

    await desk.approvals.finish(row, State.DONE)
    await desk.approvals.task_ended(row.id, asker())
    assert (await desk.row()).state is State.DONE


async def test_repeated_denials_are_flagged(desk: Desk) -> None:
    with capture_logs() as events:
        for number in range(3):
            await ask(desk, call=Call(f"task-{number}"), account=f"00u{number}", who=f"auth0|{number}")
            desk.phone.answer(approves=False)
            await desk.look()

    assert [event["event"] for event in events].count("approvals_denied_repeatedly") == 1
