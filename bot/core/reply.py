"""The draft that the customer may read: reviewed sentences from knowledge/replies with typed slots.

Nothing of the ticket's text is echoed, not even a name. Facts of the log or the account appear only for a
verified requester, and then only as numbers, times and the customer's own address. The last step scans the
draft for what must never leave (addresses, hosts, queue ids that are not the customer's to see).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import regex
from jinja2 import StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

from bot.core.egress import leaks
from bot.core.model import AccountView, Citation, Diagnosis, Facts, Finding, Reply, ServerView
from bot.core.server import login_shape, rule_of
from knowledge.model import Knowledge, Replies

MAX_REPLY_CHARS = 6000
_ENVIRONMENT = ImmutableSandboxedEnvironment(autoescape=False, undefined=StrictUndefined)
_SAFE_ADDRESS = regex.compile(r"[a-z0-9._%+-]{1,64}@(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}")


class ReplyError(Exception):
    """A sentence that cannot be filled: the reply file names a slot that does not exist."""


def draft(
    facts: Facts, findings: Sequence[Finding], server: ServerView, account: AccountView, diagnosis: Diagnosis, knowledge: Knowledge,
    *, verified: bool, language: str | None = None, zone: ZoneInfo | None = None,
) -> Reply | None:
    """The reply in the ticket's language where its sentences are complete, else in English; None for a ticket
    that is not about this. Raises ReplyError where a sentence names an unknown slot."""
    if diagnosis.verdict == "none" or not diagnosis.causes:
        return None
    sentences = choose_language(knowledge, language or facts.language)
    slots = _slots(facts, findings, server, account, knowledge, verified=verified, zone=zone)
    parts = [_say(sentences, "greeting", slots)]
    citations: tuple[Citation, ...] = ()
    if diagnosis.verdict == "escalate":
        parts.append(_say(sentences, "escalate.text", slots))
    elif diagnosis.verdict == "ask":
        parts += _ask(diagnosis, facts, sentences, slots)
    else:
        body, citations = _answer(facts, findings, server, diagnosis, knowledge, sentences, slots, verified=verified)
        parts += body
    parts.append(_say(sentences, "closing", slots))
    text = "\n\n".join(p.strip() for p in parts if p.strip())[:MAX_REPLY_CHARS]
    allowed = {a for a in (facts.mailbox,) if a and verified}
    if leaks(text, allowed, knowledge.settings):
        # the second lock: rather no draft than one that shows what it must not
        return None
    return Reply(sentences.language, text, citations)


def choose_language(knowledge: Knowledge, wanted: str) -> Replies:
    """The complete set of sentences for a language (``pt-br`` falls back to ``pt``), else English."""
    for language in (wanted, wanted.partition("-")[0], "en"):
        found = knowledge.replies.get(language)
        if found is not None and found.complete:
            return found
    return knowledge.replies["en"]


def _say(sentences: Replies, key: str, slots: Mapping[str, object]) -> str:
    template = sentences.sentences.get(key)
    if template is None:
        return ""
    try:
        return _ENVIRONMENT.from_string(template).render(**slots)
    except Exception as error:
        raise ReplyError(f"replies/{sentences.language}.toml: {key}: {error}") from error


def _slots(
    facts: Facts, findings: Sequence[Finding], server: ServerView, account: AccountView, knowledge: Knowledge, *, verified: bool, zone: ZoneInfo | None,
) -> dict[str, object]:
    """Every slot a sentence may name. Values are numbers, times, our own settings, or a checked address."""
    settings = knowledge.settings
    smtp = [p for p in settings.ports if p.protocol == "smtp" and p.supported]
    slots: dict[str, object] = {
        "brand": settings.brand, "support": settings.support_name, "webmail": settings.webmail_url,
        "imap_host": settings.imap_host, "smtp_host": settings.smtp_host,
        "imap_port": next((p.port for p in settings.ports if p.protocol == "imap" and p.supported), 993),
        "smtp_tls_port": next((p.port for p in smtp if p.tls == "implicit"), 465),
        "smtp_starttls_port": next((p.port for p in smtp if p.tls == "starttls"), 587),
        "idle_minutes": settings.imap_idle_minutes, "verified": verified,
        "wrong_port": next((e.port for f in findings for e in facts.endpoints if e.span == f.span and f.check == "port-and-tls" and e.port), None),
        "sending": "smtp" in facts.protocols, "receiving": "imap" in facts.protocols,
        "client": _client_name(facts, knowledge), "mailbox": None, "plan": None, "time": None, "count": None, "limit": None,
    }
    if verified:
        if facts.mailbox and _SAFE_ADDRESS.fullmatch(facts.mailbox):
            slots["mailbox"] = facts.mailbox
        known = account.account
        plan = knowledge.plans.get(known.plan) if known and known.plan else None
        if plan:
            slots["plan"] = plan.name
            slots["limit"] = plan.imap_per_ip
        line = server.matching
        if line is not None and line.ownership == "own" and line.event.time is not None:
            slots["time"] = _clock(line.event.time, zone)
            slots["count"] = sum(1 for other in server.lines if other.event.event == line.event.event and other.ownership == "own")
            if line.event.limit:
                slots["limit"] = line.event.limit
    return slots


def _client_name(facts: Facts, knowledge: Knowledge) -> str | None:
    """The failing client's name as our table writes it; never the customer's own spelling."""
    names = {family.name for family in knowledge.clients}
    return next((c.name for c in facts.clients if c.name in names and c.failing is not False), None)


def _clock(moment: datetime, zone: ZoneInfo | None) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if zone else f"{moment:%Y-%m-%d %H:%M} UTC"


def _answer(
    facts: Facts, findings: Sequence[Finding], server: ServerView, diagnosis: Diagnosis, knowledge: Knowledge, sentences: Replies,
    slots: Mapping[str, object], *, verified: bool,
) -> tuple[list[str], tuple[Citation, ...]]:
    lead = diagnosis.causes[0].cause
    causes = [lead, *[c for c in diagnosis.undecided if c in knowledge.checks or c in knowledge.others][:1]]
    causes += [c for c in diagnosis.also if c not in causes][:1]
    parts = []
    opening = "sure" if diagnosis.confidence in ("confirmed", "likely") else "maybe"
    parts.append(_say(sentences, f"cause.{lead}.{opening}", slots) or _say(sentences, f"cause.{lead}.sure", slots))
    if verified:
        parts.append(_fact(server, facts, knowledge, sentences, slots))
    cited = tuple(_citation(c, knowledge, sentences) for c in causes if c in knowledge.checks)
    if cited:
        parts.append("\n".join(_say(sentences, "citation", {**slots, "number": c.number, "title": c.title, "url": c.url}) for c in cited))
    parts.append(_steps(lead, facts, sentences, slots))
    parts.append(_say(sentences, f"cause.{lead}.avoid", slots))
    for rival in causes[1:]:
        parts.append(_say(sentences, f"cause.{rival}.also", slots))
    if diagnosis.undecided and diagnosis.question:
        parts.append(_say(sentences, f"question.{diagnosis.question}", slots))
    parts.append(_say(sentences, "if_not", slots))
    return parts, cited


def _fact(server: ServerView, facts: Facts, knowledge: Knowledge, sentences: Replies, slots: Mapping[str, object]) -> str:
    line = server.matching
    if line is None or slots["time"] is None:
        return ""
    rule = rule_of(line.event, login_shape(line.event.login, facts), knowledge)
    return _say(sentences, f"saw.{rule.id}", slots) if rule else ""


def _steps(cause: str, facts: Facts, sentences: Replies, slots: Mapping[str, object]) -> str:
    """Numbered steps; ``{menu}`` in a step becomes the client's own menu path where it is known."""
    name = slots["client"]
    key = regex.sub(r"[^a-z0-9]+", "-", str(name).lower()).strip("-") if name else ""
    platform = next((c.platform for c in facts.clients if c.name == name and c.platform), None) or ""
    menu = ""
    for candidate in (f"menu.{key}-{_platform(platform)}", f"menu.{key}", "menu.any"):
        menu = _say(sentences, candidate, slots)
        if menu:
            break
    remove = _say(sentences, f"remove.{key}-{_platform(platform)}", slots) or _say(sentences, f"remove.{key}", slots) \
        or _say(sentences, "remove.any", slots)
    text = _say(sentences, f"cause.{cause}.steps", {**slots, "menu": menu, "remove": remove})
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1)) if len(lines) > 1 else "\n".join(lines)


