"""The pipeline, readable in one screen. Its only I/O is the log store and the account directory."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cached_property

from bot.core.diagnose import diagnose, overruled, told_by_ticket
from bot.core.evidence import Weighted
from bot.core.lint import lint
from bot.core.match import FuzzyTable, match
from bot.core.model import ErrorText, Facts, Finding, Match, Reading, Ticket
from bot.core.note import write_note
from bot.core.observed import AccountView, LogQuery, LogResult, ServerView
from bot.core.parse.clients import find_clients
from bot.core.parse.facts import parse, scan, without_versions
from bot.core.parse.reading import read
from bot.core.policy.brands import branded
from bot.core.policy.tiers import Sender
from bot.core.posterior import posterior
from bot.core.probe_evidence import of_probes
from bot.core.reply import draft
from bot.core.server import (
    anonymous_query,
    by_their_clocks,
    first_query,
    history_query,
    read_server,
    second_query,
    window_of,
)
from bot.core.verdict import Triage
from bot.core.whose import known_networks, strange_addresses, unknown_addresses
from bot.ports import AccountDirectory, Clock, LogStore, Probes
from knowledge.matcher import Matcher
from knowledge.model import Knowledge

COLLECT_AFTER = 20_000
"""New objects before the collector looks again: a ticket makes several thousand, and all but some ten die by count
alone. What is left in cycles is memory that grows: of 100,000 it took more than an hour at two tickets a second."""
NEAR_LOGINS_BACK = timedelta(hours=48)


@dataclass(frozen=True)
class Told:
    """What a ticket says by itself, before servers or accounts are asked."""

    ticket: Ticket
    reading: Reading
    facts: Facts
    findings: tuple[Finding, ...]
    matches: tuple[Match, ...]


@dataclass(frozen=True)
class Tables:
    """What is searched in every ticket, built from the knowledge when it is first needed."""

    knowledge: Knowledge

    @cached_property
    def matcher(self) -> Matcher:
        """The decoded-error table, by its words."""
        return Matcher(self.knowledge)

    @cached_property
    def fuzzy(self) -> FuzzyTable:
        """The same, by likeness."""
        return FuzzyTable(self.knowledge)


@dataclass(frozen=True)
class Triager:
    """Everything that a triage needs, wired once. ``logs`` and ``accounts`` may be empty ones."""

    knowledge: Knowledge
    logs: LogStore
    accounts: AccountDirectory
    clock: Clock
    probes: Probes | None = None
    """What was seen of our own servers from outside; None: nobody looks."""
    tables: Tables = field(default=None, repr=False)  # type: ignore[assignment]  # never None after __post_init__
    """Kept by ``dataclasses.replace``, so that they are built once."""

    def __post_init__(self) -> None:
        """Tables of other knowledge are not kept."""
        if self.tables is None or self.tables.knowledge is not self.knowledge:
            object.__setattr__(self, "tables", Tables(self.knowledge))

    def warm(self, tickets: Iterable[Ticket] = ()) -> None:
        """Build what the first ticket would build, and keep the garbage collector off the tables for good.
        ``tickets`` are read (no server, no account is asked), so that the patterns which they need are compiled:
        processes forked later share them."""
        _ = self.tables.matcher, self.tables.fuzzy
        for ticket in tickets:
            self.told(ticket)
        gc.collect()
        gc.freeze()
        gc.set_threshold(COLLECT_AFTER, 10, 10)

    def told(self, ticket: Ticket) -> Told:
        """Read a ticket, and nothing else: for whoever triages it twice (:meth:`triage` takes this in place of the
        ticket)."""
        reading = read(ticket, self.knowledge.languages)  # one plain text, secrets masked
        clients = find_clients(reading, self.knowledge.clients)  # programs with their versions
        hits = without_versions(scan(reading, self.tables.matcher), reading.text, clients)  # rows, anywhere in it
        facts = parse(ticket, reading, hits, clients, self.knowledge)  # mailbox, errors, settings, words
        facts = replace(facts, shown=self.tables.fuzzy.concepts_in(facts.errors))  # what programs' texts are about
        findings = lint(facts, self.knowledge)  # settings that cannot work
        matches = match(facts.errors, hits, reading.text, self.tables.fuzzy)  # which errors these are
        return Told(ticket, reading, facts, findings, matches)

    def triage(
        self,
        ticket: Ticket | Told,
        *,
        verified: bool = False,
        language: str | None = None,
        tried: Sequence[str] = (),
        chosen: str | None = None,
        sender: Sender | None = None,
        blind: bool = False,
    ) -> Triage:
        """Read the ticket, find the server's own lines, name the cause, draft the answer.

        ``verified`` says that the requester is proven to own the mailbox: only then does the draft hold facts
        of the log or the account. ``language`` overrides the language of the reply. ``tried`` are causes whose
        advice did not help; ``chosen`` is an agent's word: a cause, or ``ask`` for what is missing. ``sender`` is
        what is proven of the requester, which verifies them towards their own mailboxes. ``blind``: neither logs nor
        accounts are asked, so that nothing in the draft can depend on them.
        """
        told = ticket if isinstance(ticket, Told) else self.told(ticket)
        ticket, findings, matches = told.ticket, told.findings, told.matches
        facts, account = (told.facts, AccountView()) if blind else self._account(ticket, told.facts)
        own = told_by_ticket(facts, findings, matches, self.knowledge)
        server = ServerView() if blind else self._look(ticket, facts, posterior(own, self.knowledge))
        probed = self._probed(ticket, facts, server, account, blind=blind)
        diagnosis = diagnose(facts, findings, matches, server, account, self.knowledge, tried, probed, own)
        if chosen is not None:
            diagnosis = overruled(diagnosis, chosen, self.knowledge)
        if facts.mailbox_assumed and (diagnosis.verdict == "none" or not _seen(account, server)):
            facts = replace(facts, mailbox=None, mailbox_assumed=False)
        owner = sender is not None and sender.tier(facts.mailbox, account.account) != "unverified"
        reply = draft(
            facts,
            findings,
            server,
            account,
            diagnosis,
            branded(self.knowledge, facts.mailbox, account.account),
            verified=verified or owner,
            language=language,
        )
        note = write_note(told.reading, facts, findings, matches, server, account, diagnosis, self.knowledge)
        return Triage(
            ticket,
            told.reading,
            facts,
            findings,
            matches,
            server,
            account,
            diagnosis,
            reply,
            note,
            self.knowledge.version,
        )

    def explain(self, text: str) -> list[tuple[str, str]]:
        """(title, meaning) of the rows of the decoded-error table that claim a text, best first."""
        found = match((ErrorText(text, (0, len(text))),), self.tables.matcher.scan(text), text, self.tables.fuzzy)
        return [(self.knowledge.errors[m.error_id].title, self.knowledge.errors[m.error_id].meaning) for m in found]

    def _account(self, ticket: Ticket, facts: Facts) -> tuple[Facts, AccountView]:
        """The directory's view; a requester who has a mailbox there means that one where the text names none."""
        if facts.mailbox is not None:
            return facts, self.accounts.lookup(facts.mailbox)
        if ticket.requester:
            view = self.accounts.lookup(ticket.requester)
            if view.account is not None:
                return replace(
                    facts,
                    mailbox=view.account.mailbox,
                    mailbox_assumed=True,
                    domain=view.account.mailbox.rpartition("@")[2],
                ), view
        return facts, AccountView()

    def _probed(
        self, ticket: Ticket, facts: Facts, server: ServerView, account: AccountView, *, blind: bool
    ) -> Sequence[Weighted]:
        """What probes say. A domain is asked about only where the directory knows the mailbox: a ticket's words
        alone send nobody anywhere."""
        if self.probes is None:
            return ()
        known = None if blind or account.account is None else account.account.mailbox.rpartition("@")[2]
        return of_probes(self.probes.seen(known), facts, server, ticket.received_at or self.clock.now(), self.knowledge)

    def _look(self, ticket: Ticket, facts: Facts, expected: dict[str, float]) -> ServerView:
        """What names the customer teaches their addresses, and these find lines without a name; addresses that
        could be anybody's are looked at once more by themselves."""
        received = ticket.received_at or self.clock.now()
        window = window_of(facts, received)
        hosts = self.logs.coverage(window.since, min(window.until, received))
        shown = by_their_clocks(window, hosts)
        if shown != window:
            window, hosts = shown, self.logs.coverage(shown.since, shown.until)
        if not hosts:  # nothing is covered, or the store cannot answer: a look-up that selects nothing tells which
            return ServerView(
                since=window.since,
                until=window.until,
                failed=self.logs.search(LogQuery(window.since, window.until)).failed,
            )
        near = self.logs.logins_like(facts.mailbox, received - NEAR_LOGINS_BACK, window.until) if facts.mailbox else ()
        history = self._ask(history_query(facts, received))
        first = replace(
            self._ask(first_query(facts, window, near)), successes=history.successes, sessions=history.sessions
        )
        known = known_networks(facts, first, self.knowledge)
        second = self._ask(second_query(known, window))
        nameless = anonymous_query(facts, window, first, known)
        neighbours = frozenset(self.accounts.in_domain(facts.domain)) - {facts.mailbox} if facts.domain else frozenset()
        anonymous = self.logs.search(nameless) if nameless else None
        unknown = unknown_addresses(first, anonymous, known)
        strange = (
            strange_addresses(
                facts, self.logs.search(LogQuery(received - NEAR_LOGINS_BACK, window.until, ips=unknown, limit=1500))
            )
            if unknown
            else frozenset()
        )
        return read_server(
            facts,
            window,
            received,
            first,
            second,
            hosts,
            known,
            self.knowledge,
            expected,
            anonymous=anonymous,
            neighbours=neighbours,
            strange=strange,
        )

    def _ask(self, query: LogQuery | None) -> LogResult:
        return LogResult() if query is None else self.logs.search(query)


def _seen(account: AccountView, server: ServerView) -> bool:
    """True where the directory or a login knows the requester's address as a mailbox here. Nothing else says so: people
    who cannot log in write from another address, and an assumed mailbox is not stated as a fact."""
    return (
        account.account is not None
        or bool(server.successes)
        or (server.matching is not None and server.matching.ownership != "address")
    )
