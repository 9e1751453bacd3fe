"""What a server line looks like when everything that differs from run to run is left out."""

from __future__ import annotations

import re

_PARTS = (
    (re.compile(r"^\S+ \w+ "), ""),
    (re.compile(r"<[A-Za-z0-9+/]{16}(?:[A-Za-z0-9+/]{16})?>"), "<session>"),
    (re.compile(r"(?<=session=)[A-Za-z0-9+/]{16}(?:[A-Za-z0-9+/]{16})?"), "<session>"),
    (re.compile(r"(?<=\]: )(warning: )?[0-9A-F]{6,}(?=: )"), r"\1QUEUEID"),
    (re.compile(r"message-id=\S+"), "message-id=…"),
    (re.compile(r"(?:[\w.+\\;-]+@)?[\w-]+(?:\.[\w-]+)*\.(?:example|test)(?:;\w+)?"), "NAME"),
    (re.compile(r"(?:sasl_username|user|username: |passwd-file\()[=<]*[A-Za-z\\]+\.[a-z]+"), "NAME"),
    (re.compile(r"\b[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){3,}"), "ADDRESS"),
    (re.compile(r"\b\d+\.\d+\.\d+\.\d+\b"), "ADDRESS"),
    (re.compile(r"key-exchange .*"), "key-exchange …"),
    (re.compile(r"helo=<[^>]*>"), "helo=<…>"),
    (re.compile(r"ID sent: .*?(?=: user=|$)"), "ID sent: …"),
    (re.compile(r"\((?:IDLE running|[A-Za-z ]+ finished|[A-Z ]+ running|No commands sent)[^)]*\)"), "(…)"),
    (
        re.compile(r"( (?:ehlo|helo|starttls|auth|mail|rcpt|data|bdat|rset|noop|quit|unknown|commands)=\d+(?:/\d+)?)+"),
        " COUNTS",
    ),
    (re.compile(r"lost connection after \w+(?: \(\d+ bytes\))?"), "lost connection after STAGE"),
    (re.compile(r"\d+"), "#"),
)


def shape(line: str) -> str:
    """The line without stamp, host, names, addresses, ids and numbers."""
    for pattern, put in _PARTS:
        line = pattern.sub(put, line)
    return line
