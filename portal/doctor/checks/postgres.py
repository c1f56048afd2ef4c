"""PostgreSQL, where agents keep what replicas share."""

from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from portal.doctor._agents import Agents
from portal.doctor._check import Found, check
from portal.doctor._database import SCHEMES, TASKS, TRAIL, Databases
from shared.settings import is_loopback

REPLICAS = 2
"""At the least: while a release is replaced the old one and the new one run."""


@check(
    "postgres/server-unverified",
    why="Whoever can answer in the server's place reads and writes all tasks and conversations, or takes the audit "
    "trail and keeps none. Where the server is not verified at all, the agent does not start outside "
    "HELPDESK_ENV=local.",
    mend="Add sslmode=verify-full to the URL, and sslrootcert where the server's authority is a private one.",
)
def server_unverified(agents: Agents) -> Iterator[Found]:
    for agent, name in ((agent, name) for agent in agents for name in (TASKS, TRAIL)):
        url = agent.text(name)
        if url.startswith(SCHEMES) and agent.text("HELPDESK_ENV") != "local":
            parts = urlsplit(url)
            mode = parse_qs(parts.query).get("sslmode", ["prefer, which is the default"])[-1]
            if parts.hostname and not is_loopback(parts.hostname) and mode != "verify-full":
                yield Found(agent.of(name), f"sslmode is {mode}")


