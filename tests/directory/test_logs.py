"""The system log over the wire (developer.okta.com/docs/reference/api/system-log)."""

import pytest

from tests.directory._world import World


async def test_sign_ins_of_one_person_newest_first(world: World) -> None:
    user_id = world.user("amelia.hart")["id"]
    expression = f'eventType eq "user.session.start" and actor.id eq "{user_id}"'

    events = (await world.get("/logs", filter=expression, sortOrder="DESCENDING", limit="20")).json()

    times = [event["published"] for event in events]
    assert times == sorted(times, reverse=True)
    assert {event["actor"]["id"] for event in events} == {user_id}
    assert [event["outcome"]["reason"] for event in events[:6]] == ["INVALID_CREDENTIALS"] * 6
    assert {"ipAddress", "userAgent", "geographicalContext", "device", "zone"} <= events[0]["client"].keys()


async def test_a_locked_account_has_the_event_that_locked_it(world: World) -> None:
    user = world.user("amelia.hart")

    [event] = (await world.get("/logs", filter=f'target.id eq "{user["id"]}" and eventType sw "user.account"')).json()

    assert event["eventType"] == "user.account.lock"
    assert event["published"] == user["status_changed"]


async def test_the_past_covers_three_months_and_by_default_a_week_is_shown(world: World) -> None:
    user_id = world.user("sam.whitlock")["id"]
    week = (await world.get("/logs", filter=f'actor.id eq "{user_id}"', limit="1000")).json()
    months = (
        await world.get("/logs", filter=f'actor.id eq "{user_id}"', since="2026-08-20T00:00:00Z", limit="1000")
    ).json()

    assert 1 <= len(week) < len(months)
    assert min(event["published"] for event in week) >= "2026-11-16"
    assert len(months) > 30


@pytest.mark.parametrize("order", ["ASCENDING", "DESCENDING"])
async def test_pages_follow_each_other_without_gap_or_repetition(world: World, order: str) -> None:
    parameters = {"since": "2026-11-01T00:00:00Z", "until": "2026-11-23T14:30:00Z", "sortOrder": order}
    whole = [event["uuid"] for event in (await world.get("/logs", **parameters, limit="1000")).json()]
    seen: list[str] = []
    response = await world.get("/logs", **parameters, limit="150")
    while True:
        seen += [event["uuid"] for event in response.json()]
        if "next" not in response.links:
            break
        response = await world.http.get(response.links["next"]["url"], headers=world.bearer("administrator"))

    assert len(whole) > 300
    assert seen == whole


async def test_a_polling_request_always_has_a_next_link(world: World) -> None:
    first = await world.get("/logs", since="2026-11-23T14:00:00Z", limit="1000")
    await world.act("amelia.hart", "unlock")
    second = await world.http.get(first.links["next"]["url"], headers=world.bearer("administrator"))

    assert [event["eventType"] for event in second.json()] == ["user.account.unlock_by_admin"]


@pytest.mark.parametrize(
    ("parameters", "code"),
    [
        ({"since": "yesterday"}, "E0000001"),
        ({"until": "2026-13-01"}, "E0000001"),
        ({"limit": "1001"}, "E0000001"),
        ({"sortOrder": "RANDOM"}, "E0000001"),
        ({"since": "2020-01-01T00:00:00Z"}, "E0000053"),
        ({"filter": 'published gt "2026-01-01"'}, "E0000053"),
        ({"after": "x"}, "E0000029"),
        ({"q": "x" * 41}, "E0000001"),
    ],
)
async def test_parameters_that_mean_nothing_are_refused(world: World, parameters: dict[str, str], code: str) -> None:
    response = await world.get("/logs", **parameters)

    assert (response.status_code, response.json()["errorCode"]) == (400, code)


async def test_keywords_match_any_value(world: World) -> None:
    events = (await world.get("/logs", q="amelia Leeds", limit="1000")).json()

    assert events
    assert {event["actor"]["alternateId"] for event in events} == {"amelia.hart@helpdesk.example"}
