"""The project's own rules: choke points that no ready linter knows.

Each rule says what to do instead. A line that must break one carries `# lint: allow RULE -- reason`.
Run with `python -m dev.rules [PATH ...]`; without paths it reads every tracked file.
"""

from dev.rules._check import Finding, check_file, check_tree

__all__ = ["Finding", "check_file", "check_tree"]
