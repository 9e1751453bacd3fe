"""Why Dovecot ended a login: the words of 2.2 and 2.3, the codes of 2.4, and what they mean to us.

Sources: login-common/client-common.c of each generation; documentation data/events.js (login_aborted).
"""

from __future__ import annotations

from typing import Final

REASONS: Final = (
    ("auth failed", "auth_failed"),
    ("no auth attempts", "no_auth_attempts"),
    ("disconnected before auth was ready", "auth_process_not_ready"),
    ("client didn't finish SASL auth", "auth_waiting_client"),
    ("tried to use disallowed plaintext auth", "cleartext_auth_disabled"),
    ("tried to use disallowed cleartext auth", "cleartext_auth_disabled"),
    ("disabled plaintext auth", "cleartext_auth_disabled"),
    ("cleartext authentication disabled", "cleartext_auth_disabled"),
    ("tried to use disabled plaintext auth", "cleartext_auth_disabled"),
    ("tried to use unsupported auth mechanism", "invalid_mech"),
    ("tried to use unsupported", "invalid_mech"),
    ("user disabled", "user_disabled"),
    ("login disabled", "login_disabled"),
    ("password expired", "password_expired"),
    ("authorization failed", "authorization_failed"),
    ("auth service reported temporary failure", "temp_fail"),
    ("internal failure", "internal_failure"),
    ("auth process communication failure", "auth_process_comm_fail"),
    ("auth aborted by client", "auth_aborted_by_client"),
    ("aborted authentication", "auth_aborted_by_client"),
    ("sent invalid base64", "invalid_base64"),
    ("invalid base64", "invalid_base64"),
    ("client didn't send a cert", "client_ssl_cert_missing"),
    ("client sent an invalid cert", "client_ssl_cert_untrusted"),
    ("client sent an untrusted cert", "client_ssl_cert_untrusted"),
    ("cert required, client didn't start TLS", "client_ssl_not_started"),
    ("proxy dest auth failed", "proxy_dest_auth_failed"),
    ("connection limit reached", "connection_limit"),
    ("disconnected during TLS handshake", "tls_handshake_not_finished"),
    ("anonymous", "anonymous_auth_disabled"),
    ("auth referral", "auth_nologin_referral"),
    ("process_limit and client_limit was hit", "process_full"),
    ("client_limit and process_limit was hit", "process_full"),
    ("The process is shutting down", "shutting_down"),
)
"""How 2.2 and 2.3 word what 2.4 gives a code for (client-common.c of each)."""

EVENTS: Final = {
    "auth_failed": "auth_failed",
    "no_auth_attempts": "no_auth_attempts",
    "auth_waiting_client": "auth_failed",
    "auth_aborted_by_client": "auth_failed",
    "cleartext_auth_disabled": "cleartext_refused",
    "invalid_mech": "auth_failed",
    "invalid_base64": "auth_failed",
    "invalid_credentials": "auth_failed",
    "anonymous_auth_disabled": "auth_failed",
    "user_disabled": "login_disabled",
    "login_disabled": "login_disabled",
    "password_expired": "auth_failed",
    "authorization_failed": "auth_failed",
    "temp_fail": "auth_unavailable",
    "auth_process_comm_fail": "auth_unavailable",
    "auth_process_not_ready": "auth_unavailable",
    "internal_failure": "server_error",
    "process_full": "server_error",
    "shutting_down": "server_error",
    "connection_limit": "connection_limit",
    "client_ssl_cert_untrusted": "tls_failed",
    "client_ssl_cert_missing": "tls_failed",
    "client_ssl_not_started": "tls_failed",
    "tls_handshake_not_finished": "tls_failed",
    "proxy_dest_auth_failed": "auth_failed",
    "proxy_dest_auth_temp_failed": "auth_unavailable",
    "proxy_dest_connect_failed": "server_error",
    "proxy_dest_internal_failure": "server_error",
    "proxy_dest_remote_failure": "server_error",
    "proxy_dest_protocol_failure": "server_error",
    "proxy_dest_connection_limit": "connection_limit",
}
"""The event of each code of the 2.4 event ``login_aborted``; a code that is not here is no failure."""

CODES: Final = frozenset(EVENTS) | {"auth_nologin_referral", "proxy_dest_redirected"}
"""Every code that 2.4 writes."""


def code_of(words: str) -> str | None:
    """The code of a reason as 2.2 and 2.3 word it in brackets; a code is its own."""
    if words in CODES:
        return words
    return next((code for start, code in REASONS if words.startswith(start)), None)
