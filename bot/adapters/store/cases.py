"""Cases in the database: what came in, conversations, messages, triages, cards, bursts. Every method runs inside one
step."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from bot.adapters.store.cards import card_of, fill
from bot.adapters.store.database import Database
from bot.adapters.store.report import put_fact, received
from bot.adapters.store.tables import (
    BurstRow,
    CardRow,
    ConversationRow,
    GatheredRow,
    InboundRow,
    MatchRow,
    MessageRow,
    ReviewRow,
    TicketRow,
    TriageRow,
)
from bot.core.desk.values import Accepted, Card, Case, Envelope, Inbound
from bot.core.output import to_json
from bot.core.verdict import Triage

_ENVELOPE = "envelope"
"""Where a message's document keeps how it came: emptying the document forgets both."""
_DELIVERY, _THREAD = "delivery", "thread"
"""There too: which delivery a message was, and what its own answers hang under, so that its writer can still change
it."""


class CaseRows:
    """The tables of cases, within one transaction."""

    def __init__(self, database: Database, session: Session, now: datetime) -> None:
        self._database, self._session, self._now = database, session, now

    # -- coming in -----------------------------------------------------------------------------------------

    def seen(self, inbound: Inbound) -> Accepted | None:
        """What became of this very delivery when it came before; None where it is new, and then it is noted."""
        key = f"{inbound.channel}:{inbound.delivery_id}"
        if self._database.insert_once(self._session, InboundRow, {"key": key, "version": 0, "accepted_at": self._now}):
            return None
        row = self._session.get_one(InboundRow, key)
        return Accepted(row.ticket_id or "", row.version, new=False, duplicate=True)

    def first_time(self, key: str) -> bool:
        """True where a request of that id has not been seen; from now on it has."""
        return self._database.insert_once(
            self._session, InboundRow, {"key": key, "version": 0, "accepted_at": self._now}
        )

    def had(self, key: str) -> bool:
        """Whether a request of that id has been seen; changes nothing."""
        return self._session.get(InboundRow, key) is not None

    def accepted(self, inbound: Inbound, result: Accepted) -> None:
        """Note which case a delivery belongs to."""
        row = self._session.get_one(InboundRow, f"{inbound.channel}:{inbound.delivery_id}")
        row.ticket_id, row.version = result.case_id, result.version

    def conversation(self, key: str) -> tuple[str | None, datetime]:
        """The case that this conversation belongs to and when it last spoke; it stays locked until the step ends, so
        that two messages at the same moment make one case."""
        self._database.insert_once(
            self._session, ConversationRow, {"key": key, "ticket_id": None, "last_at": self._now}
        )
        row = self._session.exec(
            self._database.for_update(select(ConversationRow).where(ConversationRow.key == key))
        ).one()
        return row.ticket_id, row.last_at

    def belongs(self, key: str) -> str | None:
        """The case of a conversation, without locking anything."""
        row = self._session.get(ConversationRow, key)
        return row.ticket_id if row else None

    def converse(self, key: str, case_id: str | None) -> None:
        """From now on this conversation belongs to ``case_id``."""
        row = self._session.get_one(ConversationRow, key)
        row.ticket_id, row.last_at = case_id, self._now

    def open(self, case_id: str, inbound: Inbound) -> None:
        """A new case; a case of that id which ``--save`` has kept is taken on."""
        values = {
            "id": case_id,
            "channel": inbound.channel,
            "requester": None,
            "first_seen": self._now,
            "text": "",
            "place": inbound.place,
            "thread": inbound.thread,
            "author": inbound.author,
            "version": 0,
            "round": 1,
            "explicit": inbound.explicit,
            "tried": "[]",
        }
        self._database.insert_once(self._session, TicketRow, values)

    def add_message(self, case_id: str, inbound: Inbound) -> int:
        """Keep a message as it came; returns the case's new version."""
        ticket = self._locked(case_id)
        ticket.version += 1
        ticket.explicit = ticket.explicit or inbound.explicit
        self._session.add(
            MessageRow(
                ticket_id=case_id,
                author=inbound.author,
                from_agent=inbound.from_agent,
                at=inbound.at,
                document=json.dumps(
                    {
                        **inbound.message,
                        **_enclosed(inbound.envelope),
                        _DELIVERY: inbound.delivery_id,
                        _THREAD: inbound.thread,
                    },
                    ensure_ascii=False,
                ),
            )
        )
        return ticket.version

    def amend(self, channel: str, delivery_id: str, message: Mapping[str, Any] | None) -> tuple[str, int] | None:
        """Put other words into a message that came in, or take it out (None); (its case, the case's new version).
        None where no such message is kept.

        Where the message that the card hangs under is taken out and others stay, the card will hang under the first
        that stays.
        """
        came = self._session.get(InboundRow, f"{channel}:{delivery_id}")
        if came is None or came.ticket_id is None:
            return None
        ticket = self._locked(came.ticket_id)
        rows = [(row, json.loads(row.document)) for row in self._messages(ticket.id) if row.document]
        found = next(((r, d) for r, d in rows if d.get(_DELIVERY) == delivery_id), None)
        if found is None:
            return None
        row, kept = found
        row.document = json.dumps({**kept, **message}, ensure_ascii=False) if message is not None else ""
        threads = [str(d.get(_THREAD)) for r, d in rows if r.document and not r.from_agent]
        if threads and ticket.thread == kept.get(_THREAD) and ticket.thread not in threads:
            ticket.thread = threads[0]
        ticket.version += 1
        return ticket.id, ticket.version

    def ask_for(self, case_id: str) -> None:
        """Somebody asked for this case by name: it gets a card whatever it is about."""
        self._locked(case_id).explicit = True

    def next_round(self, case_id: str, tried: Sequence[str]) -> int:
        """The last answer did not help: a new round in which ``tried`` is ruled out; returns its number."""
        ticket = self._locked(case_id)
        ticket.round += 1
        ticket.tried = json.dumps(list(dict.fromkeys([*json.loads(ticket.tried), *tried])))
        return ticket.round

    def case(self, case_id: str, *, lock: bool = False) -> Case | None:
        """The case with the customer's messages in order."""
        ticket = self._session.get(TicketRow, case_id)
        if ticket is not None and lock:
            ticket = self._locked(case_id)
        if ticket is None:
            return None
        rows = self._messages(case_id)
        messages = [json.loads(r.document) for r in rows if r.document and not r.from_agent]
        for message in messages:
            message.pop(_DELIVERY, None)
            message.pop(_THREAD, None)
        envelopes = tuple(_opened(message.pop(_ENVELOPE, None)) for message in messages)
        return Case(
            ticket.id,
            ticket.channel or "",
            ticket.place,
            ticket.thread,
            ticket.author,
            ticket.version,
            ticket.round,
            ticket.explicit,
            tuple(messages),
            tuple(json.loads(ticket.tried)),
            envelopes,
            any(r.from_agent for r in rows),
        )

    def _messages(self, case_id: str) -> Sequence[MessageRow]:
        return self._session.exec(
            select(MessageRow).where(MessageRow.ticket_id == case_id).order_by(col(MessageRow.id))
        ).all()

    def _locked(self, case_id: str) -> TicketRow:
        query = select(TicketRow).where(TicketRow.id == case_id).execution_options(populate_existing=True)
        row: TicketRow = self._session.exec(self._database.for_update(query)).one()
        return row

    # -- triages ---------------------------------------------------------------------------------------------

    def save(self, triage: Triage) -> bool:
        """Keep a ticket's masked text and its triage; False where this very answer is kept already. The same ticket
        triaged again adds a triage and changes no earlier one."""
        ticket_id = triage.ticket.id
        key = hashlib.sha256("\0".join((ticket_id, triage.reading.text, triage.knowledge_version)).encode()).hexdigest()
        self._database.insert_once(
            self._session,
            TicketRow,
            {
                "id": ticket_id,
                "channel": triage.ticket.channel,
                "requester": triage.ticket.requester,
                "received_at": triage.ticket.received_at,
                "first_seen": self._now,
                "text": triage.reading.text,
                "place": "",
                "thread": "",
                "author": "",
                "version": 1,
                "round": 1,
                "explicit": False,
                "tried": "[]",
            },
        )
        row = self._session.get_one(TicketRow, ticket_id)
        row.text, row.requester, row.received_at = (
            triage.reading.text,
            triage.ticket.requester,
            triage.ticket.received_at,
        )
        diagnosis = triage.diagnosis
        document = to_json(triage)
        put_fact(
            self._session,
            ticket_id,
            received(row),
            document,
            triage.account.account.plan if triage.account.account else None,
        )
        new = self._database.insert_once(
            self._session,
            TriageRow,
            {
                "key": key,
                "ticket_id": ticket_id,
                "created_at": self._now,
                "knowledge_version": triage.knowledge_version,
                "mailbox": triage.facts.mailbox,
                "cause": diagnosis.causes[0].cause if diagnosis.causes else diagnosis.other,
                "confidence": diagnosis.confidence,
                "verdict": diagnosis.verdict,
                "document": json.dumps(document, ensure_ascii=False),
            },
        )
        for error in dict.fromkeys(m.error_id for m in triage.matches) if new else ():
            self._session.add(MatchRow(triage_key=key, error_id=error, created_at=self._now))
        return new

    def triages(self, case_id: str) -> list[dict[str, Any]]:
        """The saved answers to a ticket, oldest first, as the contract's JSON objects."""
        rows = self._session.exec(
            select(TriageRow).where(TriageRow.ticket_id == case_id).order_by(col(TriageRow.created_at))
        )
        return [json.loads(row.document) for row in rows]

    # -- cards -----------------------------------------------------------------------------------------------

    def card(self, card_id: str, *, lock: bool = False) -> Card | None:
        """The card ``CASE#ROUND``; locked until the step ends where ``lock``: one decision at a time."""
        row = self._card_row(card_id, lock=lock)
        return card_of(row) if row else None

    def put_card(self, card: Card) -> None:
        """Keep a card, new or changed."""
        row = self._card_row(card.id)
        if row is None:
            row = CardRow(
                ticket_id=card.case_id,
                round=card.round,
                state=card.state,
                content="",
                outlet=card.outlet,
                place=card.place,
                thread=card.thread,
                created_at=self._now,
            )
            self._session.add(row)
        fill(row, card)

    def review(
        self, card: Card, agent: str, decision: str, chosen: str | None = None, *, agrees: bool | None = None
    ) -> None:
        """Keep an agent's decision as a label. ``agrees`` counts only for the first of a round: what follows is
        about what the agent chose."""
        earlier = self._session.exec(
            select(ReviewRow.id).where(ReviewRow.ticket_id == card.case_id, ReviewRow.round == card.round).limit(1)
        ).first()
        last = self._session.exec(
            select(TriageRow)
            .where(TriageRow.ticket_id == card.case_id)
            .order_by(col(TriageRow.created_at).desc())
            .limit(1)
        ).first()
        self._session.add(
            ReviewRow(
                ticket_id=card.case_id,
                round=card.round,
                agent=agent,
                decision=decision,
                cause=card.content.cause,
                chosen=chosen,
                confidence=card.content.confidence,
                knowledge_version=last.knowledge_version if last else "",
                at=self._now,
                agrees=agrees if earlier is None else None,
            )
        )

    def _card_row(self, card_id: str, *, lock: bool = False) -> CardRow | None:
        case_id, _, number = card_id.rpartition("#")
        if not number.isdigit():
            return None
        query = (
            select(CardRow)
            .where(CardRow.ticket_id == case_id, CardRow.round == int(number))
            .execution_options(populate_existing=True)
        )
        return self._session.exec(self._database.for_update(query) if lock else query).first()

    # -- bursts ----------------------------------------------------------------------------------------------

    def burst(self, place: str, signature: str, window: timedelta) -> tuple[int, int]:
        """Count one more ticket of this error and server in this place; (id of the burst, how many so far).
        A burst ends where none has come for ``window``."""
        query = select(BurstRow).where(
            BurstRow.place == place, BurstRow.signature == signature, BurstRow.last_at > self._now - window
        )
        row = self._session.exec(self._database.for_update(query.order_by(col(BurstRow.id)).limit(1))).first()
        if row is None:
            row = BurstRow(place=place, signature=signature, opened_at=self._now, last_at=self._now)
            self._session.add(row)
            self._session.flush()
        else:
            row.count, row.last_at = row.count + 1, self._now
        assert row.id is not None
        return row.id, row.count

    def gather(self, burst_id: int, case_id: str) -> None:
        """A ticket that shows up in the burst's list instead of by a card of its own."""
        self._session.add(GatheredRow(burst_id=burst_id, ticket_id=case_id))

    def listing(self, burst_id: int, *, limit: int) -> list[str]:
        """Gathered tickets that no list has named yet; they count as listed when the step commits."""
        self._session.exec(self._database.for_update(select(BurstRow).where(BurstRow.id == burst_id))).one()
        rows = self._session.exec(
            select(GatheredRow)
            .where(GatheredRow.burst_id == burst_id, GatheredRow.listed == False)  # noqa: E712
            .order_by(col(GatheredRow.id))
            .limit(limit)
        ).all()
        for row in rows:
            row.listed = True
        return [row.ticket_id for row in rows]

    def burst_state(self, burst_id: int) -> tuple[str, int, datetime, str]:
        """(signature, tickets so far, since when, where) of a burst."""
        row = self._session.get_one(BurstRow, burst_id)
        return row.signature, row.count, row.opened_at, row.place


def _enclosed(envelope: Envelope | None) -> dict[str, Any]:
    return {_ENVELOPE: asdict(envelope)} if envelope else {}


def _opened(kept: dict[str, Any] | None) -> Envelope | None:
    if not isinstance(kept, dict):
        return None
    return Envelope(
        kept["requester"],
        tuple((str(n), str(v)) for n, v in kept["headers"]),
        kept["return_path"],
        tuple(kept["participants"]),
        kept["vouched"],
        tuple(kept["linked"]),
    )
