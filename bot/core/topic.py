"""Is the ticket about mail at all, and about which side of it? Told by what it speaks of, before causes are weighed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import regex

from bot.core.lint import right_settings
from bot.core.model import Facts, Match
from bot.core.parse.hosts import protocol_of_host
from knowledge.matcher import fold
from knowledge.model import Knowledge
from knowledge.other_topics import STEPS

COMPLAINT = "something-fails"
"""The cue of a ticket that says of anything that it fails."""
ONLY_ELSE = "only-else-fails"
"""The cue of a ticket in which mail works and something that carries no mail fails."""
OTHER_ACCOUNT = "other-provider-account"
"""The cue of a ticket about an account with another provider."""
LEFT_BY_A_BAN = frozenset({"auth-failed", "connection-refused"})
"""Rows of the table that stand in one ticket where an address was banned after failed logins."""
OF_SENDING = frozenset({"send", "newsletter", "attachment", "sender", "size"})
"""Concepts of what leaves the mailbox."""
REPLIES = {
    "reply": regex.compile(r"(?<![\d.:])[45]\d\d[ -]\S"),
    "status": regex.compile(r"(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])"),
    "response-code": regex.compile(
        r"\[(?:ALERT|AUTH(?:ENTICATION|ORIZATION)FAILED|AUTH|CANNOT|CLIENTBUG|CONTACTADMIN|CORRUPTION|EXPIRED|IN-?USE|LIMIT"
        r"|LOGIN-DELAY|NONEXISTENT|NOPERM|OVERQUOTA|PRIVACYREQUIRED|SERVERBUG|SYS/(?:TEMP|PERM)|TRYCREATE|UNAVAILABLE)\]"
    ),
}
"""What servers of mail say: a reply code (RFC 5321 4.2, which FTP has as well), an enhanced status (RFC 3463), a
response code of IMAP (RFC 3501 7.1, RFC 5530) or POP3 (RFC 2449, RFC 3206)."""
REPLY_CHARS = 2_000
NAMES_A_CAUSE = 0.55
"""A row of the table that gives one cause this share or more names it."""


def refused_after_logins(matches: Sequence[Match]) -> bool:
    """True where programs' texts show refused logins and refused connections: what a ban leaves."""
    shown = {m.error_id for m in matches if m.method == "pattern" and not m.prose and not m.quoted}
    return shown >= LEFT_BY_A_BAN


def says_nothing_of_sending(facts: Facts) -> bool:
    """True where neither the customer's words nor a program's text speak of what leaves the mailbox."""
    spoken = {trait.partition(" ")[2] for trait in facts.traits}
    return "smtp" not in facts.protocols and OF_SENDING.isdisjoint(spoken)


def chance_of_another(facts: Facts, matches: Sequence[Match], silent: float, knowledge: Knowledge) -> float:
    """How likely the ticket is about something else than mail with us, 0..1.

    Programs of all kinds cannot connect and refuse passwords, so a cause may lead in a ticket about a till or a web
    site. What tells the two apart is all that it holds together: what it speaks of and how, what programs' texts name,
    and what only mail has. ``silent`` is the probability of the causes that mean another topic, by all evidence.
    """
    return knowledge.other_topics.chance_of(traits_of_topic(facts, matches, silent, knowledge))


def traits_of_topic(facts: Facts, matches: Sequence[Match], silent: float, knowledge: Knowledge) -> tuple[str, ...]:
    """What knowledge/other_topics.toml weighs of a ticket: "fails printer", "shown secret", "holds setting", "chance
    0.1"."""
    families = [knowledge.family_named.get(client.name) for client in facts.clients]
    held = {f"kind-{family.kind if family else 'unknown'}" for family in families} or {"no-client"}
    held.update(facts.protocols)
    if facts.mailbox and not facts.mailbox_assumed:
        held.add("mailbox")
    for sign, shape in REPLIES.items():
        if any(shape.search(error.text[:REPLY_CHARS]) for error in facts.errors):
            held.add(sign)
    if _setting_of_mail(facts, knowledge):
        held.add("setting")
    return (
        *facts.traits,
        *(f"shown {concept}" for concept in facts.shown),
        *(f"claimed {row}" for row in sorted({m.error_id for m in matches if m.method == "pattern"})),
        *(f"holds {sign}" for sign in sorted(held)),
        *(f"chance {step}" for step in STEPS if silent >= float(step)),
    )


def _setting_of_mail(facts: Facts, knowledge: Knowledge) -> bool:
    ports = {port.port for port in knowledge.settings.ports}
    return any(e.protocol or e.port in ports or (e.host and protocol_of_host(e.host)) for e in facts.endpoints)


def complains(facts: Facts, matches: Sequence[Match]) -> bool:
    """True where something fails: the customer says so, or a program's text stands in the ticket."""
    return bool(matches or facts.errors) or any(c.id == COMPLAINT for c in facts.cues)


def without_other_topics(facts: Facts, matches: Sequence[Match], knowledge: Knowledge) -> Facts:
    """``facts`` without the cues of another topic that what the ticket holds of our mail refutes."""
    refuted = set()
    if _our_server_fails(facts, knowledge):
        refuted = {ONLY_ELSE, OTHER_ACCOUNT}
    elif facts.webmail_works is False or _holds_mail(facts, matches, knowledge):
        refuted = {ONLY_ELSE}
    return replace(facts, cues=tuple(cue for cue in facts.cues if cue.id not in refuted)) if refuted else facts


def _our_server_fails(facts: Facts, knowledge: Knowledge) -> bool:
    """True where a program's own text names our server: the account that fails is with us, whatever is said of
    others."""
    texts = [fold(error.text) for error in facts.errors if not error.quoted]
    return any(host in text for host in knowledge.settings.own_hosts for text in texts)


def _holds_mail(facts: Facts, matches: Sequence[Match], knowledge: Knowledge) -> bool:
    """True where the ticket holds what only mail has: a program's text that names a cause by itself, our server or a
    port of ours in the settings. Then it is not about something else, whatever works."""
    rows = (knowledge.errors[m.error_id] for m in matches if m.method == "pattern" and not m.prose and not m.quoted)
    return any(right_settings(facts, knowledge)) or any(
        row.role == "specific" and max((*row.checks.values(), *row.others.values()), default=0.0) >= NAMES_A_CAUSE
        for row in rows
    )
