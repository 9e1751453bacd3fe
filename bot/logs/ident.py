"""The IMAP ID a client gives of itself, as Dovecot logs it (imap/cmd-id.c, imap-login/imap-login-cmd-id.c).

2.2 and 2.3 write ``ID sent: name=Thunderbird, version=128.5.0`` where imap_id_log is set; 2.4 writes
``Pre-login ID sent: …`` and ``ID sent: …`` at debug level. The values are the client's own words.
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.draft import Draft

_LONGEST: Final = 120
_FIELD: Final = re.compile(r"(?:^|, )([A-Za-z][\w.-]{0,29})=")


def client_id(draft: Draft, text: str) -> None:
    """Take name and version out of ``: name=…, version=…, os=…``; the whole goes into ``detail``."""
    text = text.partition(": ")[2] or text.lstrip(": ")
    draft.detail = text or None
    marks = list(_FIELD.finditer(text[:2000]))
    fields: dict[str, str] = {}
    ends = [mark.start() for mark in marks[1:]] + [len(text)]
    for mark, end in zip(marks, ends, strict=False):  # no field at all leaves one end over
        value = text[mark.end() : end]
        fields.setdefault(mark[1].lower(), value.strip().strip('"')[:_LONGEST])
    draft.client = _said(fields.get("name"))
    draft.client_version = _said(fields.get("version"))


def _said(value: str | None) -> str | None:
    return value if value and value != "NIL" else None
