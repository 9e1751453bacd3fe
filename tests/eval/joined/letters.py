"""The ticket a customer writes about a failure: language, client, its text or only a symptom, settings, time,
padding."""

from __future__ import annotations

import random
import tomllib
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from tests.eval.joined.causes import Cause, Victim
from tests.eval.joined.prose import DISCLAIMER, FILLERS, TALK, as_html, since, slip, when

LANGUAGES = ("en",) * 10 + ("de",) * 4 + ("fr",) * 2 + ("es",) * 2 + ("it", "nl", "pt", "pl", "ru", "ja", "zh", "sv")
SPOKEN = {
    "Apple Mail": ("Apple Mail", "Mac Mail", "macOS Mail"),
    "iPhone Mail": ("iPhone Mail", "my iPhone", "the Mail app on my iPhone"),
    "K-9 Mail": ("K-9", "K-9 Mail"),
    "Outlook": ("Outlook", "Outlook 2019", "MS Outlook"),
    "Python smtplib": ("our Python script (smtplib)",),
}
VERSIONS = {
    "Thunderbird": "140.{a}.0",
    "K-9 Mail": "6.80{a}",
    "fetchmail": "6.4.3{a}",
    "getmail": "6.18.1{a}",
    "Mutt": "2.2.1{a}",
    "msmtp": "1.8.2{a}",
    "mbsync": "1.4.{a}",
    "curl": "7.88.{a}",
    "FairEmail": "1.227{a}",
}
SHARED_SYMPTOMS = {
    "imap_auth": "receive",
    "imap_timeout": "receive",
    "imap_limit": "receive",
    "imap_tls": "receive",
    "login_disabled": "receive",
    "temp_fail": "receive",
    "old_tls": "receive",
    "smtp_auth": "send",
    "send_any": "send",
    "smtp_tls": "send",
    "smtp_timeout": "send",
    "old_tls_smtp": "send",
    "smtp_refused": "send",
}
DECIDING_TEXT = {
    "implicit-587",
    "no-tls-587",
    "blocked-imap",
    "blocked-smtp",
    "port-143",
    "port-25",
    "expired",
    "untrusted",
    "quota",
    "size",
    "rate",
    "banned",
    "gap-timeout",
    "gap-smtp",
    "gap-auth",
}
"""Causes where the text is needed: without it no expert could name them."""


@dataclass(frozen=True)
class Letter:
    """The ticket and what it says, for the gold answer."""

    ticket: dict[str, Any]
    lang: str
    client: str | None
    version: str | None
    errors: tuple[str, ...]
    hosts: tuple[str, ...]
    ports: tuple[int, ...]
    tls: str | None
    webmail: bool | None
    owner: bool


@cache
def texts() -> tuple[tuple[str, str, str, str], ...]:
    """texts.toml: (symptom, client, language, text)."""
    rows = tomllib.loads((Path(__file__).parent / "texts.toml").read_text("utf-8"))["rows"]
    return tuple((r[0], r[1], r[2], r[3]) for r in rows)


def host_for(rng: random.Random, cause: Cause, domain: str) -> str:
    """The host name in the customer's settings."""
    kind = "imap" if cause.protocol == "IMAP" else "smtp"
    if cause.host == "own":
        return f"{rng.choice((kind, 'mail'))}.{domain}"
    if cause.host == "typo":
        return f"{kind}.{rng.choice(('trekmial.net', 'trekmail.nt', 'trekmai.net', 'trek-mail.net', domain))}"
    if cause.host == "old":
        return f"{kind}.{rng.choice(('oldhost.example', 'previous-provider.example'))}"
    return f"{kind}.trekmail.net"


def choose(rng: random.Random, cause: Cause, lang: str) -> tuple[str, str]:
    """A client and the text it shows for this symptom, in the customer's language where the client speaks it."""
    symptom = cause.symptom
    if symptom == "send_any":
        symptom = rng.choice(("send_reject", "send_reject", "send_vague"))
    if symptom == "imap_auth" and rng.random() < 0.1:
        symptom = "imap_vague"
    rows = [r for r in texts() if r[0] == symptom]
    native = [r for r in rows if r[2] == lang]
    foreign = [r for r in rows if r[2] == "xx"] or [r for r in rows if r[2] == "en"]
    pool = native if native and (not foreign or rng.random() < 0.5) else foreign
    if cause.steady:
        pool = [
            r
            for r in pool
            if r[1]
            in ("fetchmail", "getmail", "OfflineIMAP", "mbsync", "Thunderbird", "iPhone Mail", "Apple Mail", "K-9 Mail")
        ] or pool
    _, client, _, text = rng.choice(pool)
    return client, text


