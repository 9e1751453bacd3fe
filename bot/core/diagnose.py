"""Naming the cause: evidence -> ranked causes, a confidence that says what proves it, and what to do next.

The confidence is a ladder, not a number: CONFIRMED needs a line of the server that is the customer's own and
says so by itself, or an account fact that alone explains the failure; a pattern, a faulty setting or a proven
absence reach LIKELY; fuzzy or many-sided texts stay GUESS; nothing at all is UNKNOWN.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from bot.core import evidence as gather
from bot.core.line_rules import rule_of
from bot.core.model import Facts, Finding, Match
from bot.core.observed import AccountView, ServerView
from bot.core.posterior import chances as chances_of
from bot.core.posterior import leanings, priors, ratios, sparse
from bot.core.topic import chance_of_another, complains, without_other_topics
from bot.core.verdict import WHICH_SERVICE, Diagnosis, Evidence, RankedCause
from bot.core.whose import login_shape, name_in
from knowledge.model import Knowledge

ANSWER_FROM = 0.4
"""Below this probability a careful expert asks before naming a check."""
SILENT_FROM = 0.55
"""Below this probability a ticket that may be about something else is asked about, not passed over in silence."""
DOUBTFUL_FROM = 0.06
"""From this probability of being about something else on, a ticket is asked about before it is answered."""
WORDS_FROM = 0.75
"""Below this a ticket that holds no faulty setting and no program's text is asked about: words repeat one another."""
LIKELY_FROM = 0.65
LIKELY_BY_TEXT_FROM = 0.9
"""Where neither server nor directory nor a probe speaks. Of tickets of four new hands, from 0.65 to 0.9 four of fifteen
were wrong, above it three of a hundred."""
CONFIRMED_FROM = 0.75
SURE_WITHOUT_LINE = 0.85
NOTHING_LEADS_BELOW = 0.2
"""A first cause below this is only the most frequent one: then nothing leads."""
SHOWN = 5
SHOWN_FROM = 0.02
TELLING = 1.15
"""An evidence ratio from which it is listed as speaking for a cause (its inverse: against)."""
ANOTHER_DEVICE = frozenset(
    {"other-device-works", "saved-password-kept", "new-password-taken-elsewhere", "outgoing-password-not-updated"}
)
"""Cues by which a customer says that one device works and another fails."""
PASSWORD_CAUSES = frozenset({"mailbox-password", "stale-client-profile", "username-full-address"})
"""Causes whose advice ends in typing credentials again."""
INSEPARABLE = frozenset({"mailbox-password", "stale-client-profile"})
"""Causes that leave the same line and the same text (mail-lab: checks 2 and 10 with an old password)."""


def told_by_ticket(
    facts: Facts, findings: Sequence[Finding], matches: Sequence[Match], knowledge: Knowledge
) -> list[gather.Weighted]:
    """The evidence that a ticket brings by itself. Its :func:`posterior` is what is expected before the server and the
    directory are asked."""
    facts = without_other_topics(facts, matches, knowledge)
    return [
        *gather.of_errors(matches, facts, knowledge),
        *gather.of_findings(findings, facts, knowledge),
        *gather.of_words(facts, matches, knowledge),
    ]


