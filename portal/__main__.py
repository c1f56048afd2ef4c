"""`python -m portal`: the `helpdesk` command."""

import sys

from portal.command import main

if __name__ == "__main__":
    sys.exit(main())
