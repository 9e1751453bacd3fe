"""Dovecot's login processes: imap-login, pop3-login, submission-login, managesieve-login (2.2 to 2.4).

Grammar (login-common/client-common.c and login-settings.c): a head that Dovecot words itself, then the
elements ``user=<>, method=, rip=, lip=, mpid=, TLS, session=<>`` of which empty ones are left out (user
never). The user name is whatever the client sent, so the address is read only from the elements at the end.
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.dovecot_reasons import CODES, EVENTS, code_of
from bot.logs.draft import Draft
from bot.logs.ident import client_id
from bot.logs.session import canonical

SERVICES: Final = {
    "imap-login": "imap",
    "pop3-login": "pop3",
    "submission-login": "submission",
    "managesieve-login": "sieve",
    "sieve-login": "sieve",
    "imap-urlauth-login": "imap",
}

# The elements after the address, in Dovecot's own order; nothing a client chose can stand among them.
_TAIL: Final = re.compile(
    r"([0-9A-Fa-f:.]+)(?:, rport=[0-9]+)?(?:, lip=([0-9A-Fa-f:.]+))?(?:, lport=[0-9]+)?(?:, mpid=([0-9]+))?"
    r"(?:, (TLS handshaking|TLS|secured)(?::? ([^<>]*?))?)?(?:, session=<([^<>\s]*)>)?$"
)
_ELEMENT: Final = re.compile(r"[\w-]+=[^<>,]*|session=<[^<>\s]*>|TLS[^<>,]*|[^<>=,]*")
_AFTER_USER: Final = re.compile(r">(?:, method=(\S{1,64}))?(?:, (TLS[^<>]*?|secured))?(?:, session=<([^<>\s]*)>)?$")
_PROTOCOL: Final = re.compile(r"(?:TLS|SSL)v[0-9](?:\.[0-9])?")
_HEAD: Final = 600
"""Characters of a head that are searched for its last brackets."""
_LAST_WORDS: Final = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)(?: \(([a-z0-9_]{4,64})\))?(?::.*)?$")
_ATTEMPTS: Final = re.compile(r"([0-9]+)(?:/([0-9]+))? (?:successful auths|attempts)")
_SECONDS: Final = re.compile(r"(?:in|waited) ([0-9]+) secs")
_LIMIT: Final = re.compile(r"mail_max_userip_connections=([0-9]+)")
_SSL_REASON: Final = re.compile(r"error:[0-9A-Fa-f]*:[^:]*:[^:]*:(.*)$")
_BRACKETED_IP: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\]$")

_BEFORE_AUTH: Final = ("no_auth_attempts", "tls_handshake_not_finished", "auth_process_not_ready")
_CLEARTEXT: Final = (
    "laintext authentication disabled",
    "leartext authentication disabled",
    "SSL required for authentication",
)
_NO_ELEMENTS: Final = (
    ("Auth process not responding", "auth_unavailable"),
    ("Timeout waiting for handshake from auth", "auth_unavailable"),
    ("Auth process broken", "auth_unavailable"),
    ("auth: connect", "auth_unavailable"),
    ("net_connect_unix(login/login) failed", "server_error"),
    ("SSL alert", "tls_failed"),
    ("SSL failed", "tls_failed"),
)


def parse(draft: Draft, process: str, level: str, text: str) -> bool:
    """Fill ``draft``; ``text`` follows prefix and level. True where its session id began just now."""
    draft.service = SERVICES[process]
    begin = text.find(": user=<")
    if begin < 0:
        begin = text.find(": rip=")
        if begin < 0 or not _elements(draft, text, begin):
            _without_elements(draft, level, text)
            return False
        head = text[:begin]
    elif text.startswith("ID sent") or text.startswith("Pre-login"):
        # Here the head is the client's own words, so the elements are those at the very end.
        begin = text.rfind(": user=<")
        _elements(draft, text, begin)
        draft.event = "client_id"
        client_id(draft, text[text.find("sent") + 4 : begin])
        return False
    else:
        head = text[:begin]
        _elements(draft, text, begin)
    if head == "Login" or head == "Logged in":
        draft.event = "login"
        draft.outcome = "success"
        return True
    _head(draft, level, head)
    return True


def _elements(draft: Draft, text: str, begin: int) -> bool:
    """Read the elements that end the line; False where a client may have sent them."""
    end = len(text)
    at = text.rfind("rip=", begin, end)
    found = _TAIL.match(text, at + 4) if at >= 0 and text[at - 2 : at] in (", ", ": ") else None
    if found is None:
        return _unordered(draft, text, begin)
    address, local, mpid, tls, tls_text, session = found.groups()
    draft.remote_ip = canonical(address)
    if local is not None:
        draft.local_ip = canonical(local)
    if mpid is not None:
        draft.pid = int(mpid)
    draft.session = session or None
    _tls(draft, tls, tls_text)
    _user(draft, text[begin + 2 : at - 2])
    return True


def _user(draft: Draft, text: str) -> None:
    """``user=<NAME>[, method=M]``, all of it; the name may hold anything."""
    method = text.rfind(">, method=")
    if method >= 0 and " " not in text[method + 10 :]:
        draft.mechanism = text[method + 10 :] or None
        text = text[: method + 1]
    if text.startswith("user=<") and text.endswith(">"):
        draft.name(text[6:-1])


def _unordered(draft: Draft, text: str, begin: int) -> bool:
    """Elements in an order, or with extras, that an administrator chose (login_log_format_elements)."""
    at = text.rfind(", rip=", begin)
    if at < 0:
        at = text.find(": rip=", begin, begin + 6)
    if at < 0:
        if text.endswith(">"):
            user, separator, session = text[begin + 2 : -1].rpartition(">, session=<")
            if separator:
                draft.session = session or None
                _user(draft, user + ">")
            else:
                _user(draft, text[begin + 2 :])
        return False
    elements = text[at + 2 :]
    user_at = elements.find(", user=<")
    if user_at >= 0 and text[begin + 2 : begin + 8] != "user=<":
        # What stands before the name is the server's own; the name ends where the known elements begin.
        after = _AFTER_USER.search(elements)
        if after is None:
            return False
        _user(draft, elements[user_at + 2 : after.start()] + ">")
        draft.mechanism = after[1] or draft.mechanism
        _tls(draft, *_tls_words(after[2]))
        draft.session = after[3] or None
        elements = elements[:user_at]
        tls_known = draft.tls != "none"
    else:
        tls_known = False
    parts = elements.split(", ")
    if not all(_ELEMENT.fullmatch(part) for part in parts):
        return False
    tls = tls_text = version = None
    for part in parts:
        key, _, value = part.partition("=")
        if key == "rip":
            draft.remote_ip = canonical(value)
        elif key == "lip":
            draft.local_ip = canonical(value)
        elif key == "rport" and value.isdecimal():
            draft.remote_port = int(value[:5])
        elif key == "mpid" and value.isdecimal():
            draft.pid = int(value[:10])
        elif key == "session":
            draft.session = value.strip("<>") or None
        elif (protocol := _PROTOCOL.match(part)) is not None:
            version = protocol[0]
        elif part.startswith(("TLS", "secured")):
            tls, tls_text = _tls_words(part)
    if not tls_known:
        _tls(draft, tls, tls_text)
    if version is not None and draft.tls in ("tls", "none"):
        draft.tls = version
    if at > begin:
        _user(draft, text[begin + 2 : at])
    return draft.remote_ip is not None


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


def _head(draft: Draft, level: str, head: str) -> None:
    """The words before the elements: why this connection ended."""
    tls_text = draft.detail
    draft.detail = head
    if "Maximum number of connections" in head:
        limit = _LIMIT.search(head)
        draft.limit = int(limit[1]) if limit is not None else None
        draft.fail("connection_limit", "connection_limit")
        return
    words = _LAST_WORDS.search(head[-_HEAD:]) if "(" in head else None
    code = None
    if words is not None:
        code = words[2] if words[2] in CODES else None
        why = words[1]
        if code is None:
            code = code_of(why)
        attempts = _ATTEMPTS.search(why)
        if attempts is not None:
            draft.attempts = int((attempts[2] or attempts[1])[:9])
        seconds = _SECONDS.search(head[-_HEAD:])
        if seconds is not None:
            draft.seconds = int(seconds[1][:9])
    _event(draft, level, head, code, tls_text)


def _event(draft: Draft, level: str, head: str, code: str | None, tls_text: str | None) -> None:
    draft.reason = code
    if code in _BEFORE_AUTH and tls_text is not None:
        draft.fail("tls_failed", detail=tls_text)
    elif "Too many " in head and code in (None, "no_auth_attempts"):
        draft.fail("too_many_errors")
    elif code == "auth_process_not_ready" and (draft.seconds or 0) <= 1:
        # The client had gone before the auth process answered; only a long wait is the server's.
        draft.fail("no_auth_attempts")
    elif code is not None:
        event = EVENTS.get(code)
        if event is None:
            draft.event = "other"
        else:
            draft.fail(event)
    elif any(words in head for words in _CLEARTEXT):
        draft.fail("cleartext_refused", "cleartext_auth_disabled")
    elif "Auth process" in head or "auth server" in head:
        draft.fail("auth_unavailable", "auth_process_comm_fail")
    elif "disconnected while" in head:
        draft.fail("lost_connection")
    elif head.startswith("Login failed"):
        draft.fail("auth_failed")
    elif head.startswith(("Authenticate ", "APOP failed")):
        _mechanism(draft, head)
    elif "Timeout while finishing login" in head or "Logging in timed out" in head:
        # client_idle_disconnect_timeout: the login was accepted, the mail process did not take it
        draft.fail("server_error")
    elif head.startswith("SSL is disabled"):
        draft.fail("tls_failed")
    elif level in ("Error", "Fatal", "Panic"):
        draft.fail("server_error")
    elif tls_text is not None and draft.tls == "handshake":
        draft.fail("tls_failed", detail=tls_text)
    elif head.startswith(("Disconnected", "Aborted login", "Login aborted", "proxy(")):
        draft.event = "disconnect" if "started proxying" not in head else "other"
    else:
        draft.event = "other"


def _mechanism(draft: Draft, head: str) -> None:
    """``Authenticate MECH failed: reason`` (sasl-proxy.c; before 2.4 sasl-server.c) and ``APOP failed: reason``
    (pop3-login)."""
    reason = head.partition("failed: ")[2].lower()
    if "nsupported authentication mechanism" in head or "not enabled" in reason:
        draft.fail("auth_failed", "invalid_mech")  # lab: no-mechanism
    elif "laintext" in head or "leartext" in head:
        draft.fail("cleartext_refused", "cleartext_auth_disabled")
    elif "internal" in reason or "temporary" in reason:
        draft.fail("auth_unavailable", "temp_fail")
    elif reason:
        draft.fail("auth_failed")
    else:
        draft.event = "other"


def _without_elements(draft: Draft, level: str, text: str) -> None:
    """Lines of a login process that are not about one client, or name it only in brackets at the end."""
    draft.detail = text
    draft.event = "other"
    for needle, event in _NO_ELEMENTS:
        if needle in text:
            address = _BRACKETED_IP.search(text)
            draft.remote_ip = canonical(address[1]) if address is not None else None
            draft.fail(event, "temp_fail" if event == "auth_unavailable" else None)
            if event == "tls_failed":
                draft.detail = tls_reason(text[: address.start()] if address is not None else text)
            return
    if level in ("Error", "Fatal", "Panic"):
        draft.fail("auth_unavailable" if "auth" in text[:40].lower() else "server_error")
    elif text.startswith(("Disconnected", "Aborted login", "Login aborted")):
        _head(draft, level, text)
