"""Incidents in the database: who fails just now, what is normal at this hour, what was told, which tickets are held
back. Within one step."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlmodel import Session, col, delete, func, or_, select

from bot.adapters.store.database import Database
from bot.adapters.store.failing import upsert
from bot.adapters.store.report_tables import IncidentRow, IncidentTicketRow, PulseRow, TicketFactRow, TroubleRow
from bot.adapters.store.tables import TicketRow
from bot.core.desk.incidents import Grouped, Incident
from bot.core.incident import COOL_DOWN, KEPT, Burst, Key, Normal, Trouble, normal_of
from bot.core.report.failing import Failure
from bot.core.report.values import IncidentRecord

WEEKS = 8
KEEP_PULSE = timedelta(weeks=WEEKS + 1)
NEAR = timedelta(minutes=90)
QUIET = timedelta(minutes=60)
"""An incident of which nothing new has come for so long is over."""


class IncidentRows:
    """The tables of incidents."""

    def __init__(self, database: Database, session: Session, now: datetime) -> None:
        self._database, self._session, self._now = database, session, now

    def troubles(self) -> list[Trouble]:
        """Who failed in the last hour: in the logs, and by tickets."""
        since = self._now - KEPT
        out = [
            Trouble(row.minute, "log", row.actor, _common(row.cause, row.host, row.protocol, row.client, row.network))
            for row in self._session.exec(select(TroubleRow).where(col(TroubleRow.minute) > since))
        ]
        query = (
            select(TicketFactRow, TicketRow.first_seen)
            .join(TicketRow, col(TicketRow.id) == TicketFactRow.ticket_id)
            .where(col(TicketRow.first_seen) > since, TicketFactRow.verdict != "none")
        )
        return out + [
            Trouble(seen, "ticket", fact.mailbox or fact.ticket_id, ticket_common(fact))
            for fact, seen in self._session.exec(query)
        ]

    def normals(self) -> tuple[dict[Key, Normal], Normal | None]:
        """What is usual at this hour, by key; and for keys never seen, where there is no history yet (None: there
        is)."""
        hour = self._now.replace(minute=0, second=0, microsecond=0)
        near = [hour, hour + timedelta(hours=1 if self._now.minute >= 30 else -1)]
        begun = self._session.exec(select(func.min(PulseRow.hour))).one()
        weeks = [w for w in range(1, WEEKS + 1) if begun is not None and hour - timedelta(weeks=w) >= begun]
        today = (
            [
                hour - timedelta(hours=h)
                for h in range(1, 25)
                if begun is not None and hour - timedelta(hours=h) >= begun
            ]
            if len(weeks) < 2
            else []
        )
        counted = self._counts([*(h - timedelta(weeks=w) for h in near for w in weeks), *today])
        keys = {key for hours in counted.values() for key in hours}
        normals = {
            key: max(
                (
                    normal_of([counted[h - timedelta(weeks=w)][key] for w in weeks], [counted[h][key] for h in today])
                    for h in near
                ),
                key=lambda n: n.rate,
            )
            for key in keys
        }
        return normals, None if len(weeks) >= 2 else normal_of([], [])

    def _counts(self, hours: Sequence[datetime]) -> dict[datetime, Counter[Key]]:
        out: dict[datetime, Counter[Key]] = {h: Counter() for h in hours}
        for row in self._session.exec(select(PulseRow).where(col(PulseRow.hour).in_(list(out)))):
            out[row.hour][row.source, row.dimension, row.value] = row.count
        for hour, counter in out.items():
            query = select(TicketFactRow).where(
                col(TicketFactRow.at) >= hour,
                col(TicketFactRow.at) < hour + timedelta(hours=1),
                TicketFactRow.verdict != "none",
            )
            for fact in self._session.exec(query):
                counter.update(("ticket", *pair) for pair in ticket_common(fact))
        return out

    def cooling(self) -> set[tuple[str, str]]:
        """What was told of lately, or is open still."""
        query = select(IncidentRow).where(
            or_(
                col(IncidentRow.state) == "open",
                col(IncidentRow.opened_at) > self._now - COOL_DOWN,
                col(IncidentRow.closed_at) > self._now - COOL_DOWN,
            )
        )
        return {
            pair
            for row in self._session.exec(query)
            for pair in ((row.dimension, row.value), *((d, v) for d, v in json.loads(row.common)))
        }

    def open(self, burst: Burst, said: str, place: str) -> int:
        """A new incident; returns its number. Tickets that came since its onset belong to it; they have their cards
        already."""
        row = IncidentRow(
            opened_at=self._now,
            since=burst.since,
            last_at=self._now,
            dimension=burst.dimension,
            value=burst.value,
            cause=burst.cause,
            common=json.dumps(burst.common),
            said=said,
            mailboxes=burst.mailboxes,
            tickets=burst.tickets,
            normal=burst.normal,
            text="",
            place=place,
        )
        self._session.add(row)
        self._session.flush()
        assert row.id is not None
        query = (
            select(TicketFactRow, TicketRow.round)
            .join(TicketRow, col(TicketRow.id) == TicketFactRow.ticket_id)
            .where(col(TicketRow.first_seen) >= burst.since, TicketFactRow.verdict != "none")
        )
        for fact, round_ in self._session.exec(query).all():
            if _belongs(fact, row):
                self._database.insert_once(
                    self._session,
                    IncidentTicketRow,
                    {"incident_id": row.id, "ticket_id": fact.ticket_id, "round": round_, "state": "shown"},
                )
        return row.id

    def refresh(self, troubles: Sequence[Trouble]) -> list[int]:
        """Renew what open incidents have come to; returns those of which nothing came for an hour."""
        quiet = []
        for row in self._session.exec(select(IncidentRow).where(IncidentRow.state == "open")):
            mine = [t for t in troubles if (row.dimension, row.value) in t.common and t.at >= row.since]
            if mine:
                row.mailboxes = max(row.mailboxes, len({t.actor for t in mine if t.source == "log"}))
            late = [t for t in mine if t.at > self._now - timedelta(minutes=15)]
            if len({t.actor for t in late}) > max(2.0, row.normal / 4):
                row.last_at = self._now
            if row.last_at < self._now - QUIET:
                quiet.append(row.id or 0)
        return quiet

    def ongoing(self) -> list[tuple[int, Burst]]:
        """The open incidents with what they have come to."""
        return [
            (
                row.id or 0,
                Burst(
                    row.dimension,
                    row.value,
                    tuple((d, v) for d, v in json.loads(row.common)),
                    row.since,
                    row.mailboxes,
                    row.tickets,
                    row.normal,
                    0.0,
                ),
            )
            for row in self._session.exec(select(IncidentRow).where(IncidentRow.state == "open"))
        ]

    def covering(self, case_id: str) -> int | None:
        """The open incident that a ticket belongs to and that holds cards back: whatever is common to it and known
        of the ticket is the same, its cause or host among that."""
        self._session.flush()
        fact = self._session.get(TicketFactRow, case_id)
        if fact is None or fact.verdict == "none":
            return None
        rows = self._session.exec(
            select(IncidentRow)
            .where(IncidentRow.state == "open", col(IncidentRow.holding))
            .order_by(col(IncidentRow.id).desc())
        )
        return next((row.id for row in rows if _belongs(fact, row)), None)

    def hold(self, number: int, case_id: str, round_: int) -> bool:
        """Keep a ticket's card back; False where the incident has just ended: nobody would ever release it."""
        row = self._row(number, lock=True)
        if row is None or row.state != "open" or not row.holding:
            return False
        if self._database.insert_once(
            self._session,
            IncidentTicketRow,
            {"incident_id": number, "ticket_id": case_id, "round": round_, "state": "held"},
        ):
            row.tickets, row.last_at = row.tickets + 1, self._now
        return True

    def grouped(self, number: int) -> list[Grouped]:
        """The tickets of an incident."""
        query = (
            select(IncidentTicketRow)
            .where(IncidentTicketRow.incident_id == number)
            .order_by(col(IncidentTicketRow.ticket_id))
        )
        return [Grouped(row.ticket_id, row.round, row.state) for row in self._session.exec(query)]

    def settle(self, number: int, case_id: str, state: str) -> None:
        """A held ticket was released or answered."""
        self._session.get_one(IncidentTicketRow, (number, case_id)).state = state

    def incident(self, number: int, *, lock: bool = False) -> Incident | None:
        """An incident as people decide on it; None where there is none of that number."""
        row = self._row(number, lock=lock)
        return (
            None
            if row is None
            else Incident(
                number,
                row.state,
                row.said,
                row.revision,
                row.holding,
                row.text,
                row.agreed_by,
                row.place,
                row.closed_by,
                row.closed_at,
            )
        )

    def put(self, incident: Incident) -> None:
        """Keep what was decided on an incident, and what is said of it."""
        row = self._session.get_one(IncidentRow, incident.number)
        row.state, row.said, row.revision, row.holding = (
            incident.state,
            incident.said,
            incident.revision,
            incident.holding,
        )
        row.text, row.agreed_by, row.closed_by, row.closed_at = (
            incident.text,
            incident.agreed_by,
            incident.closed_by,
            incident.closed_at,
        )

    def _row(self, number: int, *, lock: bool) -> IncidentRow | None:
        query = select(IncidentRow).where(IncidentRow.id == number)
        return self._session.exec(self._database.for_update(query) if lock else query).first()

    def listing(self, *, limit: int = 50) -> list[IncidentRecord]:
        """The latest incidents, open ones first."""
        rows = self._session.exec(
            select(IncidentRow).order_by(col(IncidentRow.state).desc(), col(IncidentRow.opened_at).desc()).limit(limit)
        )
        return [
            IncidentRecord(row.id or 0, row.since, row.closed_at, row.said, row.mailboxes, row.tickets, row.state)
            for row in rows
        ]


