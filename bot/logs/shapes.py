"""What common lines look like: one pattern that cuts a block of log into lines and says of each which shape it has.

A quiet shape tells of something that went well, and all that a store wants of it stands in its groups. A telling
shape is a line that explains a failure: its groups part what differs from line to line (user, address, session)
from what a daemon words itself.

The shapes are narrower than the grammars (no bracket in a user name, no option that an administrator may add): a
line that fits one is read by its grammar in exactly one way. Nothing in the pattern can backtrack beyond its line.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Final

_IP: Final = r"[0-9A-Fa-f:.]+"
_USER: Final = r"[\w.+@-]+"
_SESSION: Final = r"[A-Za-z0-9+/=]+"
_NAME: Final = r"[\w.-]*"
_QUEUE: Final = r"[0-9A-Z][0-9A-Za-z]{5,23}"
_PARTY: Final = r"[\w.+@-]*"

_LINES: Final = (
    # a traditional stamp up to the hour and the rest, or one of RFC 3339 up to the minute, the rest, and the zone
    r"(?:(?P<hour>[A-Z][a-z]{2} [ 0-9][0-9] [0-9]{2}:)(?P<clock>[0-9]{2}:[0-9]{2})"
    r"|(?P<minute>[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:)(?P<second>[0-9]{2}(?:\.[0-9]{1,6})?)"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2})) (?P<host>\S+) "
    # Dovecot, quiet
    r"(?:dovecot: (?:"
    rf"(?P<service>imap|pop3)-login: (?:Login|Logged in): user=<(?P<user>[^<>\n]+)>, method=[\w-]+, rip=(?P<rip>{_IP}), "
    rf"lip={_IP}, mpid=[0-9]+(?:, TLS)?, session=<(?P<login>[^<>\s]+)>"
    r"|(?P<served>imap|pop3)\([^()\n]*\)<[0-9]+><(?P<logout>[^<>\s]+)>: (?:Logged out|Disconnected|Connection closed)[^\n]*"
    # Dovecot, telling
    rf"|(?P<l_head>[a-z0-9]+-login: [^<>=\n]*: user=<)(?P<l_user>(?:{_USER})?)(?P<l_method>>(?:, method=[\w-]+)?, rip=)"
    rf"(?P<l_ip>{_IP})(?P<l_tail>, lip=[^<>\n]*, session=<)(?P<turned_away>{_SESSION})>"
    rf"|(?P<a_head>auth: [a-z][\w-]*\()(?P<a_user>{_USER}),(?P<a_ip>{_IP})(?:,<(?P<a_session>{_SESSION})>)?"
    r"(?P<refused>\): [^()<>,\n]*)"
    # Postfix, quiet
    r")|(?P<program>[\w.-]+/[\w./-]+)\[(?P<pid>[0-9]{1,10})\]: (?:"
    rf"connect from {_NAME}\[(?P<connect>{_IP})\]"
    rf"|disconnect from {_NAME}\[(?P<left>{_IP})\](?P<disconnect> [a-z0-9= ]+)"
    rf"|(?:Anonymous|Untrusted|Trusted|Verified) TLS connection established from {_NAME}\[(?P<peer>{_IP})\]: "
    r"(?P<tls>TLSv[0-9.]+) [^\n]*"
    rf"|(?P<queue>{_QUEUE}): (?:(?P<quiet>removed|message-id=[^\n]*)"
    rf"|client={_NAME}\[(?P<client>{_IP})\](?:, sasl_method=(?P<mechanism>[\w-]+), sasl_username=(?P<authenticated>[^\s,]+))?"
    r"|from=<(?P<active>[^<>\n]*)>, size=[0-9]+, nrcpt=[0-9]+ \(queue active\)"
    r"|to=<[^<>\", \n]*>, (?:orig_to=<[^<>\", \n]*>, )?relay=[^\s,]+, (?:conn_use=[0-9]+, )?delay=[0-9.]+, "
    r"delays=[0-9./]+, dsn=2\.[0-9]{1,3}\.[0-9]{1,3}, status=sent \([^\n]*\)(?P<sent>))"
    # Postfix, telling
    rf"|(?P<s_head>warning: )(?P<s_name>{_NAME})\[(?P<s_ip>{_IP})(?P<s_why>\]: SASL [\w-]+ authentication failed: [^=\[\]\n]*?)"
    rf"(?:, sasl_username=(?P<s_user>{_USER}))?(?P<sasl>)"
    rf"|(?P<g_head>(?:lost connection|timeout|too many errors) after [A-Z]+ from |disconnect from )(?P<g_name>{_NAME})"
    rf"\[(?P<g_ip>{_IP})(?P<gone>\](?: [a-z0-9=/ ]+)?)"
    rf"|(?P<r_head>NOQUEUE: reject: [A-Z]+ from )(?P<r_name>{_NAME})\[(?P<r_ip>{_IP})(?P<r_code>\]: [^<>;\n]*)"
    rf"<(?P<r_who>{_PARTY})(?P<r_why>>: [^<>;=\n]*; from=<)(?P<r_from>{_PARTY})> to=<(?P<r_to>{_PARTY})"
    rf"(?P<r_proto>> proto=[A-Z]+ helo=<)(?P<rejected>{_NAME})>"
    r"))\n|(?P<other>[^\n]*)\n"
)

TELLING: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "turned_away": (("l_head", "l_method", "l_tail"), ("l_user", "l_ip", "turned_away")),
    "refused": (("a_head", "refused"), ("a_user", "a_ip", "a_session")),
    "sasl": (("s_head", "s_why"), ("s_name", "s_ip", "s_user")),
    "gone": (("g_head", "gone"), ("g_name", "g_ip")),
    "rejected": (("r_head", "r_code", "r_why", "r_proto"), ("r_name", "r_ip", "r_who", "r_from", "r_to", "rejected")),
}
"""Of each telling shape the groups that a daemon words itself, the first of them where its message begins, and the
groups that differ."""


@cache
def lines() -> re.Pattern[str]:
    """Every line of a text whose lines all end in one; the shape is the group that is filled last (``lastgroup``).

    Compiled for whoever asks: where the native reader reads, nobody does.
    """
    return re.compile(_LINES, re.A)