def _platform(platform: str) -> str:
    lowered = platform.lower()
    for name, words in (("ios", ("ios", "iphone", "ipad")), ("macos", ("mac", "os x")), ("android", ("android",)), ("windows", ("windows",))):
        if any(word in lowered for word in words):
            return name
    return "any"


def _ask(diagnosis: Diagnosis, facts: Facts, sentences: Replies, slots: Mapping[str, object]) -> list[str]:
    """At most three questions, the deciding one first, and none that the ticket has answered."""
    wanted = [diagnosis.question] if diagnosis.question else []
    by_fact = {"mailbox": "mailbox", "error_text": "error-text", "client": "client", "webmail": "webmail"}
    wanted += [by_fact[m] for m in diagnosis.missing if m in by_fact]
    questions = [_say(sentences, f"question.{q}", slots) for q in dict.fromkeys(wanted)]
    questions = [q for q in questions if q][:3]
    if not questions:
        questions = [_say(sentences, "question.error-text", slots)]
    listed = questions[0] if len(questions) == 1 else "\n".join(f"- {q}" for q in questions)
    return [_say(sentences, "ask.intro", slots), listed]


def _citation(check_id: str, knowledge: Knowledge, sentences: Replies) -> Citation:
    check = knowledge.checks[check_id]
    title = sentences.sentences.get(f"title.{check_id}", check.title)
    base = knowledge.settings.article_url
    url = f"{base}#{check.anchor}" if base and check.anchor else base
    return Citation(check_id, check.number, unicodedata.normalize("NFC", title), url)
