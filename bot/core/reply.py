"""The draft that the customer may read: reviewed sentences from knowledge/replies with typed slots.

Nothing of the ticket's text is echoed, not even a name. Facts of the log or the account appear only for a
verified requester, and then only as numbers, times and the customer's own address. The last step scans the
draft for what must never leave (addresses, hosts, queue ids that are not the customer's to see).
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from bot.core.egress import leaks
from bot.core.line_rules import rule_of
from bot.core.model import Facts, Finding
from bot.core.observed import AccountView, ServerView
from bot.core.reply_slots import ReplyError, client_keys, fill_slots, say
from bot.core.verdict import Citation, Diagnosis, RankedCause, Reply
from bot.core.whose import login_shape, name_in
from knowledge.model import Knowledge, Replies

__all__ = ["ReplyError", "choose_language", "draft", "questions"]

MAX_REPLY_CHARS = 6000
MAX_QUESTIONS = 3
LONG_CHARS = 1400
"""A reply that is longer and ends in a question does without what to send if it does not help: people stop reading."""
_FROM_TICKET = frozenset({"error", "setting", "words"})
"""Kinds of evidence that the customer has given: naming a cause by them tells a stranger nothing."""
_QUESTION_OF = {"mailbox": "mailbox", "error_text": "error-text", "client": "client", "webmail": "webmail"}


def draft(
    facts: Facts,
    findings: Sequence[Finding],
    server: ServerView,
    account: AccountView,
    diagnosis: Diagnosis,
    knowledge: Knowledge,
    *,
    verified: bool,
    language: str | None = None,
    zone: ZoneInfo | None = None,
) -> Reply | None:
    """The reply in the ticket's language where its sentences are complete, else in English; None for a ticket
    that is not about this. Raises ReplyError where a sentence names an unknown slot."""
    if diagnosis.verdict == "none" or not diagnosis.causes:
        return None
    sentences = choose_language(knowledge, language or facts.language)
    slots = fill_slots(facts, findings, server, account, knowledge, sentences, verified=verified, zone=zone)
    parts = [say(sentences, "greeting", slots)]
    citations: tuple[Citation, ...] = ()
    if diagnosis.verdict == "escalate":
        parts.append(say(sentences, "escalate.text", slots))
    elif diagnosis.verdict == "ask" or f"cause.{diagnosis.causes[0].cause}.sure" not in sentences.sentences:
        parts += questions(diagnosis, sentences, slots)
    else:
        body, citations = _answer(facts, server, diagnosis, knowledge, sentences, slots)
        parts += body
    parts.append(say(sentences, "closing", slots))
    text = "\n\n".join(p.strip() for p in parts if p.strip())[:MAX_REPLY_CHARS]
    allowed = {slots["mailbox"]} if isinstance(slots["mailbox"], str) else set()
    if leaks(text, allowed, knowledge.settings, names=[family.name for family in knowledge.clients]):
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


def _answer(
    facts: Facts,
    server: ServerView,
    diagnosis: Diagnosis,
    knowledge: Knowledge,
    sentences: Replies,
    slots: Mapping[str, object],
) -> tuple[list[str], tuple[Citation, ...]]:
    """What is wrong, what we saw, the check, the steps, what not to do, the rival, what to send if it fails."""
    lead = diagnosis.causes[0].cause
    rivals = [c for c in diagnosis.undecided if c in knowledge.checks or c in knowledge.others][:1]
    rivals += [c for c in diagnosis.also if c not in (lead, *rivals)][:1]
    certain = diagnosis.confidence in ("confirmed", "likely") and (
        slots["verified"] or _told_by_ticket(diagnosis.causes[0])
    )
    parts = [
        say(sentences, f"cause.{lead}.{'sure' if certain else 'maybe'}", slots)
        or say(sentences, f"cause.{lead}.sure", slots)
    ]
    parts.append(_seen(lead, server, facts, knowledge, sentences, slots))
    cited = tuple(_citation(c, knowledge, sentences) for c in (lead, *rivals) if c in knowledge.checks)
    parts.append(
        "\n".join(
            say(sentences, "citation", {**slots, "number": c.number, "title": c.title, "url": c.url}) for c in cited
        )
    )
    parts.append(_steps(lead, facts, knowledge, sentences, slots))
    parts.append(say(sentences, f"cause.{lead}.avoid", slots))
    parts += [say(sentences, f"cause.{rival}.also", slots) for rival in rivals]
    if diagnosis.undecided and diagnosis.question:
        parts.append(say(sentences, f"question.{diagnosis.question}", slots))
    if not (diagnosis.undecided and diagnosis.question and sum(map(len, parts)) > LONG_CHARS):
        parts.append(say(sentences, "if_not", slots))
    return parts, cited


def _told_by_ticket(cause: RankedCause) -> bool:
    """True where the ticket's own words speak for the cause: only then may an unverified reader hear it as certain."""
    return any(supports and piece.kind in _FROM_TICKET for piece, supports in cause.evidence)


def _seen(
    cause: str, server: ServerView, facts: Facts, knowledge: Knowledge, sentences: Replies, slots: Mapping[str, object]
) -> str:
    """What our server saw that speaks for the cause, for the owner only (``time`` is set for nobody else)."""
    line = server.matching
    if line is None or slots["time"] is None:
        return ""
    rule = rule_of(line.event, login_shape(name_in(line.event), facts), knowledge)
    said = say(sentences, f"saw.{rule.id}", slots) if rule and cause in rule.supports else ""
    count = slots["count"]
    if said and isinstance(count, int) and count > 1:
        said += ("" if said.endswith("。") else " ") + say(sentences, "again", slots)
    return said.strip()


def _steps(cause: str, facts: Facts, knowledge: Knowledge, sentences: Replies, slots: Mapping[str, object]) -> str:
    """Numbered steps; ``menu`` and ``remove`` say where the customer's own program has it, where that is known."""
    keys = client_keys(facts, knowledge)
    where = {
        kind: next((said for key in keys if (said := say(sentences, f"{kind}.{key}", slots))), "")
        for kind in ("menu", "remove")
    }
    text = say(sentences, f"cause.{cause}.steps", {**slots, **where})
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return "\n".join(f"{n}. {line}" for n, line in enumerate(lines, 1)) if len(lines) > 1 else "\n".join(lines)


def questions(diagnosis: Diagnosis, sentences: Replies, slots: Mapping[str, object]) -> list[str]:
    """The request for what is missing: at most three questions, the deciding one first, and none that the ticket has
    answered."""
    wanted = [diagnosis.question] if diagnosis.question else []
    wanted += [_QUESTION_OF[m] for m in diagnosis.missing if m in _QUESTION_OF]
    asked = [say(sentences, f"question.{q}", slots) for q in dict.fromkeys(wanted)]
    asked = [q for q in asked if q][:MAX_QUESTIONS] or [say(sentences, "question.error-text", slots)]
    listed = asked[0] if len(asked) == 1 else "\n".join(f"- {q}" for q in asked)
    return [say(sentences, "ask.intro", slots), listed]


def _citation(check_id: str, knowledge: Knowledge, sentences: Replies) -> Citation:
    check = knowledge.checks[check_id]
    title = sentences.sentences.get(f"title.{check_id}", check.title)
    base = knowledge.settings.article_url
    url = f"{base}#{check.anchor}" if base and check.anchor else base
    return Citation(check_id, check.number, unicodedata.normalize("NFC", title), url)
