"""TOML files -> the frozen types of :mod:`knowledge.model`. Every fault names file and key.

A second folder (a host's own, KNOWLEDGE_DIR) is laid over ours: entries are joined by id and a table that
both have is joined key by key, so that a host states only what differs. Both are checked by the same laws.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, fields, replace
from functools import cache
from pathlib import Path
from types import MappingProxyType, UnionType
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

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
    Plan,
    Port,
    Question,
    Replies,
    Reseller,
    Settings,
    Texts,
    Wording,
)

HERE = Path(__file__).resolve().parent
T = TypeVar("T")
Table = dict[str, Any]
MAX_FILE_BYTES = 2_000_000


class KnowledgeError(Exception):
    """A knowledge file that cannot be used; the message is one line with file, key and what to do."""


@cache
def load(overlay: Path | None = None) -> Knowledge:
    """Read our knowledge, with a host's own folder laid over it, and check what can be checked per entry.

    Raises KnowledgeError for a file that is unreadable, a key that is unknown, missing or of a wrong type,
    a cause that does not exist, and shares that cannot be.
    """
    source = _Source(HERE, overlay)
    settings_table = source.single("settings.toml")
    ports = tuple(_build(Port, row, f"settings.toml [[ports]] {i + 1}") for i, row in
                  enumerate(_tables(settings_table.pop("ports", []), "settings.toml: ports")))
    resellers = tuple(_build(Reseller, row, f"settings.toml [[resellers]] {i + 1}") for i, row in
                      enumerate(_tables(settings_table.pop("resellers", []), "settings.toml: resellers")))
    settings = _build(Settings, {**settings_table, "ports": ports, "resellers": resellers}, "settings.toml")
    checks = {c.id: c for c in _entries(Check, source.folder("checks"))}
    others = {c.id: c for c in _entries(OtherCause, source.entries("causes.toml", "cause"))}
    errors = {e.id: e for e in _entries(DecodedError, _with_client_texts(source))}
    knowledge = Knowledge(
        version=source.version(),
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
        languages=tuple(_entries(Language, source.entries("languages.toml", "language"))),
        replies={r.language: r for r in _replies(source)},
        thoughts={name: str(meaning) for group in source.single("thoughts.toml").values() for name, meaning in group.items()},
        lexicons={x.id: x for x in _lexicons(source)},
    )
    _check_causes(knowledge)
    return knowledge


# -- files ---------------------------------------------------------------------------------------------


class _Source:
    """Our folder and, where set, the host's own: hands out tables, merged, and remembers what it read."""

    def __init__(self, ours: Path, overlay: Path | None) -> None:
        if overlay is not None and not overlay.is_dir():
            raise KnowledgeError(f"{overlay}: no such folder (KNOWLEDGE_DIR)")
        self._roots = (ours,) if overlay is None else (ours, overlay)
        self._digest = hashlib.sha256()

    def version(self) -> str:
        """Twelve hex digits that change whenever any file that was read changes."""
        return self._digest.hexdigest()[:12]

    def single(self, name: str) -> Table:
        merged: Table = {}
        for root in self._roots:
            if (path := root / name).is_file():
                merged = _merge(merged, self._read(path))
        return merged

    def entries(self, name: str, key: str) -> dict[str, tuple[str, Table]]:
        """``[[key]]`` entries of one file by id, the host's joined over ours."""
        return self._by_id([root / name for root in self._roots], key)

    def folder_list(self, folder: str, key: str) -> dict[str, tuple[str, Table]]:
        """As :meth:`entries`, over all files of a folder."""
        return self._by_id([p for root in self._roots for p in sorted((root / folder).glob("*.toml"))], key)

    def folder(self, folder: str) -> dict[str, tuple[str, Table]]:
        """One entry a file: its id is the file's name, without an ordering prefix such as ``03-``."""
        merged: dict[str, tuple[str, Table]] = {}
        for root in self._roots:
            for path in sorted((root / folder).glob("*.toml")):
                table = self._read(path)
                stem = path.stem.partition("-")[2] if path.stem[:2].isdigit() else path.stem
                entry_id = table.setdefault("id", stem)
                if entry_id != stem:
                    raise KnowledgeError(f"{_shown(path)}: id is {entry_id!r}, but the file's name says {stem!r}")
                merged[stem] = (_shown(path), _merge(merged[stem][1] if stem in merged else {}, table))
        return merged

    def files(self, folder: str) -> Iterator[tuple[str, Table]]:
        for root in self._roots:
            for path in sorted((root / folder).glob("*.toml")):
                yield _shown(path), self._read(path)

    def _by_id(self, paths: list[Path], key: str) -> dict[str, tuple[str, Table]]:
        merged: dict[str, tuple[str, Table]] = {}
        for path in paths:
            if not path.is_file():
                continue
            table = self._read(path)
            seen: set[str] = set()
            for row in _tables(table.pop(key, []), f"{_shown(path)}: {key}"):
                entry_id = row.get("id")
                if not isinstance(entry_id, str) or not entry_id:
                    raise KnowledgeError(f"{_shown(path)}: a [[{key}]] has no id; give it one")
                if entry_id in seen:
                    raise KnowledgeError(f"{_shown(path)}: [[{key}]] {entry_id} stands twice; join the two")
                seen.add(entry_id)
                earlier = merged[entry_id][1] if entry_id in merged else {}
                merged[entry_id] = (f"{_shown(path)} [[{key}]] {entry_id}", _merge(earlier, row))
            if table:
                raise KnowledgeError(f"{_shown(path)}: unknown key {next(iter(table))!r}; only [[{key}]] is read")
        return merged

    def _read(self, path: Path) -> Table:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise KnowledgeError(f"{_shown(path)}: cannot be read ({error.strerror})") from error
        if len(raw) > MAX_FILE_BYTES:
            raise KnowledgeError(f"{_shown(path)}: larger than {MAX_FILE_BYTES} bytes; split it")
        self._digest.update(_shown(path).encode() + b"\0" + raw)
        try:
            return tomllib.loads(raw.decode("utf-8"))
        except UnicodeDecodeError as error:
            raise KnowledgeError(f"{_shown(path)}: not UTF-8 (byte {error.start})") from error
        except tomllib.TOMLDecodeError as error:
            raise KnowledgeError(f"{_shown(path)}: {error}") from error


