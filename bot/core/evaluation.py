"""Triages held against gold answers: counts, rates, calibration. Pure; the caller times the work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any

import regex

from bot.core.model import Facts
from bot.core.verdict import Triage
from knowledge.model import Knowledge

Gold = Mapping[str, Any]
BINS = 10


@dataclass(slots=True)
class Score:
    """What was right, out of how many. ``rates()`` gives the contract's figures."""

    tickets: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    per_check: dict[str, Counter[str]] = field(default_factory=dict)
    calibration: list[tuple[float, bool]] = field(default_factory=list)
    misses: list[dict[str, Any]] = field(default_factory=list)

    def add(self, other: Score) -> None:
        """Count what another score has counted as well."""
        self.tickets += other.tickets
        self.counts.update(other.counts)
        for key, tally in other.per_check.items():
            self.per_check.setdefault(key, Counter()).update(tally)
        self.calibration += other.calibration
        self.misses += other.misses

    def rate(self, name: str) -> float | None:
        """Right over counted; None where nothing was counted."""
        total = self.counts[f"{name}_n"]
        return round(self.counts[name] / total, 4) if total else None

    def figures(self, seconds: float) -> dict[str, Any]:
        """The contract's keys of eval and lab."""
        names = (
            "mailbox",
            "client",
            "version",
            "error_span",
            "hosts",
            "ports",
            "line",
            "top1",
            "acceptable",
            "top3",
            "absence",
            "both_named",
        )
        return {
            "tickets": self.tickets,
            **{name: self.rate(name) for name in names},
            "wrong_likely": self.counts["wrong_likely"],
            "likely": self.counts["likely"],
            "wrong_confirmed": self.counts["wrong_confirmed"],
            "confirmed": self.counts["confirmed"],
            "ask_right": self.rate("ask"),
            "hard_negatives": self.counts["hard_negatives"],
            "hard_negatives_answered": self.counts["hard_negatives_answered"],
            "ece": self.calibration_error(),
            "tickets_per_s": round(self.tickets / seconds, 1) if seconds > 0 else None,
            "per_check": {
                key: dict(value) for key, value in sorted(self.per_check.items(), key=lambda i: (len(i[0]), i[0]))
            },
        }

    def calibration_error(self) -> float | None:
        """Expected calibration error over ten equal bins of the first cause's probability."""
        if not self.calibration:
            return None
        bins: dict[int, list[tuple[float, bool]]] = {}
        for chance, right in self.calibration:
            bins.setdefault(min(int(chance * BINS), BINS - 1), []).append((chance, right))
        total = len(self.calibration)
        return round(
            sum(
                len(b) / total * abs(sum(c for c, _ in b) / len(b) - sum(r for _, r in b) / len(b))
                for b in bins.values()
            ),
            4,
        )


def evaluate(pairs: Sequence[tuple[Triage, Gold]], knowledge: Knowledge) -> Score:
    """Compare each triage with its gold answer (the contract's Eval section says what right means)."""
    score = Score()
    for triage, gold in pairs:
        score.tickets += 1
        _facts(triage, gold, score, knowledge)
        _cause(triage, gold, score)
        _server(triage, gold, score)
    return score


def _tally(score: Score, name: str, right: bool, triage: Triage, detail: object = None) -> None:
    score.counts[f"{name}_n"] += 1
    score.counts[name] += right
    if not right:
        score.misses.append({"id": triage.ticket.id, "what": name, "detail": detail})


def _facts(triage: Triage, gold: Gold, score: Score, knowledge: Knowledge) -> None:
    facts = triage.facts
    allowed = [gold.get("mailbox"), *gold.get("mailbox_acceptable", [])]
    _tally(score, "mailbox", facts.mailbox in allowed, triage, (facts.mailbox, allowed))
    if gold.get("client"):
        found = facts.clients[0].name if facts.clients else None
        _tally(score, "client", same_client(found, gold["client"], knowledge), triage, (found, gold["client"]))
    if gold.get("client_version"):
        version = facts.clients[0].version if facts.clients else None
        _tally(score, "version", version == gold["client_version"], triage, (version, gold["client_version"]))
    if gold.get("error_texts"):
        right = any(_covers(e.text, g) for g in gold["error_texts"] for e in facts.errors)
        _tally(score, "error_span", right, triage, ([e.text for e in facts.errors], gold["error_texts"]))
    _sets(triage, gold, score, facts)


def _sets(triage: Triage, gold: Gold, score: Score, facts: Facts) -> None:
    for name, found in (
        ("hosts", {e.host for e in facts.endpoints if e.host}),
        ("ports", {e.port for e in facts.endpoints if e.port}),
    ):
        wanted = set(gold.get(name, []))
        if wanted:
            _tally(score, name, wanted <= found, triage, (sorted(map(str, found)), sorted(map(str, wanted))))


