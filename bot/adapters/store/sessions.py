"""Who is signed in on the page, within one transaction. A session that has run out is as if it had never been."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlmodel import Session as Transaction
from sqlmodel import col, delete

from bot.adapters.store.tables import WebSessionRow
from bot.core.desk.lists import Session


class SessionRows:
    """The table of sessions, within one transaction."""

    def __init__(self, session: Transaction, now: datetime) -> None:
        self._session, self._now = session, now

    def start(self, person: str, *, lasts: timedelta, waiting_for: str = "") -> str:
        """A new session; returns its token, which is kept nowhere here. Those that have run out are swept away."""
        self._session.exec(delete(WebSessionRow).where(col(WebSessionRow.expires_at) <= self._now))
        token = secrets.token_urlsafe(32)
        self._session.add(
            WebSessionRow(
                token=_hashed(token),
                person=person,
                form_token=secrets.token_urlsafe(32),
                waiting_for=waiting_for,
                created_at=self._now,
                expires_at=self._now + lasts,
            )
        )
        return token

    def of(self, token: str) -> Session | None:
        """The session of a token."""
        row = self._session.get(WebSessionRow, _hashed(token))
        if row is None or row.expires_at <= self._now:
            return None
        return Session(row.person, row.form_token, row.waiting_for, row.created_at, row.expires_at)

    def end(self, token: str) -> None:
        """Sign out: the token is worth nothing any more, wherever it has been copied to."""
        self._session.exec(delete(WebSessionRow).where(col(WebSessionRow.token) == _hashed(token)))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
