"""Runs the lab in full and keeps what happened: ``python -m tests.lab.record [--each 5] [thunderbird]``.

Takes about four minutes without Thunderbird and six with it alone; writes tests/lab/cases/. Cases of programs that
did not run this time stay as they are.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from tests.lab.cases import Case, read_cases, write_cases
from tests.lab.namespaces import run_lab
from tests.lab.places import CASES


def keep(fresh: list[Case], folder: Path) -> int:
    """Put ``fresh`` cases in the place of those of the same name; returns how many there are now."""
    known = {c.id: c for c in read_cases(folder)} if any(folder.glob("*.jsonl")) else {}
    known |= {c.id: c for c in fresh}
    for name in sorted({file_of(c) for c in known.values()}):
        write_cases(folder / name, [c for _, c in sorted(known.items()) if file_of(c) == name])
    return len(known)


def file_of(case: Case) -> str:
    """One file a check, one for other causes, one for what went well."""
    return f"check-{case.check:02d}.jsonl" if case.check else "other.jsonl" if case.cause else "right.jsonl"


def main() -> None:
    """Read the command line, run, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--each", type=int, default=5, help="programs a scenario")
    parser.add_argument("only", nargs="*", help="programs (thunderbird) or runs (scenario/program), and nothing else")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="lab-") as out:
        run_lab(Path(out), options.each, *options.only)
        fresh = read_cases(Path(out))
    print(f"{len(fresh)} runs, {keep(fresh, CASES)} cases in {CASES}")


if __name__ == "__main__":
    main()
