"""Named places where a crash would hurt: before and after every write and every send.

The program itself only passes through them. A crash run installs a hook that kills the process there, so that what
happens between a send and its record is tested and not hoped for.
"""

from __future__ import annotations

from collections.abc import Callable

Hook = Callable[[str], None]
_hook: Hook | None = None


def reach(name: str) -> None:
    """Pass the fail-point ``name`` (``jobs.claim.before``, ``slack.chat_postMessage.after``)."""
    if _hook is not None:
        _hook(name)


def install(hook: Hook | None) -> None:
    """Have ``hook`` called at every fail-point of this process; None takes it away."""
    global _hook
    _hook = hook
