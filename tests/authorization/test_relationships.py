"""Which relationships the directory and the policy make, and how the store is brought to them."""

from dataclasses import replace
from pathlib import Path

import pytest

from portal._errors import CommandFailed
from portal.relationships import (
    OWNED,
    POLICY,
    Account,
    Policy,
    Relationship,
    Roster,
    Stored,
    apply,
    changes,
    desired,
    our_model,
)
from shared.authorization import user_name
from shared.errors import ConfigurationError

ISSUER = "https://tenant.example/"
COMPANY = "company:helpdesk"


def account(login: str, **more: str) -> Account:
    given = {"status": "ACTIVE", "kind": "person", "department": "Sales", "manager_id": "", "subject": f"auth0|{login}"}
    return Account(id=f"00u{login}", login=f"{login}@helpdesk.example", **(given | more))


def person(login: str) -> str:
    return user_name(ISSUER, f"auth0|{login}")


def roster(*accounts: Account, **groups: list[str]) -> Roster:
    named: dict[str, list[str]] = {"Contractors": [], "Security": [], "Help desk": [], "IT": []} | groups
    return Roster(
        accounts,
        {
            name: (f"00g{name.replace(' ', '')}", frozenset(f"00u{login}" for login in members))
            for name, members in named.items()
        },
    )


def made(found: Roster) -> set[str]:
    return {str(each) for each in desired(found, Policy.load(POLICY), ISSUER)}


def test_an_employee_has_what_is_theirs() -> None:
    found = made(roster(account("amelia", manager_id="00unadia"), account("nadia")))
    assert {
        f"{person('amelia')} owner account:00uamelia",
        f"{person('nadia')} manager account:00uamelia",
        f"{person('amelia')} employee {COMPANY}",
        f"{person('amelia')} member department:Sales",
        f"{person('nadia')} manager department:Sales",
        "account_kind:person kind account:00uamelia",
        "department:Sales department account:00uamelia",
        f"{COMPANY} company account:00uamelia",
    } <= found
    assert f"{person('amelia')} manager department:Sales" not in found


def test_a_contractor_is_no_employee() -> None:
    found = made(roster(account("casey"), Contractors=["casey"]))
    assert f"{person('casey')} contractor {COMPANY}" in found
    assert f"{person('casey')} employee {COMPANY}" not in found


@pytest.mark.parametrize("status", ["SUSPENDED", "STAGED", "DEPROVISIONED"])
def test_who_does_not_work_here_has_no_rights_over_others(status: str) -> None:
    gone = account("oscar", status=status)
    managed = account("amelia", manager_id="00uoscar")
    found = made(roster(gone, managed, **{"Help desk": ["oscar"], "Security": ["oscar"]}))
    rights = {each for each in found if each.startswith(person("oscar"))}
    assert rights == (set() if status == "DEPROVISIONED" else {f"{person('oscar')} owner account:00uoscar"})


def test_the_account_of_somebody_who_left_is_looked_up_and_changed_by_nobody() -> None:
    found = made(roster(account("paula", status="DEPROVISIONED")))
    about = {each for each in found if each.endswith("account:00upaula")}
    assert about == {f"{COMPANY} company account:00upaula", "department:Sales department account:00upaula"}


@pytest.mark.requirement("I2")
@pytest.mark.parametrize("kind", ["administrator", "service", "", "robot"])
def test_only_a_person_s_account_can_be_changed(kind: str) -> None:
    found = made(roster(account("adm", kind=kind)))
    changeable = {each for each in found if " changeable " in each}
    assert changeable == {f"{who}:* changeable account_kind:person" for who in ("user", "agent")}
    assert "account_kind:person kind account:00uadm" not in found


def test_a_service_is_no_employee_and_heads_nothing() -> None:
    service = account("svc", kind="service")
    found = made(roster(service, account("amelia", manager_id="00usvc")))
    assert {each for each in found if each.startswith(person("svc"))} == {f"{person('svc')} owner account:00usvc"}


def test_a_subject_that_two_accounts_claim_is_nobody() -> None:
    found = made(roster(account("amelia"), account("other", subject="auth0|amelia")))
    assert not {each for each in found if each.startswith(person("amelia"))}


