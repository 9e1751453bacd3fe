"""Five hundred replies with one planted thing each that must never leave."""

from __future__ import annotations

import random
from collections.abc import Iterator

from knowledge.model import Knowledge

_WHERE = (
    "At the end: {0}",
    "({0})",
    "{0}",
    "your line says {0}, please wait",
    "Siehe {0}.",
    "\u201e{0}\u201c",
    "x {0} y",
    "\n1. {0}\n2. Save",
    "Host/{0}",
    "\u3010{0}\u3011",
)


def planted(knowledge: Knowledge) -> Iterator[str]:
    """A clean reply with one leak inside, in different places and dress."""
    dice = random.Random(7)
    base = "Hello,\n\nPort 143 cannot work the way it is set in Thunderbird. Incoming mail: imap.trekmail.net, port 993.\n\nYour user name is anna@kunde.example.\n\nKind regards\nTrekMail Support\n"
    for number in range(540):
        kind = _KINDS[number % len(_KINDS)]
        where = _WHERE[:4] if kind in _SENTENCES else _WHERE[:8]
        yield base + dice.choice(where).format(kind(dice))


def _address(dice: random.Random) -> str:
    name = dice.choice(("ben", "carla.m", "info", "o'neil", "x+tag", "anna2", "nanna"))
    return (
        f"{name}@{dice.choice(('kunde.example', 'firma.example', 'mail.other.example', 'host.test', 'trekmail.net'))}"
    )


def _ipv4(dice: random.Random) -> str:
    return dice.choice(
        ("10.{}.{}.{}", "192.168.{}.{}:{}", "198.51.100.{1}", "203.0.113.{2}", "[172.16.{0}.{1}]")
    ).format(dice.randrange(1, 250), dice.randrange(1, 250), dice.randrange(1, 250))


def _ipv6(dice: random.Random) -> str:
    return dice.choice(
        ("2001:db8:{:x}::{:x}", "fe80::{:x}:{:x}%eth0", "[2001:db8::{:x}:{:x}]:993", "fd00:{:x}:{:x}::1")
    ).format(dice.randrange(1, 65535), dice.randrange(1, 65535))


def _host(dice: random.Random) -> str:
    return dice.choice(
        (
            "mx{0}.trekmail.net",
            "backend-{0}.internal.example",
            "node{0}.cluster.local",
            "imap-director-{0}",
            "db{0}.lan",
            "smtp{0}",
            "storage{0}.dc2.example",
            "ip-10-0-{0}-7",
        )
    ).format(dice.randrange(1, 99))


def _queue_id(dice: random.Random) -> str:
    if dice.random() < 0.5:
        return (
            "4"
            + "".join(dice.choices("BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxy", k=9))
            + "z"
            + "".join(dice.choices("BCDFGHJKLMNPQRSTVWXYZ", k=4))
        )
    return "".join(dice.choices("0123456789ABCDEF", k=8)) + "A1"


def _session(dice: random.Random) -> str:
    return (
        "".join(dice.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", k=13)) + "9+" + dice.choice("ABCD")
    )


def _token(dice: random.Random) -> str:
    tail = "".join(dice.choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", k=36))
    return (
        dice.choice(("xoxb-123456789012-", "ghp_", "glpat-", "eyJhbGciOi.", "sk-proj-", "AKIA", "Bearer 1", "SG."))
        + tail.upper()[:16]
        + tail
    )


def _password(dice: random.Random) -> str:
    value = dice.choice(("Sommer2024!", "hunter2Secret", "gE7#kk9_x", "P4ssw0rd!!"))
    return dice.choice(
        (
            "password: {}",
            "Passwort: {}",
            "pass={}",
            "your password is {}",
            "Ihr Passwort lautet {}",
            "le mot de passe est {}",
            "contraseña: {}",
            "wachtwoord: {}",
            "has\u0142o: {}",
            "PIN/Password = {}",
        )
    ).format(value)


def _code(dice: random.Random) -> str:
    value = dice.randrange(100_000, 999_999)
    return dice.choice(
        (
            "Your verification code is {}",
            "verification code: {}",
            "security code: {}",
            "one-time code is {}",
            "Bestätigungscode: {}",
            "Sicherheitscode ist {}",
            "código de verificación: {}",
            "codice di verifica: {}",
            "kod weryfikacyjny: {}",
            "确认 验证码: {}",
            "認証コード: {}",
            "code de vérification : {}",
            "{} is your verification code",
            "Use {} as your login code",
        )
    ).format(value)


def _log(dice: random.Random) -> str:
    return dice.choice(
        (
            "rip=192",
            "session=<x>",
            "postfix/smtpd[{}]",
            "dovecot: imap-login",
            "NOQUEUE: reject",
            "auth-worker({})",
            "sasl_username=anna",
            "imap-login: Disconnected (auth failed, {} attempts)",
            "status=bounced",
            "pid {}",
            "unknown[host]",
            "method=PLAIN",
        )
    ).format(dice.randrange(1000, 9999))


def _link(dice: random.Random) -> str:
    return dice.choice(
        (
            "https://evil.example/reset?t={}",
            "http://{}.example/",
            "https://webmail.trekmail.net/?token={}",
            "https://webmail.trekmail.net.evil.example/{}",
            "ftp://files/{}",
        )
    ).format(dice.randrange(1000))


_SENTENCES = (_password, _code)
_KINDS = (_address, _ipv4, _ipv6, _host, _queue_id, _session, _token, _password, _code, _log, _link)
