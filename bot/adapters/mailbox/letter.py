"""What the head of a mail says of how it came and where it belongs: pure, over the raw bytes.

The raw fields are read here and not a parser's: what decides whether a machine may answer must not depend on how a
library repairs a broken header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import regex

from bot.core.desk.values import Envelope
from bot.core.parse.sender import sender, single_address
from bot.core.policy.marks import LOOP_HEADER, message_id_of

MAX_FIELDS: Final = 501
MAX_HEADER: Final = 210_000
"""One more than the rules of bot.core.policy.loops judge: a longer header stays longer than any real one, and is not
answered."""
MAX_REFERENCES: Final = 30
MAX_PARTICIPANTS: Final = 50

_MESSAGE_ID: Final = regex.compile(r"<[!#-'*+\-./0-9=?A-Z^_`a-z{|}~@\[\]:%$&]{3,250}>")
"""RFC 5322 3.6.4 without quoted strings, which nobody writes; nothing in it can end a quoted string of IMAP or start
a field."""
_ADDRESS: Final = regex.compile(r"[^\s<>()\[\],;:\"'=?]{1,64}@[^\s<>()\[\],;:\"'=?]{1,190}")
_FIELD: Final = regex.compile(rb"([!-9;-~]{1,200})[ \t]*:(.*)", regex.DOTALL)
_LONE_CR: Final = regex.compile(rb"\r(?!\n)|\x00")


@dataclass(frozen=True, slots=True)
class Letter:
    """The head of a mail. ``id`` is its own Message-ID ("" where it has none that is one), ``references`` the newest
    first."""

    envelope: Envelope
    delivery_id: str
    id: str
    references: tuple[str, ...]
    ours: bool
    """We have sent it ourselves: it carries our mark, our address, and the Message-ID that belongs to the mark."""
    automatic: bool
    """A program answers or reports (RFC 3834, RFC 3464): it continues no case, whatever it refers to."""


def letter_of(raw: bytes, own: str) -> Letter:
    """The head of ``raw``. ``own`` is our address. Never raises on foreign bytes."""
    head, _, body = _divided(raw)
    headers = _fields(head)
    froms = _values(headers, "from")
    requester = None if _LONE_CR.search(head) else sender(froms)
    paths = [value.strip(" \t<>") for value in _values(headers, "return-path")]
    ids = message_ids(" ".join(_values(headers, "message-id")))
    own_id = ids[0] if len(ids) == 1 else ""
    marks = _values(headers, LOOP_HEADER.lower())
    envelope = Envelope(
        requester=requester,
        headers=headers,
        return_path=None if not paths else "" if "" in paths else paths[0].lower()[:300],
        participants=_participants(headers, {own, requester or own}),
    )
    ours = requester == own and len(marks) == 1 and own_id == message_id_of(marks[0].strip(), own.rpartition("@")[2])
    return Letter(
        envelope,
        _delivery_id(own_id, froms, _values(headers, "date"), body),
        own_id,
        _references(headers),
        ours,
        _automatic(envelope),
    )


def message_ids(value: str) -> list[str]:
    """The Message-IDs in a field's value, in their order."""
    return _MESSAGE_ID.findall(value[:20_000])


def _divided(raw: bytes) -> tuple[bytes, bytes, bytes]:
    raw = raw.lstrip(b"\r\n")
    crlf, lf = raw.find(b"\r\n\r\n"), raw.find(b"\n\n")
    if crlf >= 0 and (lf < 0 or crlf < lf):
        return raw[: crlf + 2], b"", raw[crlf + 4 :]
    return raw.partition(b"\n\n")


def _fields(head: bytes) -> tuple[tuple[str, str], ...]:
    """All fields in their order, unfolded (RFC 5322 2.2.3) and undecoded."""
    unfolded: list[bytes] = []
    for line in head[:MAX_HEADER].split(b"\n"):
        line = line.removesuffix(b"\r")
        if line[:1] in (b" ", b"\t") and unfolded:
            unfolded[-1] += line
        elif line:
            unfolded.append(line)
    found = (_FIELD.fullmatch(line) for line in unfolded[:MAX_FIELDS])
    return tuple((m[1].decode("ascii"), m[2].decode("utf-8", "replace").strip(" \t")) for m in found if m)


def _values(headers: Collection[tuple[str, str]], name: str) -> list[str]:
    return [value for field, value in headers if field.lower() == name]


def _references(headers: Collection[tuple[str, str]]) -> tuple[str, ...]:
    """RFC 5322 3.6.4: the parent is named in In-Reply-To and stands last in References."""
    parents = message_ids(" ".join(_values(headers, "in-reply-to")))
    chain = message_ids(" ".join(_values(headers, "references")))
    return tuple(dict.fromkeys([*parents, *reversed(chain)]))[:MAX_REFERENCES]


def _participants(headers: Collection[tuple[str, str]], known: Collection[str]) -> tuple[str, ...]:
    named = [
        m.lower() for name in ("to", "cc") for value in _values(headers, name) for m in _ADDRESS.findall(value[:20_000])
    ]
    return tuple(dict.fromkeys(a for a in named if single_address(a) and a not in known))[:MAX_PARTICIPANTS]


def _automatic(envelope: Envelope) -> bool:
    if envelope.return_path == "":
        return True
    for name, value in envelope.headers:
        said = value.strip().lower()
        match name.lower():
            case "auto-submitted" if not said.startswith("no"):
                return True
            case "content-type" if said.startswith("multipart/report"):
                return True
            case "x-autoreply" | "x-autorespond" | "x-auto-response" if said not in ("no", "none"):
                return True
            case "precedence" if said.startswith(("auto_reply", "auto-reply")):
                return True
    return False


def _delivery_id(own_id: str, froms: list[str], dates: list[str], body: bytes) -> str:
    """The same for one mail however often, and in whatever folder or under whatever UID, it is found; another for
    any other mail, even one that claims the same Message-ID."""
    parts = [own_id, "\n".join(froms), "\n".join(dates)]
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass"))
    digest.update(body)
    return digest.hexdigest()[:40]
