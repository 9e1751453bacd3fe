"""Past tickets with their words as far as they are kept, and the runs of the shadow."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select as columns_of
from sqlmodel import Session, col, func, select

from bot.adapters.store.cases import CaseRows
from bot.adapters.store.database import Database
from bot.adapters.store.report_tables import ShadowRow
from bot.adapters.store.tables import TicketRow, TriageRow
from bot.core.desk.conversation import ticket_of
from bot.core.model import Ticket
from bot.core.shadow import Past, Shadow, said_of


class StoredShadows:
    """The port PastTickets on a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def past(self, limit: int) -> list[Past]:
        """The latest triages, one a ticket, the newest first."""
        newest = (
            columns_of(col(TriageRow.ticket_id), func.max(col(TriageRow.created_at)).label("at"))
            .group_by(col(TriageRow.ticket_id))
            .order_by(func.max(col(TriageRow.created_at)).desc())
            .limit(limit)
            .subquery()
        )
        wanted = [
            col(c) for c in (TriageRow.ticket_id, TriageRow.created_at, TriageRow.knowledge_version, TriageRow.document)
        ]
        query = (
            columns_of(*wanted)
            .join(newest, (newest.c.ticket_id == col(TriageRow.ticket_id)) & (newest.c.at == col(TriageRow.created_at)))
            .order_by(col(TriageRow.created_at).desc(), col(TriageRow.key))
        )
        with self._database.read() as session:
            rows: Sequence[Any] = session.connection().execute(query).all()
            found = {}
            for row in rows:
                ticket, tried = self._ticket(session, row.ticket_id, row.created_at)
                found[row.ticket_id] = Past(
                    row.ticket_id,
                    ticket,
                    row.created_at,
                    tried,
                    row.knowledge_version,
                    said_of(json.loads(row.document)),
                )
        return list(found.values())

    def _ticket(self, session: Session, name: str, at: datetime) -> tuple[Ticket | None, tuple[str, ...]]:
        """Its messages as they came where it came through a channel, else the masked text that ``--save`` kept."""
        case = CaseRows(self._database, session, at).case(name)
        if case is not None and case.messages:
            return ticket_of(name, case.messages), case.tried
        row = session.get_one(TicketRow, name)
        if not row.text:
            return None, ()
        return Ticket(
            id=name, body=row.text, channel=row.channel, requester=row.requester, received_at=row.received_at
        ), ()

    def put_shadow(self, shadow: Shadow, now: datetime) -> None:
        """Keep a run."""
        with self._database.write("learn.shadow") as session:
            session.add(
                ShadowRow(at=now, version=shadow.version, document=json.dumps(shadow.to_json(), ensure_ascii=False))
            )

    def has_shadow(self, version: str) -> bool:
        """Whether a version has been run."""
        with self._database.read() as session:
            return session.exec(select(ShadowRow.id).where(ShadowRow.version == version).limit(1)).first() is not None
