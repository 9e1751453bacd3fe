"""Letting go: words after 30 days, persons after 13 months, one requester at once; and no byte of it left in the file.

Everything goes in small transactions, so that tickets come in meanwhile; killed half-way it is simply run again.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import MetaData, Table, inspect, text, update
from sqlmodel import Session, col, delete, or_, select

from bot.adapters.store.database import Database
from bot.adapters.store.outside import TakenBack, take_back
from bot.adapters.store.queues import QueueRows
from bot.adapters.store.tables import (
    CardRow,
    ConversationRow,
    DeliveryRow,
    InboundRow,
    JobRow,
    MessageRow,
    SettingRow,
    TicketRow,
    TriageRow,
    WebSessionRow,
)
from bot.core.desk.card import CardContent
from bot.core.desk.keeping import BODIES, PERSONS, card_without_words, renamed, without_words

CHUNK: Final = 500
LET_GO: Final = f"What stood here was let go after {BODIES.days} days. The decision and the numbers are kept."
_WORDS_DONE: Final = "kept:words"
_PERSONS_DONE: Final = "kept:persons"
_KEY: Final = "kept:key"
"""Settings: up to when words and persons are gone, and the key of the digests."""
DERIVED: Final = (("ticket_fact", "at", "mailbox", ("unknown_text", "line")), ("failing", "day", "actor", ()))
"""What reports keep apart: table, its moment, the column that names a person, columns that hold words."""


@dataclass(frozen=True)
class Purged:
    """How much was let go."""

    bodies: int = 0
    triages: int = 0
    persons: int = 0
    redacted: int = 0
    """Messages of ours that are being taken back outside."""
    by_hand: tuple[str, ...] = ()
    """Those that no API takes back."""


class Retention:
    """Letting go by age."""

    def __init__(self, database: Database, now: datetime) -> None:
        self._database, self._now = database, now

    def purge(self) -> Purged:
        """Let go what is over its time. Raises StoreBusy; what was done stays done."""
        bodies = self._bodies(self._now - BODIES)
        triages = self._triages(self._now - BODIES, _WORDS_DONE, self._words_gone)
        persons = self._triages(self._now - PERSONS, _PERSONS_DONE, self._persons_gone)
        self._derived(self._now - PERSONS)
        taken = self._leftovers()
        compact(self._database)
        return Purged(bodies, triages, persons, taken.redacted, taken.by_hand)

    def _bodies(self, cut: datetime) -> int:
        """Empty what customers wrote; of a case that still goes on only what is old."""
        gone = 0
        while True:
            with self._database.write("purge.bodies") as session:
                rows = session.exec(
                    select(MessageRow).where(col(MessageRow.at) < cut, col(MessageRow.document) != "").limit(CHUNK)
                ).all()
                for row in rows:
                    row.document = ""
                cases = {row.ticket_id for row in rows}
                fresh = set(
                    session.exec(
                        select(MessageRow.ticket_id).where(
                            col(MessageRow.ticket_id).in_(cases), col(MessageRow.at) >= cut
                        )
                    )
                )
                for ticket in session.exec(select(TicketRow).where(col(TicketRow.id).in_(cases - fresh))):
                    ticket.text = ""
            gone += len(rows)
            if len(rows) < CHUNK:
                return gone

    def _triages(self, cut: datetime, mark: str, let_go: Any) -> int:
        """Walk the triages from where the last purge ended up to ``cut``."""
        done = 0
        while True:
            with self._database.write("purge.triages") as session:
                last = session.get(SettingRow, mark)
                at, key = last.value.split(" ", 1) if last else ("0001-01-01T00:00:00+00:00", "")
                since = datetime.fromisoformat(at)
                behind = (
                    or_(
                        col(TriageRow.created_at) > since,
                        (col(TriageRow.created_at) == since) & (col(TriageRow.key) > key),
                    )
                    if last
                    else col(TriageRow.key) != ""
                )
                rows = session.exec(
                    select(TriageRow)
                    .where(behind, col(TriageRow.created_at) < cut)
                    .order_by(col(TriageRow.created_at), col(TriageRow.key))
                    .limit(CHUNK)
                ).all()
                for row in rows:
                    let_go(session, row)
                if rows:
                    _remember(session, mark, f"{rows[-1].created_at.isoformat()} {rows[-1].key}", self._now)
            done += len(rows)
            if len(rows) < CHUNK:
                return done

    def _words_gone(self, session: Session, row: TriageRow) -> None:
        row.document = json.dumps(without_words(json.loads(row.document)), ensure_ascii=False)
        ticket = session.get_one(TicketRow, row.ticket_id)
        newer = session.exec(
            select(MessageRow.id)
            .where(col(MessageRow.ticket_id) == row.ticket_id, col(MessageRow.document) != "")
            .limit(1)
        ).first()
        if newer is None:
            ticket.text = ""
        for card in session.exec(
            select(CardRow).where(col(CardRow.ticket_id) == row.ticket_id, col(CardRow.created_at) < self._now - BODIES)
        ):
            card.content = json.dumps(
                card_without_words(CardContent.from_json(json.loads(card.content))).to_json(), ensure_ascii=False
            )
            card.detail = ""

    def _persons_gone(self, session: Session, row: TriageRow) -> None:
        name = self._namer(session)
        row.mailbox = name(row.mailbox) if row.mailbox and "@" in row.mailbox else row.mailbox
        row.document = json.dumps(renamed(json.loads(row.document), name), ensure_ascii=False)
        ticket = session.get_one(TicketRow, row.ticket_id)
        ticket.requester = renamed(ticket.requester, name)
        ticket.author = name(ticket.author) if ticket.author else ""
        for card in session.exec(select(CardRow).where(col(CardRow.ticket_id) == row.ticket_id)):
            card.content = json.dumps(renamed(json.loads(card.content), name), ensure_ascii=False)
        for message in session.exec(select(MessageRow).where(col(MessageRow.ticket_id) == row.ticket_id)):
            message.author = name(message.author) if message.author else ""

    def _derived(self, cut: datetime) -> None:
        """The same digests in what reports count by, so that their numbers stay."""
        for name, moment, person, words in DERIVED:
            with self._database.write("purge.derived") as session:
                connection = session.connection()
                if name not in inspect(connection).get_table_names():
                    continue
                table = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
                at, who = table.c[moment], table.c[person]
                old = at < cut.replace(tzinfo=None)
                digest = self._namer(session)
                for (address,) in connection.execute(select(who).distinct().where(old, who.contains("@"))).all():
                    connection.execute(update(table).where(old, who == address).values({person: digest(address)}))
                if words:
                    connection.execute(update(table).where(old).values(dict.fromkeys(words)))

    def _namer(self, session: Session) -> Any:
        """Address -> keyed digest: the same address is the same digest, and without the key nobody tells which
        address."""
        kept = session.get(SettingRow, _KEY)
        if kept is None:
            kept = SettingRow(name=_KEY, value=secrets.token_hex(32), at=self._now)
            session.add(kept)
        key = bytes.fromhex(kept.value)
        return lambda address: (
            address
            if address.startswith("#")
            else "#" + hmac.new(key, address.encode(), hashlib.sha256).hexdigest()[:20]
        )

    def _leftovers(self) -> TakenBack:
        """Requests that nobody repeats any more, sessions that ran out, and what was sent long ago: here its words
        go, outside it is taken back."""
        taken = self._sent_long_ago(self._now - BODIES)
        cut = self._now - BODIES
        with self._database.write("purge.leftovers") as session:
            session.exec(delete(InboundRow).where(col(InboundRow.accepted_at) < cut))
            session.exec(delete(WebSessionRow).where(col(WebSessionRow.expires_at) < self._now))
            session.exec(delete(ConversationRow).where(col(ConversationRow.last_at) < self._now - PERSONS))
            for job in session.exec(
                select(JobRow).where(
                    col(JobRow.created_at) < cut, col(JobRow.state) == "done", col(JobRow.payload) != "{}"
                )
            ):
                job.payload = "{}"
        return taken

    def _sent_long_ago(self, cut: datetime) -> TakenBack:
        """In one transaction with its words a message's taking back is queued, so that nothing is forgotten when we
        are killed in between."""
        redacted, by_hand = 0, list[str]()
        while True:
            with self._database.write("purge.sent") as session:
                old = (
                    col(DeliveryRow.created_at) < cut,
                    col(DeliveryRow.state).in_(("sent", "withdrawn")),
                    col(DeliveryRow.payload) != "{}",
                )
                rows = session.exec(select(DeliveryRow).where(*old).order_by(col(DeliveryRow.id)).limit(CHUNK)).all()
                taken = take_back(session, QueueRows(self._database, session, self._now), rows, LET_GO)
                for delivery in rows:
                    delivery.payload = "{}"
            redacted, by_hand = redacted + taken.redacted, [*by_hand, *taken.by_hand]
            if len(rows) < CHUNK:
                return TakenBack(redacted, tuple(by_hand))


def compact(database: Database) -> None:
    """No trace of what went: the file is written anew and the write-ahead log emptied. PostgreSQL writes its tables
    anew (VACUUM FULL locks them meanwhile)."""
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.sqlite:
            raw = connection.connection.driver_connection
            assert raw is not None
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            raw.execute("VACUUM")
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        else:
            connection.execute(text("VACUUM FULL"))


def _remember(session: Session, name: str, value: str, now: datetime) -> None:
    row = session.get(SettingRow, name)
    if row is None:
        session.add(SettingRow(name=name, value=value, at=now))
    else:
        row.value, row.at = value, now