def _shown(path: Path) -> str:
    """A path as messages show it: ours from knowledge/ on, a host's as given."""
    return str(path.relative_to(HERE.parent)) if path.is_relative_to(HERE) else str(path)


def _merge(under: Table, over: Table) -> Table:
    """``over`` laid on ``under``, tables joined key by key, everything else replaced."""
    merged = dict(under)
    for key, value in over.items():
        earlier = merged.get(key)
        merged[key] = _merge(earlier, value) if isinstance(earlier, dict) and isinstance(value, dict) else value
    return merged


def _tables(value: object, where: str) -> list[Table]:
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise KnowledgeError(f"{where}: must be an array of tables")
    return value


# -- tables -> types -----------------------------------------------------------------------------------


def _entries(cls: type[T], tables: Mapping[str, tuple[str, Table]]) -> Iterator[T]:
    for where, table in tables.values():
        yield _build(cls, table, where)


def _with_client_texts(source: _Source) -> dict[str, tuple[str, Table]]:
    """Rows of errors/, with the texts of client_texts/ (one file a client, keyed by row) joined to them."""
    rows = source.folder("errors")
    for where, row in rows.values():
        row["texts"] = tuple(_texts(dict(t), where) for t in _tables(row.get("texts", []), f"{where}: texts"))
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


def _concepts(source: _Source) -> Iterator[Concept]:
    for where, table in source.entries("concepts.toml", "concept").values():
        concept_id = table.pop("id")
        yield Concept(concept_id, MappingProxyType({lang: _coerce(tuple[str, ...], words, f"{where}: {lang}") for lang, words in table.items()}))


def _texts(table: Table, where: str) -> Texts:
    try:
        client, source = table.pop("client"), table.pop("source")
    except KeyError as error:
        raise KnowledgeError(f"{where}: texts without {error}") from error
    by_language = {lang: _coerce(tuple[str, ...], value, f"{where}: {lang}") for lang, value in table.items()}
    return Texts(client, source, MappingProxyType(by_language))


def _replies(source: _Source) -> Iterator[Replies]:
    merged: dict[str, Table] = {}
    for where, table in source.files("replies"):
        language = Path(where).stem
        merged[language] = _merge(merged.get(language, {}), table)
    for language, table in merged.items():
        complete = table.pop("complete", False)
        sentences = {key: _coerce(str, value, f"replies/{language}.toml: {key}") for key, value in _flat(table)}
        yield Replies(language, complete, MappingProxyType(sentences))


def _lexicons(source: _Source) -> Iterator[Lexicon]:
    """Each language's words, with those that are the same in all (any.toml) joined to them."""
    tables = source.folder("lexicon")
    where, shared = tables.pop("any", ("lexicon/any.toml", {"id": "any", "negation": "before", "words": {}}))
    anywhere = _build(Lexicon, shared, where)
    for own in _entries(Lexicon, tables):
        words = {concept: (*own.words.get(concept, ()), *anywhere.words.get(concept, ())) for concept in {**own.words, **anywhere.words}}
        yield replace(own, words=MappingProxyType(words))


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
    """Every share and factor names a cause that exists, shares add up to at most 1, factors are below 1."""
    known = knowledge.checks.keys() | knowledge.others.keys()
    rows: list[tuple[str, Mapping[str, float], Mapping[str, float]]] = []
    rows += [(f"errors/{e.id}", {**e.checks, **e.others}, e.refutes) for e in knowledge.errors.values()]
    for folder, entries in (("cues", knowledge.cues.values()), ("log", knowledge.log_rules),
                            ("findings", knowledge.finding_rules.values()),
                            ("account", knowledge.account_rules.values())):
        rows += [(f"{folder}/{e.id}", e.supports, e.refutes) for e in entries]
    for where, supports, refutes in rows:
        for cause, number in (*supports.items(), *refutes.items()):
            if cause not in known:
                raise KnowledgeError(f"{where}: {cause!r} is neither a check nor another cause")
            if not 0 <= number <= 1:
                raise KnowledgeError(f"{where}: {cause} = {number} is not between 0 and 1")
        if sum(supports.values()) > 1.0001:
            raise KnowledgeError(f"{where}: the shares add up to {sum(supports.values()):.2f}, more than 1")
