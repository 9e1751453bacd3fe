"""Postfix's smtpd and postscreen: their own words about the clients that connect.

Postfix puts the client, ``host[address]``, before anything the client said, so every pattern here is
anchored at the beginning of the line; HELO, user names and addresses further right can forge nothing.
Sources: smtpd/smtpd.c, smtpd_check.c, smtpd_sasl_glue.c, smtpd_peer.c, postscreen/*.c, tls/tls_server.c,
tls/tls_misc.c.
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.dovecot_elements import tls_reason
from bot.logs.draft import Draft
from bot.logs.postfix_client import PEER, QUEUE, departure, screen, take_peer, take_queue
from bot.logs.postfix_reject import DISABLED_WORDS, classify
from bot.logs.secrets import mask
from bot.logs.session import canonical

_CLIENT: Final = re.compile(
    QUEUE + r"client=" + PEER + r"(?:, sasl_method=([^\s,]+))?(?:, sasl_username=(.*?))?"
    r"(?:, sasl_sender=(?:[^\s,]*))?(?:, orig_queue_id=.*)?(?:, orig_client=.*)?$",
    re.S,
)
_CONNECT: Final = re.compile(r"(connect|disconnect) from " + PEER + r"(.*)$", re.S)
_AUTH_COUNT: Final = re.compile(r"\bauth=(?:[0-9]+/)?([0-9]{1,9})\b")
_SASL: Final = re.compile(PEER + r": SASL (\S*) authentication (failed|aborted)(?:: ?)?(.*)$", re.S)
_LIMIT: Final = re.compile(r"([A-Z][\w ]{3,40}) limit exceeded: ([0-9]+) from " + PEER + r" for service (\S+)")
_REJECT: Final = re.compile(
    QUEUE + r"((?:milter-|proxy-)?(?:reject|hangup|reject_warning|hold|discard|redirect|filter|warn|info|permit"
    r"|replace|prepend|delay|accept|bcc|strip))"
    r": (\S+(?: [a-z]+)?|END-OF-MESSAGE) from (?:" + PEER + r"|\[([0-9A-Fa-f:.]+)\]:[0-9]+): (.*)$",
    re.S,
)
_PROXY_REJECT: Final = re.compile(QUEUE + r"proxy-reject: (\S+): (.*)$", re.S)
_REPLY: Final = re.compile(r"([245][0-9]{2})(?: ([245]\.[0-9]{1,3}\.[0-9]{1,3}))? (.*)", re.S)
_NAMED: Final = re.compile(r"(?:[245][0-9]{2} )?(?:[245]\.[0-9]{1,3}\.[0-9]{1,3} )?<.*?>: ", re.S)
"""The address, host or HELO that is refused, in the client's words."""
_STATUS: Final = re.compile(r"([245]\.[0-9]{1,3}\.[0-9]{1,3}) ")
_HELO_END: Final = re.compile(r"> sasl_method=(\S+) sasl_username=([^<>]*?)(?: sasl_sender=\S*)?$", re.S)
_OWNER: Final = re.compile(r"not owned by user (\S+)")
_SASL_NAME: Final = re.compile(r"<([^<>]+)>: SASL login name rejected")
_TLS_UP: Final = re.compile(
    r"(?:Anonymous|Untrusted|Trusted|Verified) TLS connection (?:established|reused)"
    r" from " + PEER + r".*?: ((?:TLS|SSL)v[0-9.]+)",
    re.S,
)
_TLS_FAIL: Final = re.compile(r"SSL_accept error from " + PEER + r": (.*)$", re.S)
_PROXIED: Final = re.compile(r"TLS handshake failed for service=\S+ peer=\[([0-9A-Fa-f:.]+)\]:([0-9]+)")
_HOSTNAME: Final = re.compile(
    r"(?:hostname|address|numeric hostname|numeric domain name)"
    r" \S+ .*?address ([0-9A-Fa-f:.]*[0-9A-Fa-f])(?:$|:|\s)"
)
_PROMPTS: Final = {
    "UGFzc3dvcmQ6": "Password:",
    "UGFzc3dvcmQ6AA==": "Password:",
    "UGFzc3dvcmQA": "Password",
    "VXNlcm5hbWU6": "Username:",
    "VXNlcm5hbWU6AA==": "Username:",
    "VXNlciBOYW1lAA==": "User Name",
}
"""The server's last prompt in base64, left where a reason should be (Postfix before 3.5.25 and 3.7.11)."""

