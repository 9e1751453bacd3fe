"""Evidence for and against the causes, from five places: error text, settings, words, server, account.

Each function turns what one step found into :class:`Evidence` with a weight (the exponent of its likelihood
ratio): 1 for a piece that stands alone, less for one that repeats what another has said already.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from itertools import pairwise

import regex

from bot.core.line_rules import rule_of
from bot.core.lint import FOREIGN, right_settings
from bot.core.model import Facts, Finding, Match
from bot.core.networks import networks_of, within
from bot.core.observed import AccountView, ServerLine, ServerView
from bot.core.server import similar
from bot.core.tendency import OF_HOST, OF_PORT, of_traits
from bot.core.topic import complains, refused_after_logins, says_nothing_of_sending
from bot.core.verdict import Evidence
from bot.core.whose import login_shape, name_in
from bot.logs.event import LogEvent
from knowledge.model import CueRule, DecodedError, Knowledge, LogRule

Weighted = tuple[Evidence, float]
QUOTED_DAMPING = 0.5
FUZZY_DAMPING = 0.6
PROSE_DAMPING = 0.4
"""For what the customer's own sentence seems to say where a program's text is pasted beside it."""
CLEAR_TEXT_SHARE = 0.7
BESIDE_A_CLEAR_TEXT = 0.55
TELLING_CUE = 0.55
"""A cue that points to one cause with this share or more counts in full beside any text ("refused on one network
only")."""
NAMING_CUE = 0.8
"""A cue that gives one cause this share or more names it ("as soon as I close the other one it works")."""
SURELY_ELSEWHERE = 0.7
OF_A_MOVE = 0.35
"""Cues that give a stale profile this share or more speak of an account's past."""
ELSEWHERE_DAMPING = 0.35
"""For error words and settings in a ticket that says it is about something else: another provider's account, a
scammer's letter."""
TRIED_FACTOR = 0.03
"""People skip steps, so advice that "did not help" thins a cause out and does not forbid it."""
STRANGE_NETWORKS = 5
"""New networks within a day that make a mailbox look taken over: people travel, but not that much."""
STEADY_SHARE = 0.75
STEADY_AT_LEAST = 5
"""Refusals at a steady pace before a program is held to retry by itself (mail-lab: one click makes up to three)."""


def of_errors(matches: Sequence[Match], facts: Facts, knowledge: Knowledge) -> list[Weighted]:
    """Rows of the decoded-error table. Specific rows count first; a generic row beside a specific one adds
    little, a wrapper beside either nothing."""
    out: list[Weighted] = []
    seen: set[str] = set()
    rank = {"specific": 0, "generic": 1, "wrapper": 2}
    any_pasted = any(not m.prose for m in matches)
    elsewhere = _elsewhere(facts, knowledge)
    ordered = sorted(
        matches,
        key=lambda m: (
            m.prose and any_pasted,
            rank[knowledge.errors[m.error_id].role],
            -m.score,
            -_top(knowledge.errors[m.error_id]),
        ),
    )
    best_role: str | None = None
    for match in ordered:
        row = knowledge.errors[match.error_id]
        if row.id in seen:
            continue
        seen.add(row.id)
        if best_role is not None and row.role == "wrapper":
            continue
        weight = 1.0 if best_role is None else 0.55 if row.role == best_role == "specific" else 0.3
        if best_role is not None and row.role == "generic" and best_role == "specific":
            weight = 0.2
        best_role = best_role or row.role
        weight *= PROSE_DAMPING if match.prose and any_pasted else 1.0
        weight *= ELSEWHERE_DAMPING if elsewhere else 1.0
        weight *= (QUOTED_DAMPING if match.quoted else 1.0) * (1.0 if match.method == "pattern" else FUZZY_DAMPING)
        out.append((Evidence("error", row.title, row.id, {**row.checks, **row.others}, row.refutes), weight))
    return out


def of_tried(tried: Sequence[str]) -> list[Weighted]:
    """Causes whose advice the customer has followed in vain: they are as good as out."""
    return [
        (
            Evidence(
                "words", "its advice was followed and it still fails", f"tried:{cause}", refutes={cause: TRIED_FACTOR}
            ),
            1.0,
        )
        for cause in tried
    ]


def of_findings(findings: Sequence[Finding], facts: Facts, knowledge: Knowledge) -> list[Weighted]:
    """Settings that cannot work; a second one for the same check repeats the first. A host and a port that are
    right, for the failing protocol, speak against checks 3 and 4."""
    out: list[Weighted] = []
    faulty = {f.check for f in findings}
    for protocols, rule_id in zip(right_settings(facts, knowledge), ("host-right", "port-right"), strict=True):
        rule = knowledge.finding_rules[rule_id]
        if not faulty & set(rule.refutes) and protocols and (not facts.protocols or protocols & set(facts.protocols)):
            out.append((Evidence("setting", rule.text, rule.id, rule.supports, rule.refutes), 0.8))
    checks: dict[str | None, int] = {}
    for finding in findings:
        rule = knowledge.finding_rules[
            "host-foreign-alone" if finding.id == FOREIGN and not _moved(facts, knowledge) else finding.id
        ]
        repeats = checks.get(rule.check, 0)
        checks[rule.check] = repeats + 1
        weight = (1.0 if not repeats else 0.25) * (
            ELSEWHERE_DAMPING if finding.id != FOREIGN and _elsewhere(facts, knowledge) else 1.0
        )
        out.append((Evidence("setting", finding.text, finding.id, rule.supports, rule.refutes), weight))
    return out


def _elsewhere(facts: Facts, knowledge: Knowledge) -> bool:
    """True where the customer says that it is about something else than connecting to us."""
    return any(knowledge.cues[c.id].supports.get("not_ours", 0) >= SURELY_ELSEWHERE for c in facts.cues)


def _moved(facts: Facts, knowledge: Knowledge) -> bool:
    """True where the customer speaks of an account that was with another provider before, or that was edited."""
    return any(knowledge.cues[c.id].supports.get("stale-client-profile", 0) >= OF_A_MOVE for c in facts.cues)


def of_words(facts: Facts, matches: Sequence[Match], knowledge: Knowledge) -> list[Weighted]:
    """What the customer says. Cues overlap in meaning, so each further one for the same cause counts less; beside a
    program's own text that names one cause, circumstances count less too."""
    out: list[Weighted] = []
    decided = any(
        _names_one_cause(knowledge.errors[m.error_id])
        for m in matches
        if m.method == "pattern" and not m.prose and not m.quoted
    )
    damping = BESIDE_A_CLEAR_TEXT if decided else 1.0
    families = (knowledge.family_named.get(c.name) for c in facts.clients if c.failing is not False)
    failing = next((family.kind if family else "app" for family in families), "app")
    kind = knowledge.finding_rules.get(f"kind-{failing}")
    if kind is not None:
        out.append((_rule(kind.id, knowledge), 0.85))
    plan = knowledge.plans.get(facts.plan or "")
    if plan is not None and ("smtp" in facts.protocols or (not facts.protocols and not plan.can_send)):
        stated = _rule("stated-plan-can-send" if plan.can_send else "stated-plan-cannot-send", knowledge)
        out.append((stated, 0.9 if facts.protocols else 0.5))
    if refused_after_logins(matches):
        out.append((_rule("refused-after-logins", knowledge), 1.0))
    if facts.traits and says_nothing_of_sending(facts):
        out.append((_rule("nothing-of-sending", knowledge), 0.85))
    if facts.cues and not complains(facts, matches):
        out.append((_rule("no-complaint", knowledge), 0.85))
    spoken: dict[str, int] = {}
    rules = [knowledge.cues[cue.id] for cue in facts.cues]
    # the strongest first: what others say for the same cause repeats it, wherever it stands in the ticket
    for rule in sorted(rules, key=lambda r: -max(r.supports.values(), default=0.0)):
        if not rule.supports and not rule.refutes:
            continue
        leading = max(rule.supports, key=lambda c: rule.supports[c], default="")
        repeats = spoken.get(leading, 0) if leading else 0
        if leading:
            spoken[leading] = repeats + 1
        out.append(
            (
                Evidence("words", rule.note or rule.meaning, rule.id, rule.supports, rule.refutes),
                _said_weight(rule, rule.supports.get(leading, 0.0), damping) * (1.0, 0.6, 0.35)[min(repeats, 2)],
            )
        )
    host, port = right_settings(facts, knowledge)
    together = of_traits(
        facts.traits, knowledge, (OF_HOST if host else frozenset()) | (OF_PORT if port else frozenset())
    )
    return [*out, together] if together else out


def _rule(rule_id: str, knowledge: Knowledge) -> Evidence:
    """What a rule of knowledge/findings.toml says of the customer's words."""
    rule = knowledge.finding_rules[rule_id]
    return Evidence("words", rule.text, rule.id, rule.supports, rule.refutes)


def _said_weight(rule: CueRule, share: float, damping: float) -> float:
    """What a cue counts for that gives its leading cause ``share``: one that names a cause outright is not overruled by
    what a text says of many, and one that names circumstances yields to a text that is clear."""
    if share >= NAMING_CUE and rule.topic == "connection":
        return 1.1
    return 0.85 if share >= TELLING_CUE else 0.85 * damping


def _top(row: DecodedError) -> float:
    return max((*row.checks.values(), *row.others.values()), default=0.0)


def _names_one_cause(row: DecodedError) -> bool:
    return row.role == "specific" and _top(row) >= CLEAR_TEXT_SHARE


def of_server(view: ServerView, facts: Facts, knowledge: Knowledge) -> list[Weighted]:
    """The matching line, what goes with it, what refutes it, and silence where silence is proven."""
    out: list[Weighted] = []
    if view.matching is not None:
        rule = rule_of(view.matching.event, login_shape(name_in(view.matching.event), facts), knowledge)
        if rule is not None:
            weight = {"own": 1.35, "address": 0.9, "mailbox": 0.85}[view.matching.ownership]
            out.append((_server(rule, view.matching.event, rule.note, view.matching.event.raw), weight))
        out += _around(view, facts, knowledge)
    elif view.absence_proven:
        # logins that succeeded in that time show a way that is open, so silence says less
        weight = (
            0.45
            if any(view.since and view.until and s.last >= view.since and s.first <= view.until for s in view.successes)
            else 0.9
        )
        out.append((_told("absence", knowledge), weight))
    strange = strange_networks(view, knowledge)
    if strange >= STRANGE_NETWORKS:
        out.append((_told("foreign-successes", knowledge, attempts=strange), 2.0))
    bans = [s for s in view.lines if s.event.event == "ban" and s.ownership == "own"]
    if bans and (view.matching is None or view.matching.event.event != "ban"):
        ban = next(r for r in knowledge.log_rules if "ban" in r.events)
        out.append((_server(ban, bans[-1].event, ban.note, bans[-1].event.raw), 1.0))
    return out


def _told(rule_id: str, knowledge: Knowledge, **slots: int) -> Evidence:
    """What several lines, or none, say together: a rule of knowledge/log/told.toml with its slots filled."""
    rule = next(r for r in knowledge.log_rules if r.id == rule_id and r.events[0].startswith("told_"))
    note = rule.note
    for name, value in slots.items():
        note = note.replace(f"{{{name}}}", str(value))
    return Evidence("server", note, rule.id, rule.supports, rule.refutes)


def _around(view: ServerView, facts: Facts, knowledge: Knowledge) -> Iterator[Weighted]:
    assert view.matching is not None
    line, moment = view.matching, view.matching.event.time
    if moment is None or line.event.event not in ("auth_failed", "no_auth_attempts", "connection_limit"):
        return
    alike = similar(view, knowledge, facts)
    pace = steady_pace(alike)
    if (
        pace
        and line.event.event == "auth_failed"
        and line.event.reason in (None, "password_mismatch", "invalid_credentials", "auth_failed")
    ):
        yield _told("retries", knowledge, seconds=pace, attempts=len(alike)), 0.8
    services = {
        s
        for s in view.successes
        if line.event.service in (None, "auth", s.service)
        or (line.event.service in ("submission", "smtps") and s.service in ("submission", "smtps"))
    }
    last_refusal = max((ln.event.time for ln in alike if ln.event.time), default=moment)
    if any(c.id == "works-now" for c in facts.cues) and any(s.last > last_refusal for s in services):
        yield _told("success-confirmed", knowledge), 2.0
        return
    later = [s for s in services if s.remote_ip == line.event.remote_ip and s.last > moment + timedelta(seconds=5)]
    meanwhile = [
        s for s in services if s.last >= moment - timedelta(minutes=30) and s.remote_ip != line.event.remote_ip
    ]
    if line.event.event == "auth_failed" and later:
        yield _told("success-later", knowledge), 0.45
    elif line.event.event == "auth_failed" and meanwhile and login_shape(name_in(line.event), facts) == "full":
        yield _told("success-meanwhile", knowledge), 0.5


def strange_networks(view: ServerView, knowledge: Knowledge) -> int:
    """How many networks logged in within the last day that never did before; the first one of a mailbox without a
    history is its owner's.

    Cloud programs rotate their addresses, so their makers' networks do not count.
    """
    if view.until is None:
        return 0
    clouds = [n for family in knowledge.clients for n in family.cloud_networks]
    day = view.until - timedelta(hours=24)
    before = networks_of(s.remote_ip for s in view.successes if s.first < day)
    lately = networks_of(s.remote_ip for s in view.successes if s.last >= day and not within(s.remote_ip, clouds))
    return len(lately - before) - (not before)


def steady_pace(lines: Sequence[ServerLine]) -> int | None:
    """Median seconds between refusals where they come back steadily for an hour or more, else None.

    Lines within 90 s are one attempt (one click writes several). Steady: three of four distances are the median
    one, or a small multiple of it, within a quarter.
    """
    moments: list[float] = []
    for stamp in sorted(line.event.time.timestamp() for line in lines if line.event.time):
        if not moments or stamp - moments[-1] > 90:
            moments.append(stamp)
    if len(moments) < STEADY_AT_LEAST or moments[-1] - moments[0] < 3600:
        return None
    gaps = sorted(b - a for a, b in pairwise(moments))
    pace = gaps[len(gaps) // 2]
    # a host that was silent for a while leaves gaps of two, three, four paces
    steady = sum(1 for gap in gaps if abs(gap / pace - max(1, round(gap / pace))) <= 0.25 and gap <= 4.5 * pace)
    return round(pace) if steady >= STEADY_SHARE * len(gaps) else None


def _server(rule: LogRule, event: LogEvent, note: str, ref: str) -> Evidence:
    def fill(slot: regex.Match[str]) -> str:
        value = getattr(event, slot[1])
        return "?" if value is None else str(value)[:200]

    # one pass: what a login or a reject text holds is data and never a slot
    note = regex.sub(r"\{(login|detail|seconds|limit|attempts)\}", fill, note)
    return Evidence("server", note, ref, rule.supports, rule.refutes)


def of_account(view: AccountView, facts: Facts, knowledge: Knowledge) -> list[Weighted]:
    """What the directory knows. Unknown values say nothing."""
    rules, out = knowledge.account_rules, []

    def add(rule_id: str, weight: float = 1.0) -> None:
        rule = rules[rule_id]
        out.append((Evidence("account", rule.note, rule.id, rule.supports, rule.refutes), weight))

    if view.absent and facts.mailbox:
        add("no-such-mailbox", 0.8)
    account = view.account
    if account is None:
        return out
    if account.alias_of:
        add("alias")
    if account.paused:
        abuse = "abuse" in (account.paused_reason or "").lower()
        add("paused-abuse" if abuse else "paused", 1.3)
    elif account.paused is False and account.domain_verified is not False:
        add("active", 0.6)
    if account.domain_verified is False:
        add("domain-unverified", 0.6)
    plan = knowledge.plans.get(account.plan or "")
    if plan is not None and "smtp" in facts.protocols:
        add("plan-can-send" if plan.can_send else "plan-cannot-send", 1.0 if plan.can_send else 0.8)
    return out
