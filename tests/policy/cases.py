"""Generated tickets with all that decides who may read what: requester, proof, mailbox, account, log, participants.
The truth is known by construction.

Canaries stand in every field of the log, the account and the ticket that is not the customer's to read.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from bot.core.desk.values import Envelope
from bot.core.model import ClientMention, ErrorText, Facts, Finding, Reading, Segment, Ticket
from bot.core.observed import Account, AccountView, ServerLine, ServerView
from bot.core.policy.gate import Rules
from bot.core.policy.loops import reason_not_to_answer
from bot.core.policy.tiers import Sender, sender_of
from bot.core.reply import draft
from bot.core.verdict import Diagnosis, Evidence, RankedCause, Reply, Triage
from bot.logs.event import LogEvent
from knowledge.model import Knowledge

US = "mx.host.example"
RULES = Rules(frozenset({US}), frozenset({"support@host.example"}))
NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
VICTIMS = ("anna@kunde.example", "ben@firma.example", "chef@kunde.example")
STRANGERS = (
    "mallory@evil.example",
    "eve@kunde.example",
    "anna@kunde.example.evil.example",
    "annna@kunde.example",
    "reseller@agency.example",
)
CANARIES = (
    "carla@other.example",
    "10.20.30.40",
    "198.51.100.77",
    "2001:db8:beef::1",
    "backend-7.internal.example",
    "imap-director-3",
    "4TzXbL3kJqzKpR",
    "9C6D1F00AA",
    "Wm3lZ9+Lz8fAqAEB",
    "xoxb-123456789012-abcdefghij",
    "Sommer2024!",
    "hunter2Secret",
    "483920",
    "https://evil.example/reset?token=abc",
)
"""Another mailbox, inner addresses and hosts, queue and session ids, a token, passwords, a third party's one-time
code, a link."""
FACT_PLAN, FACT_LIMIT = "agency", 4217
"""What only the owner may read: the plan, a limit that the server's line names, and the time of that line."""


@dataclass(frozen=True)
class Case:
    """One generated ticket and what is true of it."""

    envelopes: tuple[Envelope, ...]
    full: Triage
    blind: Triage
    account: Account | None
    entitled: bool
    """By construction: the requester has proven to be the owner, or one whom the account names."""
    why: str

    @property
    def recipient(self) -> str | None:
        """Who would get an answer: nobody where the loop rules forbid it."""
        if any(reason_not_to_answer(e, RULES.own_addresses) for e in self.envelopes):
            return None
        return self.sender.address

    @property
    def sender(self) -> Sender:
        """What is proven."""
        return sender_of(self.envelopes, RULES.authserv_ids, RULES.own_addresses)

    @property
    def tier(self) -> str:
        """Towards the ticket's mailbox."""
        return self.sender.tier(self.full.facts.mailbox, self.account)


def case(dice: random.Random, knowledge: Knowledge) -> Case:
    """One ticket: half of them honest, half not, in every way that there is."""
    mailbox = dice.choice(VICTIMS)
    requester = mailbox if dice.random() < 0.6 else dice.choice((*VICTIMS, *STRANGERS))
    account = _account(dice, mailbox)
    proof = dice.choice(_PROOFS)
    first = _envelope(dice, requester, proof)
    envelopes, later = [first], ""
    if dice.random() < 0.3:
        later = dice.choice(("same", "same", "joined", "unproven", "other"))
        second = {
            "same": first,
            "joined": replace(first, participants=(*first.participants, "new@evil.example")),
            "unproven": _envelope(dice, requester, "none"),
            "other": replace(_envelope(dice, "mallory@evil.example", "pass"), participants=first.participants),
        }[later]
        envelopes.append(second)
    proven = (proof in ("pass", "vouched") and later in ("", "same")) or (
        proof == "vouched_linked" and later in ("", "same")
    )
    owner = account.mailbox if account else mailbox
    entitled = proven and (
        requester == owner
        or (account is not None and requester in account.admins)
        or (proof == "vouched_linked" and mailbox == owner)
    )
    full, blind = _triages(dice, mailbox, account, knowledge, entitled=entitled)
    return Case(
        tuple(envelopes),
        full,
        blind,
        account,
        entitled,
        f"{requester} about {mailbox}, {proof}, {later or 'one message'}",
    )


_PROOFS = (
    "pass",
    "pass",
    "pass",
    "fail",
    "none",
    "foreign",
    "forged_below",
    "wrong_domain",
    "two_from",
    "display",
    "vouched",
    "vouched_linked",
    "no_headers",
    "vouched_but_failed",
)


