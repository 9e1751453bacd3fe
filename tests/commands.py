"""What the ``run`` fixture (tests/conftest.py) gives back."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Result(NamedTuple):
    """What a command left behind."""

    status: int
    out: str
    err: str

    @property
    def objects(self) -> list[dict[str, Any]]:
        """Its lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


Run = Callable[..., Result]
OURS = (
    "DATABASE_",
    "LOG_",
    "KNOWLEDGE_",
    "ACCOUNTS_",
    "SLACK_",
    "HELPDESK_",
    "MAILBOX_",
    "REPORT_",
    "PROBE_",
    "WEBHOOK_",
    "WEB_",
)
"""What the names of our settings begin with."""
