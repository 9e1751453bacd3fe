"""Files of KNOWLEDGE_DIR that are written after a lead's yes, and taken back by one command."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from bot.adapters.store.learning import StoredLearning
from bot.bootstrap import desk_of, knowledge_of
from bot.commands.operator import who
from bot.errors import InputError, KnowledgeFault
from bot.settings import Settings
from knowledge import load
from knowledge.model import Knowledge


class Overlay:
    """The host's own folder of knowledge. Raises InputError where none is set."""

    def __init__(self, settings: Settings, store: StoredLearning) -> None:
        if settings.knowledge_dir is None:
            raise InputError("KNOWLEDGE_DIR: is not set; what is accepted is written there (docs/your-own-host.md)")
        self._settings, self._store, self._folder = settings, store, settings.knowledge_dir

    def put(self, name: str, content: str, version: str, faults_of: Callable[[Knowledge], Sequence[str]]) -> Path:
        """Write a file; it stays only where the whole can be read with it and ``faults_of`` finds nothing.
        ``version``: the knowledge's before."""
        file = self._folder / name
        before = _text_of(file)
        _write(file, content)
        try:
            load.cache_clear()
            faults = list(faults_of(knowledge_of(self._settings)))
        except KnowledgeFault as fault:
            faults = [str(fault)]
        if faults:
            _restore(file, before)
            raise InputError(f"{name}: not written, since it breaks a law: {faults[0]}")
        with desk_of(self._settings).step("learn.accept") as step:
            now = step.now
            step.people.audit(who(), "knowledge.accept", name)
        self._store.changed(who(), name, before, content, version, now)
        return file

    def back(self) -> str:
        """Take the latest change back, unless somebody has changed the file since; returns what to say."""
        change = self._store.last_change()
        if change is None:
            raise InputError("learn back: nothing was accepted that could be taken back")
        number, name, before, after = change
        file = self._folder / name
        if _text_of(file) not in (after, None):
            raise InputError(f"{file}: was changed since it was accepted; edit it by hand")
        _restore(file, before)
        self._store.undo(number)
        with desk_of(self._settings).step("learn.back") as step:
            step.people.audit(who(), "knowledge.back", name)
        return f"{file}: {'is as it was' if before else 'is gone'}"


def _text_of(file: Path) -> str | None:
    try:
        return file.read_text("utf-8")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror})") from error


def _write(file: Path, text: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    except OSError as error:
        raise InputError(f"{file}: cannot be written ({error.strerror})") from error


def _restore(file: Path, before: str | None) -> None:
    if before is None:
        file.unlink(missing_ok=True)
    else:
        _write(file, before)
