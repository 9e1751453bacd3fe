"""Build the native reader: ``python -m bot.adapters.logstore.native.build [--check]``.

A plain shared library of C, without anything of Python's in it, so that gcc and the C library are all that it takes.
``--check`` builds it with the address and undefined-behaviour sanitizers beside it, for the fuzz run.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from bot.adapters.logstore.native.library import BUILT, digest_of_sources, sources

WARNINGS: Final = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-fvisibility=hidden", "-shared", "-fPIC")
OPTIMISED: Final = ("-O3", "-DNDEBUG")
CHECKED: Final = ("-O1", "-g", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all")
COMPILER: Final = os.environ.get("CC", "gcc")


def build(to: Path, flags: tuple[str, ...]) -> None:
    """Compile every source into ``to``, all or nothing. Raises FileNotFoundError where there is no compiler,
    CalledProcessError where it refuses."""
    made = to.with_suffix(f".{os.getpid()}")
    try:
        subprocess.run(
            [COMPILER, *WARNINGS, *flags, "-o", str(made), *(str(path) for path in sources() if path.suffix == ".c")],
            check=True,
            capture_output=True,
            text=True,
        )
        made.replace(to)
    finally:
        made.unlink(missing_ok=True)


def main() -> int:
    """Build; status 1 and a line that says what to do where that fails."""
    try:
        build(BUILT, OPTIMISED)
        BUILT.with_suffix(".sources").write_text(digest_of_sources() + "\n", "ascii")
    except FileNotFoundError:
        sys.stderr.write(f"triage: there is no C compiler {COMPILER}; install gcc (apt-get install gcc libc6-dev)\n")
        return 1
    except subprocess.CalledProcessError as error:
        sys.stderr.write(f"triage: the native log reader cannot be built:\n{error.stderr}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
