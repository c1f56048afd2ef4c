"""PgBouncer before a server, with transactions pooled."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shared.testing import PostgresServer, reserved_port, wait_until_up

START_SECONDS = 60.0
PROGRAM = shutil.which("pgbouncer", path="/usr/sbin:/usr/bin")

needs_pooler = pytest.mark.skipif(PROGRAM is None, reason="PgBouncer is not installed: install the package pgbouncer")


@contextmanager
def pooling(server: PostgresServer, mode: str) -> Generator[str, None, None]:
    """Runs one, as somebody else where this is root, until the block ends; its URL, for the superuser."""
    with (
        tempfile.TemporaryDirectory(prefix="pgbouncer-", ignore_cleanup_errors=True) as name,
        reserved_port() as port,
    ):
        yield from _run(server, Path(name), port, mode)


def _run(server: PostgresServer, folder: Path, port: int, mode: str) -> Generator[str, None, None]:
    assert PROGRAM is not None
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
        process = subprocess.Popen([PROGRAM, settings], stdout=log, stderr=log, **as_root)  # type: ignore[call-overload]
        url = f"postgresql://postgres:{server.password}@127.0.0.1:{port}/postgres"
        try:
            wait_until_up(process, url, folder / "log", seconds=START_SECONDS)
            yield url
        finally:
            process.terminate()
            process.wait()