def write_letter(
    rng: random.Random,
    cause: Cause,
    victim: Victim,
    domain: str,
    failed: datetime,
    received: datetime,
    *,
    told_ip: bool,
) -> Letter:
    """What this customer sends about this failure."""
    lang = rng.choice(LANGUAGES)
    talk = TALK[lang]
    client, pattern = choose(rng, cause, lang)
    host = host_for(rng, cause, domain)
    text = pattern.format(
        user=victim.mailbox,
        host=host,
        recipient=victim.to,
        reply=victim.reply or "",
        cap=victim.cap,
        port=cause.port or (993 if cause.protocol == "IMAP" else 465),
        x="2026-11-14",
    )
    spoken = rng.choice(SPOKEN.get(client, (client,)))
    version = None
    if client in VERSIONS and rng.random() < 0.3:
        version = VERSIONS[client].format(a=rng.randint(1, 7))
        spoken = f"{spoken} {version}"
    vague = (
        rng.random() < 0.15
        and cause.symptom in SHARED_SYMPTOMS
        and cause.name not in DECIDING_TEXT
        and not (cause.port and cause.tls)
    )
    body = [rng.choice(talk[SHARED_SYMPTOMS[cause.symptom]] if vague else talk["quoted"]).format(c=spoken, q=text)]
    hosts, ports, tls = ({host} if "{host}" in pattern and not vague else set()), [], None
    settings = _settings(rng, cause, host)
    if settings:
        body.append(rng.choice(talk["set"]).format(s=settings))
        hosts |= {host} if host in settings else set()
        ports = [cause.port] if cause.port else []
        tls = cause.tls
    if cause.story and cause.story in talk:
        body.append(rng.choice(talk[cause.story]))
    body.append(since(rng, lang, failed) if cause.steady else when(rng, lang, failed, sharp=rng.random() < 0.7)[0])
    webmail = None
    if rng.random() < 0.2 and cause.check in (1, 3, 4, 5, 10):
        body.append(talk["webmail"][0])
        webmail = True
    if rng.random() < 0.6:
        body.append(rng.choice(talk["extra"]))
    if told_ip:
        body.append(f"Our public IP is {victim.rip}.")
    own = rng.random() < 0.75
    prose = _join(rng, body)
    if "{port}" in pattern and not vague:
        ports = sorted({*ports, cause.port or 993})
    if "imap.trekmail.net" in text and not vague:
        hosts.add("imap.trekmail.net")
    return Letter(
        _ticket(rng, lang, prose, victim, domain, received, own=own),
        lang,
        client,
        version,
        () if vague else (text,),
        tuple(sorted(hosts)),
        tuple(ports),
        tls,
        webmail,
        True,
    )


def _settings(rng: random.Random, cause: Cause, host: str) -> str | None:
    if not (cause.port or cause.host) or (
        rng.random() < 0.25
        and cause.symptom not in ("smtp_tls", "smtp_timeout", "imap_refused", "imap_timeout", "smtp_tls_wrongversion")
    ):
        return None
    if not cause.port:
        return host
    parts = [host] if rng.random() < 0.6 or cause.host == "right" else []
    return " ".join(
        [*parts, str(cause.port), *([cause.tls if cause.tls != "none" else "no encryption"] if cause.tls else [])]
    )


def _join(rng: random.Random, body: list[str]) -> str:
    head, rest = body[0], body[1:]
    rest = [
        slip(rng, s) if rng.random() < 0.12 and "." not in s[:-1] and not any(ch.isdigit() for ch in s) else s
        for s in rest
    ]
    gap = "\n\n" if "\n" in head or rng.random() < 0.3 else " "
    return head.rstrip("\n") + gap + " ".join(rest)


def _ticket(
    rng: random.Random, lang: str, prose: str, victim: Victim, domain: str, received: datetime, *, own: bool
) -> dict[str, Any]:
    talk, local = TALK[lang], victim.mailbox.partition("@")[0]
    requester = victim.mailbox if own else rng.choice((f"it@{domain}", f"{local.replace('.', '')}77@freemail.example"))
    name = local.split(".")[0].capitalize()
    parts = [prose]
    if rng.random() < 0.25 and lang == "en":
        parts.append(rng.choice(FILLERS))
    signature = f"{rng.choice(talk['bye'])}, {name}"
    if rng.random() < 0.25:
        signature += f"\n\n-- \n{name}\nTel. +00 555 0404 | www.{domain}"
        if rng.random() < 0.4:
            signature += f"\n{DISCLAIMER}"
    parts.append(signature)
    if not own:
        parts.append(f"({rng.choice(('Mailbox', 'Mailbox concerned'))}: {victim.mailbox})")
    body, is_html = "\n\n".join(parts), rng.random() < 0.33
    return {
        "subject": rng.choice(talk["subject"]),
        "body": as_html(body, lang) if is_html else body,
        "format": "html" if is_html else "text",
        "requester": requester,
        "channel": rng.choice(("email", "email", "portal")),
        "received_at": received.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
