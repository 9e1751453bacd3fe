"""The mails that we write: an answer to the customer, a note to colleagues. Pure.

Nothing of a ticket stands in a mail to a customer but what the reviewed reply holds: the subject is the ticket's
number, and of the customer's header only Message-IDs are named, which threads need (RFC 5322 3.6.4).
"""

from __future__ import annotations

import base64
import quopri
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final

import regex

from bot.adapters.mailbox.letter import MAX_REFERENCES, message_ids
from bot.core.desk.keys import token_of
from bot.core.desk.values import Case
from bot.core.policy.marks import headers_of, message_id_of

_UNSEEN: Final = regex.compile(r"[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]+")
_FOLD: Final = "\r\n "
MAX_SUBJECT: Final = 150


def id_of(key: str, own: str) -> str:
    """The Message-ID of the delivery with this key: the same however often it is tried."""
    return message_id_of(token_of(key), own.rpartition("@")[2])


def answer(case: Case, key: str, own: str, text: str, now: datetime, *, automatic: bool) -> bytes:
    """The public answer on a case, to its requester of record and nobody else."""
    fields = _begun(key, own, case.author, f"Re: [{case.id}]", now, automatic=automatic)
    parent = _named(case.messages[-1], "message-id")[-1:]
    if parent:
        fields["In-Reply-To"] = parent
        chain = list(dict.fromkeys([*_named(case.messages[-1], "references"), *parent]))
        fields["References"] = [chain[0], *chain[1:][-(MAX_REFERENCES - 1) :]]
    return _written(fields, text)


def note(case_id: str, key: str, own: str, to: str, title: str, text: str, now: datetime) -> bytes:
    """A note to colleagues. All notes of a case hang under one (invented) mail, so that programs show them as a
    thread."""
    fields = _begun(key, own, to, f"[{case_id}] {title}"[:MAX_SUBJECT], now, automatic=False)
    fields["Auto-Submitted"] = ["auto-generated"]
    fields["References"] = [f"<{case_id}@{own.rpartition('@')[2]}>"]
    return _written(fields, text)


def report(key: str, own: str, payload: Mapping[str, Any], to: str, now: datetime) -> bytes:
    """A report as text and as a page, with its picture attached (the payload is that of bot.core.report.post)."""
    mail = EmailMessage(policy=SMTP.clone(max_line_length=998))  # folded, a long Message-ID would be encoded
    for name, pieces in _begun(
        key, own, to, _plain(str(payload["subject"]))[:MAX_SUBJECT], now, automatic=False
    ).items():
        mail[name] = pieces[0]
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(str(payload["text"]))
    mail.add_alternative(str(payload["html"]), subtype="html")
    if payload.get("png"):
        mail.add_attachment(
            base64.b64decode(str(payload["png"])), maintype="image", subtype="png", filename=str(payload["name"])
        )
    return mail.as_bytes()


def _begun(key: str, own: str, to: str, subject: str, now: datetime, *, automatic: bool) -> dict[str, list[str]]:
    """The fields by name, each with the pieces that it may be folded between."""
    fields = {
        "From": own,
        "To": to,
        "Subject": subject,
        "Date": format_datetime(now),
        "Message-ID": id_of(key, own),
        **headers_of(token_of(key), automatic=automatic),
    }
    return {name: [value] for name, value in fields.items()}


def _written(fields: Mapping[str, Sequence[str]], text: str) -> bytes:
    """The whole mail. Python's own writer would encode long Message-IDs as words (RFC 2047), and no program would
    know them again."""
    head = "".join(f"{name}: {_FOLD.join(_plain(piece) for piece in pieces)}\r\n" for name, pieces in fields.items())
    head += "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    lines = text.replace("\r\n", "\n").replace("\r", "\n").rstrip() + "\n"
    return head.encode("ascii") + quopri.encodestring(lines.encode("utf-8", "replace")).replace(b"\n", b"\r\n")


def _plain(value: str) -> str:
    """A value that cannot start a field of its own."""
    return _UNSEEN.sub(" ", value).encode("ascii", "replace").decode("ascii").strip()


def _named(message: Mapping[str, Any], name: str) -> list[str]:
    return message_ids(str((message.get("headers") or {}).get(name, "")))
