"""Shadow runs: past tickets are triaged again, by other knowledge and as the logs stood then, and nothing of it
reaches anybody."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from bot.core.model import Ticket
from bot.core.observed import HostCoverage, LogQuery, LogResult
from bot.core.output import to_json
from bot.core.shadow import Pair, Past, Said, Shadow, said_of, shadow_of
from bot.errors import InputError
from bot.ports import AccountDirectory, LogStore, PastTickets
from bot.triage import Triager
from knowledge.model import Knowledge


class AsThen:
    """The log store and the clock of a past moment: nothing that was stamped later is seen. Moved by hand from
    ticket to ticket."""

    def __init__(self, logs: LogStore, moment: datetime) -> None:
        self._logs, self.moment = logs, moment

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def search(self, query: LogQuery) -> LogResult:
        """As the port says, up to the moment; sums of an hour are cut where their last login is later."""
        if query.since >= self.moment:
            return LogResult()
        found = self._logs.search(replace(query, until=min(query.until, self.moment)))
        return replace(
            found,
            successes=tuple(
                replace(s, last=min(s.last, self.moment)) for s in found.successes if s.first <= self.moment
            ),
            sessions=tuple(s for s in found.sessions if s.start <= self.moment),
        )

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        """As the port says, up to the moment."""
        return self._logs.coverage(since, min(until, self.moment)) if since < self.moment else ()

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        """As the port says, up to the moment."""
        return self._logs.logins_like(mailbox, since, min(until, self.moment)) if since < self.moment else ()


class Shadowing:
    """One run, in portions. Held against what was said then or, with ``against``, against what that knowledge says
    of the same words and logs today, so that only the knowledge can make a difference."""

    def __init__(
        self,
        past: Sequence[Past],
        knowledge: Knowledge,
        logs: LogStore,
        accounts: AccountDirectory,
        against: Knowledge | None = None,
    ) -> None:
        self._left = [one for one in past if one.ticket is not None]
        self._unread = len(past) - len(self._left)
        self._pairs: list[Pair] = []
        self._earlier = [against.version] if against else [one.version for one in self._left]
        self._then = AsThen(logs, self._left[0].at if self._left else datetime.min.replace(tzinfo=UTC))
        self._triager = Triager(knowledge, self._then, accounts, self._then)
        self._other = Triager(against, self._then, accounts, self._then) if against else None

    def go_on(self, many: int) -> int:
        """Triage so many more tickets; returns how many are left."""
        for one in self._left[:many]:
            assert one.ticket is not None
            self._then.moment = one.at
            try:
                before = _said(self._other, one.ticket, one.tried) if self._other else one.said
                self._pairs.append(Pair(one.name, before, _said(self._triager, one.ticket, one.tried)))
            except InputError:  # it cannot be read any more
                self._unread += 1
        del self._left[:many]
        return len(self._left)

    def result(self) -> Shadow:
        """What was found so far."""
        return shadow_of(self._triager.knowledge.version, self._earlier, self._pairs, self._unread)


def _said(triager: Triager, ticket: Ticket, tried: Sequence[str]) -> Said:
    return said_of(to_json(triager.triage(ticket, tried=tried)))


@dataclass
class ShadowWatch:
    """What the worker does once for every new version of the knowledge: the first look at what it changes, a portion
    at a time, since tickets come first."""

    store: PastTickets
    triager: Triager
    limit: int = 1_000
    portion: int = 25
    _going: Shadowing | None = None

    def look(self, now: datetime) -> None:
        """Go on with the run of this version, where it has not been run yet."""
        knowledge = self.triager.knowledge
        if self._going is None:
            if self.store.has_shadow(knowledge.version):
                return
            past = [one for one in self.store.past(self.limit) if one.version != knowledge.version]
            self._going = Shadowing(past, knowledge, self.triager.logs, self.triager.accounts)
        if not self._going.go_on(self.portion):
            if not self.store.has_shadow(knowledge.version):
                self.store.put_shadow(self._going.result(), now)
            self._going = None
