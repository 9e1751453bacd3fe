"""Postfix lines: which daemon speaks, and so which grammar its words follow (3.5 to 3.11)."""

from __future__ import annotations

from typing import Final

from bot.logs import postfix_delivery, postfix_smtpd
from bot.logs.draft import Draft

DAEMONS: Final = frozenset(
    {
        "smtpd",
        "postscreen",
        "cleanup",
        "qmgr",
        "nqmgr",
        "smtp",
        "lmtp",
        "local",
        "virtual",
        "pipe",
        "discard",
        "error",
        "retry",
        "bounce",
        "defer",
        "trace",
        "pickup",
        "anvil",
        "scache",
        "master",
        "postfix-script",
        "tlsproxy",
        "tlsmgr",
        "dnsblog",
        "verify",
        "trivial-rewrite",
        "proxymap",
        "proxywrite",
        "showq",
        "flush",
        "spawn",
        "oqmgr",
        "postqueue",
        "postsuper",
        "postalias",
        "postmap",
        "postdrop",
        "sendmail",
        "postlogd",
        "qmqpd",
        "postmulti",
        "postlog",
        "relay",
    }
)
_LISTENERS: Final = {
    "submission": "submission",
    "587": "submission",
    "msa": "submission",
    "smtps": "smtps",
    "submissions": "smtps",
    "465": "smtps",
    "ssmtp": "smtps",
    "smtp-submission": "submission",
}


def is_postfix(program: str) -> bool:
    """True for ``syslog_name/daemon`` where the daemon is one of Postfix's."""
    head, slash, daemon = program.rpartition("/")
    return bool(slash) and (daemon in DAEMONS or head.startswith("postfix"))


def service_of(program: str) -> str | None:
    """The protocol face of smtpd or postscreen, by the listener in its name; None for other daemons."""
    parts = program.split("/")
    if parts[-1] not in ("smtpd", "postscreen"):
        return None
    for part in parts[-2:0:-1]:
        service = _LISTENERS.get(part)
        if service is not None:
            return service
    head = parts[0]
    if "submissions" in head or "smtps" in head:
        return "smtps"
    return "submission" if "submission" in head else "smtp"


def parse(draft: Draft, program: str, message: str) -> None:
    """Fill ``draft`` from one Postfix message."""
    draft.event = "other"
    daemon = program[program.rfind("/") + 1 :]
    if daemon == "smtpd" or daemon == "postscreen":
        draft.service = service_of(program)
        postfix_smtpd.parse(draft, message)
    elif daemon == "tlsproxy":
        postfix_smtpd.proxied_tls(draft, message)
    elif not postfix_delivery.parse(draft, daemon, message):
        postfix_smtpd.other_daemon(draft, message)
