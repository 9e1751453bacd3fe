"""Become another program under limits: ``python -I -S limited.py CPU_SECONDS MEMORY_BYTES PROGRAM [ARGUMENT ...]``.

A process of its own sets the limits and turns into the program, so that nothing runs between fork and exec of a
process with threads.
"""

from __future__ import annotations

import os
import resource
import sys


def main(arguments: list[str]) -> None:
    """Set the limits and go. The program inherits the standard streams."""
    seconds, memory = int(arguments[0]), int(arguments[1])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    os.execvp(arguments[2], arguments[2:])


if __name__ == "__main__":
    main(sys.argv[1:])
