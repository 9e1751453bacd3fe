"""The last look at a customer's text before it leaves: does it hold what must never be in it?"""

from __future__ import annotations

from collections.abc import Collection

import regex

from knowledge.model import Settings

PATTERN_SECONDS = 0.2
_ADDRESS = regex.compile(r"[^\s<>\"'(),;:]{1,64}@[^\s<>\"'(),;:]{1,255}")
_IPV4 = regex.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])")
_IPV6 = regex.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:){2,7}[0-9a-f]{0,4}(?::[0-9a-f]{1,4})*(?![\w:])|(?<![\w:])(?:[0-9a-f]{1,4}:){1,6}:(?:[0-9a-f]{1,4})?", regex.IGNORECASE)
_HOST = regex.compile(r"(?<![\w@.-])(?:[a-z0-9-]{1,63}\.)+[a-z]{2,24}(?![\w-])", regex.IGNORECASE)
_QUEUE_ID = regex.compile(r"(?<!\w)(?:[0-9A-F]{10,14}|[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{10,}z[0-9B-DF-HJ-NP-TV-Zb-df-hj-np-tv-y]{4,})(?!\w)")
_SESSION_ID = regex.compile(r"(?<![\w+/])(?=[A-Za-z0-9+/]*[0-9+/])(?=[A-Za-z0-9+/]*[A-Z])(?=[A-Za-z0-9+/]*[a-z])(?:[A-Za-z0-9+/]{16}|[A-Za-z0-9+/]{32})(?![\w+/=])")
_TOKEN = regex.compile(r"xox[abprs]-[\w-]{8,}|ghp_\w{20,}|AKIA[0-9A-Z]{16}|eyJ[\w-]{10,}\.[\w-]{10,}|-----BEGIN|sk-[\w-]{16,}|\{(?:PLAIN|SHA\d*|SSHA\d*|BLF-CRYPT|CRYPT)\}")
_LOG = regex.compile(r"\b(?:rip|lip|mpid|session|sasl_username|user)=|postfix/|dovecot:|imap-login|NOQUEUE|auth-worker|\bpid\b\s*=?\s*\d")


def leaks(text: str, allowed_addresses: Collection[str], settings: Settings) -> list[str]:
    """What in ``text`` must not leave, as kinds with the offending part; empty where it may go.

    Allowed are the addresses given, and the public host names of the settings (the services', the webmail's and
    the article's). Everything else that looks like an address, a host, an identifier of the logs or a secret is
    a leak, whoever put it there.
    """
    public = {settings.imap_host, settings.smtp_host, settings.pop3_host, *settings.customer_hosts, *settings.own_domains}
    for url in (settings.webmail_url, settings.article_url):
        if url:
            public.add(url.partition("//")[2].partition("/")[0])
    found: list[str] = []
    lowered_public = {p.lower() for p in public if p}
    for kind, pattern in (("address", _ADDRESS), ("ip", _IPV4), ("ip", _IPV6), ("host", _HOST), ("queue id", _QUEUE_ID),
                          ("session id", _SESSION_ID), ("secret", _TOKEN), ("log text", _LOG)):
        for match in pattern.finditer(text, timeout=PATTERN_SECONDS):
            part = match[0].strip(".,")
            if kind == "address" and part.lower() in allowed_addresses:
                continue
            if kind == "host" and (part.lower() in lowered_public or _in_allowed_address(text, match.start(), allowed_addresses)):
                continue
            found.append(f"{kind}: {part[:60]}")
    return found


def _in_allowed_address(text: str, position: int, allowed: Collection[str]) -> bool:
    """True where a host name stands inside an address that may be shown."""
    return any(0 <= (at := text.lower().rfind(a, 0, position + len(a))) <= position < at + len(a) for a in allowed)
