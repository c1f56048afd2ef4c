"""The tables, as a list of migrations; `PRAGMA user_version` is how many of them a file has."""

from typing import Final

MIGRATIONS: Final = (
    """
    CREATE TABLE meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;

    -- One small row for each task: what is looked for, never the task itself.
    CREATE TABLE tasks (
        id INTEGER PRIMARY KEY,
        task_id TEXT NOT NULL UNIQUE,
        owner TEXT NOT NULL CHECK (owner <> ''),
        context_id TEXT NOT NULL,
        state INTEGER NOT NULL,
        status_ns INTEGER,                 -- the status timestamp, in nanoseconds since 1970
        version INTEGER NOT NULL,
        snapshot INTEGER NOT NULL,         -- the version whose event row holds the whole task
        snapshot_bytes INTEGER NOT NULL,
        pending_bytes INTEGER NOT NULL,    -- what was appended since that version
        saved_at INTEGER NOT NULL,         -- seconds since 1970
        runner TEXT                        -- the process that works on it; NULL where nobody does
    ) STRICT;
    CREATE INDEX tasks_by_update ON tasks (owner, status_ns DESC, task_id DESC);
    CREATE INDEX tasks_unfinished ON tasks (owner) WHERE state IN (0, 1, 2, 6, 8);

    -- Append-only: each event, and the whole task where that is due.
    CREATE TABLE events (
        task INTEGER NOT NULL,
        version INTEGER NOT NULL,
        kind INTEGER NOT NULL,
        event BLOB,                        -- NULL where the event is the whole task, or there is none
        snapshot BLOB,
        PRIMARY KEY (task, version)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE contexts (
        id INTEGER PRIMARY KEY,
        owner TEXT NOT NULL CHECK (owner <> ''),
        context_id TEXT NOT NULL,
        used_at INTEGER NOT NULL,
        UNIQUE (owner, context_id)
    ) STRICT;
    CREATE INDEX contexts_by_use ON contexts (used_at);
    CREATE TABLE messages (
        context INTEGER NOT NULL,
        position INTEGER NOT NULL,
        opens_turn INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (context, position)
    ) STRICT, WITHOUT ROWID;

    CREATE TABLE ledger (
        owner TEXT NOT NULL CHECK (owner <> ''),
        message_id TEXT NOT NULL,
        task_id TEXT NOT NULL,
        claimed_at INTEGER NOT NULL,
        PRIMARY KEY (owner, message_id)
    ) STRICT, WITHOUT ROWID;
    """,
    """
    -- Risky actions: shared/approval/_ledger.py says what each column is.
    CREATE TABLE actions (
        id TEXT PRIMARY KEY,
        state TEXT NOT NULL,
        owner TEXT NOT NULL CHECK (owner <> ''),
        task_id TEXT NOT NULL,
        operation TEXT NOT NULL,
        account TEXT NOT NULL,
        approver TEXT NOT NULL CHECK (approver <> ''),
        digest TEXT NOT NULL,
        details TEXT NOT NULL,
        binding_message TEXT NOT NULL,
        code TEXT NOT NULL,
        words TEXT NOT NULL,
        tool TEXT NOT NULL,
        arguments TEXT NOT NULL,
        created_at REAL NOT NULL,
        deadline REAL NOT NULL,
        asked_at REAL NOT NULL,
        asked INTEGER NOT NULL,
        auth_req_id TEXT NOT NULL,
        interval REAL NOT NULL,
        next_poll_at REAL NOT NULL,
        approved_at REAL NOT NULL,
        token_id TEXT NOT NULL,
        acting_at REAL NOT NULL,
        mark REAL NOT NULL,
        effects INTEGER NOT NULL,
        told TEXT NOT NULL,
        reason TEXT NOT NULL,
        lease_by TEXT NOT NULL,            -- the process that looks after it now
        lease_until REAL NOT NULL,
        changed_at REAL NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX actions_due ON actions (next_poll_at) WHERE state IN ('asking', 'requested');
    CREATE INDEX actions_by_task ON actions (task_id);
    CREATE INDEX actions_by_owner ON actions (owner, operation, account);
    CREATE INDEX actions_by_approver ON actions (approver, state);
    CREATE UNIQUE INDEX actions_by_token ON actions (token_id) WHERE token_id <> '';
    """,
    """
    -- Who is told of a task by push notification (shared/tasks/_push.py).
    CREATE TABLE push_configs (
        task_id TEXT NOT NULL,
        id TEXT NOT NULL,
        owner TEXT NOT NULL CHECK (owner <> ''),
        url TEXT NOT NULL,
        token TEXT NOT NULL,               -- the owner's own, to be shown there; good for nothing here
        told INTEGER NOT NULL,             -- the version of the task that was told last
        attempts INTEGER NOT NULL,
        next_at REAL NOT NULL,             -- not before then: a failure, or somebody is telling it now
        made_at REAL NOT NULL,
        PRIMARY KEY (task_id, id)
    ) STRICT, WITHOUT ROWID;
    """,
)
