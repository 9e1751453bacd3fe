"""Dovecot lines: which process speaks, at which level, and which grammar its words follow."""

from __future__ import annotations

import re
from typing import Final

from bot.logs import dovecot_auth, dovecot_login, dovecot_mail, pam
from bot.logs.draft import Draft
from bot.logs.envelope import DOVECOT_PROCESSES

_LEVELS: Final = {"I": "Info", "D": "Debug", "W": "Warning", "E": "Error", "F": "Fatal", "P": "Panic"}
_MAIL: Final = re.compile(r"([a-z][a-z0-9-]*)\(([^()]*)\)<([0-9]+)><([^<>\s]*)>: ")
# Lazy up to the first bracket that closes a prefix: the user of a mail process is one the server knows.
_PREFIX: Final = re.compile(r"([a-z][a-z0-9_-]*)(?:\((.*?)\))?(?:<([0-9]+)>)?(?:<([^<>\s]*)>)?: ", re.S)
_AUTH_PREFIX: Final = re.compile(r"auth(?:-worker)?(?:\((?:default|[0-9]+)\))?: ")
_NUMBER: Final = re.compile(r"[0-9]{1,10}(?:, *)?")
_ADDRESS: Final = re.compile(r"[,/] ?((?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f:.]*|(?:[0-9]{1,3}\.){3}[0-9]{1,3})$")


def parse(draft: Draft, message: str) -> bool:
    """Fill ``draft`` from the message after ``dovecot:``. True where its session id began just now."""
    colon = message.find(": ")
    process = message[:colon]
    if process in dovecot_login.SERVICES:
        level, text = strip_level(message[colon + 2 :])
        if level == "Debug" and "ID sent" not in text:
            draft.service = dovecot_login.SERVICES[process]
            draft.event = "other"
            draft.detail = text
            return False
        return dovecot_login.parse(draft, process, level, text)
    if message.startswith("auth"):
        return _auth(draft, message)
    found = _MAIL.match(message) or _PREFIX.match(message)
    if found is None or found[1] not in DOVECOT_PROCESSES:
        level, text = strip_level(message)
        dovecot_mail.service_line(draft, "", level, text)
        return False
    process, user, pid, session = found.groups()
    level, text = strip_level(message[found.end() :])
    if pid is not None:
        draft.pid = int(pid[:10])
    draft.session = session or None
    if process in dovecot_login.SERVICES:
        return dovecot_login.parse(draft, process, level, text)
    if process in dovecot_mail.SERVICES or process in ("lda", "deliver", "indexer-worker"):
        dovecot_mail.session_line(draft, process, _user(user), level, text)
    else:
        dovecot_mail.service_line(draft, process, level, text)
    return False


def _auth(draft: Draft, message: str) -> bool:
    """``auth: …``, ``auth-worker(pid): …`` or 2.4's ``auth(user,ip,…)<…>: …`` with the user in front."""
    prefix = _AUTH_PREFIX.match(message)
    if prefix is None:
        return dovecot_auth.parse(draft, "", message)
    level, text = strip_level(message[prefix.end() :])
    if pam.parse(draft, text):
        return False
    return dovecot_auth.parse(draft, level, text)


def strip_level(text: str) -> tuple[str, str]:
    """Dovecot's level word and the rest; no word means an informational line under syslog."""
    level = _LEVELS.get(text[:1])
    if level is not None and text.startswith(level) and text.startswith(": ", len(level)):
        return level, text[len(level) + 2 :]
    return "", text


def _user(user: str | None) -> str | None:
    """The user of ``imap(user)``, ``lmtp(1234, user)`` or ``lmtp(1234)``; also where an administrator's mail_log_prefix
    adds pid or address (``%p``, ``%r``)."""
    if user is None:
        return None
    number = _NUMBER.match(user)
    if number is not None and (number.end() == len(user) or "," in number[0]):
        user = user[number.end() :]
    address = _ADDRESS.search(user)
    return (user if address is None else user[: address.start()]) or None
