"""`python -m portal.relationships`: has the store ready to be asked, and ends.

Makes it where it is not there, writes the model, synchronises it: the step of docker-compose.yml that runs before the
agents. It reads what `helpdesk fga` reads, and keeps the ids of store and model in the folder `fga` of `HELPDESK_VAR`.
"""

import asyncio
import sys

from portal._environment import state_directory
from portal.relationships import RelationshipSettings, prepare
from shared.errors import HelpdeskError
from shared.http import create_http_client
from shared.telemetry import configure_logging


async def _prepare() -> None:
    async with create_http_client() as http:
        done = await prepare(RelationshipSettings.load(), state_directory() / "fga", http)
    sys.stdout.write(f"{len(done.add)} relationships added, {len(done.remove)} removed, {done.kept} kept.\n")


def main() -> int:
    """Does it; 1 with one line that says why not."""
    configure_logging(level="WARNING")
    try:
        asyncio.run(_prepare())
    except HelpdeskError as error:
        sys.stderr.write(f"{error.public_message}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
