"""PostgreSQL, where agents keep what replicas share."""

from collections import Counter
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from portal.doctor._agents import Agents
from portal.doctor._check import Found, check
from portal.doctor._database import SCHEMES, Databases
from shared.settings import is_loopback

URL = "DATABASE_URL"
REPLICAS = 2
"""At the least: while a release is replaced the old one and the new one run."""


@check(
    "postgres/server-unverified",
    why="Whoever can answer in the server's place reads and writes all tasks and conversations. Where the server is "
    "not verified at all, the agent does not start outside HELPDESK_ENV=local.",
    mend="Add sslmode=verify-full to DATABASE_URL, and sslrootcert where the server's authority is a private one.",
)
def server_unverified(agents: Agents) -> Iterator[Found]:
    for agent in agents:
        url = agent.text(URL)
        if url.startswith(SCHEMES) and agent.text("HELPDESK_ENV") != "local":
            parts = urlsplit(url)
            mode = parse_qs(parts.query).get("sslmode", ["prefer, which is the default"])[-1]
            if parts.hostname and not is_loopback(parts.hostname) and mode != "verify-full":
                yield Found(agent.of(URL), f"sslmode is {mode}")


@check(
    "postgres/no-answer",
    why="An agent that cannot reach its database does not start, and one that runs answers nothing.",
    mend="See that host, port, database, user and password of DATABASE_URL are right, and that the server lets this "
    "machine in.",
)
def no_answer(databases: Databases) -> Iterator[Found]:
    for agent, seen in databases:
        if seen.problem:
            yield Found(agent.of(URL), seen.problem)


@check(
    "postgres/pooled",
    why="A proxy between lends each transaction another session. A replica holds a lock and listens on a session of "
    "its own: through the proxy replicas take each other for dead, and hear of nothing.",
    mend="Name the server itself in DATABASE_URL, or a port of the proxy that pools sessions (PgBouncer: "
    "pool_mode=session).",
)
def pooled(databases: Databases) -> Iterator[Found]:
    for agent, seen in databases:
        if seen.is_pooled:
            yield Found(agent.of(URL), "one session here is several at the server")


@check(
    "postgres/may-not-make-tables",
    why="An agent makes its tables at start, and a new release changes them: without the right to, it does not start.",
    mend="As an administrator: CREATE SCHEMA, named as the agent, AUTHORIZATION the role of its DATABASE_URL.",
)
def may_not_make_tables(databases: Databases) -> Iterator[Found]:
    for agent, seen in databases:
        if not seen.may_make_tables:
            yield Found(agent.of(URL), f"{seen.role[3]} may make no table in the schema {agent.name}")


@check(
    "postgres/tables-of-another",
    why="Tables that are another role's, after a dump was restored say, cannot be changed by the agent's: it does not "
    "start, or the next release does not.",
    mend="As an administrator: REASSIGN OWNED BY the other role TO the agent's, or ALTER TABLE ... OWNER TO.",
)
def tables_of_another(databases: Databases) -> Iterator[Found]:
    for agent, seen in databases:
        if not seen.owns_tables:
            yield Found(agent.of(URL), f"tables of the schema {agent.name} are not {seen.role[3]}'s")


@check(
    "postgres/newer-schema",
    why="A newer release has changed the tables in a way that this one cannot work with: it does not start.",
    mend="Run that release.",
)
def newer_schema(databases: Databases) -> Iterator[Found]:
    for agent, seen in databases:
        if seen.works_with > databases.release:
            yield Found(agent.of(URL), f"schema {seen.applied}, for release {seen.works_with} and later")


@check(
    "postgres/older-schema",
    severity="warning",
    why="No agent of this release has started there yet: the tables are those of an older one.",
    mend="Start this release's agents; the first changes the tables. Replicas of the release before may run meanwhile.",
)
def older_schema(databases: Databases) -> Iterator[Found]:
    for agent, seen in databases:
        if 0 < seen.applied < databases.release:
            yield Found(agent.of(URL), f"schema {seen.applied} of {databases.release}")


@check(
    "postgres/too-many-rights",
    severity="warning",
    why="An agent needs its own schema and nothing else: who takes it over gets what its role may do.",
    mend="Give the agent a role of its own without attributes (ALTER ROLE ... NOSUPERUSER NOCREATEROLE NOCREATEDB "
    "NOREPLICATION NOBYPASSRLS), and revoke what it may read of other agents' schemas.",
)
def too_many_rights(databases: Databases) -> Iterator[Found]:
    for agent, seen in databases:
        more = [*seen.powers, *(f"reads {schema}" for schema in seen.others)]
        if more:
            yield Found(agent.of(URL), f"{seen.role[3]}: {', '.join(more)}")


@check(
    "postgres/shared-role",
    severity="warning",
    why="Agents with the same role see each other's tasks and conversations.",
    mend="Make a role for each agent, which owns the schema that is named as the agent, and no other.",
)
def shared_role(databases: Databases) -> Iterator[Found]:
    known = [(agent, seen.role) for agent, seen in databases if seen.role[3]]
    times = Counter(role for _, role in known)
    for agent, role in known:
        if times[role] > 1:
            yield Found(agent.of(URL), f"{role[3]}, as {times[role] - 1} other")


@check(
    "postgres/few-connections",
    severity="warning",
    why="Each replica keeps its connections. Where there is none left, the next one does not start: in the middle of "
    "replacing a release, say.",
    mend="Raise max_connections, or the limit of the role (ALTER ROLE ... CONNECTION LIMIT) or of the database.",
)
def few_connections(databases: Databases) -> Iterator[Found]:
    for agent, seen in databases:
        together = sum(seen.role[:3] == other.role[:3] for _, other in databases)
        wanted = REPLICAS * databases.connections
        if seen.role[3] and (seen.connections < wanted or seen.connections < wanted * together):
            yield Found(agent.of(URL), f"at most {seen.connections}, where {REPLICAS} replicas of each agent have more")
