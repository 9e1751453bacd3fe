"""One line of each list that people page through."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

Place = tuple[datetime, str]
"""Where a list goes on: the moment and the key of the last line shown. Lines are found by it through an index,
however long the list."""


@dataclass(frozen=True, slots=True)
class TriageLine:
    """A triage of a case, as a list shows it."""

    key: str
    case_id: str
    at: datetime
    mailbox: str | None
    cause: str | None
    confidence: str
    verdict: str
    knowledge_version: str

    @property
    def place(self) -> Place:
        """Where the list goes on behind this line."""
        return self.at, self.key


@dataclass(frozen=True, slots=True)
class AuditLine:
    """Who did what to what; ``who`` is a pseudonym where the person has been erased."""

    id: int
    at: datetime
    who: str
    action: str
    subject: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody who is signed in on the page; ``person`` is empty while Slack is still asked who it is."""

    person: str
    form_token: str
    waiting_for: str
    created_at: datetime
    expires_at: datetime
