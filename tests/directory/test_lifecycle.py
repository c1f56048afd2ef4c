"""The lifecycle: which operation works in which state, what it leads to, and that each leaves an event."""

import pytest

from tests.directory._world import World

# operation → {state: where it leads, or the error}; a state that is not named: the error under "*"
MACHINE = {
    "unlock": {"LOCKED_OUT": "ACTIVE", "*": "E0000032"},
    "reset_password": {
        "ACTIVE": "RECOVERY",
        "PASSWORD_EXPIRED": "RECOVERY",
        "LOCKED_OUT": "RECOVERY",
        "RECOVERY": "RECOVERY",
        "*": "E0000038",
    },
    "expire_password": {"ACTIVE": "PASSWORD_EXPIRED", "PASSWORD_EXPIRED": "PASSWORD_EXPIRED", "*": "E0000038"},
    "suspend": {"ACTIVE": "SUSPENDED", "*": "E0000001"},
    "unsuspend": {"SUSPENDED": "ACTIVE", "*": "E0000001"},
    "activate": {"STAGED": "PROVISIONED", "DEPROVISIONED": "PROVISIONED", "*": "E0000016"},
    "deactivate": {"DEPROVISIONED": "E0000038", "*": "DEPROVISIONED"},
    "reset_factors": {"DEPROVISIONED": "E0000038", "*": "SAME"},
}
STATES = [
    *("STAGED", "PROVISIONED", "ACTIVE", "RECOVERY", "PASSWORD_EXPIRED"),
    *("LOCKED_OUT", "SUSPENDED", "DEPROVISIONED"),
]
EVENTS = {
    "unlock": "user.account.unlock_by_admin",
    "reset_password": "user.account.reset_password",
    "expire_password": "user.account.expire_password",
    "suspend": "user.lifecycle.suspend",
    "unsuspend": "user.lifecycle.unsuspend",
    "activate": "user.lifecycle.activate",
    "deactivate": "user.lifecycle.deactivate",
    "reset_factors": "user.mfa.factor.reset_all",
}


@pytest.mark.parametrize("operation", MACHINE)
async def test_the_state_machine(world: World, operation: str) -> None:
    for state in STATES:
        world.change("UPDATE users SET status = ? WHERE login LIKE 'tomas.reyes@%'", state)
        expected = MACHINE[operation].get(state, MACHINE[operation]["*"])
        logged = len(world.events())

        response = await world.act("tomas.reyes", operation, sendEmail="true")

        if expected.startswith("E0"):
            assert response.status_code in {400, 403}, state
            assert response.json()["errorCode"] == expected
            assert world.status("tomas.reyes") == state
            assert len(world.events()) == logged
        else:
            assert response.status_code == 200, response.text
            assert world.status("tomas.reyes") == (state if expected == "SAME" else expected)
            event = world.events()[logged]
            assert event["eventType"] == EVENTS[operation]
            assert event["debugContext"]["debugData"]["clientAppName"] == "administrator"
            assert [target["alternateId"] for target in event["target"]] == ["tomas.reyes@helpdesk.example"]
            assert event["outcome"]["result"] == "SUCCESS"


async def test_an_event_records_who_acted_through_which_application_and_not_what_a_header_claims(world: World) -> None:
    headers = world.bearer("password_reset", "oscar.lind") | {"X-Acting-Subject": "auth0|somebody"}
    await world.http.post("http://127.0.0.1:8401/api/v1/users/amelia.hart/lifecycle/unlock", headers=headers)

    [event] = world.events()
    assert (event["actor"]["type"], event["actor"]["alternateId"]) == ("User", "oscar.lind@helpdesk.example")
    assert event["debugContext"]["debugData"]["clientAppName"] == "password_reset"
    assert event["client"]["id"] == event["debugContext"]["debugData"]["clientAppId"]
    assert event["transaction"]["detail"]["requestApiTokenId"].startswith("AT.")
    assert "auth0|somebody" not in str(event)


async def test_a_reset_by_mail_answers_nothing_and_without_mail_the_url(world: World) -> None:
    by_mail = await world.act("tomas.reyes", "reset_password", sendEmail="true")
    without = await world.act("sam.whitlock", "reset_password", sendEmail="false")
    neither = await world.act("wen.zhao", "reset_password")

    assert by_mail.json() == {}
    assert [mail["recipient"] for mail in world.outbox()] == ["tomas@letters.example"]
    assert without.json().keys() == {"resetPasswordUrl"}
    assert (neither.status_code, neither.json()["errorCode"]) == (400, "E0000028")
    assert world.status("wen.zhao") == "ACTIVE"


async def test_a_temporary_password_is_kept_as_a_hash_alone(world: World) -> None:
    response = await world.act("tomas.reyes", "expire_password", tempPassword="true")

    password = response.json()["tempPassword"]
    stored = world.user("tomas.reyes")["password_hash"]
    assert stored.startswith("scrypt$")
    assert password not in stored


async def test_reset_factors_removes_them(world: World) -> None:
    await world.act("tomas.reyes", "reset_factors")

    assert (await world.get("/users/tomas.reyes/factors")).json() == []


async def test_an_unknown_flag_is_refused(world: World) -> None:
    response = await world.act("tomas.reyes", "reset_password", sendEmail="perhaps")

    assert (response.status_code, response.json()["errorCode"]) == (400, "E0000001")
