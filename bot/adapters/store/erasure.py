"""Erasing one requester: their tickets keep their numbers and lose every word, and no row of any table names them
any more."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import quote

from sqlalchemy import MetaData, String, Table, and_, func, inspect, or_, select, text, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from bot.adapters.store.database import Database
from bot.adapters.store.outside import redraw_incidents, take_back
from bot.adapters.store.people import PeopleRows
from bot.adapters.store.queues import QueueRows
from bot.adapters.store.retention import DERIVED, compact
from bot.adapters.store.tables import CardRow, DeliveryRow, JobRow, MessageRow, PersonRow, TicketRow, TriageRow
from bot.core.desk.card import CardContent
from bot.core.desk.keeping import card_without_words, without_words

APPEND_ONLY: Final = frozenset({"audit", "alembic_version"})


@dataclass(frozen=True)
class Erased:
    """What was done: cases, rows that were changed besides, messages that are being redacted, and what a human has
    to redact."""

    cases: int
    rows: int
    redacted: int
    by_hand: tuple[str, ...]


def erase(database: Database, address: str, now: datetime, by: str) -> Erased:
    """Erase whoever has this mail address. What is sent outside is redacted by deliveries of its own. Raises
    StoreBusy; then run it again."""
    wanted = address.strip().lower()
    pseudonym = f"erased-{secrets.token_hex(8)}"
    if not database.sqlite:
        _deferrable(database)
    with database.write("erase.requester") as session:
        # an address may stand in a case's id, to which other tables point: it changes in all of them, and then the
        # whole is checked
        session.connection().execute(
            text("PRAGMA defer_foreign_keys=ON" if database.sqlite else "SET CONSTRAINTS ALL DEFERRED")
        )
        cases = _cases_of(session, wanted)
        queues = QueueRows(database, session, now)
        sent = session.exec(
            select_rows(DeliveryRow).where(col(DeliveryRow.ticket_id).in_(cases), col(DeliveryRow.state) == "sent")
        ).all()
        taken = take_back(session, queues, sent, "The customer's data was erased.")
        redraw_incidents(session, queues, cases)
        for case in cases:
            _emptied(session, case)
        _facts_emptied(session, cases)
        session.flush()
        person = session.get(PersonRow, f"address:{wanted}")
        if person is not None:
            session.delete(person)  # the audit log's pseudonym leads nowhere from here on
            session.flush()
        if "account_entry" in inspect(session.connection()).get_table_names():
            session.connection().execute(
                text("DELETE FROM account_entry WHERE address = :it OR mailbox = :it"), {"it": wanted}
            )
        rows = _swept(session, wanted, pseudonym)
        PeopleRows(database, session, now).audit(by, "erase", f"{len(cases)} cases")
    compact(database)
    return Erased(len(cases), rows, taken.redacted, taken.by_hand)


def _deferrable(database: Database) -> None:
    """Let PostgreSQL check its foreign keys at the end of a transaction that asks for it; every other one goes on as
    before."""
    with database.write("erase.constraints") as session:
        connection = session.connection()
        quoted = connection.dialect.identifier_preparer.quote
        for name in inspect(connection).get_table_names():
            for key in inspect(connection).get_foreign_keys(name):
                if key["name"] and not key.get("options", {}).get("deferrable"):
                    connection.execute(
                        text(
                            f"ALTER TABLE {quoted(name)} ALTER CONSTRAINT {quoted(key['name'])} DEFERRABLE INITIALLY IMMEDIATE"
                        )
                    )


def _cases_of(session: Session, wanted: str) -> list[str]:
    """Their cases: they wrote it, or it is about their mailbox."""
    tickets = session.exec(
        select_rows(TicketRow.id).where(
            or_(func.lower(col(TicketRow.requester)) == wanted, func.lower(col(TicketRow.author)) == wanted)
        )
    )
    about = session.exec(select_rows(TriageRow.ticket_id).where(func.lower(col(TriageRow.mailbox)) == wanted))
    wrote = session.exec(select_rows(MessageRow.ticket_id).where(func.lower(col(MessageRow.author)) == wanted))
    return sorted({*tickets, *about, *wrote})


def _emptied(session: Session, case: str) -> None:
    ticket = session.get_one(TicketRow, case)
    ticket.text = ""
    for message in session.exec(select_rows(MessageRow).where(MessageRow.ticket_id == case)):
        message.document = ""
    for triage in session.exec(select_rows(TriageRow).where(TriageRow.ticket_id == case)):
        triage.document = json.dumps(without_words(json.loads(triage.document)), ensure_ascii=False)
    for card in session.exec(select_rows(CardRow).where(CardRow.ticket_id == case)):
        card.content = json.dumps(
            card_without_words(CardContent.from_json(json.loads(card.content))).to_json(), ensure_ascii=False
        )
        card.detail = ""
        if card.state in ("open", "rewriting", "failed"):
            card.state, card.revision = "withdrawn", card.revision + 1
    for delivery in session.exec(select_rows(DeliveryRow).where(DeliveryRow.ticket_id == case)):
        delivery.payload, delivery.error = "{}", ""
        if delivery.state in ("queued", "unsure", "parked"):
            delivery.state, delivery.error = "withdrawn", "the requester was erased"
    for job in session.exec(select_rows(JobRow).where(JobRow.ticket_id == case)):
        job.payload, job.error = "{}", ""
        if job.state != "done":
            job.state = "done"


def _facts_emptied(session: Session, cases: list[str]) -> None:
    """The words that reports keep of these cases."""
    connection = session.connection()
    for name, _, _, words in DERIVED:
        if words and name in inspect(connection).get_table_names():
            table = Table(name, MetaData(), autoload_with=connection, resolve_fks=False)
            connection.execute(update(table).where(table.c.ticket_id.in_(cases)).values(dict.fromkeys(words)))


def _swept(session: Session, wanted: str, pseudonym: str) -> int:
    """Every text of every table, ours or another part's, with the address replaced; returns how many rows changed."""
    connection = session.connection()
    spellings = {wanted, quote(wanted, safe="")}
    rename = _renaming(spellings, pseudonym)
    changed = 0
    metadata = MetaData()
    for table_name in inspect(connection).get_table_names():
        if table_name in APPEND_ONLY or table_name.startswith("sqlite_"):
            continue
        table = Table(table_name, metadata, autoload_with=connection, resolve_fks=False)
        keys, texts = (
            list(table.primary_key.columns) or list(table.columns),
            [c for c in table.columns if isinstance(c.type, String)],
        )
        if not texts:
            continue
        holds = or_(*(func.lower(c).contains(s.lower(), autoescape=True) for c in texts for s in spellings))
        for row in connection.execute(select(*table.columns).where(holds)).mappings().all():
            new = {
                c.name: name
                for c in texts
                if isinstance(row[c.name], str) and (name := rename(row[c.name])) != row[c.name]
            }
            if new:
                connection.execute(update(table).where(and_(*(c == row[c.name] for c in keys))).values(**new))
                changed += 1
    return changed


def _renaming(spellings: set[str], pseudonym: str) -> Callable[[str], str]:
    """Replaces the address in any case, but not inside a longer one (joanna@firm.example, anna@firm.example.org)."""
    pattern = re.compile(
        "(?<![A-Za-z0-9._+-])(?:"
        + "|".join(re.escape(s) for s in sorted(spellings, key=len, reverse=True))
        + ")(?!\\.?[A-Za-z0-9-])",
        re.IGNORECASE,
    )
    return lambda value: pattern.sub(pseudonym, value)
