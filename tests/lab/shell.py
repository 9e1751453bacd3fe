"""Running the system's own commands from inside the lab."""

from __future__ import annotations

import subprocess


def run(*words: str, feed: str | None = None) -> None:
    """Run to the end; daemons inherit no pipe of ours (one that they keep open would never end). Raises
    RuntimeError naming the command."""
    options = {"stdin": subprocess.DEVNULL} if feed is None else {"input": feed.encode()}
    done = subprocess.run(words, check=False, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        raise RuntimeError(f"`{' '.join(words)}` ended with {done.returncode}")
