"""`python -m portal.doctor`: writes the page about every check, docs/reference/doctor.md."""

import sys
from itertools import groupby

from portal.doctor._check import Check
from portal.doctor.checks import CHECKS

HEAD = """# What `helpdesk doctor` looks for

Written by `python -m portal.doctor`, from the checks themselves; how to use it stands in
[when something does not work](../how-to/when-something-does-not-work.md). A check's name stays what it is. An *error*
makes the exit code 1; a *warning* works, and should not be left so.
"""
FAMILIES = {
    "settings": "The agents' settings, by themselves and held against each other's.",
    "auth0": "The tenant: its file, as it is deployed or was exported, and what it answers.",
    "aws": "What runs on AWS, as the deployment file names it, and as AWS says it is.",
    "fga": "The relationship store, as each agent's settings name it.",
    "postgres": "The agents' databases, where those are PostgreSQL, each as the agent's own role reaches it.",
}


def written() -> str:
    """The page."""
    parts = [HEAD]
    for family, checks in groupby(CHECKS, key=lambda check: check.family):
        parts += [f"\n## {family}\n\n{FAMILIES[family]}\n", *(_about(check) for check in checks)]
    return "".join(parts)


def _about(check: Check) -> str:
    return f"\n### `{check.name}`\n\n*{check.severity}* · {check.why}\n\n**Mend it:** {check.mend}\n"


if __name__ == "__main__":
    sys.stdout.write(written())
