"""What Postfix 3.7 writes for one connection to a submission service; the wording is that of a real 3.7.11."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tests.eval.joined.journal import Journal, later

TLS13 = (
    "TLSv1.3 with cipher TLS_AES_256_GCM_SHA384 (256/256 bits) key-exchange X25519 server-signature RSA-PSS (2048 bits) "
    "server-digest SHA256"
)
HELOS = ("[192.168.1.165]", "[192.168.178.152]", "client.local", "vm", "[127.0.0.1]", "DESKTOP-KGUBRMJ", "localhost")


@dataclass
class Smtp:
    """One connection to ``submission`` (587) or ``smtps`` (465). Every method writes at the running clock."""

    journal: Journal
    host: str
    at: datetime
    rip: str
    service: str = "submission"
    client: str = ""

    def __post_init__(self) -> None:
        self.process = self.journal.pid(self.at)
        self.client = self.client or f"unknown[{self.rip}]"

    def say(self, text: str, *, pause: float = 0.1) -> str | None:
        """One line of this smtpd."""
        line = self.journal.write(self.host, self.at, f"postfix/{self.service}/smtpd[{self.process}]: {text}")
        self.at = later(self.at, pause)
        return line

    def open(self, *, tls: bool = True) -> None:
        """``connect from`` and the TLS line."""
        self.say(f"connect from {self.client}")
        if tls:
            self.say(f"Anonymous TLS connection established from {self.client}: {TLS13}")

    @property
    def hello(self) -> str:
        """The start of the counters: EHLO twice around STARTTLS."""
        return "ehlo=2 starttls=1" if self.service == "submission" else "ehlo=1"

    def close(self, counters: str, *, lost: str | None = None) -> list[str]:
        """``lost connection`` where the client just left, and ``disconnect`` with the counters."""
        lines = [self.say(f"lost connection after {lost} from {self.client}", pause=0.0003)] if lost else []
        lines.append(self.say(f"disconnect from {self.client} {counters}"))
        return [line for line in lines if line]


def accepted(
    journal: Journal,
    host: str,
    at: datetime,
    user: str,
    rip: str,
    to: str,
    *,
    service: str = "submission",
    client: str = "",
) -> list[str]:
    """A message that is sent: queue id, size, delivery, removal."""
    smtp = Smtp(journal, host, at, rip, service, client)
    smtp.open()
    qid, method = journal.queue_id(), journal.rng.choice(("PLAIN", "LOGIN"))
    lines = [smtp.say(f"{qid}: client={smtp.client}, sasl_method={method}, sasl_username={user}", pause=0.03)]
    journal.write(
        host,
        smtp.at,
        f"postfix/cleanup[{journal.pid(at)}]: {qid}: message-id=<{at:%Y%m%d%H%M%S}.{journal.rng.randrange(10**6):06d}@{user.partition('@')[2]}>",
    )
    journal.write(
        host,
        later(smtp.at, 0.07),
        f"postfix/qmgr[1187]: {qid}: from=<{user}>, size={journal.rng.randint(900, 90_000)}, nrcpt=1 (queue active)",
    )
    smtp.at = later(smtp.at, 0.1)
    smtp.close(f"{smtp.hello} auth=1 mail=1 rcpt=1 data=1 quit=1 commands={8 if service == 'submission' else 6}")
    domain = to.partition("@")[2]
    journal.write(
        host,
        later(smtp.at, 1.4),
        f"postfix/smtp[{journal.pid(at)}]: {qid}: to=<{to}>, relay=mx.{domain}[203.0.113.{journal.rng.randint(2, 60)}]:25, "
        f"delay=1.4, delays=0.12/0/0.36/0.9, dsn=2.0.0, status=sent (250 2.0.0 Ok: queued as {journal.queue_id()})",
    )
    journal.write(host, later(smtp.at, 1.5), f"postfix/qmgr[1187]: {qid}: removed")
    return [line for line in lines if line]


def auth_failed(
    journal: Journal,
    host: str,
    at: datetime,
    user: str,
    rip: str,
    reason: str | None,
    *,
    service: str = "submission",
    methods: tuple[str, ...] = ("PLAIN",),
    client: str = "",
) -> list[str]:
    """Refused SASL attempts: Dovecot's auth line (no session) and Postfix's warning for each."""
    smtp, lines = Smtp(journal, host, at, rip, service, client), []
    smtp.open()
    for method in methods:
        if reason:
            lines.append(journal.write(host, smtp.at, f"dovecot: auth: passwd-file({user},{rip}): {reason}"))
        smtp.at = later(smtp.at, 2.005)
        lines.append(
            smtp.say(
                f"warning: {smtp.client}: SASL {method} authentication failed: (reason unavailable), sasl_username={user}",
                pause=0.06,
            )
        )
    count = len(methods)
    base = 3 if service == "submission" else 1
    smtp.close(f"{smtp.hello} auth=0/{count} commands={base}/{base + count}", lost="AUTH")
    return [line for line in lines if line]


def rejected(
    journal: Journal,
    host: str,
    at: datetime,
    rip: str,
    sender: str,
    to: str,
    reply: str,
    *,
    service: str = "submission",
    auth: bool = True,
) -> list[str]:
    """A recipient or sender that is refused at RCPT TO; ``reply`` is code, enhanced status and text."""
    smtp = Smtp(journal, host, at, rip, service)
    smtp.open()
    smtp.at = later(smtp.at, 0.2)
    line = smtp.say(
        f"NOQUEUE: reject: RCPT from {smtp.client}: {reply}; from=<{sender}> to=<{to}> proto=ESMTP helo=<{journal.rng.choice(HELOS)}>"
    )
    done = (4 if service == "submission" else 2) + (1 if auth else 0)
    smtp.close(
        f"{smtp.hello}{' auth=1' if auth else ''} mail=1 rcpt=0/1 rset=1 commands={done + 1}/{done + 2}", lost="RSET"
    )
    return [line] if line else []


def tls_error(
    journal: Journal, host: str, at: datetime, rip: str, error: str | None, *, service: str = "smtps"
) -> list[str]:
    """A handshake that fails: the accept error (``lost connection`` where ``error`` is None) and the library's line."""
    smtp = Smtp(journal, host, at, rip, service)
    smtp.open(tls=False)
    lines = [smtp.say(f"SSL_accept error from {smtp.client}: {'-1' if error else 'lost connection'}", pause=0.0002)]
    if error:
        lines.append(smtp.say(f"warning: TLS library problem: {error}:"))
    if service == "submission":
        smtp.close("ehlo=1 starttls=0/1 commands=1/2", lost="STARTTLS")
    else:
        smtp.close("commands=0/0", lost="CONNECT")
    return [line for line in lines if line]


