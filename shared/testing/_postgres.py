"""A PostgreSQL server of one's own, from the programs that are installed."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psycopg
from psycopg import sql

from shared.testing._ports import reserved_port

START_SECONDS: Final = 60.0
_FOLDERS: Final = "/usr/lib/postgresql/*/bin"
_SETTINGS: Final = {"listen_addresses": "127.0.0.1", "max_connections": "200", "shared_buffers": "32MB"}


def wait_until_up(process: "subprocess.Popen[bytes]", url: str, log: Path, *, seconds: float) -> None:
    """Returns once a server that was just started lets its clients in.

    Raises:
        RuntimeError: it ended, or took longer; with the end of what it logged.
    """
    until = time.monotonic() + seconds
    while time.monotonic() < until and process.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.02)  # lint: allow sleep -- nothing else tells when a server is up
    raise RuntimeError(f"{process.args!r} did not start: {log.read_text(errors='replace')[-2000:]}")


def find_postgres() -> Path | None:
    """The folder with `initdb` and `postgres`; Debian keeps them out of PATH."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/").glob(_FOLDERS.removeprefix("/")), key=lambda path: path.parent.name, reverse=True)
    return next((folder for folder in folders if (folder / "postgres").exists()), None)


@dataclass
class PostgresServer:
    """A server on a free port of loopback, with its data in a folder.

    Attributes:
        folder: Where the data are.
        port: Where it listens.
        password: That of the superuser `postgres`.
        is_durable: Whether it waits for the disk, as a real one does; tests need not.
    """

    programs: Path
    folder: Path
    port: int
    password: str
    is_durable: bool
    _process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """The URL of its database."""
        return self.url_for("postgres", self.password)

    def url_for(self, user: str, password: str, *, database: str = "postgres") -> str:
        """The URL of a database, for somebody."""
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def another(self) -> str:
        """The URL of a new database: what is in one knows nothing of what is in another."""
        name = f"made_{secrets.token_hex(8)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {} STRATEGY file_copy").format(sql.Identifier(name)))
        return self.url_for("postgres", self.password, database=name)

    def clear(self) -> None:
        """Forgets whatever agents made, and ends whoever is still connected."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
                "AND backend_type = 'client backend'"
            )
            made = connection.execute(
                "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'"
            ).fetchall()
            for (schema,) in made:
                connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(schema)))

    def role(self, name: str, *, may_make_schemas: bool = False) -> str:
        """The URL for a role that has no right but what it is given; made where it is not there."""
        role, database = sql.Identifier(name), sql.Identifier("postgres")
        with psycopg.connect(self.url, autocommit=True) as connection:
            if connection.execute("SELECT FROM pg_roles WHERE rolname = %s", (name,)).fetchone() is None:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, self.password))
            if may_make_schemas:
                connection.execute(sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(database, role))
        return self.url_for(name, self.password)

    def start(self) -> None:
        """Starts it, on the data that are there, and waits until it answers.

        Raises:
            RuntimeError: if it does not come up.
        """
        settings = _SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        if not self.is_durable:
            settings |= {"fsync": "off", "full_page_writes": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        log = self.folder.parent / "postgres.log"
        with log.open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 -- PostgreSQL's own program
                [self.programs / "postgres", "-D", self.folder, *options],
                stdout=output,
                stderr=output,
                user=_somebody(),
            )
        wait_until_up(self._process, self.url, log, seconds=START_SECONDS)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stops it: by default without waiting for who is connected."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait()
            self._process = None


@contextmanager
def postgres_server(*, is_durable: bool = False) -> Generator[PostgresServer, None, None]:
    """Runs a server, with its data in a folder of their own, until the block ends; as somebody else where this is root.

    Raises:
        RuntimeError: if PostgreSQL is not installed, or does not come up.
    """
    programs = find_postgres()
    if programs is None:
        raise RuntimeError("PostgreSQL is not installed.")
    owner = _somebody()
    with reserved_port() as port, tempfile.TemporaryDirectory(prefix="postgres-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        data, password = folder / "data", folder / "password"
        data.mkdir()
        password.write_text(secrets.token_urlsafe(16))
        if owner is not None:
            for path in (folder, data, password):
                os.chown(path, owner, -1)
        arguments = ["--no-sync", "--auth=scram-sha-256", "--username=postgres", "--encoding=UTF8", "--locale=C"]
        subprocess.run(  # noqa: S603 -- PostgreSQL's own program
            [programs / "initdb", *arguments, f"--pwfile={password}", "-D", data],
            check=True,
            stdout=subprocess.DEVNULL,
            user=owner,
        )
        server = PostgresServer(programs, data, port, password.read_text(), is_durable)
        server.start()
        try:
            yield server
        finally:
            server.stop()


def _somebody() -> int | None:
    """As whom to start a process where this one is root; nobody else, where it is not."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name: entry.pw_uid for entry in pwd.getpwall()}
    return names.get("postgres", names["nobody"])
