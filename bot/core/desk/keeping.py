"""What is left of a ticket when its time is over. Pure: the store decides when, this decides what.

After 30 days the words go: message bodies, drafts, notes, server lines. After 13 months the persons go: addresses
become keyed digests, so that numbers of past weeks (tickets, distinct mailboxes) stay what they were. Erasing one
person does both at once, with a name that nothing leads back from.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

from bot.core.desk.card import CardContent

BODIES: Final = timedelta(days=30)
PERSONS: Final = timedelta(days=396)
"""13 months."""
_ADDRESS = re.compile(r"[^\s<>\"',;:()@]{1,100}@[^\s<>\"',;:()@]{1,253}")


def without_words(document: Mapping[str, Any]) -> dict[str, Any]:
    """A triage (schema ``triage/1``) without anybody's words: what was decided and counted stays, texts and lines
    are emptied."""
    facts, log, diagnosis = document["facts"], document["log"], document["diagnosis"]
    return {
        **document,
        "text": "",
        "notes": [],
        "facts": {
            **facts,
            "errors": [{"text": "", "span": [0, 0]} for _ in facts["errors"]],
            "mailboxes": [m for m in facts["mailboxes"] if m["address"] == facts["mailbox"]],
            "login": None,
        },
        "findings": [{**f, "text": f["id"]} for f in document["findings"]],
        "matches": [{**m, "text": ""} for m in document["matches"]],
        "log": {**log, "lines": [], "matching_line": _bare(log["matching_line"]) if log["matching_line"] else None},
        "diagnosis": {
            **diagnosis,
            "checks": [{**c, "evidence": [_unsaid(e) for e in c["evidence"]]} for c in diagnosis["checks"]],
            "other_evidence": [_unsaid(e) for e in diagnosis.get("other_evidence", [])],
        },
        "reply": {**document["reply"], "text": ""} if document["reply"] else None,
        "note": {"text": ""},
    }


def _unsaid(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Evidence by its kind and, where it is an id of ours and no server line, its reference."""
    return {
        **evidence,
        "text": "(no longer kept)",
        "ref": evidence["ref"]
        if len(evidence["ref"]) < 60 and " " not in evidence["ref"] and "@" not in evidence["ref"]
        else "",
    }


def _bare(line: Mapping[str, Any]) -> dict[str, Any]:
    kept = (
        "time",
        "host",
        "program",
        "service",
        "event",
        "outcome",
        "reason",
        "tls",
        "mechanism",
        "reply_code",
        "enhanced_status",
        "format",
    )
    return {name: (value if name in kept else "" if name == "raw" else None) for name, value in line.items()}


def card_without_words(content: CardContent) -> CardContent:
    """A card's content as lists and reports count it."""
    return replace(
        content,
        who="",
        deciding=(),
        because=(),
        against=(),
        ignored="",
        coverage="",
        evidence=(),
        lines=(),
        draft="",
        summary="",
    )


def renamed(value: Any, name: Callable[[str], str]) -> Any:
    """A JSON value with every mail address in it, however deep, replaced by what ``name`` calls it."""
    if isinstance(value, str):
        return _ADDRESS.sub(lambda found: name(found[0].lower()), value) if "@" in value else value
    if isinstance(value, dict):
        return {k: renamed(v, name) for k, v in value.items()}
    return [renamed(v, name) for v in value] if isinstance(value, list) else value
