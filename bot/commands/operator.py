"""Who works at this machine."""

from __future__ import annotations

import getpass


def who() -> str:
    """Whoever is logged in here, as the audit log names them."""
    try:
        return f"cli:{getpass.getuser()}"
    except (KeyError, OSError):  # a user id without a name, as in some containers
        return "cli:unknown"
