"""Runs a module as a child of the launcher, and ends with it.

`python -m portal._child agents.supervisor` runs that module as `__main__`. The launcher holds the other end of
standard input; when it ends, however it ends, the pipe closes and this process is asked to stop, so that
nothing is left behind on any system.
"""

import os
import runpy
import signal
import sys
import threading

STOP_SECONDS = 10.0


def end_with_parent() -> None:
    """Waits, in a thread of its own, until the launcher is gone."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    if not threading.Event().wait(STOP_SECONDS):  # nothing sets it: a stop that takes longer than that is no stop
        os._exit(1)


if __name__ == "__main__":
    module = sys.argv.pop(1)
    threading.Thread(target=end_with_parent, daemon=True).start()
    runpy.run_module(module, run_name="__main__", alter_sys=True)
