"""What people sign in to the directory itself with, made on first run."""

import json
from pathlib import Path

from local import _random
from local._files import write_private
from local.directory._database import Database

_MAY_SIGN_IN = "SELECT login FROM users WHERE json_extract(profile, '$.accountKind') <> 'service' ORDER BY login"


def passkeys(path: Path, database: Database) -> dict[str, str]:
    """For each login, up to its `@`, the code that stands for a passkey; a service has none and cannot sign in."""
    kept: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    logins = [str(row["login"]).partition("@")[0] for row in database.rows(_MAY_SIGN_IN)]
    codes = {login: kept.get(login) or _random.password() for login in logins}
    if codes != kept:
        write_private(path, json.dumps(codes, indent=2) + "\n")
    return codes
