"""The linker's memories where the native reader keeps them: both ways of reading a line share what lines told."""

from __future__ import annotations

import ctypes
from ctypes import byref
from typing import Any, Final

from bot.adapters.logstore.native.library import Facts, Library, Recalled, given, taken
from bot.logs.memory import Asker, Deferred, Known, Memories, Message

_SESSIONS, _CONNECTIONS, _MESSAGES, _CALLERS, _ASKED = range(5)
_SERVICE, _LOGIN, _MAILBOX, _REMOTE_IP, _MECHANISM, _TLS, _CLIENT, _VERSION = range(8)
_LINES: Final = 2
"""The kind of an entry that holds lines which wait to be looked at."""


class _Memory:
    """One memory of the reader: keys and entries go over as bytes."""

    which = -1

    def __init__(self, library: Library, reader: int) -> None:
        self._library = library
        self._reader = reader
        self._recalled = Recalled()

    def __len__(self) -> int:
        return int(self._library.remembered(self._reader, self.which))

    def _key(self, key: Any) -> bytes:
        return _bytes(key)

    def _recall(self, key: object) -> Recalled | None:
        data = self._key(key)
        return (
            self._recalled
            if self._library.recall(self._reader, self.which, data, len(data), byref(self._recalled))
            else None
        )

    def _remember(
        self,
        key: object,
        since: int | None,
        texts: dict[int, str | None],
        port: int | None = None,
        proven: bool = False,
    ) -> None:
        facts = Facts(since or 0, port or 0, since is not None, port is not None, proven)
        held = []  # until the library has copied them
        for place, text in texts.items():
            if text is not None:
                data = ctypes.create_string_buffer(text.encode("utf-8", "surrogatepass"))
                held.append(data)
                facts.texts[place].at, facts.texts[place].size = ctypes.addressof(data), len(data) - 1
        name = self._key(key)
        self._library.remember(self._reader, self.which, name, len(name), byref(facts))

    def pop(self, key: object) -> None:
        """Forget ``key``."""
        data = self._key(key)
        self._library.forget(self._reader, self.which, data, len(data))


class _Sessions(_Memory):
    which = _SESSIONS

    def get(self, key: object) -> Known | list[tuple[int, str]] | None:
        """What is known of a session, or its lines that wait to be looked at."""
        found = self._recall(key)
        if found is None:
            return None
        return _lines(found) if found.kind == _LINES else _known(found.facts)

    def put(self, key: object, entry: Known | list[tuple[int, str]]) -> None:
        """Know this of a session."""
        if not isinstance(entry, Known):
            raise TypeError("lines are deferred by the reader itself")
        _put_known(self, key, entry)


class _Connections(_Memory):
    which = _CONNECTIONS

    def _key(self, key: Any) -> bytes:
        host, program, pid = key
        return _pair(host, program) + (-1 if pid is None else pid).to_bytes(8, "little", signed=True)

    def get(self, key: object) -> Known | Deferred | None:
        """What is known of an smtpd connection."""
        found = self._recall(key)
        return None if found is None else _known(found.facts)

    def put(self, key: object, entry: Known | Deferred) -> None:
        """Know this of a connection."""
        _put_known(self, key, entry if isinstance(entry, Known) else entry.known())


class _Messages(_Memory):
    which = _MESSAGES

    def _key(self, key: Any) -> bytes:
        return _pair(*key)

    def get(self, key: object) -> Message | None:
        """Who handed a message in."""
        found = self._recall(key)
        if found is None:
            return None
        facts = found.facts
        return Message(
            _since(facts), taken(facts.texts[_LOGIN]), taken(facts.texts[_MAILBOX]), taken(facts.texts[_CLIENT])
        )

    def put(self, key: object, entry: Message) -> None:
        """Know this of a message."""
        self._remember(key, entry.since, {_LOGIN: entry.login, _MAILBOX: entry.mailbox, _CLIENT: entry.sender})


class _Askers(_Memory):
    def get(self, key: object) -> Asker | None:
        """Since when, service and reason."""
        found = self._recall(key)
        if found is None:
            return None
        return _since(found.facts), taken(found.facts.texts[_SERVICE]), taken(found.facts.texts[_VERSION])

    def put(self, key: object, entry: Asker) -> None:
        """Know this of one who asked."""
        since, service, reason = entry
        self._remember(key, since, {_SERVICE: service, _VERSION: reason})


class _Callers(_Askers):
    which = _CALLERS


class _Asked(_Askers):
    which = _ASKED

    def _key(self, key: Any) -> bytes:
        return _pair(*key)


def shared(library: Library, reader: int) -> Memories:
    """The five memories of ``reader``, for a :class:`bot.logs.link.Linker`."""
    return Memories(
        _Sessions(library, reader),
        _Connections(library, reader),
        _Messages(library, reader),
        _Callers(library, reader),
        _Asked(library, reader),
    )


def _bytes(text: str | None) -> bytes:
    return given(text)[0] or b""


def _pair(first: str | None, second: str | None) -> bytes:
    """The twin of key_of_pair in link.c."""
    one = _bytes(first)
    return len(one).to_bytes(8, "little") + one + _bytes(second)


def _since(facts: Facts) -> int | None:
    return int(facts.since) if facts.has_since else None


def _known(facts: Facts) -> Known:
    known = Known(_since(facts))
    (
        known.service,
        known.login,
        known.mailbox,
        known.remote_ip,
        known.mechanism,
        known.tls,
        known.client,
        known.client_version,
    ) = map(taken, facts.texts)
    known.remote_port = int(facts.port) if facts.has_port else None
    known.proven = bool(facts.proven)
    return known


def _put_known(memory: _Memory, key: object, known: Known) -> None:
    texts = {
        _SERVICE: known.service,
        _LOGIN: known.login,
        _MAILBOX: known.mailbox,
        _REMOTE_IP: known.remote_ip,
        _MECHANISM: known.mechanism,
        _TLS: known.tls,
        _CLIENT: known.client,
        _VERSION: known.client_version,
    }
    memory._remember(key, known.since, texts, known.remote_port, known.proven)


def _lines(found: Recalled) -> list[tuple[int, str]]:
    """Time, size and bytes of each, one after the other."""
    data = ctypes.string_at(found.data, found.size)
    lines, at = [], 0
    while at < len(data):
        time = int.from_bytes(data[at : at + 8], "little", signed=True)
        size = int.from_bytes(data[at + 8 : at + 16], "little")
        lines.append((time, data[at + 16 : at + 16 + size].decode("ascii")))
        at += 16 + size
    return lines
