"""``python -m tests.bench.held FILE ARGUMENT...``: a command of ours, and then the most memory that it held, in MB,
written to FILE.

The kernel's own mark of this program's memory: what a parent is told of a child (ru_maxrss) counts the parent's
pages too, from before the exec.
"""

from __future__ import annotations

import sys
from pathlib import Path

from bot.cli import main


def held() -> int:
    """MB, from proc(5): VmHWM."""
    status = dict(
        line.split(":", 1) for line in Path("/proc/self/status").read_text("ascii", errors="replace").splitlines()
    )
    return int(status["VmHWM"].split()[0]) // 1024


if __name__ == "__main__":
    try:
        main(sys.argv[2:])
    finally:
        Path(sys.argv[1]).write_text(str(held()), encoding="ascii")