_AUTH_SERVER_WORDS: Final = (
    "authentication server",
    "temporary",
    "internal error",
    "generic failure",
    "unavailable for",
    "server unavailable",
    "no mechanism available",
    "cannot connect",
)
_NOT_OF_A_CLIENT: Final = (":system library:", ":BIO routines:", ":PEM routines:", ":x509 certificate routines:")
"""Parts of OpenSSL that read our own files; what a client does wrong is told by its `SSL routines`."""
_NO_SASL: Final = (
    "SASL: Connect to",
    "authentication server",
    "SASL per-",
    "SASL authentication problem: ",  # xsasl_cyrus_log.c: SASL_LOG_ERR and SASL_LOG_WARN
    "no applicable SASL mechanisms",
)
_FAULT_WARNINGS: Final = (
    "SASL: Connect to ",
    "authentication server",
    "no SASL authentication mechanisms",
    "problem talking to server",
    "table lookup problem",
    "lookup error",
    "Temporary lookup failure",
    "unable to look up",
    "queue file write error",
    "unable to create",
    "No space left",
    "not enough free space",
    "Insufficient",
    "TLS context initialization failed",
    "No server certs available",
    "cannot load",
    "disabling TLS support",
    "talking to proxy",
    "connection with proxy",
    'connection request" ',
    "database is locked",
    "premature end-of-input",
    "timeout on ",
    "process limit",
    "is overloaded",
    "all server ports busy",
    "connect to ",
)


def parse(draft: Draft, message: str) -> None:
    """Fill ``draft`` from a line of smtpd or postscreen; its service is known already."""
    first = message[:5]
    if first == "conne" or first == "disco":
        found = _CONNECT.match(message)
        if found is not None:
            draft.event = found[1]
            take_peer(draft, found[3], found[4])
            if found[5]:
                _statistics(draft, found[5].strip())
            return
    if first == "warni" or first == "fatal" or first == "panic" or first == "error":
        _warning(draft, message)
        return
    if "client=" in message[:40]:
        found = _CLIENT.match(message)
        if found is not None:
            _client(draft, found)
            return
    if ": " in message[:26] and _refusal(draft, message):
        return
    if " TLS connection " in message[:40]:
        found = _TLS_UP.match(message)
        if found is not None:
            take_peer(draft, found[2], found[3])
            draft.tls = found[4]
            draft.detail = message
            return
    if first == "SSL_a":
        found = _TLS_FAIL.match(message)
        if found is not None:
            take_peer(draft, found[2], found[3])
            draft.tls = "handshake"
            draft.fail("tls_failed", detail=f"SSL_accept error: {found[4]}")
            return
    if not (departure(draft, message) or screen(draft, message)):
        draft.detail = mask(message)


def proxied_tls(draft: Draft, message: str) -> None:
    """tlsproxy: it speaks TLS for postscreen and smtpd towards clients, and for smtp towards other hosts."""
    failed = _PROXIED.match(message)
    if failed is not None:
        take_peer(draft, failed[1], failed[2])
        draft.tls = "handshake"
        draft.fail("tls_failed", detail="TLS handshake failed")
    elif message.startswith(("warning: ", "fatal: ", "panic: ", "error: ")):
        _trouble(draft, message)
    else:
        parse(draft, message)


def _statistics(draft: Draft, text: str) -> None:
    """``ehlo=2 starttls=1 auth=0/2 …``: good/all of each command of a connection (since 3.0)."""
    draft.detail = text
    auth = _AUTH_COUNT.search(text)
    if auth is not None:
        draft.attempts = int(auth[1])
    if "starttls=0/" in text:
        draft.tls = "handshake"
    elif "starttls=" in text:
        draft.tls = "tls"
    elif "helo=" in text or "ehlo=" in text:
        # Where TLS begins with STARTTLS, a client that greeted and never asked for it spoke in the clear.
        draft.tls = "none" if draft.service in ("submission", "smtp") else None


