"""Authentication-Results (RFC 8601): what our own mail exchanger found out about a message, and nothing that anybody
else claims.

The grammar is small and read here strictly, character by character: a value that holds anything but it is worth
nothing. Python's own parser has none for it; authres 1.2 (PyPI) reads on past what it does not understand, takes
quadratic time and fails with RecursionError on nested comments.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from bot.core.desk.values import Envelope
from bot.core.policy.loops import values_of

FIELD: Final = "authentication-results"
MAX_VALUE: Final = 8_000
MAX_DEPTH: Final = 20
_ATOM: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-^_`{|}~.")
"""Characters of authserv-ids, methods, results and property names (a dot-atom of RFC 5322, without the stroke of
``method/1``)."""
_ENDS_VALUE: Final = frozenset(' \t;()"')


@dataclass(frozen=True, slots=True)
class Result:
    """One ``method=result`` with its properties, all in lower case but for their values."""

    method: str
    result: str
    properties: tuple[tuple[str, str], ...] = ()

    def values(self, name: str) -> list[str]:
        """The values of a property such as ``header.from``."""
        return [value for known, value in self.properties if known == name]


@dataclass(frozen=True, slots=True)
class AuthenticationResults:
    """One field: who found it out, and what."""

    authserv_id: str
    results: tuple[Result, ...] = ()


class _Malformed(Exception):
    """The value is not what RFC 8601 says."""


def parse_results(value: str) -> AuthenticationResults | None:
    """The field's value as RFC 8601 2.2 reads it; None where it breaks the grammar, is too long or of an unknown
    version."""
    text = value.replace("\r\n", "\n").replace("\n ", "  ").replace("\n\t", "  ")
    if len(text) > MAX_VALUE or any(not (32 <= ord(c) < 127 or c == "\t") for c in text):
        return None
    try:
        return _Reader(text).field()
    except _Malformed:
        return None


def not_aligned(envelope: Envelope, authserv_ids: Collection[str], domain: str) -> str | None:
    """Why it is not proven that ``domain`` sent this message, in words; None where our own exchanger says dmarc=pass
    for it.

    Only the topmost field of one of ``authserv_ids`` counts: our exchanger writes on top, and what stands below may
    have come with the message. A field of ours further down that says otherwise is taken at its word all the same
    (fails closed).
    """
    ids = {known.strip().lower() for known in authserv_ids if known.strip()}
    if not ids:
        return "no authserv-id is configured"
    ours = _ours(envelope, ids)
    if not ours:
        return "our exchanger has written no Authentication-Results"
    if ours[0] is None:
        return "our exchanger's Authentication-Results cannot be read"
    if contradicted(envelope, ids):
        return "DMARC did not pass"
    verdicts = [r for r in ours[0].results if r.method == "dmarc"]
    if len(verdicts) != 1:
        return "our exchanger states no one result of DMARC"
    if [v.lower() for v in verdicts[0].values("header.from")] != [domain.lower()]:
        return "DMARC passed for another domain than the requester's"
    return None


def contradicted(envelope: Envelope, authserv_ids: Collection[str]) -> bool:
    """True where a field under one of our ids says that DMARC did not pass, whoever wrote it."""
    ids = {known.strip().lower() for known in authserv_ids if known.strip()}
    return any(
        r.method == "dmarc" and r.result != "pass" for read in _ours(envelope, ids) if read for r in read.results
    )


def _ours(envelope: Envelope, ids: Collection[str]) -> list[AuthenticationResults | None]:
    """The fields under our ids, topmost first; None for one that cannot be read."""
    read = [(value, parse_results(value)) for value in values_of(envelope.headers, FIELD)]
    return [r for value, r in read if (r.authserv_id in ids if r else _claims(value, ids))]


def _claims(value: str, ids: Collection[str]) -> bool:
    """True where a malformed value begins with one of our ids: it may be ours, spoilt."""
    return value.strip().split(";", 1)[0].split("(", 1)[0].strip().strip('"').lower().split(" ")[0] in ids


class _Reader:
    """Reads one value from left to right; every step goes on, so the time is linear."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def field(self) -> AuthenticationResults:
        self._blank()
        authserv_id = self._value_or_quoted()
        self._blank()
        if self._peek().isdigit():
            if self._atom() != "1":
                raise _Malformed
            self._blank()
        results: list[Result] = []
        nothing = False
        while self._peek() == ";":
            self._at += 1
            self._blank()
            if not self._peek():
                break  # OpenDKIM and others end with a semicolon
            result = self._result()
            nothing = nothing or result is None
            results += [result] if result else []
        if self._peek() or (nothing and results) or not (nothing or results):
            raise _Malformed
        return AuthenticationResults(authserv_id.lower(), tuple(results))

    def _result(self) -> Result | None:
        """One resinfo; None for ``none``, which says that nothing was looked at."""
        method = self._atom().lower()
        self._blank()
        if method == "none" and self._peek() in ("", ";"):
            return None
        if self._peek() == "/":
            self._at += 1
            self._blank()
            if self._atom() != "1":
                raise _Malformed
            self._blank()
        self._expect("=")
        result = self._atom().lower()
        properties: list[tuple[str, str]] = []
        while self._blank() and self._peek() not in ("", ";"):
            name = self._atom().lower()
            self._blank()
            self._expect("=")
            if name != "reason" and not 0 < name.find(".") < len(name) - 1:
                raise _Malformed
            properties.append((name, self._value_or_quoted()))
        return Result(method, result, tuple(properties))

    def _blank(self) -> bool:
        """Skip white space and comments (which may nest); True."""
        while self._at < len(self._text):
            if self._text[self._at] in " \t":
                self._at += 1
            elif self._text[self._at] == "(":
                self._comment()
            else:
                break
        return True

    def _comment(self) -> None:
        depth = 0
        while self._at < len(self._text):
            char = self._text[self._at]
            self._at += 2 if char == "\\" else 1
            depth += (char == "(") - (char == ")")
            if depth > MAX_DEPTH:
                raise _Malformed
            if depth == 0:
                return
        raise _Malformed

    def _atom(self) -> str:
        start = self._at
        while self._at < len(self._text) and self._text[self._at] in _ATOM:
            self._at += 1
        if start == self._at:
            raise _Malformed
        return self._text[start : self._at]

    def _value_or_quoted(self) -> str:
        """A token, an address, a domain, or a quoted string (with a domain behind it, where it is a local part)."""
        said = ""
        if self._peek() == '"':
            self._at += 1
            while self._peek() != '"':
                if not self._peek():
                    raise _Malformed
                self._at += self._peek() == "\\"
                said += self._peek()
                self._at += 1
            self._at += 1
        start = self._at
        while self._at < len(self._text) and self._text[self._at] not in _ENDS_VALUE:
            self._at += 1
        rest = self._text[start : self._at]
        if (said and rest and not rest.startswith("@")) or not said + rest or self._peek() in ('"', ")"):
            raise _Malformed
        return said + rest

    def _expect(self, char: str) -> None:
        if self._peek() != char:
            raise _Malformed
        self._at += 1
        self._blank()

    def _peek(self) -> str:
        return self._text[self._at] if self._at < len(self._text) else ""
