"""Jobs and deliveries: claimed with a lease and a fencing token, finished only by whoever still holds the token.

SQLite has one writer at a time (BEGIN IMMEDIATE); PostgreSQL's workers skip the rows that another holds.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_
from sqlmodel import Session, col, func, select, update

from bot.adapters.store.database import Database
from bot.adapters.store.tables import DeliveryRow, JobRow, PaceRow
from bot.core.desk.values import Delivery, Job, Send

MAX_ATTEMPTS = 5
"""A job that has been begun so often is dead: the rest of the queue goes on, and a human is told."""
MAX_SEARCHES = 6
UNASKED_FROM = 3
"""Priorities from here on are of what nobody clicked: cards, heads and lists of bursts, reports."""
MINUTE = timedelta(seconds=60)


class QueueRows:
    """The tables of jobs and deliveries, within one transaction."""

    def __init__(self, database: Database, session: Session, now: datetime) -> None:
        self._database, self._session, self._now = database, session, now
        self.now = now

    # -- jobs ------------------------------------------------------------------------------------------------

    def schedule(
        self,
        key: str,
        kind: str,
        case_id: str | None,
        payload: Mapping[str, Any],
        *,
        run_at: datetime | None = None,
        priority: int = 5,
    ) -> bool:
        """A job, once for its key; False where it is there already."""
        return self._database.insert_once(
            self._session,
            JobRow,
            {
                "key": key,
                "kind": kind,
                "ticket_id": case_id,
                "payload": json.dumps(dict(payload), ensure_ascii=False),
                "state": "queued",
                "priority": priority,
                "run_at": run_at or self._now,
                "attempts": 0,
                "token": 0,
                "error": "",
                "created_at": self._now,
            },
        )

    def claim_job(self, lease: timedelta) -> Job | None:
        """The next due job, or one whose holder's lease has run out. None where nothing is due.

        A job whose holders died :data:`MAX_ATTEMPTS` times comes back with that count; the caller buries it.
        """
        due = or_(
            and_(col(JobRow.state) == "queued", col(JobRow.run_at) <= self._now),
            and_(col(JobRow.state) == "running", col(JobRow.lease_until) < self._now),
        )
        query = select(JobRow).where(due).order_by(col(JobRow.priority), col(JobRow.run_at), col(JobRow.id)).limit(1)
        row = self._session.exec(self._database.skipping_locked(query, JobRow)).first()
        if row is None:
            return None
        row.state, row.token, row.attempts, row.lease_until = (
            "running",
            row.token + 1,
            row.attempts + 1,
            self._now + lease,
        )
        assert row.id is not None
        return Job(row.id, row.kind, row.ticket_id, json.loads(row.payload), row.token, row.attempts)

    def finish_job(self, job: Job) -> bool:
        """Mark a job done; False where the token is another's by now: then the caller's step must change nothing."""
        return self._fenced(job, state="done", lease_until=None, error="")

    def again(self, job: Job, run_at: datetime, error: str = "", payload: Mapping[str, Any] | None = None) -> bool:
        """Give a job back to be run later; ``error`` says why, in words. Without an error it counts as progress, not
        as an attempt."""
        values: dict[str, Any] = {"state": "queued", "run_at": run_at, "lease_until": None, "error": error}
        if not error:
            values["attempts"] = 0
        if payload is not None:
            values["payload"] = json.dumps(dict(payload), ensure_ascii=False)
        return self._fenced(job, **values)

    def bury(self, job: Job, error: str) -> bool:
        """A job that cannot be done: dead, with the reason, until somebody replays it."""
        return self._fenced(job, state="dead", lease_until=None, error=error)

    def _fenced(self, job: Job, **values: Any) -> bool:
        where = (col(JobRow.id) == job.id, col(JobRow.token) == job.token, col(JobRow.state) == "running")
        return bool(self._session.exec(update(JobRow).where(*where).values(**values)).rowcount)

    # -- deliveries --------------------------------------------------------------------------------------------

    def send(self, send: Send) -> bool:
        """Something to be sent, once for its key; False where it is there already."""
        self._database.insert_once(self._session, PaceRow, {"place": send.place, "next_free": self._now})
        return self._database.insert_once(
            self._session,
            DeliveryRow,
            {
                "key": send.key,
                "outlet": send.outlet,
                "kind": send.kind,
                "place": send.place,
                "payload": json.dumps(dict(send.payload), ensure_ascii=False),
                "ticket_id": send.case_id,
                "state": "queued",
                "priority": send.priority,
                "repeatable": send.repeatable,
                "automatic": send.automatic,
                "not_before": send.not_before or self._now,
                "expires_at": send.expires_at,
                "attempts": 0,
                "searches": 0,
                "token": 0,
                "error": "",
                "created_at": self._now,
            },
        )

    def waiting(self) -> bool:
        """Whether a claim could find anything: asked first, since asking takes no lock."""
        job = or_(
            and_(col(JobRow.state) == "queued", col(JobRow.run_at) <= self._now),
            and_(col(JobRow.state) == "running", col(JobRow.lease_until) < self._now),
        )
        if self._session.exec(select(JobRow.id).where(job).limit(1)).first() is not None:
            return True
        ready = or_(
            and_(col(DeliveryRow.state).in_(("queued", "unsure")), col(DeliveryRow.not_before) <= self._now),
            and_(col(DeliveryRow.state) == "sending", col(DeliveryRow.lease_until) < self._now),
        )
        query = (
            select(DeliveryRow.id)
            .join(PaceRow, col(PaceRow.place) == col(DeliveryRow.place))
            .where(ready, col(PaceRow.next_free) <= self._now)
        )
        return self._session.exec(query.limit(1)).first() is not None

    def claim_delivery(
        self, outlet: str, lease: timedelta, gap: timedelta, *, paused: bool, unasked_a_minute: int | None = None
    ) -> Delivery | None:
        """The most urgent delivery to ``outlet`` whose place is free; the place is then taken for ``gap``. Nothing
        automatic while paused.

        Of what nobody clicked a place gets at most ``unasked_a_minute`` within any minute; what an agent decided
        overtakes the rest. One whose holder's lease has run out, or that may have arrived, comes back as ``unsure``.
        """
        late = (col(DeliveryRow.state) == "queued", col(DeliveryRow.expires_at) < self._now)
        self._session.exec(update(DeliveryRow).where(*late).values(state="withdrawn", error="too late to be of use"))
        ready = or_(
            and_(col(DeliveryRow.state).in_(("queued", "unsure")), col(DeliveryRow.not_before) <= self._now),
            and_(col(DeliveryRow.state) == "sending", col(DeliveryRow.lease_until) < self._now),
        )
        query = (
            select(DeliveryRow, PaceRow)
            .join(PaceRow, col(PaceRow.place) == col(DeliveryRow.place))
            .where(col(DeliveryRow.outlet) == outlet, ready, col(PaceRow.next_free) <= self._now)
        )
        if paused:
            query = query.where(or_(col(DeliveryRow.automatic) == False, col(DeliveryRow.state) != "queued"))  # noqa: E712
        query = query.order_by(col(DeliveryRow.priority), col(DeliveryRow.not_before), col(DeliveryRow.id)).limit(1)
        query = self._database.skipping_locked(query, DeliveryRow, PaceRow)
        while (found := self._session.exec(query).first()) is not None:
            row, pace = found
            free = self._free(row, unasked_a_minute)
            if free is None:
                break
            later = (
                col(DeliveryRow.place) == row.place,
                col(DeliveryRow.state) == "queued",
                col(DeliveryRow.priority) >= UNASKED_FROM,
                col(DeliveryRow.repeatable).is_(False),
                col(DeliveryRow.not_before) < free,
            )
            self._session.exec(update(DeliveryRow).where(*later).values(not_before=free))
        else:
            return None
        pace.next_free = self._now + gap
        unsure = row.state != "queued" and not row.repeatable
        row.state, row.token, row.attempts, row.lease_until = (
            "sending",
            row.token + 1,
            row.attempts + 1,
            self._now + lease,
        )
        assert row.id is not None
        send = Send(
            row.key,
            row.outlet,
            row.kind,
            row.place,
            json.loads(row.payload),
            row.ticket_id,
            row.priority,
            row.repeatable,
            row.automatic,
            row.not_before,
        )
        return Delivery(row.id, send, row.token, row.attempts, unsure, row.created_at, row.lease_until)

    def _free(self, row: DeliveryRow, unasked_a_minute: int | None) -> datetime | None:
        """When the place takes one more that nobody clicked; None: at once. What may have arrived is no new message
        until that is known."""
        if unasked_a_minute is None or row.priority < UNASKED_FROM or row.repeatable or row.state != "queued":
            return None
        sent = select(DeliveryRow.sent_at).where(
            DeliveryRow.place == row.place,
            DeliveryRow.state == "sent",
            col(DeliveryRow.sent_at) > self._now - MINUTE,
            DeliveryRow.priority >= UNASKED_FROM,
            col(DeliveryRow.repeatable).is_(False),
        )
        under_way = (
            select(func.count())
            .select_from(DeliveryRow)
            .where(
                DeliveryRow.place == row.place,
                col(DeliveryRow.state).in_(("sending", "unsure")),
                DeliveryRow.priority >= UNASKED_FROM,
                col(DeliveryRow.repeatable).is_(False),
            )
        )
        room = unasked_a_minute - int(self._session.exec(under_way).one())
        if room < 1:
            return self._now + timedelta(seconds=2)
        oldest = self._session.exec(sent.order_by(col(DeliveryRow.sent_at).desc()).offset(room - 1).limit(1)).first()
        return oldest + MINUTE + timedelta(milliseconds=1) if oldest is not None else None

    def sent(self, delivery: Delivery, remote_id: str) -> bool:
        """It is outside, under that id; False where the token is another's by now."""
        return self._held(delivery, state="sent", remote_id=remote_id, sent_at=self._now, lease_until=None, error="")

    def not_sent(self, delivery: Delivery, until: datetime, why: str) -> bool:
        """It surely did not arrive: again at ``until``."""
        return self._held(delivery, state="queued", not_before=until, lease_until=None, error=why)

    def unsure(self, delivery: Delivery, until: datetime, why: str) -> bool:
        """It may have arrived: look for it at ``until``. Looked for too often, it waits for a human."""
        row = self._session.get_one(DeliveryRow, delivery.id)
        if row.searches + 1 >= MAX_SEARCHES:
            return self.park(delivery, f"could not be found out whether it arrived: {why}")
        return self._held(
            delivery, state="unsure", not_before=until, lease_until=None, error=why, searches=row.searches + 1
        )

    def park(self, delivery: Delivery, why: str) -> bool:
        """It is a human's now: never sent by itself again."""
        return self._held(delivery, state="parked", lease_until=None, error=why)

    def drop(self, delivery: Delivery, why: str) -> bool:
        """Nobody needs it any more."""
        return self._held(delivery, state="withdrawn", lease_until=None, error=why)

    def hold_place(self, place: str, until: datetime) -> None:
        """Nothing goes to a place before ``until`` (it said Retry-After)."""
        where = (col(PaceRow.place) == place, col(PaceRow.next_free) < until)
        self._session.exec(update(PaceRow).where(*where).values(next_free=until))

    def _held(self, delivery: Delivery, **values: Any) -> bool:
        where = (
            col(DeliveryRow.id) == delivery.id,
            col(DeliveryRow.token) == delivery.token,
            col(DeliveryRow.state) == "sending",
        )
        return bool(self._session.exec(update(DeliveryRow).where(*where).values(**values)).rowcount)

    # -- for people --------------------------------------------------------------------------------------------

    def state_of(self, key: str) -> tuple[str, str | None]:
        """(state, id outside) of a delivery; ("", None) where there is none of that key."""
        row = self._session.exec(select(DeliveryRow).where(col(DeliveryRow.key) == key)).first()
        return (row.state, row.remote_id) if row else ("", None)

    def queued(self, place: str, kind: str) -> int:
        """How many of a kind wait for a place."""
        query = (
            select(func.count())
            .select_from(DeliveryRow)
            .where(DeliveryRow.place == place, DeliveryRow.state == "queued", DeliveryRow.kind == kind)
        )
        return int(self._session.exec(query).one())

    def troubled(self) -> list[tuple[str, str, str, str]]:
        """(what, key, state, why) of everything that waits for a human: parked deliveries and dead jobs."""
        parked = self._session.exec(
            select(DeliveryRow).where(col(DeliveryRow.state) == "parked").order_by(col(DeliveryRow.id))
        )
        dead = self._session.exec(select(JobRow).where(col(JobRow.state) == "dead").order_by(col(JobRow.id)))
        return [("delivery", r.key, r.state, r.error) for r in parked] + [
            ("job", r.key, r.state, r.error) for r in dead
        ]

    def replay(self, key: str) -> bool:
        """A human says: do it again. True where something parked or dead of that key was put back."""
        moved = self._session.exec(
            update(DeliveryRow)
            .where(col(DeliveryRow.key) == key, col(DeliveryRow.state) == "parked")
            .values(state="queued", not_before=self._now, searches=0, error="")
        )
        revived = self._session.exec(
            update(JobRow)
            .where(col(JobRow.key) == key, col(JobRow.state) == "dead")
            .values(state="queued", run_at=self._now, attempts=0, error="")
        )
        return bool(moved.rowcount or revived.rowcount)

    def settle_dead(self, case_id: str) -> None:
        """A human has tried a case again another way: its dead jobs need nobody any more."""
        self._session.exec(
            update(JobRow).where(col(JobRow.ticket_id) == case_id, col(JobRow.state) == "dead").values(state="done")
        )

    def drop_parked(self, key: str) -> bool:
        """A human says: it has arrived, or nobody needs it."""
        return bool(
            self._session.exec(
                update(DeliveryRow)
                .where(col(DeliveryRow.key) == key, col(DeliveryRow.state) == "parked")
                .values(state="withdrawn", error="a human took it off the list")
            ).rowcount
        )

    def backlog(self) -> dict[str, int]:
        """How much waits: jobs (chores and later looks, which wait for their time, aside), deliveries, parked, dead."""
        jobs = dict(
            self._session.exec(
                select(JobRow.state, func.count())
                .where(
                    col(JobRow.state).in_(("queued", "running", "dead")),
                    col(JobRow.key).not_like("chore:%"),
                    col(JobRow.kind) != "look-again",
                )
                .group_by(JobRow.state)
            ).all()
        )
        sends = dict(
            self._session.exec(
                select(DeliveryRow.state, func.count())
                .where(col(DeliveryRow.state).in_(("queued", "sending", "unsure", "parked")))
                .group_by(DeliveryRow.state)
            ).all()
        )
        return {
            "jobs": jobs.get("queued", 0) + jobs.get("running", 0),
            "dead": jobs.get("dead", 0),
            "parked": sends.get("parked", 0),
            "deliveries": sends.get("queued", 0) + sends.get("sending", 0) + sends.get("unsure", 0),
        }