def diagnose(
    facts: Facts,
    findings: Sequence[Finding],
    matches: Sequence[Match],
    server: ServerView,
    account: AccountView,
    knowledge: Knowledge,
    tried: Sequence[str] = (),
    probed: Sequence[gather.Weighted] = (),
    told: Sequence[gather.Weighted] | None = None,
) -> Diagnosis:
    """Rank the causes and decide between answering, asking, handing over and staying silent. ``tried``: causes whose
    advice the customer has followed in vain; ``probed``: what looks at our servers and at their domain say; ``told``:
    :func:`told_by_ticket`, where somebody has asked for it already."""
    if told is None:
        told = told_by_ticket(facts, findings, matches, knowledge)
    pieces = [
        *told,
        *gather.of_server(server, facts, knowledge),
        *gather.of_account(account, facts, knowledge),
        *gather.of_tried(tried),
        *probed,
    ]
    said = leanings(pieces, knowledge)
    chances = chances_of(said, knowledge)
    ranked = sorted(chances, key=lambda c: -chances[c])
    prior = priors(knowledge)
    weighed = [(piece, ratios(piece.supports, piece.refutes, prior)) for piece, _ in pieces]
    causes = tuple(_ranked(c, chances[c], weighed, knowledge) for c in ranked[:SHOWN] if chances[c] >= SHOWN_FROM) or (
        _ranked(ranked[0], chances[ranked[0]], weighed, knowledge),
    )
    lead = ranked[0]
    silent = knowledge.others.get(lead) is not None and knowledge.others[lead].answer == "none"
    another = chance_of_another(facts, matches, of_no_answer(chances, knowledge), knowledge)
    if silent and chances[lead] >= SILENT_FROM and another >= SILENT_FROM:
        return Diagnosis(
            "none",
            "likely" if chances[lead] >= LIKELY_FROM else "guess",
            causes[:1],
            lead,
            other_topic=another,
            leanings=sparse(said),
        )
    confidence = _confidence(lead, chances, facts, findings, matches, server, knowledge, pieces)
    undecided = _undecided(lead, chances, server, facts, knowledge)
    if confidence == "confirmed" and (undecided or (lead in PASSWORD_CAUSES and password_proven_since(server, facts))):
        confidence = "likely"
    missing = _missing(facts, findings, matches, server)
    doubted = another >= DOUBTFUL_FROM and server.matching is None and confidence != "confirmed"
    if doubted and confidence == "likely":
        confidence = "guess"
    verdict = _verdict(
        lead,
        chances[lead],
        confidence,
        facts,
        findings,
        matches,
        server,
        undecided,
        missing,
        knowledge,
        doubted=doubted,
    )
    question = None
    if doubted and verdict == "ask":
        question = WHICH_SERVICE
    elif undecided or verdict in ("ask", "escalate"):
        question = _question(lead, undecided, missing, facts, knowledge)
    return Diagnosis(
        verdict,
        confidence,
        causes,
        other=lead if knowledge.number(lead) is None else "unknown" if chances[lead] < NOTHING_LEADS_BELOW else None,
        missing=missing if verdict in ("ask", "escalate") else tuple(m for m in missing if m in ("mailbox",)),
        also=_also(lead, findings, server, facts, knowledge),
        undecided=undecided,
        question=question,
        other_topic=another,
        leanings=sparse(said),
    )


def of_no_answer(chances: Mapping[str, float], knowledge: Knowledge) -> float:
    """How likely the ticket is about none of our services, or asks for nothing."""
    return sum(chance for cause, chance in chances.items() if (o := knowledge.others.get(cause)) and o.answer == "none")


def _ranked(
    cause: str, chance: float, weighed: Sequence[tuple[Evidence, Mapping[str, float]]], knowledge: Knowledge
) -> RankedCause:
    listed: list[tuple[Evidence, bool]] = []
    for piece, by_cause in weighed:
        if by_cause[cause] >= TELLING:
            listed.append((piece, True))
        elif by_cause[cause] <= 1 / TELLING:
            listed.append((piece, False))
    return RankedCause(cause, knowledge.number(cause), round(chance, 4), tuple(listed))


# -- the ladder ----------------------------------------------------------------------------------------


def _confidence(
    lead: str,
    chances: Mapping[str, float],
    facts: Facts,
    findings: Sequence[Finding],
    matches: Sequence[Match],
    server: ServerView,
    knowledge: Knowledge,
    pieces: Sequence[gather.Weighted],
) -> str:
    chance = chances[lead]
    if not pieces or chance < NOTHING_LEADS_BELOW:
        return "unknown"
    if chance >= CONFIRMED_FROM and (
        _line_confirms(lead, server, facts, knowledge) or _account_confirms(lead, pieces, knowledge)
    ):
        return "confirmed"
    proven_text = any(_share(knowledge.errors[m.error_id], lead) >= 0.5 and m.method == "pattern" for m in matches)
    setting = any(knowledge.finding_rules[f.id].supports.get(lead, 0) >= 0.5 for f in findings)
    line = server.matching is not None and lead in _line_supports(server, facts, knowledge)
    if lead in INSEPARABLE and line and sum(chances[c] for c in INSEPARABLE) >= CONFIRMED_FROM:
        return "likely"  # the line proves that it is one of the two, and both are named
    account_says = any(p.kind == "account" and p.supports.get(lead, 0) >= 0.4 for p, _ in pieces)
    probe_says = any(p.kind == "probe" and p.supports.get(lead, 0) >= 0.5 for p, _ in pieces)
    if chance >= LIKELY_FROM and (line or server.absence_proven or account_says or probe_says):
        return "likely"
    words = any(knowledge.cues[c.id].supports.get(lead, 0) >= 0.6 for c in facts.cues)
    if chance >= LIKELY_BY_TEXT_FROM and (proven_text or setting or (words and matches)):
        return "likely"
    return "guess"


