"""Prints what breaks the project's rules, a line each; exits 1 where anything does."""

import sys
from pathlib import Path

from dev.rules import check_tree

if __name__ == "__main__":
    found = check_tree(Path(__file__).resolve().parent.parent.parent, sys.argv[1:])
    for finding in found:
        sys.stdout.write(f"{finding}\n")
    sys.exit(1 if found else 0)