def _client(draft: Draft, found: re.Match[str]) -> None:
    take_queue(draft, found[1])
    take_peer(draft, found[3], found[4])
    draft.mechanism = found[5]
    draft.name(found[6])
    # Only an authenticated client has a user name here: proof that name and password were right.
    draft.event = "login" if found[6] else "message_accepted"
    draft.outcome = "success"


def _refusal(draft: Draft, message: str) -> bool:
    found = _REJECT.match(message)
    if found is not None:
        _reject(draft, found)
        return True
    proxied = _PROXY_REJECT.match(message)
    if proxied is not None:
        take_queue(draft, proxied[1])
        _verdict(draft, proxied[2], proxied[3])
        return True
    return False


def _reject(draft: Draft, found: re.Match[str]) -> None:
    queue_id, action, stage, _host, address, port, screened, rest = found.groups()
    take_queue(draft, queue_id)
    take_peer(draft, address or screened, port)
    if action.endswith(("reject", "hangup")):
        _verdict(draft, stage, rest)
        return
    end = _parties(rest)
    draft.detail = f"{action}: {rest[:end]}"
    _named(draft, rest, end)


def _verdict(draft: Draft, stage: str, rest: str) -> None:
    """Code, status and text of a reject, and the parties named behind it."""
    end = _parties(rest)
    text = rest[:end].rstrip(";")
    reply = _REPLY.match(text)
    if reply is not None:
        draft.reply_code = int(reply[1])
        draft.enhanced_status = reply[2]
        text = reply[3]
    else:
        status = _STATUS.match(text)
        if status is not None:
            draft.enhanced_status = status[1]
            text = text[status.end() :]
    # On port 25 a recipient is one of ours and the words are about that mailbox, not about who sends.
    outgoing = draft.service != "smtp"
    draft.fail(classify(text, draft.reply_code, draft.enhanced_status, stage, outgoing=outgoing), detail=text)
    _named(draft, rest, end)
    if draft.login is None:
        owner = _OWNER.search(text) or _SASL_NAME.match(text)
        if owner is not None:
            draft.name(owner[1])


def _parties(rest: str) -> int:
    """Where the reply text ends and the parties begin; the end of the line where none are named."""
    named = _NAMED.match(rest)
    begin = named.end() if named is not None else 0
    starts = [at for at in (rest.find(mark, begin) for mark in ("; from=<", "; to=<", "; proto=")) if at >= 0]
    return min(starts, default=len(rest))


def _between(text: str, mark: str, *ends: str) -> str | None:
    """What stands between ``mark`` and the first of ``ends`` behind it, in time linear in the text."""
    start = text.find(mark)
    if start < 0:
        return None
    start += len(mark)
    stops = [at for at in (text.find(end, start) for end in ends) if at >= 0]
    return text[start : min(stops)] or None if stops else None


def _named(draft: Draft, rest: str, end: int) -> None:
    tail = rest[end:]
    draft.sender = _between(tail, " from=<", "> to=<", ">, to=<", "> proto=", ">, proto=")
    draft.recipient = _between(tail, " to=<", "> proto=", ">, proto=")
    # 3.10 and later name the user behind the HELO, which the client chose: believe it only where the HELO
    # cannot reach, that is where the line does not end in the HELO's own bracket.
    ending = _HELO_END.search(rest)
    if ending is not None and rest.count("> sasl_method=") == 1:
        draft.mechanism = ending[1]
        draft.name(ending[2])