def _share(row: object, cause: str) -> float:
    checks: Mapping[str, float] = getattr(row, "checks")  # noqa: B009
    others: Mapping[str, float] = getattr(row, "others")  # noqa: B009
    return checks.get(cause, others.get(cause, 0.0))


def _line_supports(server: ServerView, facts: Facts, knowledge: Knowledge) -> Mapping[str, float]:
    if server.matching is None:
        return {}
    rule = rule_of(server.matching.event, login_shape(name_in(server.matching.event), facts), knowledge)
    return rule.supports if rule else {}


def _line_confirms(lead: str, server: ServerView, facts: Facts, knowledge: Knowledge) -> bool:
    if server.matching is None or server.matching.ownership not in ("own", "address"):
        return False
    rule = rule_of(server.matching.event, login_shape(name_in(server.matching.event), facts), knowledge)
    if rule is None or not rule.decisive or rule.supports.get(lead, 0) < 0.5:
        return False
    return server.matching.ownership == "own" or rule.supports.get(lead, 0) >= 0.9


def _account_confirms(lead: str, pieces: Sequence[gather.Weighted], knowledge: Knowledge) -> bool:
    """True where a fact of the directory that decides by itself (knowledge/account.toml) names the leading cause."""
    facts = [
        knowledge.account_rules[p.ref] for p, _ in pieces if p.kind == "account" and p.ref in knowledge.account_rules
    ]
    return any(fact.decisive and fact.supports.get(lead, 0) >= 0.5 for fact in facts)


def _undecided(
    lead: str, chances: Mapping[str, float], server: ServerView, facts: Facts, knowledge: Knowledge
) -> tuple[str, ...]:
    """Causes that the evidence at hand cannot tell from the leading one."""
    rivals = [c for c in chances if c != lead and chances[c] >= 0.5 * chances[lead] and chances[c] >= 0.15]
    if lead in INSEPARABLE:
        other = next(iter(INSEPARABLE - {lead}))
        if chances[other] >= 0.22 * chances[lead] and other not in rivals:
            rivals.append(other)
    return tuple(sorted(rivals, key=lambda c: -chances[c]))[:2]


def _also(
    lead: str, findings: Sequence[Finding], server: ServerView, facts: Facts, knowledge: Knowledge
) -> tuple[str, ...]:
    """Causes that a faulty setting, or a deciding line of their own, proves beside the leading one: two faults."""
    found = [f.check for f in findings if f.check and knowledge.finding_rules[f.id].supports.get(f.check, 0) >= 0.8]
    for line in server.lines:
        rule = (
            rule_of(line.event, login_shape(name_in(line.event), facts), knowledge) if line.ownership == "own" else None
        )
        if rule is not None and rule.decisive and rule.supports:
            cause = max(rule.supports, key=lambda c: rule.supports[c])
            if rule.supports[cause] >= 0.9:
                found.append(cause)
    return tuple(c for c in dict.fromkeys(found) if c != lead)[:2]


