"""PgBouncer before a server, with transactions pooled."""

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg

from shared.testing import PostgresServer

START_SECONDS = 20.0


@contextmanager
def pooling(server: PostgresServer, mode: str) -> Generator[str, None, None]:
    """Runs one, as somebody else where this is root, until the block ends; its URL, for the superuser."""
    with tempfile.TemporaryDirectory(prefix="pgbouncer-", ignore_cleanup_errors=True) as name:
        yield from _run(server, Path(name), mode)


def _run(server: PostgresServer, folder: Path, mode: str) -> Generator[str, None, None]:
    program = shutil.which("pgbouncer") or "/usr/sbin/pgbouncer"
    with socket.create_server(("127.0.0.1", 0)) as held:
        port = held.getsockname()[1]
    users, settings = folder / "users.txt", folder / "pgbouncer.ini"
    users.write_text(f'"postgres" "{server.password}"\n')
    settings.write_text(
        f"[databases]\npostgres = host=127.0.0.1 port={server.port}\n"
        f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
        f"auth_type = scram-sha-256\nauth_file = {users}\npool_mode = {mode}\n"
    )
    as_root = {"user": "nobody"} if os.geteuid() == 0 else {}
    for path in (folder, users, settings):
        path.chmod(0o755)
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([program, settings], stdout=log, stderr=log, **as_root)  # type: ignore[call-overload]
        url = f"postgresql://postgres:{server.password}@127.0.0.1:{port}/postgres"
        try:
            _wait(url, folder / "log", process)
            yield url
        finally:
            process.terminate()
            process.wait(10)


def _wait(url: str, log: Path, process: "subprocess.Popen[bytes]") -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until and process.poll() is None:
        with suppress(psycopg.OperationalError), psycopg.connect(url):
            return
        time.sleep(0.02)  # lint: allow sleep -- nothing else tells when it is up
    raise RuntimeError(f"PgBouncer did not start: {log.read_text(errors='replace')}")
