"""``triage knowledge``: check, list, show, explain."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from typing import Any

from bot.bootstrap import knowledge_of
from bot.core.match import FuzzyTable, match
from bot.core.model import ErrorText
from bot.core.note import title_of, visible
from bot.errors import InputError
from bot.settings import read_settings
from knowledge.laws import broken_laws
from knowledge.matcher import Matcher
from knowledge.model import Knowledge


def check() -> None:
    """Print each broken law as one line; status 1 where there is one."""
    knowledge = knowledge_of(read_settings())
    faults = broken_laws(knowledge)
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    rows = f"{len(knowledge.checks)} checks, {len(knowledge.errors)} decoded errors, {len(knowledge.cues)} cues, {len(knowledge.clients)} clients"
    sys.stdout.write(f"{rows}: {len(faults) or 'no'} faults (version {knowledge.version})\n")
    if faults:
        sys.exit(1)


def list_all(*, as_json: bool) -> None:
    """One line an entry."""
    knowledge = knowledge_of(read_settings())
    rows = [("check", c.id, f"{c.number}. {c.title}") for c in knowledge.checks.values()]
    rows += [("cause", c.id, c.title) for c in knowledge.others.values()]
    rows += [("error", e.id, e.title) for e in knowledge.errors.values()]
    for kind, entry_id, title in rows:
        sys.stdout.write(
            (
                json.dumps({"kind": kind, "id": entry_id, "title": title}, ensure_ascii=False)
                if as_json
                else f"{kind:<6} {entry_id:<36} {title}"
            )
            + "\n"
        )


def show(entry_id: str, *, as_json: bool) -> None:
    """One entry, whole. Raises InputError for an id that nothing has."""
    knowledge = knowledge_of(read_settings())
    entry = _find(entry_id, knowledge)
    if entry is None:
        raise InputError(f"{entry_id}: nothing has this id; `triage knowledge list` shows all")
    plain = _plain(entry)
    if as_json:
        sys.stdout.write(json.dumps(plain, ensure_ascii=False) + "\n")
        return
    for name, value in plain.items():
        if value not in (None, "", [], {}):
            sys.stdout.write(
                f"{name:<16} {value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}\n"
            )


def _find(entry_id: str, knowledge: Knowledge) -> object | None:
    tables: list[Mapping[str, object]] = [
        knowledge.checks,
        knowledge.others,
        knowledge.errors,
        knowledge.cues,
        knowledge.plans,
        knowledge.questions,
        {c.id: c for c in knowledge.clients},
        {r.id: r for r in knowledge.log_rules},
    ]
    return next((table[entry_id] for table in tables if entry_id in table), None)


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(v) for v in value]
    return value


def explain(text: str, *, as_json: bool) -> None:
    """The rows that claim a text, best first; status 1 where none does."""
    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", errors="replace")
    if not text.strip():
        raise InputError("knowledge explain: the text is empty; give the words of the error")
    knowledge = knowledge_of(read_settings())
    hits = Matcher(knowledge).scan(text)
    matches = match((ErrorText(text, (0, len(text)), pasted=True),), hits, text, FuzzyTable(knowledge))
    for found in matches:
        row = knowledge.errors[found.error_id]
        shares = sorted({**row.checks, **row.others}.items(), key=lambda item: -item[1])
        if as_json:
            sys.stdout.write(
                json.dumps(
                    {**asdict(found), "title": row.title, "meaning": row.meaning, "causes": dict(shares)},
                    ensure_ascii=False,
                )
                + "\n"
            )
            continue
        how = "" if found.method == "pattern" else f" (similar, {found.score:.0%})"
        sys.stdout.write(f"{row.title}{how}\n  {visible(row.meaning)}\n")
        for cause, share in shares:
            sys.stdout.write(f"  {share:>4.0%}  {title_of(cause, knowledge)}\n")
    if not matches:
        sys.stdout.write("" if as_json else "no row of the table claims this text\n")
        sys.exit(1)
