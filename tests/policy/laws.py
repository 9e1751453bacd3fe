"""The laws that every generated ticket must obey: who gets the text, and what is in it."""

from __future__ import annotations

from collections import Counter

from bot.core.policy.acknowledge import acknowledgement
from bot.core.policy.gate import Circumstances, may_answer
from bot.core.policy.modes import Mode
from bot.core.policy.trust import Record
from knowledge.model import Knowledge
from tests.policy.cases import CANARIES, FACT_LIMIT, NOON, RULES, Case

FACTS = (FACT_LIMIT, f"{NOON:%Y-%m-%d}", "11:", "Agency")


def broken(case: Case, knowledge: Knowledge, count: Counter[str]) -> list[str]:
    """Which laws a case breaks, in words; ``count`` grows by what was looked at."""
    faults = []
    tier = case.tier
    count["cases"] += 1
    count[f"tier {tier}"] += 1
    if (tier != "unverified") != case.entitled:
        faults.append(f"tier {tier}, entitled {case.entitled}: {case.why}")
    at = Circumstances(Mode("auto", by_hand=True), tier, None, Record())
    permission = may_answer(case.full, case.blind if tier == "unverified" else None, at, RULES, knowledge)
    count[permission.kind] += 1
    heard = case.full if tier != "unverified" else case.blind
    texts = [t.text for t in (heard.reply, acknowledgement(heard, knowledge, handover=permission.handover)) if t]
    count["replies"] += len(texts)
    count["replies with facts"] += any(str(fact) in text for fact in FACTS for text in texts)
    for text in texts:
        for canary in CANARIES:
            if canary.lower() in text.lower():
                faults.append(f"canary {canary}: {case.why}")
        if tier == "unverified" and (case.full.facts.mailbox or "?") in text:
            faults.append(f"the mailbox is named to the unverified: {case.why}")
        if tier == "unverified" and any(str(fact) in text for fact in FACTS):
            faults.append(f"a fact for the unverified: {case.why}: {text}")
    recipient = case.recipient
    if recipient is not None:
        count["recipients"] += 1
        strangers = {p for e in case.envelopes for p in e.participants} | {"mallory@evil.example", "new@evil.example"}
        if recipient != case.envelopes[0].requester or (
            recipient in strangers and case.envelopes[0].requester != recipient
        ):
            faults.append(f"wrong recipient {recipient}: {case.why}")
    return faults
