"""The mails that nobody clicked, counted; and agents' decisions, counted. Within one transaction."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import case
from sqlmodel import Session, col, func, select

from bot.adapters.store.database import Database
from bot.adapters.store.tables import AutomaticRow, PaceRow, ReviewRow, SettingRow
from bot.core.policy.floods import one_inbox
from bot.core.policy.trust import Record

KEY = "key:requesters"
"""The setting that holds the key of the requesters' hashes; made when it is first needed."""
_LOCK = "automatic"
"""The row that two workers cannot hold at once: what both want to send is counted one after the other."""


class AutomaticRows:
    """The table of automatic mails, within one transaction."""

    def __init__(self, database: Database, session: Session, now: datetime) -> None:
        self._database, self._session, self._now = database, session, now

    def record(self, cause: str, within: timedelta, *, since: datetime | None = None) -> Record:
        """Agents' first decisions on what the bot would have answered by itself (likely or confirmed), of late, and
        since a moment."""
        start = max(self._now - within, since) if since else self._now - within
        query = select(func.count(), func.sum(case((col(ReviewRow.agrees).is_(True), 1), else_=0))).where(
            ReviewRow.cause == cause,
            col(ReviewRow.agrees).is_not(None),
            ReviewRow.at >= start,
            col(ReviewRow.confidence).in_(("likely", "confirmed")),
        )
        decisions, right = self._session.exec(query).one()
        return Record(int(decisions), int(right or 0))

    def key_of(self, case_id: str) -> str | None:
        """The delivery that is, or was to be, this case's one automatic mail."""
        row = self._session.get(AutomaticRow, case_id)
        return row.key if row else None

    def counts(self, requester: str) -> tuple[int, int]:
        """(automatic mails to ``requester`` within 24 hours, automatic mails of the last minute). Until the step
        ends nobody else counts."""
        self._database.insert_once(self._session, PaceRow, {"place": _LOCK, "next_free": self._now})
        self._session.exec(self._database.for_update(select(PaceRow).where(PaceRow.place == _LOCK))).one()
        to_them = (
            select(func.count())
            .select_from(AutomaticRow)
            .where(AutomaticRow.requester == self._hash(requester), AutomaticRow.at > self._now - timedelta(hours=24))
        )
        in_all = (
            select(func.count()).select_from(AutomaticRow).where(AutomaticRow.at > self._now - timedelta(minutes=1))
        )
        return int(self._session.exec(to_them).one()), int(self._session.exec(in_all).one())

    def reserve(self, case_id: str, key: str, requester: str) -> bool:
        """Write down that this case's one automatic mail is to be sent now; False where it has had another."""
        values = {"ticket_id": case_id, "key": key, "requester": self._hash(requester), "at": self._now}
        return self._database.insert_once(self._session, AutomaticRow, values) or self.key_of(case_id) == key

    def _hash(self, requester: str) -> str:
        self._database.insert_once(
            self._session, SettingRow, {"name": KEY, "value": secrets.token_hex(32), "at": self._now}
        )
        key = self._session.get_one(SettingRow, KEY).value
        return hmac.new(bytes.fromhex(key), one_inbox(requester).encode(), hashlib.sha256).hexdigest()
