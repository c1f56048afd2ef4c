"""Measurements, each in one run and side by side: `python -m benchmarks [hop …] [--check] [--json FILE]`."""

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

BENCHMARKS = (
    *("hop", "path", "observed", "agents", "replicas", "approval", "authorization"),
    *("knowledge", "functions", "containers"),
)
"""The modules here that measure; each has `TITLE` and `run(arguments) -> Report`."""


def main() -> int:
    """Runs the benchmarks that are named, or all; 1 if a target was missed and `--check` was given."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}; all by default")
    parser.add_argument("--rounds", type=int, default=5, help="how often each variant is measured, in turn")
    parser.add_argument("--seconds", type=float, default=1.0, help="how long one measurement takes at most")
    parser.add_argument(
        "--kill-seconds", type=float, default=120.0, help="for `replicas`: for how long one is killed now and then"
    )
    parser.add_argument("--check", action="store_true", help="exit with 1 if a target is missed")
    parser.add_argument("--json", type=Path, help="write all numbers there")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}: there are {', '.join(BENCHMARKS)}")
    numbers: dict[str, Any] = {}
    missed: list[str] = []
    for name in arguments.names or BENCHMARKS:
        module = importlib.import_module(f"benchmarks.{name}")
        print(f"\n{module.TITLE}\n")
        report = module.run(arguments)
        print(report.text)
        numbers[name] = report.numbers
        missed += [f"{name}: {target}" for target in report.missed]
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(numbers, indent=2))
    if missed:
        print("\nMissed:", *missed, sep="\n  ")
    return 1 if missed and arguments.check else 0


if __name__ == "__main__":
    sys.exit(main())