def same_client(found: str | None, wanted: str, knowledge: Knowledge) -> bool:
    """True where both names mean the same family of knowledge/clients.toml."""
    if found is None:
        return False
    return found.lower() == wanted.lower() or bool(_families(found, knowledge) & _families(wanted, knowledge))


def _families(name: str, knowledge: Knowledge) -> set[str]:
    exact = {f.id for f in knowledge.clients if f.name.lower() == name.lower()}
    if exact:
        return exact
    return {
        f.id
        for f in knowledge.clients
        if any(regex.fullmatch(p, name, regex.IGNORECASE, timeout=0.05) for p in (*f.names, *f.weak))
    }


def _covers(found: str, gold: str) -> bool:
    """An extracted text that overlaps the gold span by half or more (longest common stretch over gold's length)."""
    a, b = " ".join(found.split()).lower(), " ".join(gold.split()).lower()
    if not b:
        return False
    if a in b:
        return 2 * len(a) >= len(b)
    if b in a:
        return True
    longest = SequenceMatcher(None, a, b, autojunk=False).find_longest_match()
    return 2 * longest.size >= len(b)


def _cause(triage: Triage, gold: Gold, score: Score) -> None:
    diagnosis = triage.diagnosis
    answered = diagnosis.verdict == "answer"
    if gold.get("hard_negative"):
        score.counts["hard_negatives"] += 1
        if answered:
            score.counts["hard_negatives_answered"] += 1
            score.misses.append({"id": triage.ticket.id, "what": "hard_negative", "detail": _told(triage)})
    numbers = [c.number for c in diagnosis.causes if c.number is not None]
    lead = None if diagnosis.other is not None else (numbers[0] if numbers else None)
    if gold.get("check") is None:
        right = diagnosis.other is not None or not answered
        acceptable = right or lead in gold.get("acceptable_checks", [])
        third = right
    else:
        right = lead == gold["check"]
        acceptable = right or lead in gold.get("acceptable_checks", [])
        third = gold["check"] in ([lead, *[n for n in numbers if n != lead]] if lead else numbers)[:3]
    if gold.get("one_of"):  # two things are wrong at once: either may be answered first
        right = acceptable = bool({lead, diagnosis.other} & set(gold["one_of"]))
        third = third or right
    either = set(gold.get("either") or ())
    tally = score.per_check.setdefault(_key(gold), Counter())
    tally["n"] += 1
    tally["acceptable"] += acceptable
    tally["top3"] += third
    if either:  # no evidence tells them apart: right is to name them all
        named = acceptable and either <= set(numbers[:3])
        tally["either_n"] += 1
        tally["either"] += named
        tally["top1"] += 0
        _tally(score, "both_named", named, triage, _told(triage))
    else:
        tally["top1_n"] += 1
        tally["top1"] += right
        _tally(score, "top1", right, triage, _told(triage))
    _tally(score, "acceptable", acceptable, triage, (gold.get("check") or gold.get("cause"), _told(triage)))
    _tally(score, "top3", third, triage)
    if gold.get("should_ask"):
        _tally(score, "ask", diagnosis.verdict in ("ask", "escalate"), triage, _told(triage))
    if not gold.get("hard_negative"):
        for level in ("likely", "confirmed"):
            if diagnosis.confidence == level:
                score.counts[level] += 1
                if not acceptable:
                    tally[f"wrong_{level}"] += 1
                    score.counts[f"wrong_{level}"] += 1
                    score.misses.append({"id": triage.ticket.id, "what": f"wrong_{level}", "detail": _told(triage)})
        if diagnosis.causes:
            score.calibration.append((diagnosis.causes[0].probability, right if either else acceptable))


def _key(gold: Gold) -> str:
    """The row of the table that a ticket counts in: its check's number, or its other cause."""
    return str(gold.get("check") or gold.get("cause"))


def _told(triage: Triage) -> str:
    d = triage.diagnosis
    return f"{d.verdict} {d.confidence} " + ", ".join(f"{c.cause}={c.probability:.2f}" for c in d.causes[:3])


def _server(triage: Triage, gold: Gold, score: Score) -> None:
    wanted = gold.get("matching_lines")
    if wanted:
        found = triage.server.matching.event.raw.strip() if triage.server.matching else None
        hit = found in {w.strip() for w in wanted}
        _tally(score, "line", hit, triage, (found, wanted[:2]))
        tally = score.per_check.setdefault(_key(gold), Counter())
        tally["line_n"] += 1
        tally["line"] += hit
    if gold.get("absence") == "proven":
        _tally(score, "absence", triage.server.absence_proven, triage, triage.server.coverage)


__all__ = ["Gold", "Score", "evaluate", "same_client"]