def _warning(draft: Draft, message: str) -> None:
    text = message.partition(": ")[2]
    sasl = _SASL.match(text)
    if sasl is not None:
        _sasl(draft, sasl)
        return
    limit = _LIMIT.match(text)
    if limit is not None:
        take_peer(draft, limit[4], limit[5])
        concurrent = limit[1] == "Connection concurrency"
        draft.fail("connection_limit" if concurrent else "rate_limited", detail=text)
        return
    if text.startswith("TLS library problem: ") and any(words in text for words in _NOT_OF_A_CLIENT):
        draft.fail("server_error", detail=mask(text))
        return
    if text.startswith("TLS library problem: "):
        draft.tls = "handshake"
        draft.fail("tls_failed", detail=_library(text[21:]))
        return
    if text == "tlsproxy handshake failed":
        draft.fail("tls_failed", detail=text)
        return
    if text.startswith("SASL authentication failure: "):
        if any(words in text.lower() for words in _AUTH_SERVER_WORDS):
            draft.fail("auth_unavailable", "temp_fail", text[29:])
        else:
            draft.fail("auth_failed", "invalid_credentials", detail=text[29:])
        return
    hostname = _HOSTNAME.match(text) if text.startswith(("hostname ", "address ")) else None
    if hostname is not None:
        draft.remote_ip = canonical(hostname[1])
        draft.detail = text
        return
    if "queue file size limit exceeded" in text:
        queue_id, _, _ = text.partition(": ")
        take_queue(draft, queue_id if queue_id.isalnum() else None)
        draft.fail("message_too_large", detail="queue file size limit exceeded")
        return
    if not departure(draft, text):
        _trouble(draft, message)


def _library(text: str) -> str:
    """``error:HEX:lib:func:reason:file:line:data:`` of OpenSSL's error queue, down to reason and alert."""
    reason = tls_reason(text)
    words, _, rest = reason.partition(":")
    alert = rest.rpartition("SSL alert number ")[2].strip(":")
    return f"{words}: SSL alert number {alert}" if alert.isdecimal() and "SSL alert" in rest else words


def _sasl(draft: Draft, found: re.Match[str]) -> None:
    _host, address, port, mechanism, how, rest = found.groups()
    take_peer(draft, address, port)
    draft.mechanism = mechanism.upper() or None
    if how == "aborted":
        draft.fail("auth_failed", "auth_aborted_by_client", "authentication aborted")
        return
    reason, comma, user = rest.partition(", sasl_username=")
    if comma and user != "(unavailable)":
        draft.name(user)
    lowered = reason.lower()
    if reason in _PROMPTS:
        draft.fail("auth_failed", detail=f"the server's prompt {_PROMPTS[reason]!r}")
    elif any(words in lowered for words in _AUTH_SERVER_WORDS):
        draft.fail("auth_unavailable", "temp_fail", reason)
    elif "nvalid authentication mechanism" in reason or "unsupported" in lowered:
        draft.fail("auth_failed", "mechanism_unsupported", reason)
    elif "nvalid base64" in reason:
        draft.fail("auth_failed", "invalid_base64", reason)
    elif lowered == "user not found":
        draft.fail("auth_failed", "unknown_user", reason)  # Cyrus SASL's SASL_NOUSER
    elif "expired" in lowered:
        draft.fail("auth_failed", "password_expired", reason)
    elif DISABLED_WORDS.search(lowered) is not None or "login disabled" in lowered:
        draft.fail("login_disabled", "user_disabled", reason)
    else:
        refused = lowered == "authentication failure"  # Cyrus SASL's word for a wrong name or password
        draft.fail("auth_failed", "invalid_credentials" if refused else None, reason)


def other_daemon(draft: Draft, message: str) -> None:
    """A line of another daemon that is about no message: a refusal of cleanup's milter, or a fault."""
    found = _REJECT.match(message) if "reject: " in message else None
    if found is not None:
        _reject(draft, found)
    else:
        _trouble(draft, message)


def _trouble(draft: Draft, message: str) -> None:
    """Warnings and worse that are about the server, not a client."""
    level, _, text = message.partition(": ")
    draft.detail = mask(message)
    if level in ("fatal", "panic", "error"):
        draft.fail("auth_unavailable" if "SASL" in text else "server_error")
    elif level == "warning":
        if any(words in text for words in _NO_SASL):
            draft.fail("auth_unavailable", "temp_fail")
        elif any(words in text for words in _FAULT_WARNINGS):
            draft.fail("server_error")
