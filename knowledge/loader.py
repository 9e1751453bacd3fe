"""TOML files -> the frozen types of :mod:`knowledge.model`. Every fault names file and key.

A second folder (a host's own, KNOWLEDGE_DIR) is laid over ours: entries are joined by id and a table that
both have is joined key by key, so that a host states only what differs. Both are checked by the same laws.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from knowledge.host import Plan, Port, Reseller, Settings
from knowledge.model import (
    AccountRule,
    Check,
    ClientFamily,
    Concept,
    CueRule,
    DecodedError,
    FindingRule,
    Knowledge,
    Language,
    Lexicon,
    LogRule,
    OtherCause,
    Question,
    Replies,
    Texts,
    Weights,
    Wording,
)
from knowledge.other_topics import OtherTopics
from knowledge.other_topics import faults as faults_of_topics
from knowledge.source import HERE, KnowledgeError, Source, Table, merge, parsed, tables
from knowledge.tendencies import Tendencies, faults

T = TypeVar("T")
KINDS = frozenset({"error", "setting", "words", "server", "account"})
"""The places of evidence."""
LEAST_WEIGHT = 0.05
"""And its inverse the most: beyond, one place or cause would drown everything else."""


@cache
def load(overlay: Path | None = None) -> Knowledge:
    """Read our knowledge, with a host's own folder laid over it, and check what can be checked per entry.

    Raises KnowledgeError for a file that is unreadable, a key that is unknown, missing or of a wrong type,
    a cause that does not exist, and shares that cannot be.
    """
    source = Source(HERE, overlay)
    settings_table = source.single("settings.toml")
    ports = tuple(
        _build(Port, row, f"settings.toml [[ports]] {i + 1}")
        for i, row in enumerate(tables(settings_table.pop("ports", []), "settings.toml: ports"))
    )
    resellers = tuple(
        _build(Reseller, row, f"settings.toml [[resellers]] {i + 1}")
        for i, row in enumerate(tables(settings_table.pop("resellers", []), "settings.toml: resellers"))
    )
    settings = _build(Settings, {**settings_table, "ports": ports, "resellers": resellers}, "settings.toml")
    checks = {c.id: c for c in _entries(Check, source.folder("checks"))}
    others = {c.id: c for c in _entries(OtherCause, source.entries("causes.toml", "cause"))}
    errors = {e.id: e for e in _entries(DecodedError, _with_client_texts(source))}
    read = Knowledge(
        version="",
        settings=settings,
        plans={p.id: p for p in _entries(Plan, source.entries("plans.toml", "plan"))},
        checks=dict(sorted(checks.items(), key=lambda item: item[1].number)),
        others=others,
        errors=errors,
        concepts={c.id: c for c in _concepts(source)},
        wordings=tuple(_entries(Wording, source.entries("wordings.toml", "wording"))),
        cues={c.id: c for c in _entries(CueRule, source.folder("cues"))},
        clients=tuple(_entries(ClientFamily, source.entries("clients.toml", "client"))),
        questions={q.id: q for q in _entries(Question, source.entries("questions.toml", "question"))},
        log_rules=tuple(_entries(LogRule, source.folder_list("log", "rule"))),
        finding_rules={f.id: f for f in _entries(FindingRule, source.entries("findings.toml", "finding"))},
        account_rules={a.id: a for a in _entries(AccountRule, source.entries("account.toml", "rule"))},
        probe_rules={a.id: a for a in _entries(AccountRule, source.entries("probes.toml", "rule"))},
        languages=tuple(_entries(Language, source.entries("languages.toml", "language"))),
        replies={r.language: r for r in _replies(source)},
        thoughts={
            name: str(meaning) for group in source.single("thoughts.toml").values() for name, meaning in group.items()
        },
        lexicons=_Lexicons(source.texts("lexicon")),
        weights=_build(Weights, source.single("weights.toml"), "weights.toml"),
        tendencies=_build(Tendencies, source.single("tendencies.toml"), "tendencies.toml"),
        other_topics=_build(OtherTopics, source.single("other_topics.toml"), "other_topics.toml"),
    )
    knowledge = replace(read, version=source.version())  # which knows every file only when all are read
    _check_causes(knowledge)
    return knowledge


# -- tables -> types -----------------------------------------------------------------------------------


def _entries(cls: type[T], tables: Mapping[str, tuple[str, Table]]) -> Iterator[T]:
    for where, table in tables.values():
        yield _build(cls, table, where)


def _with_client_texts(source: Source) -> dict[str, tuple[str, Table]]:
    """Rows of errors/, with the texts of client_texts/ (one file a client, keyed by row) joined to them."""
    rows = source.folder("errors")
    for where, row in rows.values():
        row["texts"] = tuple(_texts(dict(t), where) for t in tables(row.get("texts", []), f"{where}: texts"))
    for where, table in source.files("client_texts"):
        try:
            client, origin = table.pop("client"), table.pop("source")
        except KeyError as error:
            raise KnowledgeError(f"{where}: key {error} is missing") from error
        for row_id, by_language in table.items():
            if row_id not in rows:
                raise KnowledgeError(f"{where}: [{row_id}] is no row of knowledge/errors")
            texts = _texts({"client": client, "source": origin, **by_language}, f"{where} [{row_id}]")
            rows[row_id][1]["texts"] = (*rows[row_id][1]["texts"], texts)
    return rows


def _concepts(source: Source) -> Iterator[Concept]:
    for where, table in source.entries("concepts.toml", "concept").values():
        concept_id = table.pop("id")
        yield Concept(
            concept_id,
            MappingProxyType(
                {lang: _coerce(tuple[str, ...], words, f"{where}: {lang}") for lang, words in table.items()}
            ),
        )


def _texts(table: Table, where: str) -> Texts:
    try:
        client, source = table.pop("client"), table.pop("source")
    except KeyError as error:
        raise KnowledgeError(f"{where}: texts without {error}") from error
    by_language = {lang: _coerce(tuple[str, ...], value, f"{where}: {lang}") for lang, value in table.items()}
    return Texts(client, source, MappingProxyType(by_language))


def _replies(source: Source) -> Iterator[Replies]:
    merged: dict[str, Table] = {}
    for where, table in source.files("replies"):
        language = Path(where).stem
        merged[language] = merge(merged.get(language, {}), table)
    for language, table in merged.items():
        complete = table.pop("complete", False)
        sentences = {key: _coerce(str, value, f"replies/{language}.toml: {key}") for key, value in _flat(table)}
        yield Replies(language, complete, MappingProxyType(sentences))


class _Lexicons(Mapping[str, Lexicon]):
    """The lexicons by language, each built when it is first asked for: a ticket needs one, and all together are most
    of what there is to read. A host's own are built at once, so that a fault in them shows at the start.

    The names that are the same in every language (any.toml) are joined to each."""

    def __init__(self, files: Mapping[str, Sequence[tuple[str, bytes]]]) -> None:
        self._files = {language: texts for language, texts in files.items() if language != "any"}
        self._anywhere = self._read("any", files.get("any", ())) if "any" in files else None
        self._built: dict[str, Lexicon] = {}
        for language, texts in self._files.items():
            if len(texts) > 1 or not texts[0][0].startswith("knowledge/"):
                self[language]

    def __getitem__(self, language: str) -> Lexicon:
        if language not in self._built:
            own = self._read(language, self._files[language])
            shared: Mapping[str, tuple[str, ...]] = self._anywhere.words if self._anywhere else {}
            words = {
                concept: (*own.words.get(concept, ()), *shared.get(concept, ())) for concept in {**own.words, **shared}
            }
            self._built[language] = replace(own, words=MappingProxyType(words))
        return self._built[language]

    def __iter__(self) -> Iterator[str]:
        return iter(self._files)

    def __len__(self) -> int:
        return len(self._files)

    @staticmethod
    def _read(language: str, texts: Sequence[tuple[str, bytes]]) -> Lexicon:
        table: Table = {}
        for where, raw in texts:
            own = parsed(where, raw)
            if own.setdefault("id", language) != language:
                raise KnowledgeError(f"{where}: id is {own['id']!r}, but the file's name says {language!r}")
            table = merge(table, own)
        return _build(Lexicon, table, texts[-1][0])


def _flat(table: Table, prefix: str = "") -> Iterator[tuple[str, object]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


@cache
def _shape(cls: type[Any]) -> tuple[dict[str, Any], frozenset[str]]:
    """Field types, and the names that must be given, of a dataclass."""
    hints = get_type_hints(cls)
    required = {f.name for f in fields(cls) if f.default is MISSING and f.default_factory is MISSING}
    return {f.name: hints[f.name] for f in fields(cls)}, frozenset(required)


def _build(cls: type[T], table: Table, where: str) -> T:
    types, required = _shape(cls)  # type: ignore[arg-type]
    if unknown := next((key for key in table if key not in types), None):
        raise KnowledgeError(f"{where}: unknown key {unknown!r}; known are {', '.join(sorted(types))}")
    if missing := sorted(required - table.keys()):
        raise KnowledgeError(f"{where}: key {missing[0]!r} is missing")
    return cls(**{key: _coerce(types[key], value, f"{where}: {key}") for key, value in table.items()})


def _coerce(expected: Any, value: Any, where: str) -> Any:
    """``value`` as ``expected`` (a type of model.py), or KnowledgeError. Arrays become tuples."""
    origin, args = get_origin(expected), get_args(expected)
    if expected is Any:
        return value
    if origin in (Union, UnionType):
        return None if value is None else _coerce(next(a for a in args if a is not type(None)), value, where)
    if origin is tuple:
        if not isinstance(value, list | tuple):
            raise KnowledgeError(f"{where}: must be an array")
        return tuple(_coerce(args[0], item, where) for item in value)
    if origin is not None and issubclass(origin, Mapping):
        if not isinstance(value, Mapping):
            raise KnowledgeError(f"{where}: must be a table")
        return MappingProxyType({k: _coerce(args[1], v, f"{where}.{k}") for k, v in value.items()})
    if expected is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if not isinstance(value, expected) or (expected is int and isinstance(value, bool)):
        raise KnowledgeError(f"{where}: must be {expected.__name__}, not {type(value).__name__}")
    return value


def _check_causes(knowledge: Knowledge) -> None:
    """Every share and factor names a cause that exists, shares add up to at most 1, factors are below 1; weights lie
    where they can mean something."""
    known = knowledge.checks.keys() | knowledge.others.keys()
    for table, weights, names in (
        ("kinds", knowledge.weights.kinds, KINDS),
        ("causes", knowledge.weights.causes, known),
    ):
        for name, number in weights.items():
            if name not in names:
                raise KnowledgeError(f"weights.toml: [{table}] {name}: is none of {', '.join(sorted(names))}")
            if not LEAST_WEIGHT <= number <= 1 / LEAST_WEIGHT:
                raise KnowledgeError(
                    f"weights.toml: [{table}] {name} = {number} is not between {LEAST_WEIGHT} and {1 / LEAST_WEIGHT:g}"
                )
    for fault in (
        *faults(knowledge.tendencies, knowledge.thoughts, known),
        *faults_of_topics(knowledge.other_topics, knowledge.thoughts, knowledge.concepts, knowledge.errors),
    ):
        raise KnowledgeError(fault)
    rows: list[tuple[str, Mapping[str, float], Mapping[str, float]]] = []
    rows += [(f"errors/{e.id}", {**e.checks, **e.others}, e.refutes) for e in knowledge.errors.values()]
    for folder, entries in (
        ("cues", knowledge.cues.values()),
        ("log", knowledge.log_rules),
        ("findings", knowledge.finding_rules.values()),
        ("account", knowledge.account_rules.values()),
        ("probes", knowledge.probe_rules.values()),
    ):
        rows += [(f"{folder}/{e.id}", e.supports, e.refutes) for e in entries]
    for where, supports, refutes in rows:
        for cause, number in (*supports.items(), *refutes.items()):
            if cause not in known:
                raise KnowledgeError(f"{where}: {cause!r} is neither a check nor another cause")
            if not 0 <= number <= 1:
                raise KnowledgeError(f"{where}: {cause} = {number} is not between 0 and 1")
        if sum(supports.values()) > 1.0001:
            raise KnowledgeError(f"{where}: the shares add up to {sum(supports.values()):.2f}, more than 1")
