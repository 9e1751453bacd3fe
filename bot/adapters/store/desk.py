"""The desk's store: steps (one transaction each, under a name that is also its fail-point) and looks (no change)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from sqlmodel import Session

from bot.adapters.store.automatic import AutomaticRows
from bot.adapters.store.cases import CaseRows
from bot.adapters.store.database import Database
from bot.adapters.store.incidents import IncidentRows
from bot.adapters.store.people import PeopleRows
from bot.adapters.store.queues import QueueRows
from bot.adapters.store.sessions import SessionRows
from bot.adapters.store.views import Views
from bot.ports import Clock


class StoredStep:
    """One transaction's view of everything (the port ``Step``)."""

    def __init__(self, database: Database, session: Session, now: datetime) -> None:
        self.now = now
        self.cases = CaseRows(database, session, now)
        self.queues = QueueRows(database, session, now)
        self.people = PeopleRows(database, session, now)
        self.views = Views(session, now)
        self.automatic = AutomaticRows(database, session, now)
        self.sessions = SessionRows(session, now)
        self.incidents = IncidentRows(database, session, now)


class DeskStore:
    """The port ``Desk`` on a database."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self.database = database
        self._clock = clock

    @contextmanager
    def step(self, name: str) -> Iterator[StoredStep]:
        """A transaction that commits as a whole at the end of the block. Raises StoreBusy; then nothing of it
        happened."""
        with self.database.write(name) as session:
            yield StoredStep(self.database, session, self._clock.now())

    @contextmanager
    def look(self) -> Iterator[StoredStep]:
        """A view that changes nothing."""
        with self.database.read() as session:
            yield StoredStep(self.database, session, self._clock.now())
