"""A golden ticket's folder, read: the ticket, the hosts' logs with the background mixed in, what is expected."""

from __future__ import annotations

import gzip
import os
import shutil
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import Any

import regex
from background import DOMAINS, background
from daemon_lines import HOSTS, Line

from bot.adapters.accounts.csv_directory import CsvAccountDirectory
from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.core.model import Ticket
from bot.core.observed import AccountView, HostCoverage, LogQuery, LogResult
from bot.core.parse.tickets import BadTicket, read_tickets
from bot.core.verdict import Triage
from bot.ports import AccountDirectory, LogStore
from bot.triage import Triager
from knowledge.model import Knowledge

FOLDER = Path(__file__).parent
TICKETS = ("ticket.eml", "ticket.json", "ticket.txt", "ticket.html")
KEYS = frozenset(
    {
        "why",
        "now",
        "verified",
        "requester",
        "mailbox",
        "mailbox_acceptable",
        "client",
        "client_version",
        "error_texts",
        "hosts",
        "ports",
        "webmail_works",
        "check",
        "other",
        "acceptable_checks",
        "acceptable_others",
        "verdict",
        "confidence_at_most",
        "confidence_at_least",
        "matching_lines",
        "absence",
        "ignored_at_least",
        "also",
        "missing",
        "language",
        "must_say",
        "must_not_say",
        "note_says",
        "note_must_not_say",
        "never_in_reply",
        "secrets",
        "seconds_at_most",
        "background",
    }
)
BACKGROUND_KEYS = frozenset({"hours", "scanners", "silent", "hosts", "after"})
AFTER = 45
"""Minutes that the hosts go on writing after the ticket where expected.toml does not say ``after``."""
_STAMP = regex.compile(
    r"(?P<iso>\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:\d\d))|(?P<old>[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) "
)


class Stage:
    """What the Triager asks, set anew for each case: building a Triager takes longer than a case does."""

    logs: LogStore
    accounts: AccountDirectory
    moment: datetime

    def search(self, query: LogQuery) -> LogResult:
        return self.logs.search(query)

    def coverage(self, since: datetime, until: datetime) -> Sequence[HostCoverage]:
        return self.logs.coverage(since, until)

    def logins_like(self, mailbox: str, since: datetime, until: datetime) -> Sequence[str]:
        return self.logs.logins_like(mailbox, since, until)

    def lookup(self, address: str) -> AccountView:
        return self.accounts.lookup(address)

    def in_domain(self, domain: str) -> Sequence[str]:
        return self.accounts.in_domain(domain)

    def now(self) -> datetime:
        return self.moment