def _envelope(dice: random.Random, requester: str, proof: str) -> Envelope:
    domain = requester.rpartition("@")[2]
    good = f"{US}; dmarc=pass header.from={domain}"
    sender = ("From", f"Somebody <{requester}>")
    others = tuple(
        dice.sample(("boss@kunde.example", "support@host.example", "carla@other.example"), dice.randrange(3))
    )
    reply_to = (("Reply-To", "mallory@evil.example"), ("Cc", ", ".join(others))) if dice.random() < 0.5 else ()
    headers = {
        "pass": (("Authentication-Results", good), sender),
        "fail": (("Authentication-Results", f"{US}; dmarc=fail header.from={domain}"), sender),
        "none": (sender,),
        "foreign": (("Authentication-Results", f"mx.evil.example; dmarc=pass header.from={domain}"), sender),
        "forged_below": (("Authentication-Results", f"{US}; spf=none"), ("Authentication-Results", good), sender),
        "wrong_domain": (("Authentication-Results", f"{US}; dmarc=pass header.from=evil.example"), sender),
        "two_from": (("Authentication-Results", good), sender, ("From", "mallory@evil.example")),
        "display": (
            ("Authentication-Results", f"{US}; dmarc=pass header.from=evil.example"),
            ("From", f"{requester} <mallory@evil.example>"),
        ),
        "vouched": (),
        "vouched_linked": (),
        "no_headers": (),
        "vouched_but_failed": (("Authentication-Results", f"{US}; dmarc=fail header.from={domain}"), sender),
    }[proof]
    return Envelope(
        requester,
        (*headers, *reply_to) if headers else (),
        None,
        others,
        proof.startswith("vouched"),
        VICTIMS if proof == "vouched_linked" else (),
    )


def _account(dice: random.Random, mailbox: str) -> Account | None:
    if dice.random() < 0.2:
        return None
    owner = mailbox if dice.random() < 0.9 else "real-owner@kunde.example"
    return Account(
        owner,
        "acct",
        mailbox.rpartition("@")[2],
        FACT_PLAN,
        False,
        None,
        True,
        (),
        ("chef@kunde.example",) if dice.random() < 0.5 else (),
        NOON - timedelta(days=3),
    )


def _triages(
    dice: random.Random, mailbox: str, account: Account | None, knowledge: Knowledge, *, entitled: bool
) -> tuple[Triage, Triage]:
    """The ticket triaged with log and account, and without. ``entitled`` decides as the handler would: by the tier."""
    plant = dice.sample(CANARIES, 8)
    dirt = " ".join(plant)
    language = dice.choice(tuple(knowledge.replies))
    event = LogEvent(
        raw=f"imap-login: {dirt}",
        event=dice.choice(("auth_failed", "connection_limit", "login_disabled", "tls_failed", "rate_limited")),
        outcome="failure",
        time=NOON - timedelta(minutes=dice.randrange(60)),
        host=plant[0],
        program=plant[1],
        service=dice.choice(("imap", "submission")),
        session=plant[2],
        queue_id=plant[3],
        reason=dice.choice(("password_mismatch", "unknown_user", None)),
        mailbox=dice.choice((mailbox, CANARIES[0])),
        login=dice.choice((mailbox, plant[4])),
        remote_ip="198.51.100.77",
        local_ip="10.20.30.40",
        detail=dirt,
        sender=CANARIES[0],
        recipient=CANARIES[0],
        client=plant[5],
        client_version=plant[6],
        limit=FACT_LIMIT,
    )
    line = ServerLine(event, dice.choice(("own", "own", "mailbox", "address", "foreign")), dirt, True, 1.0)
    server = ServerView("full", NOON - timedelta(hours=1), NOON, (line, line), line, known_ips=("198.51.100.77",))
    client = knowledge.clients[dice.randrange(len(knowledge.clients))]
    facts = Facts(
        mailbox=mailbox,
        login=plant[7],
        clients=(ClientMention(dice.choice((client.name, dirt)), plant[0]),),
        errors=(ErrorText(dirt, (0, 3)),),
        language=language,
        protocols=dice.choice((("imap",), ("smtp",), ("imap", "smtp"), ())),
        requester=plant[1],
        domain=plant[2],
    )
    findings = (Finding("port", dirt, "port-and-tls"),) if dice.random() < 0.3 else ()
    reading = Reading(dirt, (Segment("body", (0, len(dirt))),), language)
    kinds = dice.choice((("setting",), ("server",), ("server", "setting"), ("words",), ("account",)))
    names = [c for c in (*knowledge.checks, *knowledge.others) if c not in ("unknown", "not_ours")]
    lead = dice.choice(names)
    evidence = tuple((Evidence(kind, dirt, dirt), True) for kind in kinds)
    ticket = Ticket("t", dirt, dirt, requester=plant[1])
    view = AccountView(account)
    results = []
    for seen, known, kept in (
        (server, view, evidence),
        (ServerView(), AccountView(), tuple(e for e in evidence if e[0].kind in ("setting", "words"))),
    ):
        confidence = (
            dice.choice(("confirmed", "likely", "guess")) if seen is server else dice.choice(("likely", "guess"))
        )
        diagnosis = Diagnosis(
            dice.choice(("answer", "answer", "answer", "ask", "escalate")),
            confidence,
            (RankedCause(lead, knowledge.number(lead), 0.9, kept),),
            missing=("client",) if dice.random() < 0.3 else (),
            also=(dice.choice(names),) if dice.random() < 0.1 else (),
        )
        verified = entitled and seen is server
        reply: Reply | None = draft(facts, findings, seen, known, diagnosis, knowledge, verified=verified)
        results.append(Triage(ticket, reading, facts, findings, (), seen, known, diagnosis, reply, dirt, "v"))
    return results[0], results[1]
