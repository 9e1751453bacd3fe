"""Dovecot's login processes: imap-login, pop3-login, submission-login, managesieve-login (2.2 to 2.4).

Grammar (login-common/client-common.c and login-settings.c): a head that Dovecot words itself, then the
elements ``user=<>, method=, rip=, lip=, mpid=, TLS, session=<>`` of which empty ones are left out (user
never). The user name is whatever the client sent, so the address is read only from the elements at the end.
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.dovecot_elements import begin_of, elements, tls_reason
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

_HEAD: Final = 600
"""Characters of a head that are searched for its last brackets."""
_LAST_WORDS: Final = re.compile(r"\(([^()]*(?:\([^()]*\)[^()]*)*)\)(?: \(([a-z0-9_]{4,64})\))?(?::.*)?$")
_ATTEMPTS: Final = re.compile(r"([0-9]+)(?:/([0-9]+))? (?:successful auths|attempts)")
_SECONDS: Final = re.compile(r"(?:in|waited) ([0-9]+) secs")
_LIMIT: Final = re.compile(r"mail_max_userip_connections=([0-9]+)")
_BRACKETED_IP: Final = re.compile(r"\[([0-9A-Fa-f:.]+)\]$")

_BEFORE_AUTH: Final = ("no_auth_attempts", "tls_handshake_not_finished", "auth_process_not_ready")
_ABANDONED: Final = (None, "no_auth_attempts", "auth_process_not_ready")
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
    if text.startswith(("ID sent", "Pre-login")):
        # Here the head is the client's own words, so the elements are those at the very end.
        begin = text.rfind(": user=<")
        if begin < 0:
            _without_elements(draft, level, text)
            return False
        elements(draft, text, begin)
        draft.event = "client_id"
        client_id(draft, text[text.find("sent") + 4 : begin])
        return False
    begin, named = begin_of(text)
    if begin < 0 or (not elements(draft, text, begin) and not named):
        _without_elements(draft, level, text)
        return False
    head = text[:begin]
    if head == "Login" or head == "Logged in":
        draft.event = "login"
        draft.outcome = "success"
        return True
    _head(draft, level, head)
    return True


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
    if head.startswith("SSL alert: ") and "close notify" in head:
        draft.event = "other"  # how a TLS connection ends (RFC 8446 6.1)
    elif head.startswith("proxy("):
        _proxied(draft, level, head.partition("): ")[2], code)
    elif code in _ABANDONED and "Connection queue full" in head:
        draft.fail("server_error", "process_full")  # client_destroy_oldest
    elif code in _ABANDONED and "TLS initialization failed" in head:
        draft.fail("server_error")
    elif code in _BEFORE_AUTH and tls_text is not None:
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
    elif head.startswith(("Disconnected", "Aborted login", "Login aborted")):
        draft.event = "disconnect"
    else:
        draft.event = "other"


def _proxied(draft: Draft, level: str, said: str, code: str | None) -> None:
    """What a proxy says behind ``proxy(user,host:port): `` (login-proxy.c, client-common-auth.c).

    ``Started proxying`` is the proxy's word for a login: the backend took name and password.
    """
    if said.startswith(("Started proxying", "started proxying")):
        draft.event = "login"
        draft.outcome = "success"
    elif code is not None:
        draft.fail(EVENTS.get(code, "server_error"), code)
    elif said.startswith("Login failed"):
        if "[LIMIT]" in said or "Maximum number of connections" in said:
            draft.fail("connection_limit", "proxy_dest_connection_limit")
        elif "[UNAVAILABLE]" in said or "emporary" in said:
            draft.fail("auth_unavailable", "proxy_dest_auth_temp_failed")
        else:
            draft.fail("auth_failed", "proxy_dest_auth_failed")
    elif level in ("Error", "Fatal", "Panic"):
        away = said.startswith(("connect(", "Login timed out", "Login for ", "Disconnected by server", "Host "))
        draft.fail("server_error", "proxy_dest_connect_failed" if away else "proxy_dest_internal_failure")
    elif said.startswith(("disconnecting ", "Disconnected by ")):
        draft.event = "logout"
    else:
        draft.event = "other"  # as `… - reconnecting (attempt #1)`


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
        if needle in text and "close notify" not in text:
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
