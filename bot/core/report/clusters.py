"""Error texts that no row of the table claims: likenesses gathered, ranked by how many mailboxes show them, each
with a proposed entry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

import regex
from rapidfuzz import fuzz, process

ALIKE = 82
"""rapidfuzz's token_set_ratio from which two texts are one error: on the texts of the table, spellings of one row
lie above."""
MOST = 2_000
"""Distinct texts that are compared."""
_VARIABLE = regex.compile(
    r"<(?:mailbox|name)>|(?P<host><host>)|(?P<ip>\d{1,3}(?:\.\d{1,3}){3}(?:/24)?)|(?P<number>\d+)"
)


@dataclass(frozen=True, slots=True)
class UnknownError:
    """One error that nobody knows yet: ``text`` is its most frequent wording."""

    id: str
    text: str
    mailboxes: int
    tickets: int
    samples: tuple[str, ...]
    entry: str
    """A TOML entry to start from; causes are left open, since texts alone do not tell them."""


def clusters(seen: Sequence[tuple[str, str | None, int]]) -> tuple[UnknownError, ...]:
    """``seen``: (masked text, mailbox, tickets). The error of most distinct mailboxes first; a ticket without a
    mailbox counts by itself."""
    counted: dict[str, tuple[set[str], int]] = {}
    for text, mailbox, tickets in seen:
        who, count = counted.setdefault(text, (set(), 0))
        who.add(mailbox or f"?{len(who)}")
        counted[text] = who, count + tickets
    texts = sorted(counted, key=lambda t: (-len(counted[t][0]), -counted[t][1], t))[:MOST]
    heads: list[str] = []
    members: dict[str, list[str]] = {}
    for text in texts:
        best = (
            process.extractOne(
                text.casefold(), heads, processor=str.casefold, scorer=fuzz.token_set_ratio, score_cutoff=ALIKE
            )
            if heads
            else None
        )
        head = str(best[0]) if best else text
        if best is None:
            heads.append(text)
        members.setdefault(head, []).append(text)
    found = []
    for head in heads:
        who = set().union(*(counted[t][0] for t in members[head]))
        name = id_of(head)
        found.append(
            UnknownError(
                name,
                head,
                len(who),
                sum(counted[t][1] for t in members[head]),
                tuple(members[head][:5]),
                entry_of(name, members[head][:5]),
            )
        )
    return tuple(sorted(found, key=lambda u: (-u.mailboxes, -u.tickets, u.text)))


def id_of(text: str) -> str:
    """A file name for an error: its first plain words."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    words = re.findall(r"[a-z]{2,}", re.sub(r"<\w+>", " ", plain))
    return "-".join(words[:6])[:60] or "unread-error"


def entry_of(name: str, samples: Sequence[str]) -> str:
    """A decoded error in the table's own form (docs/add-an-error.md): literal texts with placeholders, a wrapper
    until somebody says what it means."""
    texts = list(dict.fromkeys(literal_of(s) for s in samples))
    listed = ",\n  ".join(toml_string(t) for t in texts)
    return (
        f'id = {toml_string(name)}\ntitle = {toml_string(samples[0][:80])}\nprotocol = "any"\nrole = "wrapper"\n'
        f'meaning = "Not decoded yet: say here what it means, then give checks or others their shares and make the role specific."\n'
        f'source = "customers\' tickets"\n\n[[texts]]\nclient = "not known"\nsource = "customers\' tickets"\nany = [\n  {listed},\n]\n'
    )


def literal_of(text: str) -> str:
    """A masked sample as a literal text of the table: what varies becomes a placeholder, braces of the sample's own
    become {any}."""
    plain = re.sub(r"[{}]+", "{any}", text) if "{" in text or "}" in text else text
    return _VARIABLE.sub(lambda m: "{host}" if m["host"] or m["ip"] else "{n}" if m["number"] else "{user}", plain)


def toml_string(text: str) -> str:
    """A basic string of TOML 1.0: quotes, backslashes and whatever cannot be seen escaped."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in escaped) + '"'