class Company:
    """The Triager that all cases share, and its stage."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        self.stage = Stage()
        self.done: list[tuple[Triage, dict[str, Any]]] = []
        self.triager = Triager(knowledge, self.stage, self.stage, self.stage)


@dataclass(frozen=True)
class Case:
    """One folder of tests/golden. README.md there says what each key of expected.toml means."""

    folder: Path
    expected: Mapping[str, Any]

    @property
    def now(self) -> datetime:
        """The moment the ticket is triaged."""
        moment: datetime = self.expected["now"]
        return moment.astimezone(UTC)

    @cached_property
    def ticket(self) -> Ticket:
        """The ticket as the program's own reader gives it."""
        path = next(self.folder / name for name in TICKETS if (self.folder / name).is_file())
        ticket = next(iter(read_tickets(path.read_bytes(), name=path.name)))
        assert not isinstance(ticket, BadTicket), f"{path}: {ticket.reason}"
        return ticket

    @property
    def log_files(self) -> Sequence[Path]:
        """The case's own log files (*.log, *.log.gz, *.jsonl)."""
        return sorted(p for p in self.folder.iterdir() if p.name.endswith((".log", ".log.gz", ".jsonl")))

    def triage(self, company: Company, scratch: Path) -> Triage:
        """Run the whole pipeline over the real store and the real directory, built in ``scratch``."""
        stage = company.stage
        stage.logs, stage.accounts = self._store(scratch), self._accounts(company.knowledge, scratch)
        stage.moment = self.now
        return company.triager.triage(self.ticket, verified=self.expected.get("verified", False))

    def _accounts(self, knowledge: Knowledge, scratch: Path) -> AccountDirectory:
        table = self.folder / "accounts.csv"
        if not table.is_file():
            return EmptyAccountDirectory()
        directory = CsvAccountDirectory(scratch / "accounts.db", now=lambda: self.now)
        directory.import_csv(table, plans=list(knowledge.plans), as_of=self.now - timedelta(minutes=4))
        return directory

    def _store(self, scratch: Path) -> LogStore:
        if not self.log_files and "background" not in self.expected:
            return EmptyLogStore()
        logs = scratch / "logs"
        logs.mkdir()
        settings = self.expected.get("background", {})
        hosts = settings.get("hosts", list(HOSTS))
        for path in self.log_files:
            if path.stem not in hosts:
                shutil.copy(path, logs / path.name)
        for name in hosts:
            own = self.folder / f"{name}.log"
            lines = self.mixed(name, own.read_text("utf-8").splitlines() if own.is_file() else [], settings)
            (logs / own.name).write_text("".join(f"{text}\n" for text in lines), "utf-8")
        for path in logs.iterdir():
            os.utime(path, (self.now.timestamp() + 3600,) * 2)
        store = SqliteLogStore(scratch / "logs.db")
        report = store.ingest(sorted(logs.iterdir()), finished=True)
        assert not report.failed, report
        return store

    def mixed(self, name: str, own: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
        """The case's lines of one host among the background's, in time order, without the silent stretches."""
        since = (self.now - timedelta(hours=settings.get("hours", 40))).replace(minute=0, second=0, microsecond=0)
        other = background(
            name,
            since,
            self.now + timedelta(minutes=settings.get("after", AFTER)),
            scanners=settings.get("scanners", True),
        )
        for gap in settings.get("silent", []):
            if gap["host"] == name:
                other = [line for line in other if not gap["from"] <= line[0] < gap["to"]]
        return [text for _, text in sorted([*other, *self._stamped(own)], key=lambda line: line[0])]

    def _stamped(self, own: Sequence[str]) -> list[Line]:
        """Lines with their moment; one without a stamp belongs to the line before it."""
        out: list[Line] = []
        for text in own:
            found = _STAMP.match(text)
            if found is None:
                assert out, f"{self.folder.name}: the first line of a log needs a time: {text}"
                out.append((out[-1][0], text))
            elif found["iso"]:
                out.append((datetime.fromisoformat(found["iso"]).astimezone(UTC), text))
            else:
                moment = datetime.strptime(f"{self.now.year} {found['old']} +0000", "%Y %b %d %H:%M:%S %z")
                out.append(
                    (moment if moment <= self.now + timedelta(days=2) else moment.replace(year=moment.year - 1), text)
                )
        return out

    def gold(self) -> dict[str, Any]:
        """What is expected, in the words of the contract's GOLD.jsonl."""
        e = self.expected
        verdict, other = e["verdict"], e.get("other")
        return {
            "id": self.folder.name,
            **{key: e.get(key) or None for key in ("mailbox", "client", "client_version", "absence", "check")},
            **{
                key: e.get(key, [])
                for key in (
                    "mailbox_acceptable",
                    "error_texts",
                    "hosts",
                    "ports",
                    "acceptable_checks",
                    "matching_lines",
                )
            },
            "cause": other,
            "should_ask": verdict == "ask",
            "hard_negative": other == "not_ours",
        }

    def raw_lines(self) -> set[str]:
        """Every line of the case's own log files, verbatim."""
        texts = (
            gzip.decompress(p.read_bytes()).decode() if p.suffix == ".gz" else p.read_text("utf-8")
            for p in self.log_files
        )
        return {line for text in texts for line in text.splitlines()}


def load_cases() -> list[Case]:
    """Every folder NNN-slug, in order. Raises AssertionError for a key that nothing reads."""
    cases = []
    for folder in sorted(p for p in FOLDER.iterdir() if p.is_dir() and p.name[:3].isdigit()):
        expected = tomllib.loads((folder / "expected.toml").read_text("utf-8"))
        unknown = set(expected) - KEYS | set(expected.get("background", {})) - BACKGROUND_KEYS
        assert not unknown, f"{folder.name}/expected.toml: unknown keys {sorted(unknown)}"
        cases.append(Case(folder, expected))
    return cases


__all__ = ["DOMAINS", "FOLDER", "Case", "load_cases"]
