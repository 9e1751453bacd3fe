"""A support desk behind a mailbox: the channel as bootstrap wires it, over servers in this process."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage, Message
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from imap_tools import MailBoxUnencrypted

from bot.adapters.attachments.reader import ProgramReader
from bot.adapters.mailbox import imap, submission
from bot.adapters.mailbox.outlet import MailboxOutlet
from bot.adapters.mailbox.source import MailboxSource
from bot.adapters.store.desk import DeskStore
from bot.core.desk.values import Card, Decision
from bot.decide import Decisions
from bot.deliver import Courier
from bot.handle import Handler
from bot.settings_areas import MailboxSettings, MailServer
from bot.triage import Triager
from bot.work import Worker
from tests.databases import new_database
from tests.mail.imap_server import ImapServer
from tests.slack.desk import RealClock

OWN, AGENTS, ANNA = "support@example.net", "agents@example.net", "anna@example.com"


@dataclass
class Submissions:
    """What was handed in. ``mood``: accept, drop (take it and break the connection), refuse, busy."""

    mood: str = "accept"
    taken: list[tuple[str, list[str], bytes]] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        """aiosmtpd's hook."""
        if self.mood in ("refuse", "busy"):
            return "554 5.7.1 no" if self.mood == "refuse" else "451 4.3.0 later"
        assert isinstance(envelope.content, bytes) and envelope.mail_from is not None
        self.taken.append((envelope.mail_from, list(envelope.rcpt_tos), envelope.content))
        if self.mood == "drop":
            assert server.transport is not None
            server.transport.abort()
        return "250 OK"

    def to(self, address: str) -> list[Message]:
        """The mails that this address has got."""
        return [message_from_bytes(raw) for _, recipients, raw in self.taken if recipients == [address]]


@dataclass
class Post:
    """Everything that a scenario needs."""

    server: ImapServer
    smtp: Submissions
    store: DeskStore
    source: MailboxSource
    outlet: MailboxOutlet
    worker: Worker
    clock: RealClock

    def take(self) -> int:
        """Sweep once over a connection of its own."""
        with self.source.imap(self.source.settings) as box:
            return self.source.sweep(box)

    def work(self, turns: int = 60) -> None:
        """Let the worker do what is due; time passes as it needs to."""
        for _ in range(turns):
            if not self.worker.turn():
                self.clock.ahead += self.worker.courier.settle
                with self.store.look() as view:
                    backlog = view.queues.backlog()
                if not (backlog["jobs"] or backlog["deliveries"]):
                    return

    def cards(self) -> list[Card]:
        """The cards that wait, the oldest first."""
        with self.store.look() as view:
            return [card for card, _ in view.views.queue()]

    def decide(self, card: Card, action: str = "send") -> str:
        """What an agent's click does."""
        return Decisions(self.store).decide(Decision(card.id, card.revision, action, "slack:T1:U9", "agent")).said


def letter(
    body: str = "Outlook 365 says 535 5.7.8 authentication failed for anna@example.com.",
    *,
    sender: str = ANNA,
    subject: str = "cannot send",
    id: str = "<m1@example.com>",
    **fields: str,
) -> bytes:
    """A customer's mail; ``in_reply_to`` and the like name further fields."""
    mail = EmailMessage()
    mail["Return-Path"], mail["From"], mail["To"], mail["Subject"], mail["Message-ID"] = (
        f"<{sender}>",
        sender,
        OWN,
        subject,
        id,
    )
    for name, value in fields.items():
        del mail[name.replace("_", "-")]
        mail[name.replace("_", "-")] = value
    mail.set_content(body)
    return mail.as_bytes()


def settings_for(imap_port: int, smtp_port: int) -> MailboxSettings:
    """Settings of the account on loopback."""
    return MailboxSettings(
        OWN,
        OWN,
        "secret",
        MailServer("127.0.0.1", imap_port, True),
        MailServer("127.0.0.1", smtp_port, True),
        (AGENTS,),
    )


def plain_imap(settings: MailboxSettings) -> imap.Connection:
    """A login without TLS, as the server here has none; tests/real has."""
    return imap.log_in(MailBoxUnencrypted(settings.imap.host, settings.imap.port, timeout=10), settings)


def plain_smtp(settings: MailboxSettings) -> submission.Submission:
    """The same for submission."""
    return submission.log_in(smtplib.SMTP(settings.smtp.host, settings.smtp.port, "example.net", timeout=10), settings)


@contextmanager
def post(folder: Path, triager: Triager, **changes: Any) -> Iterator[Post]:
    """A desk whose only channel is the mailbox."""
    smtp = Submissions()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    controller = Controller(
        smtp,
        "127.0.0.1",
        port,
        auth_require_tls=False,
        auth_required=True,
        authenticator=lambda *_: AuthResult(success=True),
    )
    controller.start()
    try:
        with ImapServer() as server:
            settings = settings_for(server.port, port)
            database = new_database(f"sqlite:///{folder}/triage.db")
            clock = RealClock()
            store = DeskStore(database, clock)
            outlet = MailboxOutlet(settings, store, clock, plain_imap, plain_smtp)
            source = MailboxSource(
                settings, store, ProgramReader(), {"1": "username-full-address"}, plain_imap, **changes
            )
            worker = Worker(store, Handler(store, triager, clock), Courier(store, {"mailbox": outlet}, clock))
            made = Post(server, smtp, store, source, outlet, worker, clock)
            made.take()  # the first look only notes how far the mailbox has come
            yield made
            database.engine.dispose()
    finally:
        controller.stop()