def overruled(diagnosis: Diagnosis, chosen: str, knowledge: Knowledge) -> Diagnosis:
    """The diagnosis with an agent's word instead of ours: a cause that leads from now on, or ``ask``. What the evidence
    said stays as it was; the order and the next step change, and of a cause that did not lead nothing better than a
    guess is claimed. Raises KeyError for a cause that nobody knows."""
    if chosen == "ask":
        return replace(diagnosis, verdict="ask")
    if chosen not in knowledge.checks and chosen not in knowledge.others:
        raise KeyError(chosen)
    number = knowledge.number(chosen)
    lead = next((c for c in diagnosis.causes if c.cause == chosen), RankedCause(chosen, number, 0.0))
    other = knowledge.others.get(chosen)
    verdict = other.answer if other is not None and other.answer in ("escalate", "none") else "answer"
    rest = tuple(c for c in diagnosis.causes if c.cause != chosen)
    return Diagnosis(
        verdict,
        diagnosis.confidence if diagnosis.causes[:1] == (lead,) else "guess",
        (lead, *rest),
        other=chosen if number is None else None,
        missing=diagnosis.missing,
        leanings=diagnosis.leanings,
    )


# -- what to do next -----------------------------------------------------------------------------------


def _missing(
    facts: Facts, findings: Sequence[Finding], matches: Sequence[Match], server: ServerView
) -> tuple[str, ...]:
    out = []
    if facts.mailbox is None:
        out.append("mailbox")
    if not facts.errors and not matches:
        out.append("error_text")
    if not facts.clients:
        out.append("client")
    if facts.webmail_works is None and server.matching is None:
        out.append("webmail")
    return tuple(out)


def _verdict(
    lead: str,
    chance: float,
    confidence: str,
    facts: Facts,
    findings: Sequence[Finding],
    matches: Sequence[Match],
    server: ServerView,
    undecided: Sequence[str],
    missing: Sequence[str],
    knowledge: Knowledge,
    *,
    doubted: bool,
) -> str:
    other = knowledge.others.get(lead)
    if other is not None and other.answer == "escalate" and (lead != "unknown" or "error_text" not in missing):
        return "escalate"
    if (
        lead == "unknown"
        or (other is not None and other.answer == "none")
        or (password_proven_since(server, facts) and lead in PASSWORD_CAUSES)
    ):
        return "ask"
    if confidence == "confirmed":
        return "answer"
    if doubted:
        return "ask"
    if server.absence_proven and not findings and other is None and chance < SURE_WITHOUT_LINE:
        return "ask"  # nothing of theirs arrived: only their settings or another network can tell which of 3, 4 and 5
    if confidence == "unknown" or chance < ANSWER_FROM:
        return "ask"
    if (
        confidence == "guess"
        and not findings
        and not any(knowledge.errors[m.error_id].role != "wrapper" for m in matches)
        and (chance < WORDS_FROM or not complains(facts, matches))
    ):
        return "ask"
    return "answer"


def password_proven_since(server: ServerView, facts: Facts) -> bool:
    """True where the failing protocol logged in for the mailbox from the same address after the refused line: a
    request to retype the password would then contradict the log (unless the failing device is another one)."""
    line = server.matching
    if line is None or line.event.time is None or _another_device(facts):
        return False
    after = line.event.time + timedelta(seconds=5)
    faces = {"imap": {"imap"}, "submission": {"submission", "smtps"}, "smtps": {"submission", "smtps"}}.get(
        line.event.service or "", set()
    )
    return any(
        s.last > after and s.remote_ip == line.event.remote_ip and (not faces or s.service in faces)
        for s in server.successes
    )


def _another_device(facts: Facts) -> bool:
    """True where the customer says that one device works and another fails: then a success is the working one's."""
    return any(c.failing is False for c in facts.clients) or any(c.id in ANOTHER_DEVICE for c in facts.cues)


def _question(
    lead: str, undecided: Sequence[str], missing: Sequence[str], facts: Facts, knowledge: Knowledge
) -> str | None:
    """The one question that decides most: between rivals first, else for what is missing."""
    if undecided and {lead, *undecided} >= INSEPARABLE:
        return "new-password-elsewhere"
    if "error_text" in missing and not undecided:
        return "error-text"
    if undecided:
        check = knowledge.checks.get(lead)
        if check and check.questions:
            return check.questions[0]
    for fact in missing:
        found = next((q.id for q in knowledge.questions.values() if q.missing == fact), None)
        if found:
            return found
    return None
