"""Who may do what to whose account, as a test says it: in place of a relationship store with a model."""

from collections.abc import Collection, Mapping

from shared.authorization import Check, object_name, user_name
from shared.testing import Relationships
from tests.agents._asking import EMPLOYEE_SCOPES
from tests.directory._world import Asker, World, asker

AGENT = "agent:an_agent"


def rights(world: World, who: Asker, over: Mapping[str, Collection[str]]) -> Relationships:
    """A store in which everybody may do everything to their own account, and this person so much to those of others."""
    person = user_name(who.user.issuer, who.user.subject)
    ids = {row["login"].partition("@")[0]: str(row["id"]) for row in world.rows("SELECT id, login FROM users")}
    owned = {
        (user_name(one.user.issuer, one.user.subject), object_name("account", user_id))
        for login, user_id in ids.items()
        for one in [asker(login, EMPLOYEE_SCOPES)]
    }
    allowed = {
        (person, relation, object_name("account", ids[login])) for login, some in over.items() for relation in some
    }

    def allows(check: Check) -> bool:
        if check.user == AGENT:
            return True
        return (check.user, check.object) in owned or (check.user, check.relation, check.object) in allowed

    return Relationships(allows=allows)
