"""The tables of a trail: a schema for each agent, of another role, in which the agent may read and append.

The columns are those of the file (`shared.audit._file`). `arrived` is by the server's clock and not for the agent to
say. What is let go is marked in `expired` by whoever can sign that, and is no longer in the view `kept`; it is deleted
by the role that keeps the trail, for which the agent has no right.
"""

from typing import Final

from shared.postgres import Migration

SETTING: Final = "AUDIT_DATABASE_URL"
PREFIX: Final = "audit_"
REMEDY: Final = "have the role that keeps the trail run `helpdesk audit prepare`"
APPENDED: Final = {
    "records": ("writer", "sequence", "at", "action", "outcome", "subject", "resource", "task", "body", "hash"),
    "seals": ("writer", "sequence", "hash", "key_id", "signature"),
    "expired": ("writer", "sequence", "hash", "key_id", "signature"),
}
"""What an agent may write into, and no more than that."""

READ: Final = ("migrations", "records", "seals", "expired", "kept")

MIGRATIONS: Final = (
    Migration(
        works_with=1,
        script="""
        CREATE TABLE records (
            writer text COLLATE "C" NOT NULL,
            sequence bigint NOT NULL,
            at bigint NOT NULL,               -- milliseconds since 1970, by the agent's clock
            action text COLLATE "C" NOT NULL,
            outcome text COLLATE "C" NOT NULL,
            subject text COLLATE "C" NOT NULL,
            resource text COLLATE "C" NOT NULL,
            task text COLLATE "C" NOT NULL,
            body bytea NOT NULL,
            hash bytea NOT NULL,
            arrived timestamptz NOT NULL DEFAULT now(),
            PRIMARY KEY (writer, sequence)
        );
        CREATE INDEX records_by_time ON records (at);
        CREATE INDEX records_by_subject ON records (subject, at);
        CREATE INDEX records_by_task ON records (task) WHERE task <> '';
        CREATE TABLE seals (
            writer text COLLATE "C" NOT NULL,
            sequence bigint NOT NULL,
            hash bytea NOT NULL,
            key_id text NOT NULL,
            signature bytea NOT NULL,
            PRIMARY KEY (writer, sequence)
        );
        CREATE TABLE expired (                -- seals of last records that may go, as they are old
            writer text COLLATE "C" NOT NULL,
            sequence bigint NOT NULL,
            hash bytea NOT NULL,
            key_id text NOT NULL,
            signature bytea NOT NULL,
            PRIMARY KEY (writer, sequence)
        );
        CREATE VIEW kept AS SELECT * FROM records r WHERE NOT EXISTS
            (SELECT FROM expired e WHERE e.writer = r.writer AND e.sequence >= r.sequence);
        """,
    ),
)

RELEASE: Final = len(MIGRATIONS)


def schema_of(agent: str) -> str:
    """The schema of an agent's trail."""
    return f"{PREFIX}{agent}"
