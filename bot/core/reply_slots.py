"""The typed slots that a sentence of knowledge/replies may name, and the template engine that fills them.

Values are numbers, times, our own settings, names from our own tables, or the customer's checked address:
nothing that the customer, the log or the directory wrote is ever a value as such.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

import regex
from jinja2 import StrictUndefined, TemplateError
from jinja2.environment import Template
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.core.model import Facts, Finding
from bot.core.observed import AccountView, ServerView
from bot.core.server import similar
from knowledge.model import ClientFamily, Knowledge, Replies

CLOCK = "%Y-%m-%d %H:%M %Z"
"""How a time is written where the language's file has no ``clock`` of its own."""
_ENVIRONMENT = ImmutableSandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
_SAFE_ADDRESS = regex.compile(r"[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}")
_NOT_KEY = regex.compile(r"[^a-z0-9]+")
_SYSTEMS = (
    ("ios", ("ios", "iphone", "ipad")),
    ("macos", ("mac", "os x", "osx")),
    ("android", ("android", "samsung", "galaxy", "pixel")),
    ("windows", ("windows", "win1")),
)


class ReplyError(Exception):
    """A sentence that cannot be filled: the reply file names a slot that does not exist."""


@lru_cache(maxsize=4096)
def _compiled(template: str) -> Template:
    return _ENVIRONMENT.from_string(template)


def say(sentences: Replies, key: str, slots: Mapping[str, object]) -> str:
    """The sentence ``key`` with its slots filled, "" where the language does not have it.

    Raises ReplyError (file, key, what is wrong) for a template that is malformed or names an unknown slot.
    """
    template = sentences.sentences.get(key)
    if template is None:
        return ""
    try:
        return _compiled(template).render(**slots)
    except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
        raise ReplyError(f"replies/{sentences.language}.toml: {key}: {error}") from error


def fill_slots(
    facts: Facts,
    findings: Sequence[Finding],
    server: ServerView,
    account: AccountView,
    knowledge: Knowledge,
    sentences: Replies,
    *,
    verified: bool,
    zone: ZoneInfo | None,
) -> dict[str, object]:
    """Every slot a sentence may name; those of log and account are None unless the requester is ``verified``."""
    settings = knowledge.settings
    smtp = [p for p in settings.ports if p.protocol == "smtp" and p.supported]
    family = family_of(facts, knowledge)
    plans = list(knowledge.plans.values())
    slots: dict[str, object] = {
        "brand": settings.brand,
        "support": settings.support_name,
        "webmail": settings.webmail_url,
        "imap_host": settings.imap_host,
        "smtp_host": settings.smtp_host,
        "imap_port": next((p.port for p in settings.ports if p.protocol == "imap" and p.supported), 993),
        "smtp_tls_port": next((p.port for p in smtp if p.tls == "implicit"), 465),
        "smtp_starttls_port": next((p.port for p in smtp if p.tls == "starttls"), 587),
        "idle_minutes": settings.imap_idle_minutes,
        "verified": verified,
        "wrong_port": _wrong_port(facts, findings),
        "sending": "smtp" in facts.protocols,
        "receiving": "imap" in facts.protocols,
        "client": family.name if family and family.kind == "app" else None,
        "cloud": bool(family and family.cloud),
        "plan_without_sending": next((p.name for p in plans if not p.can_send), None),
        "plan_with_sending": next((p.name for p in plans if p.can_send), None),
        "mailbox": None,
        "plan": None,
        "time": None,
        "count": None,
        "limit": None,
        "imap_total": None,
        "per_hour": None,
        "per_day": None,
    }
    if verified:
        slots |= _own_facts(facts, server, account, knowledge, sentences, zone)
    return slots


def _own_facts(
    facts: Facts,
    server: ServerView,
    account: AccountView,
    knowledge: Knowledge,
    sentences: Replies,
    zone: ZoneInfo | None,
) -> dict[str, object]:
    """What only the owner of the mailbox may read."""
    slots: dict[str, object] = {}
    if facts.mailbox and _SAFE_ADDRESS.fullmatch(facts.mailbox):
        slots["mailbox"] = facts.mailbox
    known = account.account
    plan = knowledge.plans.get(known.plan) if known and known.plan else None
    if plan:
        slots |= {
            "plan": plan.name,
            "limit": plan.imap_per_ip,
            "imap_total": plan.imap_total,
            "per_hour": plan.smtp_per_hour,
            "per_day": plan.mailbox_per_day,
        }
    line = server.matching
    if line is not None and line.ownership == "own" and line.event.time is not None:
        slots["time"] = _clock(line.event.time, zone, sentences.sentences.get("clock", CLOCK))
        slots["count"] = max(1, sum(1 for other in similar(server, knowledge, facts) if other.ownership == "own"))
        if line.event.limit and line.event.event == "connection_limit":
            slots["limit"] = line.event.limit
    return slots


def _wrong_port(facts: Facts, findings: Sequence[Finding]) -> int | None:
    spans = {f.span for f in findings if f.check == "port-and-tls"}
    return next((e.port for e in facts.endpoints if e.span in spans and e.port and 0 < e.port < 65536), None)


def family_of(facts: Facts, knowledge: Knowledge) -> ClientFamily | None:
    """The failing client as our table has it (the first that is not said to work); webmail is no mail program.

    None where that client is none of ours: another one's menus would mislead.
    """
    for client in facts.clients:
        family = knowledge.family_named.get(client.name)
        if client.failing is False or (family is not None and family.kind == "webmail"):
            continue
        return family
    return None


def client_keys(facts: Facts, knowledge: Knowledge) -> tuple[str, ...]:
    """Key endings for ``menu.`` and ``remove.``, best first: client and system, client, kind, any."""
    family = family_of(facts, knowledge)
    if family is None:
        return ("any",)
    key = _NOT_KEY.sub("-", family.name.lower()).strip("-")
    platform = next((c.platform for c in facts.clients if c.name == family.name and c.platform), "").lower()
    system = next((name for name, words in _SYSTEMS if any(word in platform for word in words)), None)
    return (*((f"{key}-{system}",) if system else ()), key, f"kind-{family.kind}", "any")


def _clock(moment: datetime, zone: ZoneInfo | None, pattern: str) -> str:
    return moment.astimezone(zone or UTC).strftime(pattern)
