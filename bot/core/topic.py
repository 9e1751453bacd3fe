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
OF_MAIL = frozenset({"send", "receive", "program", "mailbox", "webmail", "messages"})
FLOWING = frozenset({"send", "receive", "messages", "mailbox"})
"""Concepts of what works when mail does."""
PROGRAMS = frozenset({"app", "library", "command", "webmail"})
"""Kinds of clients that do nothing but mail, or do it for a program."""
SERVER_REPLY = regex.compile(r"(?<![\d.:])[45]\d\d[ -]\S|(?<![\d.])[45]\.\d{1,3}\.\d{1,3}(?![\d.])|\[[A-Z]{5,30}\]")
"""RFC 5321 4.2 and 3463: a reply code, an enhanced status; RFC 5530: a response code. No other service speaks so."""
REPLY_CHARS = 2_000
OF_ITS_SETTINGS = frozenset({"server", "username"})
OF_ITS_DEVICES = frozenset({"password", "phone", "computer", "everyone"})
"""Concepts of what fails when mail does."""
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


def about_mail(facts: Facts, matches: Sequence[Match], knowledge: Knowledge) -> bool:
    """True where something of mail is said to fail, or the ticket names what only mail has: a mail program, a protocol,
    a server or port of mail, a program's text that only mail shows.

    Programs of all kinds cannot connect and refuse passwords. Where mail is only said to work, or neither mail nor a
    device or a password is spoken of, such a text may be any program's, and an answer about mail would be a guess.
    """
    if _only_works(facts, matches, knowledge):
        return False
    families = (knowledge.family_named.get(c.name) for c in facts.clients)
    if facts.protocols or any(f is None or f.kind != "device" for f in families) or _setting_of_mail(facts, knowledge):
        return True
    if any(knowledge.errors[m.error_id].role == "specific" for m in matches):
        return True
    if not facts.traits or not _said(facts, "fails", "denied").isdisjoint(OF_MAIL | OF_ITS_SETTINGS):
        return True
    if not _said(facts, "works").isdisjoint(OF_MAIL):
        return False
    spoken = _said(facts, "fails", "denied", "plain")
    return not spoken.isdisjoint(OF_MAIL | OF_ITS_SETTINGS | OF_ITS_DEVICES)


def _only_works(facts: Facts, matches: Sequence[Match], knowledge: Knowledge) -> bool:
    """True where mail is said to work and nothing of mail to fail, and the ticket holds no reply of a mail server, no
    mail program and no server or port of mail."""
    works, fails = _said(facts, "works"), _said(facts, "fails", "denied")
    if works.isdisjoint(FLOWING) or not fails.isdisjoint(OF_MAIL) or _setting_of_mail(facts, knowledge):
        return False
    families = (knowledge.family_named.get(c.name) for c in facts.clients)
    if any(family is not None and family.kind in PROGRAMS for family in families):
        return False
    texts = (*(e.text for e in facts.errors), *(m.text for m in matches))
    return not any(SERVER_REPLY.search(text[:REPLY_CHARS]) for text in texts)


def _said(facts: Facts, *ways: str) -> set[str]:
    """The concepts that the ticket speaks of in one of these ways."""
    parts = (trait.partition(" ") for trait in facts.traits)
    return {concept for way, _, concept in parts if way in ways}


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
    elif _holds_mail(facts, matches, knowledge):
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