def test_an_account_without_a_subject_is_nobody_s() -> None:
    found = made(roster(account("new", subject="")))
    assert not {each for each in found if each.startswith("user:https")}
    assert f"{COMPANY} company account:00unew" in found


def test_nobody_serves_the_security_team() -> None:
    found = made(roster(account("oscar"), **{"Help desk": ["oscar"]}))
    served = {each.rpartition(":")[2] for each in found if " operator " in each}
    assert served == {"Sales", "Operations", "Engineering", "Finance", "People", "IT"}


def test_names_of_any_kind_become_names_that_openfga_takes() -> None:
    found = made(roster(account("amelia", department="R&D: new things #1")))
    assert "department:R%26D%3A%20new%20things%20%231 department account:00uamelia" in found


def test_a_group_that_the_directory_does_not_have_stops_everything() -> None:
    whole = roster(account("amelia"))
    without = Roster(whole.accounts, {name: each for name, each in whole.groups.items() if name != "Security"})
    with pytest.raises(ConfigurationError, match="'Security'"):
        made(without)


def test_the_policy_is_checked(tmp_path: Path) -> None:
    wrong = tmp_path / "relationships.yaml"
    wrong.write_text(POLICY.read_text(encoding="utf-8").replace("changeable: true", "changeable: perhaps"), "utf-8")
    with pytest.raises(ConfigurationError, match=r"kinds\.person\.changeable"):
        Policy.load(wrong)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        Policy.load(tmp_path / "missing.yaml")


def test_what_is_synchronised_is_what_the_model_has() -> None:
    relations = {
        (each["type"], relation) for each in our_model()["type_definitions"] for relation in each.get("relations", {})
    }
    assert relations >= OWNED
    made_of = {
        (each.object.partition(":")[0], each.relation)
        for each in desired(roster(account("a")), Policy.load(POLICY), ISSUER)
    }
    assert made_of <= OWNED


class Memory:
    """A store in memory, and in which order it was changed."""

    def __init__(self, *there: Stored) -> None:
        self.there = {each.relationship: each for each in there}
        self.done: list[str] = []

    async def all(self) -> list[Stored]:
        return list(self.there.values())

    async def delete(self, gone: list[Relationship]) -> None:
        self.done.append("delete")
        for each in gone:
            self.there.pop(each)

    async def write(self, new: list[Relationship]) -> None:
        self.done.append("write")
        self.there |= {each: Stored(each) for each in new}


WANTED = [Relationship("group:g", "member", f"user:{number}") for number in range(100)]


async def test_what_is_missing_is_added_and_the_second_time_nothing_is_done() -> None:
    store = Memory()
    first = await changes(store, WANTED)
    await apply(store, first, force=False)
    second = await changes(store, WANTED)
    assert (len(first.add), len(first.remove)) == (100, 0)
    assert (second.add, second.remove, second.kept) == ((), (), 100)


async def test_what_is_gone_is_removed_before_anything_is_added() -> None:
    store = Memory(*(Stored(each) for each in WANTED))
    new = Relationship("group:g", "member", "user:new")
    what = await changes(store, [*WANTED[1:], new])
    await apply(store, what, force=False)
    assert store.done == ["delete", "write"]
    assert set(store.there) == {*WANTED[1:], new}


async def test_what_was_granted_for_a_while_is_left_alone() -> None:
    granted = Stored(Relationship("department:Sales", "operator", "user:x"), "until", (("expires_at", "2026-12-01"),))
    withheld = Stored(Relationship("document:vpn", "withheld", "user:*"))
    helper = Stored(Relationship("account:1", "helper", "user:x"), "until")
    what = await changes(Memory(granted, withheld, helper), [])
    assert (what.remove, what.by_hand) == ((), 3)


async def test_what_was_written_by_hand_without_an_end_is_removed() -> None:
    by_hand = Relationship("account:1", "owner", "user:mallory")
    assert (await changes(Memory(Stored(by_hand)), [])).remove == (by_hand,)


async def test_a_directory_that_is_not_whole_removes_nothing() -> None:
    store = Memory(*(Stored(each) for each in WANTED))
    what = await changes(store, WANTED[:50])
    with pytest.raises(CommandFailed, match="remove 50 of 100"):
        await apply(store, what, force=False)
    assert store.done == []
    await apply(store, replace(what), force=True)
    assert len(store.there) == 50
