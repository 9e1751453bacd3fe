"""The files of knowledge/ and of a host's own folder (KNOWLEDGE_DIR): read once, merged key by key, fingerprinted."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
Table = dict[str, Any]
MAX_FILE_BYTES = 2_000_000


class KnowledgeError(Exception):
    """A knowledge file that cannot be used; the message is one line with file, key and what to do."""


class Source:
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
                merged = merge(merged, self._read(path))
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
                    raise KnowledgeError(f"{shown(path)}: id is {entry_id!r}, but the file's name says {stem!r}")
                merged[stem] = (shown(path), merge(merged[stem][1] if stem in merged else {}, table))
        return merged

    def files(self, folder: str) -> Iterator[tuple[str, Table]]:
        for root in self._roots:
            for path in sorted((root / folder).glob("*.toml")):
                yield shown(path), self._read(path)

    def texts(self, folder: str) -> dict[str, list[tuple[str, bytes]]]:
        """The files of a folder by their stems, not parsed yet: (shown path, bytes) of ours and of the host's own."""
        found: dict[str, list[tuple[str, bytes]]] = {}
        for root in self._roots:
            for path in sorted((root / folder).glob("*.toml")):
                found.setdefault(path.stem, []).append((shown(path), self._bytes(path)))
        return found

    def _by_id(self, paths: list[Path], key: str) -> dict[str, tuple[str, Table]]:
        merged: dict[str, tuple[str, Table]] = {}
        for path in paths:
            if not path.is_file():
                continue
            table = self._read(path)
            seen: set[str] = set()
            for row in tables(table.pop(key, []), f"{shown(path)}: {key}"):
                entry_id = row.get("id")
                if not isinstance(entry_id, str) or not entry_id:
                    raise KnowledgeError(f"{shown(path)}: a [[{key}]] has no id; give it one")
                if entry_id in seen:
                    raise KnowledgeError(f"{shown(path)}: [[{key}]] {entry_id} stands twice; join the two")
                seen.add(entry_id)
                earlier = merged[entry_id][1] if entry_id in merged else {}
                merged[entry_id] = (f"{shown(path)} [[{key}]] {entry_id}", merge(earlier, row))
            if table:
                raise KnowledgeError(f"{shown(path)}: unknown key {next(iter(table))!r}; only [[{key}]] is read")
        return merged

    def _read(self, path: Path) -> Table:
        return parsed(shown(path), self._bytes(path))

    def _bytes(self, path: Path) -> bytes:
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise KnowledgeError(f"{shown(path)}: cannot be read ({error.strerror})") from error
        if len(raw) > MAX_FILE_BYTES:
            raise KnowledgeError(f"{shown(path)}: larger than {MAX_FILE_BYTES} bytes; split it")
        self._digest.update(shown(path).encode() + b"\0" + raw)
        return raw


def parsed(where: str, raw: bytes) -> Table:
    """A file's table. Raises KnowledgeError naming the file."""
    try:
        return tomllib.loads(raw.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise KnowledgeError(f"{where}: not UTF-8 (byte {error.start})") from error
    except tomllib.TOMLDecodeError as error:
        raise KnowledgeError(f"{where}: {error}") from error


def shown(path: Path) -> str:
    """A path as messages show it: ours from knowledge/ on, a host's as given."""
    return str(path.relative_to(HERE.parent)) if path.is_relative_to(HERE) else str(path)


def merge(under: Table, over: Table) -> Table:
    """``over`` laid on ``under``, tables joined key by key, everything else replaced."""
    merged = dict(under)
    for key, value in over.items():
        earlier = merged.get(key)
        merged[key] = merge(earlier, value) if isinstance(earlier, dict) and isinstance(value, dict) else value
    return merged


def tables(value: object, where: str) -> list[Table]:
    """An array of tables. Raises KnowledgeError where it is none."""
    if not isinstance(value, list) or not all(isinstance(row, dict) for row in value):
        raise KnowledgeError(f"{where}: must be an array of tables")
    return value
