"""The tables, as a list of migrations that the releases before go on working with."""

from typing import Final

from shared.postgres import Migration

MIGRATIONS: Final = (
    Migration(
        works_with=1,
        script="""
        CREATE TABLE meta (name text PRIMARY KEY, value bytea NOT NULL);

        -- One small row for each task: what is looked for, never the task itself.
        CREATE TABLE tasks (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            task_id text COLLATE "C" NOT NULL UNIQUE,
            owner text COLLATE "C" NOT NULL CHECK (owner <> ''),
            context_id text COLLATE "C" NOT NULL,
            state smallint NOT NULL,
            status_ns bigint,                 -- the status timestamp, in nanoseconds since 1970
            version integer NOT NULL,
            snapshot integer NOT NULL,        -- the version whose event row holds the whole task
            snapshot_bytes bigint NOT NULL,
            pending_bytes bigint NOT NULL,    -- what was appended since that version
            saved_at bigint NOT NULL,         -- seconds since 1970
            runner integer                    -- the process that works on it; NULL where nobody does
        ) WITH (fillfactor = 80);
        CREATE INDEX tasks_by_update ON tasks (owner, status_ns DESC NULLS LAST, task_id DESC);
        CREATE INDEX tasks_unfinished ON tasks (owner) WHERE state IN (0, 1, 2, 6, 8);
        CREATE INDEX tasks_ended ON tasks (saved_at) WHERE state IN (3, 4, 5, 7);

        -- Append-only: each event, and the whole task where that is due.
        CREATE TABLE events (
            task bigint NOT NULL,
            version integer NOT NULL,
            kind smallint NOT NULL,
            event bytea,                      -- NULL where the event is the whole task, or there is none
            snapshot bytea,
            PRIMARY KEY (task, version)
        );

        CREATE TABLE contexts (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            owner text COLLATE "C" NOT NULL CHECK (owner <> ''),
            context_id text COLLATE "C" NOT NULL,
            used_at bigint NOT NULL,
            last bigint NOT NULL,             -- the position of its newest message
            UNIQUE (owner, context_id)
        );
        CREATE INDEX contexts_by_use ON contexts (used_at);
        CREATE TABLE messages (
            context bigint NOT NULL,
            position bigint NOT NULL,
            opens_turn boolean NOT NULL,
            body text NOT NULL,
            PRIMARY KEY (context, position)
        );

        CREATE TABLE ledger (
            owner text COLLATE "C" NOT NULL CHECK (owner <> ''),
            message_id text COLLATE "C" NOT NULL,
            task_id text COLLATE "C" NOT NULL,
            claimed_at bigint NOT NULL,
            runner integer NOT NULL,          -- the process that claimed it
            begins boolean NOT NULL,          -- whether it begins its task, or goes on with one
            PRIMARY KEY (owner, message_id)
        );
        CREATE INDEX ledger_by_claim ON ledger (claimed_at);
        """,
    ),
    Migration(
        works_with=1,
        script="""
        -- Risky actions: shared/approval/_ledger.py says what each column is.
        CREATE TABLE actions (
            id text COLLATE "C" PRIMARY KEY,
            state text NOT NULL,
            owner text COLLATE "C" NOT NULL CHECK (owner <> ''),
            task_id text COLLATE "C" NOT NULL,
            operation text NOT NULL,
            account text NOT NULL,
            approver text COLLATE "C" NOT NULL CHECK (approver <> ''),
            digest text NOT NULL,
            details text NOT NULL,
            binding_message text NOT NULL,
            code text NOT NULL,
            words text NOT NULL,
            tool text NOT NULL,
            arguments text NOT NULL,
            created_at double precision NOT NULL,
            deadline double precision NOT NULL,
            asked_at double precision NOT NULL,
            asked integer NOT NULL,
            auth_req_id text NOT NULL,
            "interval" double precision NOT NULL,
            next_poll_at double precision NOT NULL,
            approved_at double precision NOT NULL,
            token_id text NOT NULL,
            acting_at double precision NOT NULL,
            mark double precision NOT NULL,
            effects integer NOT NULL,
            told text NOT NULL,
            reason text NOT NULL,
            lease_by integer NOT NULL,        -- the process that looks after it now; 0 where none does
            lease_until double precision NOT NULL,
            changed_at double precision NOT NULL
        );
        CREATE INDEX actions_due ON actions (next_poll_at) WHERE state IN ('asking', 'requested');
        CREATE INDEX actions_by_task ON actions (task_id);
        CREATE INDEX actions_by_owner ON actions (owner, operation, account);
        CREATE INDEX actions_by_approver ON actions (approver, state);
        CREATE UNIQUE INDEX actions_by_token ON actions (token_id) WHERE token_id <> '';

        -- Who is told of a task by push notification (shared/tasks/_push.py).
        CREATE TABLE push_configs (
            task_id text COLLATE "C" NOT NULL,
            id text COLLATE "C" NOT NULL,
            owner text COLLATE "C" NOT NULL CHECK (owner <> ''),
            url text NOT NULL,
            token text NOT NULL,              -- the owner's own, to be shown there; good for nothing here
            told integer NOT NULL,            -- the version of the task that was told last
            attempts integer NOT NULL,
            next_at double precision NOT NULL, -- not before then: a failure, or somebody is telling it now
            made_at double precision NOT NULL,
            PRIMARY KEY (task_id, id)
        );
        """,
    ),
)

RELEASE: Final = len(MIGRATIONS)
"""How many migrations the tables of this release have."""
