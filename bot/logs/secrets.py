"""Masking of passwords that a daemon wrote into its log.

Sources: Dovecot's auth_verbose_passwords (``given password: …``, plain, cut or SHA1), auth_debug and
auth_debug_passwords (``client in: AUTH … resp=…``, ``PASSV``, ``pass=…``), Postfix smtpd -v (the client's
AUTH commands and the base64 lines that follow them).
"""

from __future__ import annotations

import re
from typing import Final

MASK: Final = "***"

_HINTS: Final = ("pass", "resp=", "response", "AUTH", "PASSV", "CONT", "< ")
_PAIR_HINTS: Final = ("pass=", "password=", "passwd=", "resp=", "PASS=", "PASSWORD=")
# All are linear: a literal, then one greedy run that nothing follows or that one closed class ends.
_GIVEN: Final = re.compile(r"(given password: ).*?(?=\)(?: - trying the next passdb)?$)|(given password: ).*", re.S)
_PAIR: Final = re.compile(r"((?i:\b(?:pass|passwd|password|master_pass|resp)=))(?!\*\*\*)(\{[^}\s]*\})?[^\s,;&>)\t]+")
_AUTH: Final = re.compile(r"(\bAUTH (?:PLAIN|LOGIN|XOAUTH2|OAUTHBEARER|CRAM-MD5|NTLM|SCRAM-[\w-]+) )[^\s,;>]+")
_CONT: Final = re.compile(r"(\bCONT[\t ][0-9]+[\t ])\S+")
_PASSV: Final = re.compile(r"(\bPASSV\t[0-9]+\t(?:[^\t]*\t)?)[^\t\s]+")
_RESPONSE: Final = re.compile(r"(\b(?:init_response|initial response|decoded response) ).+", re.S)
_DIALOGUE: Final = re.compile(
    r"((?:^|: )< [^\s\]]*\]?(?::[0-9]+)?: )(?!\S*(?:=<|@))([A-Za-z0-9+/]{8,}={0,2}|"
    r"[A-Za-z0-9+/]{4,}={1,2})$"
)


def mask(text: str) -> str:
    """``text`` with every secret that a daemon can log replaced by ``***``; the same object where none is."""
    for hint in _HINTS:
        if hint in text:
            return _mask(text)
    return text


def _mask(text: str) -> str:
    if "given password" in text:
        text = _GIVEN.sub(lambda found: (found[1] or found[2]) + MASK, text, count=1)
    if any(hint in text for hint in _PAIR_HINTS):
        text = _PAIR.sub(lambda found: found[1] + (found[2] or "") + MASK, text)
    if "response" in text:
        text = _RESPONSE.sub(lambda found: found[1] + MASK, text)
    if "AUTH " in text:
        text = _AUTH.sub(lambda found: found[1] + MASK, text)
    if "CONT" in text:
        text = _CONT.sub(lambda found: found[1] + MASK, text)
    if "PASSV" in text:
        text = _PASSV.sub(lambda found: found[1] + MASK, text)
    if "< " in text:
        text = _DIALOGUE.sub(lambda found: found[1] + MASK, text)
    return text