def silent_leave(
    journal: Journal,
    host: str,
    at: datetime,
    rip: str,
    *,
    service: str = "submission",
    counters: str = "commands=0/0",
    after: str = "CONNECT",
) -> list[str]:
    """A client that leaves before it logs in: TLS spoken to 587, a name mismatch without an alert, a port probe."""
    smtp = Smtp(journal, host, at, rip, service)
    smtp.open(tls=False)
    return smtp.close(counters, lost=after)


def too_big(journal: Journal, host: str, at: datetime, user: str, rip: str) -> list[str]:
    """A message over ``message_size_limit``."""
    smtp, qid = Smtp(journal, host, at, rip, "submission"), journal.queue_id()
    smtp.open()
    lines = [
        smtp.say(f"{qid}: client={smtp.client}, sasl_method=PLAIN, sasl_username={user}"),
        smtp.say(f"warning: {qid}: queue file size limit exceeded"),
    ]
    smtp.close("ehlo=2 starttls=1 auth=1 mail=1 rcpt=1 data=0/1 commands=6/7")
    return [line for line in lines if line]


def rate_limited(journal: Journal, host: str, at: datetime, rip: str, what: str, count: int) -> list[str]:
    """Postfix's own limits by address (anvil): messages or AUTH commands in a minute."""
    smtp = Smtp(journal, host, at, rip, "submission")
    smtp.open()
    line = smtp.say(f"warning: {what} rate limit exceeded: {count} from {smtp.client} for service submission")
    smtp.close("ehlo=2 starttls=1 auth=1 mail=0/1 rset=1 commands=5/6", lost="RSET")
    return [line] if line else []


def probe(journal: Journal, host: str, at: datetime, rip: str) -> None:
    """The host's own health check: TLS, EHLO, QUIT."""
    smtp = Smtp(journal, host, at, rip, "smtps")
    smtp.open()
    smtp.close("ehlo=1 quit=1 commands=2")
