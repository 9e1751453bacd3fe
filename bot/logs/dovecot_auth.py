"""Dovecot's auth and auth-worker lines: why a password was not accepted (2.2, 2.3, 2.4).

Shapes (auth/auth-request.c, auth-worker-connection.c): ``sql(user,ip,<session>): message`` up to 2.3.8, the
same behind ``conn unix:auth-worker (pid=…): auth-worker<n>: `` since, and in 2.4
``auth(user,ip,sasl:plain)<session>: sql: message``. They are written only with auth_verbose or
auth_verbose_passwords. The user name stands before the address and a logged password after it, both chosen by
the client: the address is believed only where one reading of the line makes sense.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from bot.logs import session as session_id
from bot.logs.draft import Draft
from bot.logs.secrets import mask

NEXT: Final = " - trying the next passdb"
"""The end of a line after which another password database is asked: no final failure."""

# user,ip[,sasl:mech][,master][,<session>]) then, in 2.4, <pid><session>: and the message.
_PEER: Final = re.compile(
    r",([0-9A-Fa-f:.]{2,45})(?:,sasl:([\w-]+))?(?:,master)?(?:,<([A-Za-z0-9+/=:_-]*)>)?(?:,master)?\)"
    r"(?:<[0-9]+>)?(?:<([A-Za-z0-9+/=:_-]*)>)?: "
)
_NO_PEER: Final = re.compile(r"([a-z][\w-]*)\(([^()]{1,256})\)(?:<[0-9]+>)?(?:<([^<>\s]*)>)?: ")
_WORKER: Final = re.compile(r"conn [^ ]+ \(pid=[0-9]+,uid=[0-9]+\): auth-worker<[0-9]+>: ")
_REQUEST: Final = re.compile(r"request \[[0-9]+\]: ")
_LEVEL: Final = re.compile(r"(Debug|Info|Warning|Error|Fatal|Panic): ")
_DATABASE: Final = re.compile(r"[a-z][\w-]{0,40}: ")
_USERNAME: Final = re.compile(r" \(username: (.*)\)$", re.S)
_CANDIDATES: Final = 24
_CHECKED: Final = 500
_MASTER_LOGIN: Final = ",master"

# How a message begins (lower case) -> event, reason. First match wins.
MESSAGES: Final[tuple[tuple[str, str, str | None], ...]] = (
    ("unknown user", "auth_failed", "unknown_user"),
    ("user not known", "auth_failed", "unknown_user"),
    ("user unknown", "auth_failed", "unknown_user"),
    ("password mismatch", "auth_failed", "password_mismatch"),
    ("plain password mismatch", "auth_failed", "password_mismatch"),
    ("pam_authenticate() failed: user not known", "auth_failed", "unknown_user"),
    ("pam_authenticate() failed: permission denied", "login_disabled", "user_disabled"),
    ("pam_authenticate() failed: authentication service cannot", "auth_unavailable", "temp_fail"),
    ("pam_authenticate() failed", "auth_failed", "invalid_credentials"),
    ("pam_acct_mgmt() failed: authentication token", "auth_failed", "password_expired"),
    ("pam_acct_mgmt() failed", "login_disabled", "user_disabled"),
    ("pam_start() failed", "auth_unavailable", "temp_fail"),
    ("allow_nets check failed", "auth_failed", "not_allowed_from_here"),
    ("allow_real_nets check failed", "auth_failed", "not_allowed_from_here"),
    ("user found from deny passdb", "login_disabled", "user_disabled"),
    ("user is disabled", "login_disabled", "user_disabled"),
    ("user disabled", "login_disabled", "user_disabled"),
    ("account disabled", "login_disabled", "user_disabled"),
    ("account is disabled", "login_disabled", "user_disabled"),
    ("login disabled", "login_disabled", "login_disabled"),
    ("password expired", "auth_failed", "password_expired"),
    ("password has expired", "auth_failed", "password_expired"),
    ("authentication failure due to policy server refusal", "auth_failed", "auth_failed"),
    ("request timed out waiting for client", "auth_failed", "auth_waiting_client"),
    ("request aborted by client", "auth_failed", "auth_aborted_by_client"),
    ("username character disallowed", "auth_failed", "invalid_credentials"),
    ("attempted login with password having illegal chars", "auth_failed", "invalid_credentials"),
    ("attempted master login", "auth_failed", "invalid_credentials"),
    ("invalid username", "auth_failed", "invalid_credentials"),
    ("invalid input", "auth_failed", "invalid_credentials"),
    ("invalid credentials", "auth_failed", "invalid_credentials"),
    ("empty username", "auth_failed", "invalid_credentials"),
    ("empty password", "auth_failed", "invalid_credentials"),
    ("login attempt with empty password", "auth_failed", "invalid_credentials"),
    ("nopassword given and password is not empty", "auth_failed", "invalid_credentials"),
    ("missing passwd file", "auth_failed", "unknown_user"),
    ("login failed (status=", "auth_failed", "invalid_credentials"),  # passdb-checkpassword.c
    ("username+password combination too long", "auth_failed", "invalid_credentials"),
    ("username or token missing", "auth_failed", "invalid_credentials"),
    ("invalid continued data", "auth_failed", "invalid_credentials"),
    ("cross-realm authentication not supported", "auth_failed", "invalid_credentials"),
    ("client requested non-standard mechanism", "auth_failed", "mechanism_unsupported"),
    ("username not known", "auth_failed", "unknown_user"),
    # what lib-sasl and the mechanisms (sasl-server-mech-*.c, mech-*.c) find wrong with a client's answer
    ("no initial response", "auth_failed", "invalid_credentials"),
    ("malformed data", "auth_failed", "invalid_credentials"),
    ("invalid challenge", "auth_failed", "invalid_credentials"),
    ("nuls in response", "auth_failed", "invalid_credentials"),
    ("missing digest", "auth_failed", "invalid_credentials"),
    ("missing username", "auth_failed", "invalid_credentials"),
    ("missing token", "auth_failed", "invalid_credentials"),
    ("invalid digest size", "auth_failed", "invalid_credentials"),
    ("invalid hex in digest", "auth_failed", "invalid_credentials"),
    ("invalid gs2-header", "auth_failed", "invalid_credentials"),
    ("invalid response", "auth_failed", "invalid_credentials"),
    ("response payload is missing", "auth_failed", "invalid_credentials"),
    ("client requested and used channel-binding", "auth_failed", "mechanism_unsupported"),
    ("user not authenticated", "auth_failed", "invalid_credentials"),
    ("user not authorized to log in as", "auth_failed", "invalid_credentials"),
    ("ntlm_auth reports broken helper", "auth_unavailable", "temp_fail"),
    ("authn_name has nuls", "auth_failed", "invalid_credentials"),
    ("authz_name has nuls", "auth_failed", "invalid_credentials"),
    ("no authz_name", "auth_failed", "invalid_credentials"),
    ("gssapi mechanism not kerberos5", "auth_failed", "mechanism_unsupported"),
    ("no password", "auth_failed", "password_mismatch"),
    ("token", "auth_failed", "invalid_credentials"),
    ("oauth2 failed: ", "auth_unavailable", "temp_fail"),
    ("introspection failed", "auth_unavailable", "temp_fail"),
    ("unsupported", "auth_failed", "mechanism_unsupported"),
    ("client requested unsupported", "auth_failed", "mechanism_unsupported"),
    ("authentication mechanism", "auth_failed", "mechanism_unsupported"),
    ("ldap: binding failed", "auth_unavailable", "temp_fail"),
    ("temporary", "auth_unavailable", "temp_fail"),
)
_NO_USERS: Final = frozenset({"service", "conn", "mysql", "pgsql", "sqlite", "cassandra", "redis", "ldap-server"})
"""What names in its brackets a process, or the host of a database (lib-sql/driver-*.c)."""
_BARE: Final = frozenset({"unknown user", "password mismatch", "plain password mismatch"})
_CERTIFICATE: Final = re.compile(r"[\w-]+ check failed: .* does not match client certificate$")
_SCHEME: Final = re.compile(r"requested \S+ scheme, but we have")
_FAULTY_LEVELS: Final = ("Error", "Fatal", "Panic")
_FAULTS: Final = (
    "client_limit",
    "process_limit",
    "throttling",
    "worker process died",
    "aborted passv",
    "auth server",
    "temporary",
    "binding failed",
    "timed out",
    "timeout",
    "connection refused",
    "lookup failed",
    "request was queued",
)


class Peer(NamedTuple):
    """One way to read who an auth line is about."""

    login: str
    address: str
    session: str | None
    mechanism: str | None
    message: str
    level: str


def parse(draft: Draft, level: str, text: str) -> bool:
    """Fill ``draft``; ``text`` is everything after ``auth``/``auth-worker(pid)`` and the level.

    In 2.4 it begins at the process prefix itself, for the prefix holds user and address. True where the line
    holds a session id that began just now.
    """
    draft.service = "auth"
    worker = _WORKER.match(text)
    if worker is not None:
        text = text[worker.end() :]
    peers = _peers(text)
    if not peers:
        return _nobody(draft, level, text)
    first = peers[0]
    # Two readings that both make sense name two addresses: then one is forged, and neither is believed.
    agreed = len({peer.address for peer in peers}) == 1
    _classify(draft, first.level or level, first.message)
    if agreed:
        draft.remote_ip = session_id.canonical(first.address)
        draft.session = first.session or None
        if first.mechanism:
            draft.mechanism = first.mechanism.upper()
        _login(draft, first.login, first.message)
    return draft.session is not None


def _peers(text: str) -> list[Peer]:
    """The readings that make sense, the rightmost first: an address, then a message that Dovecot writes."""
    readings: list[Peer] = []
    rest: list[Peer] = []
    for found in list(_PEER.finditer(text))[-_CANDIDATES:][::-1]:
        opening = text.find("(")
        if opening < 0 or opening > found.start():
            continue
        address, mechanism, inner, outer = found.groups()
        message = text[found.end() :]
        level = ""
        request = _REQUEST.match(message)
        if request is not None:
            message = message[request.end() :]
        worded = _LEVEL.match(message)
        if worded is not None:
            level, message = worded[1], message[worded.end() :]
        peer = Peer(text[opening + 1 : found.start()], address, inner or outer, mechanism, message, level)
        (readings if _known(message) is not None else rest).append(peer)
    # Where no message is one we know, only a line that can be read in one way is believed.
    return readings or (rest if len(rest) == 1 and "): " not in rest[0].message else [])


def _known(message: str) -> tuple[str, str | None] | None:
    """Event and reason of a message; None where it is not one of Dovecot's own.

    A message is either one of the table to its very end, or goes on with a password in brackets or the like.
    """
    text = message.lower()
    database = _DATABASE.match(text)
    if database is not None and not text.startswith("ldap: binding failed"):
        text = text[database.end() :]
    for start, event, reason in MESSAGES:
        if text.startswith(start):
            return (event, reason) if _complete(start, text[len(start) :]) else None
    if _SCHEME.search(text) is not None:
        return "auth_failed", "mechanism_unsupported"
    if _CERTIFICATE.match(text[:_CHECKED]) is not None:
        return "auth_failed", "not_allowed_from_here"
    return None


def _complete(start: str, rest: str) -> bool:
    """True where ``rest`` can end such a message; a password may be anything, but stands in brackets."""
    rest = rest.removesuffix(NEXT)
    if start in _BARE:
        return not rest or (rest.startswith(" (") and rest.endswith(")"))
    return "): " not in rest or rest.endswith(")")


def _classify(draft: Draft, level: str, message: str) -> None:
    draft.detail = mask(message)
    if level == "Debug":
        draft.event = "other"
        return
    known = _known(message)
    if known is None:
        if level in _FAULTY_LEVELS:
            draft.fail("auth_unavailable", "temp_fail")
        else:
            draft.event = "other"
        return
    event, reason = known
    if level not in _FAULTY_LEVELS and reason == "temp_fail" and "oauth2 failed: " in message[:60]:
        # passdb-oauth2.c: a fault of the service is an error; a token that was refused is told as information
        event, reason = "auth_failed", "invalid_credentials"
    if message.endswith(NEXT):
        draft.event = "other"
        draft.reason = reason
        return
    draft.fail(event, reason)


def _login(draft: Draft, login: str, message: str) -> None:
    login = login.removesuffix(_MASTER_LOGIN)
    if login != "?":
        draft.name(login)
        return
    named = _USERNAME.search(message)
    if named is not None:
        draft.name(named[1])


def _nobody(draft: Draft, level: str, text: str) -> bool:
    """A line without a peer address: about a user only, about nobody, or the auth service itself."""
    found = _NO_PEER.match(text)
    if found is not None and found[1] not in _NO_USERS:
        message = text[found.end() :]
        if not _PEER.search(text):
            login = found[2].partition(",sasl:")[0]
            draft.name(login if login != "?" else None)
            draft.session = found[3] or None
        request = _REQUEST.match(message)
        if request is not None:
            message = message[request.end() :]
        worded = _LEVEL.match(message)
        if worded is not None:
            level, message = worded[1], message[worded.end() :]
        _classify(draft, level, message)
        return False
    worded = _LEVEL.match(text)
    if worded is not None:
        level, text = worded[1], text[worded.end() :]
    _classify(draft, level, text)
    if draft.event == "other" and level == "Warning":
        lowered = text.lower()
        if any(fault in lowered for fault in _FAULTS):
            draft.fail("auth_unavailable", "temp_fail")
    return False