def note_troubles(
    database: Database, session: Session, failures: Iterable[Failure], proven: set[tuple[str, str]], now: datetime
) -> None:
    """Count failing lines for incidents: by hour for what is normal, and by minute as far as it is recent.

    A refused login counts only from an address that has logged in before: else guessing would look like an outage
    (mail-desk, attack noise).
    """
    seen: dict[tuple[datetime, str, str, str, str], Failure] = {}
    for failure in failures:
        if failure.guessable and failure.own not in proven:
            continue
        minute = failure.at.replace(second=0, microsecond=0)
        seen.setdefault((minute, failure.actor, failure.cause, failure.host, failure.service), failure)
    pulses: Counter[tuple[datetime, str, str]] = Counter()
    fresh = []
    for (minute, actor, cause, host, service), failure in seen.items():
        for dimension, value in _common(cause, host, service, failure.client, failure.network):
            pulses[minute.replace(minute=0), dimension, value[:255]] += 1
        if now - NEAR < minute <= now + timedelta(minutes=5):
            fresh.append(
                {
                    "minute": minute,
                    "actor": actor,
                    "cause": cause,
                    "host": host,
                    "protocol": service,
                    "client": failure.client,
                    "network": failure.network,
                }
            )
    upsert(
        database,
        session,
        PulseRow,
        [
            {"hour": h, "source": "log", "dimension": d, "value": v, "count": n}
            for (h, d, v), n in pulses.items()
            if h > now - KEEP_PULSE
        ],
        ["count"],
    )
    for row in fresh:
        database.insert_once(session, TroubleRow, row)
    session.exec(delete(TroubleRow).where(col(TroubleRow.minute) < now - NEAR))
    session.exec(delete(PulseRow).where(col(PulseRow.hour) < now - KEEP_PULSE))


def _belongs(fact: TicketFactRow, row: IncidentRow) -> bool:
    """Whether an incident explains a ticket."""
    known, common = dict(ticket_common(fact)), dict(json.loads(row.common)) | {row.dimension: row.value}
    if row.cause is not None and known.get("cause") != row.cause:
        return False
    shared = [known[d] == v for d, v in common.items() if d in known]
    return bool(shared) and all(shared) and bool({"cause", "host", "client", "network"} & set(common) & set(known))


def ticket_common(fact: TicketFactRow) -> tuple[tuple[str, str], ...]:
    """What is known of a ticket. A host counts only where a server's line names it: what customers type is another
    name."""
    client = " ".join(p for p in (fact.client, fact.version) if p)
    return _common(
        "" if fact.cause == "unknown" else fact.cause,
        fact.host if fact.line else "",
        fact.protocol,
        client,
        fact.network,
    )


def _common(
    cause: str | None, host: str | None, protocol: str | None, client: str | None, network: str | None
) -> tuple[tuple[str, str], ...]:
    named = (("cause", cause), ("host", host), ("protocol", protocol), ("client", client), ("network", network))
    return tuple((dimension, value) for dimension, value in named if value)
