"""Dovecot after login (imap, pop3, submission, managesieve, lmtp) and its other processes (master, anvil, …).

The prefix is ``imap(user): `` in 2.2 and ``imap(user)<pid><session>: `` since 2.3.0 (mail_log_prefix). The
user has logged in, so the name is one the server knows; what follows may quote the client (ID, subjects).
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.draft import Draft
from bot.logs.ident import client_id
from bot.logs.session import canonical

SERVICES: Final = {
    "imap": "imap",
    "pop3": "pop3",
    "submission": "submission",
    "managesieve": "sieve",
    "lmtp": "lmtp",
    "imap-hibernate": "imap",
    "imap-postlogin": "imap",
    "pop3-postlogin": "pop3",
    "imap-urlauth": "imap",
}

_ENDINGS: Final = ("Logged out", "Disconnected", "Connection closed", "Server shutting down")
_DENIED: Final = re.compile(
    r"Post-login script denied access to user (.*) \(.*\bsession=([A-Za-z0-9+/=]+), "
    r"rip=([0-9A-Fa-f:.]+), [^<>]*\)$",
    re.S,
)
_QUOTA: Final = ("Quota exceeded", "quota exceeded", "mailbox is full", "OVERQUOTA", "over quota", "Mailbox is full")
_FOREIGN: Final = re.compile(r"(?:msgid|subject|from|box)=(?:<[^<>]*>|[^<>,:]*)")
"""What a line quotes of a message or a folder's name (mail_log, sieve, lmtp): whoever sent it chose the words."""
_STORED: Final = re.compile(r": (?:saved mail to|stored mail into|forwarded to|discarded|marked message)\b[^:]*$")
_LIMIT: Final = re.compile(r"(?:client_limit|process_limit)[ =(]+([0-9]+)")
_LONGEST: Final = 2000
_CONNECT: Final = re.compile(r"(Connect|Disconnect) from (?:([0-9A-Fa-f:.]+)|local)\b")
_SERVICE: Final = re.compile(r"service\(([\w-]+)\)")
_FAULTY_LEVELS: Final = ("Error", "Fatal", "Panic")
_SATURATED: Final = ("client_limit", "process_limit", "throttling", "connections are being dropped")


def session_line(draft: Draft, process: str, user: str | None, level: str, text: str) -> None:
    """One line of a process that serves a user (``user`` None: not said)."""
    draft.service = SERVICES.get(process)
    draft.name(user)
    draft.event = "other"
    if text.startswith(_ENDINGS):
        if "Too many invalid" in text:
            draft.fail("too_many_errors", detail=text.partition(" in=")[0])
        else:
            draft.event = "logout"
            draft.detail = text.partition(" in=")[0]
    elif text.startswith("ID sent"):
        draft.event = "client_id"
        client_id(draft, text[7:])
    elif _STORED.search(text[-_LONGEST:]) is None and _says(_FOREIGN.sub("", text), _QUOTA):
        draft.fail("quota_exceeded", detail=text)
    elif text.startswith("Maximum number of connections"):
        draft.fail("connection_limit", "connection_limit", text)
    elif "denied access" in text:
        # The site's own script turned away a user whose password was right: a cap of its own.
        draft.fail("connection_limit", detail=text.partition(" (connection created")[0])
        denied = _DENIED.match(text[:_LONGEST])
        if denied is not None:
            draft.session = denied[2]
            draft.remote_ip = canonical(denied[3])
            if draft.login is None:
                draft.name(denied[1])
    elif level in _FAULTY_LEVELS:
        if process.endswith("-postlogin") and "returned error" in text:
            draft.detail = text
        else:
            draft.fail("server_error", detail=text)
    elif process == "lmtp":
        _delivery(draft, text)
    else:
        draft.detail = text


def _says(text: str, words: tuple[str, ...]) -> bool:
    return any(word in text for word in words)


def _delivery(draft: Draft, text: str) -> None:
    draft.detail = text
    found = _CONNECT.match(text)
    if found is not None:
        draft.event = "connect" if found[1] == "Connect" else "disconnect"
        draft.remote_ip = canonical(found[2]) if found[2] else None
    elif "saved mail to" in text:
        draft.recipient = draft.login


def service_line(draft: Draft, process: str, level: str, text: str) -> None:
    """One line of master, anvil, log, stats and their like: it is about nobody."""
    draft.event = "other"
    draft.detail = text
    saturated = any(words in text for words in _SATURATED)
    if saturated or level in _FAULTY_LEVELS:
        named = _SERVICE.search(text)
        service = named[1] if named is not None else process
        if "postlogin" in service and "returned error" in text:
            return
        limit = _LIMIT.search(text)
        if limit is not None:
            draft.limit = int(limit[1][:9])
        if service.startswith("auth"):
            draft.fail("auth_unavailable", "auth_process_comm_fail")
        else:
            draft.fail("server_error")