@check(
    "postgres/no-answer",
    why="An agent that cannot reach its database, or that of its audit trail, does not start, and one that runs "
    "answers nothing, or changes nothing.",
    mend="See that host, port, database, user and password of the URL are right, and that the server lets this machine "
    "in.",
)
def no_answer(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if seen.look.problem:
            yield Found(seen.where, seen.look.problem)


@check(
    "postgres/pooled",
    why="A proxy between lends each transaction another session. A replica holds a lock and listens on a session of "
    "its own: through the proxy replicas take each other for dead, and hear of nothing. The audit trail is found by a "
    "setting of its session, which another has not.",
    mend="Name the server itself in the URL, or a port of the proxy that pools sessions (PgBouncer: "
    "pool_mode=session).",
)
def pooled(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if seen.look.is_pooled:
            yield Found(seen.where, "one session here is several at the server")


@check(
    "postgres/may-not-make-tables",
    why="An agent makes its tables at start, and a new release changes them: without the right to, it does not start.",
    mend="As an administrator: CREATE SCHEMA, named as the agent, AUTHORIZATION the role of its DATABASE_URL.",
)
def may_not_make_tables(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if not seen.look.may_make_tables:
            yield Found(seen.where, f"{seen.look.role[3]} may make no table in the schema {seen.agent.name}")


@check(
    "postgres/tables-of-another",
    why="Tables that are another role's, after a dump was restored say, cannot be changed by the agent's: it does not "
    "start, or the next release does not.",
    mend="As an administrator: REASSIGN OWNED BY the other role TO the agent's, or ALTER TABLE ... OWNER TO.",
)
def tables_of_another(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if not seen.look.owns_tables:
            yield Found(seen.where, f"tables of the schema {seen.agent.name} are not {seen.look.role[3]}'s")


@check(
    "postgres/trail-not-prepared",
    why="The tables of an audit trail are made by the role that keeps it, before an agent of a new release starts: "
    "without them, or with those of an older release, it does not.",
    mend="As the role that keeps the trails: `helpdesk audit prepare --database FILE`.",
)
def trail_not_prepared(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if seen.trail is not None and not seen.trail.is_there:
            yield Found(seen.where, f"there are no tables in the schema audit_{seen.agent.name}")
        elif seen.trail is not None and seen.trail.may_read and seen.trail.applied < seen.release:
            yield Found(seen.where, f"schema {seen.trail.applied} of {seen.release}")


@check(
    "postgres/may-not-append",
    why="An agent that may not read its trail and append to it does not start, or changes nothing.",
    mend="Name the agent's own role, which is named as the agent, and as the role that keeps the trails: "
    "`helpdesk audit prepare --database FILE`.",
)
def may_not_append(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if seen.trail is not None and seen.trail.is_there:
            lacking = {"read": not seen.trail.may_read, "append": not seen.trail.may_append}
            if words := " or ".join(word for word, lacks in lacking.items() if lacks):
                yield Found(seen.where, f"{seen.look.role[3]} may not {words} in the schema audit_{seen.agent.name}")


@check(
    "postgres/may-change-trail",
    why="Who takes over an agent whose role may change its trail, or remove it, can undo what is on record: the agent "
    "does not start so.",
    mend="Name a role that neither keeps the trails nor owns their schema, and take from it what it has beyond that "
    "(`helpdesk audit prepare` gives an agent's role what it needs, and no more).",
)
def may_change_trail(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if seen.trail is not None and seen.trail.may_change:
            yield Found(seen.where, f"{seen.look.role[3]} may change what is in the schema audit_{seen.agent.name}")


@check(
    "postgres/newer-schema",
    why="A newer release has changed the tables in a way that this one cannot work with: it does not start.",
    mend="Run that release.",
)
def newer_schema(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if seen.look.works_with > seen.release:
            yield Found(seen.where, f"schema {seen.look.applied}, for release {seen.look.works_with} and later")


@check(
    "postgres/older-schema",
    severity="warning",
    why="No agent of this release has started there yet: the tables are those of an older one.",
    mend="Start this release's agents; the first changes the tables. Replicas of the release before may run meanwhile.",
)
def older_schema(databases: Databases) -> Iterator[Found]:
    for seen in databases:
        if seen.setting == TASKS and 0 < seen.look.applied < seen.release:
            yield Found(seen.where, f"schema {seen.look.applied} of {seen.release}")


@check(
    "postgres/too-many-rights",
    severity="warning",
    why="An agent needs its own schema, reads and appends to its own trail, and nothing else: who takes it over gets "
    "what its role may do.",
    mend="Give the agent a role of its own without attributes (ALTER ROLE ... NOSUPERUSER NOCREATEROLE NOCREATEDB "
    "NOREPLICATION NOBYPASSRLS), and revoke what it may read of other agents' schemas.",
)
def too_many_rights(databases: Databases) -> Iterator[Found]:
    told: set[tuple[str, ...]] = set()
    for seen in databases:
        who = (seen.agent.name, *seen.look.role)
        powers = () if who in told else seen.look.powers
        told.add(who)
        more = [*powers, *(f"reads {schema}" for schema in seen.look.others)]
        if more:
            yield Found(seen.where, f"{seen.look.role[3]}: {', '.join(more)}")


@check(
    "postgres/shared-role",
    severity="warning",
    why="Agents with the same role see each other's tasks and conversations, and speak in each other's audit trail.",
    mend="Make a role for each agent, which owns the schema that is named as the agent, and no other.",
)
def shared_role(databases: Databases) -> Iterator[Found]:
    holders: dict[tuple[str, ...], set[str]] = defaultdict(set)
    for seen in databases:
        holders[seen.look.role].add(seen.agent.name)
    for seen in databases:
        others = len(holders[seen.look.role]) - 1
        if seen.look.role[3] and others:
            yield Found(seen.where, f"{seen.look.role[3]}, as {others} other")


@check(
    "postgres/few-connections",
    severity="warning",
    why="Each replica keeps its connections, those to its audit trail among them. Where there is none left, the next "
    "one does not start: in the middle of replacing a release, say.",
    mend="Raise max_connections, or the limit of the role (ALTER ROLE ... CONNECTION LIMIT) or of the database.",
)
def few_connections(databases: Databases) -> Iterator[Found]:
    told: set[tuple[str, ...]] = set()
    for seen in databases:
        role = seen.look.role
        if not role[3] or (seen.agent.name, *role) in told:
            continue
        told.add((seen.agent.name, *role))
        of_role = REPLICAS * sum(other.connections for other in databases if other.look.role == role)
        together = REPLICAS * sum(other.connections for other in databases if other.look.role[:3] == role[:3])
        for most, wanted in ((seen.look.of_role, of_role), (seen.look.connections, together)):
            if most < wanted:
                yield Found(seen.where, f"at most {most}, where {REPLICAS} replicas of each agent have {wanted}")
                break
