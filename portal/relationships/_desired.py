"""Which relationships there should be, from what the directory holds and what the policy says."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from portal.relationships._policy import Policy
from portal.relationships._roster import Account, Roster
from shared.authorization import object_name, user_name
from shared.errors import ConfigurationError

KINDS = frozenset({"person", "administrator", "service"})


@dataclass(frozen=True, slots=True, order=True)
class Relationship:
    """`user` has `relation` to `object`."""

    object: str
    relation: str
    user: str

    def __str__(self) -> str:
        return f"{self.user} {self.relation} {self.object}"


OWNED = frozenset(
    {
        *(("company", role) for role in ("employee", "contractor", "security")),
        *(("company", relation) for relation in ("account_reader", "password_agent", "document_reader")),
        ("group", "member"),
        *(("department", relation) for relation in ("member", "manager", "operator")),
        *(("account_kind", relation) for relation in ("listed", "changeable")),
        *(("account", relation) for relation in ("company", "department", "kind", "owner", "manager")),
        *(("audience", relation) for relation in ("company", "reader")),
    }
)
"""Type and relation of what is synchronised: whatever else of these is there, without an end, is removed."""


def desired(roster: Roster, policy: Policy, issuer: str) -> frozenset[Relationship]:
    """The relationships that there should be.

    Args:
        roster: What the directory holds.
        policy: What it does not say.
        issuer: Who issues the tokens of the people in the directory: half of their names.

    Raises:
        ConfigurationError: The policy names a group that the directory does not have.
    """
    missing = sorted(policy.groups - roster.groups.keys())
    if missing:
        raise ConfigurationError(
            f"relationships.yaml names the group {missing[0]!r}, which the directory does not have: correct its name."
        )
    made = _Maker(roster, policy, issuer)
    return frozenset([*made.of_people(), *made.of_groups(), *made.of_departments(), *made.of_accounts(), *made.fixed()])


class _Maker:
    def __init__(self, roster: Roster, policy: Policy, issuer: str) -> None:
        self._roster = roster
        self._policy = policy
        self._company = object_name("company", policy.company)
        subjects = Counter(account.subject for account in roster.accounts if account.subject)
        # A subject that several accounts claim is nobody: the directory's client answers them in the same way.
        self._people = {
            account.id: user_name(issuer, account.subject)
            for account in roster.accounts
            if subjects[account.subject] == 1 and not account.is_gone
        }

    def of_people(self) -> Iterator[Relationship]:
        """Who works here as what."""
        contractors = {member for name in self._policy.contractors for member in self._roster.groups[name][1]}
        for account in self._working():
            role = "contractor" if account.id in contractors else "employee"
            yield Relationship(self._company, role, self._people[account.id])
        for name in self._policy.security:
            yield Relationship(self._company, "security", self._members(name))

    def of_groups(self) -> Iterator[Relationship]:
        """Who is in which group."""
        working = {account.id for account in self._working()}
        for group_id, members in self._roster.groups.values():
            for member in members & working:
                yield Relationship(object_name("group", group_id), "member", self._people[member])

    def of_departments(self) -> Iterator[Relationship]:
        """Who is in which department, heads it, and serves it."""
        for account in self._working():
            if account.department:
                department = object_name("department", account.department)
                yield Relationship(department, "member", self._people[account.id])
                if self._heads(account):
                    yield Relationship(department, "manager", self._people[account.id])
        for operators in self._policy.operators:
            for name in operators.departments:
                yield Relationship(object_name("department", name), "operator", self._members(operators.group))

    def of_accounts(self) -> Iterator[Relationship]:
        """What belongs to whom. Of somebody who has left, only what those see who look after accounts."""
        working = {account.id for account in self._working()}
        for account in self._roster.accounts:
            name = object_name("account", account.id)
            yield Relationship(name, "company", self._company)
            if account.department:
                yield Relationship(name, "department", object_name("department", account.department))
            if account.is_gone:
                continue
            if account.kind in KINDS:
                yield Relationship(name, "kind", object_name("account_kind", account.kind))
            if account.id in self._people:
                yield Relationship(name, "owner", self._people[account.id])
            if account.manager_id in working and account.manager_id != account.id:
                yield Relationship(name, "manager", self._people[account.manager_id])

    def fixed(self) -> Iterator[Relationship]:
        """What the policy says alone."""
        for kind, may in self._policy.kinds.items():
            name = object_name("account_kind", kind)
            if may.listed:
                yield Relationship(name, "listed", "user:*")
            if may.changeable:
                yield Relationship(name, "changeable", "user:*")
                yield Relationship(name, "changeable", "agent:*")
        for agent, relations in self._policy.agents.items():
            for relation in relations:
                yield Relationship(self._company, relation, object_name("agent", agent))
        for audience, readers in self._policy.audiences.items():
            name = object_name("audience", audience)
            yield Relationship(name, "company", self._company)
            for role in readers.roles:
                yield Relationship(name, "reader", f"{self._company}#{role}")
            for group in readers.groups:
                yield Relationship(name, "reader", self._members(group))

    def _working(self) -> Iterator[Account]:
        """Accounts of people who work here now: no service, and nobody whose sign-in is not known."""
        for account in self._roster.accounts:
            if account.works and account.id in self._people and account.kind in {"person", "administrator"}:
                yield account

    def _heads(self, account: Account) -> bool:
        """Whether somebody heads their department: others of it report to them, and they to nobody of it."""
        in_it = {each.id for each in self._working() if each.department == account.department}
        reports = any(each.manager_id == account.id for each in self._working() if each.id in in_it - {account.id})
        return reports and account.manager_id not in in_it

    def _members(self, group: str) -> str:
        return f"{object_name('group', self._roster.groups[group][0])}#member"
