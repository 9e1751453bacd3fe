"""The elements that end a line of Dovecot's login processes: who, from where, under which TLS.

``user=<>, method=, rip=, lip=, mpid=, TLS, session=<>`` (login-settings.c, login_log_format_elements), of which empty
ones are left out (user never), in this order unless an administrator chose another. The user name is whatever the
client sent, so what it may have written is never believed.
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.draft import Draft
from bot.logs.session import canonical

# The elements after the address, in Dovecot's own order; nothing a client chose can stand among them.
_TAIL: Final = re.compile(
    r"([0-9A-Fa-f:.]+)(?:, rport=[0-9]+)?(?:, lip=([0-9A-Fa-f:.]+))?(?:, lport=[0-9]+)?(?:, mpid=([0-9]+))?"
    r"(?:, (TLS handshaking|TLS|secured)(?::? ([^<>]*?))?)?(?:, session=<([^<>\s]*)>)?$"
)
_NAMES: Final = r"(?:session|orig_user|auth_user|login_user|original_user|master_user)"
"""Elements that administrators put in brackets as ``user`` is."""
_ELEMENT: Final = re.compile(rf"{_NAMES}=<[^<>]*>|[\w-]+=[^<>]*|TLS[^<>]*|[^<>=]*")
_ELEMENTS: Final = 40
"""Elements of a line that are read."""
_USER: Final = re.compile(r"user=<([^>]*)>(?:, method=([^\s<>]+))?")
# What an administrator put before the name; and the head's end, where the elements begin with neither name nor address.
_BEFORE_USER: Final = re.compile(r"(?:[\w-]+=(?:<[^<>]*>|[^<>= ]*), |TLS, |secured, )+(?=user=<)")
_LISTED: Final = re.compile(r": (?=(?:[\w-]+=(?:<[^<>]*>|[^<>= ]*), |TLS, |secured, )*(?:user=<|rip=))")
_PROTOCOL: Final = re.compile(r"(?:TLS|SSL)v[0-9](?:\.[0-9])?")
_SSL_REASON: Final = re.compile(r"error:[0-9A-Fa-f]*:[^:]*:[^:]*:(.*)$")


def begin_of(text: str) -> tuple[int, bool]:
    """Where the elements begin, -1 where there are none; and whether they begin with the name."""
    named = text.find(": user=<")
    if "=" in text[: max(named, 0)] or named < 0:
        # in an order of their own: the name, which may hold anything, stands behind others
        other = _LISTED.search(text, 0, named + 9 if named >= 0 else len(text))
        if other is not None and (named < 0 or other.start() < named):
            return other.start(), False
    return named, True


def elements(draft: Draft, text: str, begin: int) -> bool:
    """Read the elements that end the line; False where a client may have sent them."""
    at = text.rfind("rip=", begin)
    found = _TAIL.match(text, at + 4) if at >= 0 and text[at - 2 : at] in (", ", ": ") else None
    name = _USER.fullmatch(text, begin + 2, at - 2) if found is not None and at > begin + 2 else None
    if found is None or (name is None and at > begin + 2):
        return _listed(draft, text[begin + 2 :])
    address, local, mpid, tls, tls_text, session = found.groups()
    draft.remote_ip = canonical(address)
    if local is not None:
        draft.local_ip = canonical(local)
    if mpid is not None:
        draft.pid = int(mpid)
    draft.session = session or None
    _tls(draft, tls, tls_text)
    if name is not None:
        draft.name(name[1])
        draft.mechanism = name[2]
    return True


def _listed(draft: Draft, text: str) -> bool:
    """Elements in an order, or with extras, that an administrator chose (login_log_format_elements).

    The name may hold anything, also what looks like elements. What stands before it is the server's own; behind it
    elements are read from the end of the line, and the name begins where one is met that was there already.
    """
    listed: dict[str, str] = {}
    before = _BEFORE_USER.match(text)
    if before is not None:
        for part in before[0].removesuffix(", ").split(", "):
            if not _take(listed, part):
                return False
        text = text[before.end() :]
    for _ in range(_ELEMENTS):
        rest, comma, part = text.rpartition(", ")
        if not _take(listed, part):
            break
        text = rest
        if not comma:
            break
    if text.startswith("user=<") and text.endswith(">"):
        draft.name(text[6:-1])
    elif text:
        return False
    draft.remote_ip = canonical(listed.get("rip", ""))
    draft.local_ip = canonical(listed.get("lip", ""))
    draft.session = listed.get("session", "").strip("<>") or None
    draft.mechanism = listed.get("method") or None
    if listed.get("rport", "").isdecimal():
        draft.remote_port = int(listed["rport"][:5])
    if listed.get("mpid", "").isdecimal():
        draft.pid = int(listed["mpid"][:10])
    _tls(draft, *_tls_words(listed.get("TLS")))
    if "protocol" in listed and draft.tls in ("tls", "none"):
        draft.tls = listed["protocol"]
    return draft.remote_ip is not None


def _take(listed: dict[str, str], part: str) -> bool:
    """Note an element under its name; False where it is none, or one of that name was there already."""
    if _ELEMENT.fullmatch(part) is None:
        return False
    key, equals, value = part.partition("=")
    protocol = _PROTOCOL.match(part)
    if protocol is not None:
        key, value = "protocol", protocol[0]
    elif part.startswith(("TLS", "secured")):
        key, value = "TLS", part
    elif not equals:
        key = part
    if key == "user" or key in listed:
        return False
    listed[key] = value
    return True


def _tls_words(element: str | None) -> tuple[str | None, str | None]:
    word, _, text = (element or "").partition(": ")
    return word or None, text or None


def _tls(draft: Draft, word: str | None, text: str | None) -> None:
    if word is None:
        draft.tls = "none"
    elif word == "TLS":
        draft.tls = "tls"
        if text:
            version = _PROTOCOL.search(text)
            if version is not None:
                draft.tls = version[0]
            elif "error:" in text or "alert" in text or "SSL_" in text:
                draft.detail = tls_reason(text)
    elif word == "TLS handshaking":
        draft.tls = "handshake"
        draft.detail = tls_reason(text) if text else "TLS handshaking"
    elif word == "secured":
        draft.tls = "secured"


def tls_reason(text: str) -> str:
    """What an OpenSSL error says, without number, library and function: those change with releases."""
    found = _SSL_REASON.search(text)
    return (found[1] if found is not None else text).strip(" :")
