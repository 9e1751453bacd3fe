"""What surrounds a daemon's message: time, host, program and process id, in every form that occurs.

Sources: RFC 3164, RFC 5424, RFC 3339; Dovecot lib/failures.c (own log file, level words), Postfix
util/msg_logger.c (maillog_file), systemd's journal export fields, Docker's json-file driver and compose
prefixes, Kubernetes' CRI log format, D. J. Bernstein's TAI64N labels, Solaris syslogd's ``[ID … mail.info]``,
fail2ban's own log file.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final, NamedTuple

from bot.logs import stamp

DOVECOT_PROCESSES: Final = frozenset(
    {
        "imap-login",
        "pop3-login",
        "submission-login",
        "managesieve-login",
        "sieve-login",
        "imap",
        "pop3",
        "submission",
        "managesieve",
        "lmtp",
        "lda",
        "auth",
        "auth-worker",
        "master",
        "anvil",
        "log",
        "config",
        "stats",
        "old-stats",
        "dict",
        "dict-async",
        "indexer",
        "indexer-worker",
        "ssl-params",
        "ssl-build-param",
        "director",
        "ipc",
        "replicator",
        "aggregator",
        "doveadm",
        "doveadm-server",
        "dsync",
        "dsync-server",
        "dns-client",
        "dns_client",
        "imap-hibernate",
        "imap-postlogin",
        "pop3-postlogin",
        "imap-urlauth",
        "imap-urlauth-login",
        "imap-urlauth-worker",
        "quota-status",
        "script-login",
        "script",
        "tcpwrap",
        "fts",
        "welcome",
        "health-check",
        "event-api",
        "deliver",
        "dovecot-auth",
    }
)
"""Process names Dovecot itself writes before its messages (its service names and log prefixes)."""


_DOVECOT: Final = DOVECOT_PROCESSES | {"dovecot"}


class Envelope(NamedTuple):
    """A line without its wrapping.

    ``time`` is aware where the envelope states a zone, else naive; without a stated year it is in
    :data:`bot.logs.stamp.NO_YEAR` and ``year_known`` is False.
    """

    time: datetime | None
    year_known: bool
    host: str | None
    program: str | None
    pid: int | None
    format: str
    message: str


_ANSI: Final = re.compile(r"(?:\x1b|#033)\[[0-9;]*[A-Za-z]")
# HOST [facility.level] PROGRAM[PID]: message. A host never ends in a colon and never holds a bracket, which
# tells it from Dovecot's own process prefix.
_TAGGED: Final = re.compile(
    r"([\w.:%-]*[\w.%-]) +(?:<?[a-z0-9]+\.[a-z]+>? +)?([\w./@+-]+) *(?:\[([0-9]{1,10})\])?: ?(.*)", re.A | re.S
)
_BARE_TAG: Final = re.compile(r"([\w./@+-]+) *(?:\[([0-9]{1,10})\])?: ?(.*)", re.A | re.S)
_SOLARIS: Final = re.compile(r"\[ID [0-9]+ [a-z0-9]+\.[a-z]+\] ")
_RFC5424: Final = re.compile(
    r"(?:(?:[0-9]+ )?<[0-9]{1,3}>)?1 (\S+) (\S+) (\S+) (\S+) (\S+) (?:-|(?:\[(?:[^\]\\\"]|\\.|\"(?:[^\"\\]|"
    r"\\.)*\")*\])+)(?: \ufeff?(.*))?$",
    re.A | re.S,
)
_PRIORITY: Final = re.compile(r"<[0-9]{1,3}>")
_COMPOSE: Final = re.compile(r"[\w][\w.-]* *\| ?", re.A)
_CRI: Final = re.compile(r"(?:stdout|stderr) [FP] ")
_DOVECOT_HEAD: Final = re.compile(r"([a-z][a-z0-9_-]*)(?=[:(<])")
_NAMED_ZONE: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:.]{8,15}) (?:[A-Z]{2,5}|[+-][0-9]{2}) ")
"""``journalctl -o short-full``: the weekday, the time, and the local zone's abbreviation, which names no zone alone."""
_INSTANCE: Final = re.compile(
    r"(?:imap|pop3|submission|managesieve)-login: |auth-worker\(|auth: (?:[a-z0-9-]+\(|Error: |Warning: )|auth\([^()\s]*,"
    r"|(?:imap|pop3|lmtp|submission|managesieve)\([^()\s]{1,256}\)(?:<[0-9]+>)?<"
)
"""How Dovecot's lines begin: under a tag that is none of its own they are those of another instance, whose
instance_name is the tag (lib-master/master-service.c), or of a container's name."""
_FAIL2BAN_HEAD: Final = re.compile(r"fail2ban[\w.-]* *(?:\[[0-9]+\])?: ", re.A)
_MONTHS: Final = stamp.MONTHS
_IN_BRACKETS: Final = re.compile(r"\[([0-9A-Z][^\[\]]{13,40})\] ?(?=\S)")
"""A stamp in brackets, as an administrator may write it (Dovecot's log_timestamp)."""
_WEEKDAYS: Final = frozenset({"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"})
_PID: Final = re.compile(r"[0-9]{1,10}")


def clean(line: str) -> str:
    """``line`` without terminal colours and the line end."""
    line = line.rstrip("\r\n")
    if "\x1b[" in line or "#033[" in line:
        line = _ANSI.sub("", line)
    return line


Parts = tuple[datetime | None, bool, str | None, str | None, int | None, str, str]
"""An :class:`Envelope` as a bare tuple: the same fields in the same order, four times cheaper to make."""

_tags: dict[str, tuple[str, int | None]] = {}
_hosts: dict[str, bool] = {}
_KEPT: Final = 8192
_HOST: Final = re.compile(r"[\w.:%-]*[\w.%-]", re.A)
_TAG: Final = re.compile(r"(dovecot|[\w.-]+/[\w./-]+)(?:\[([0-9]{1,10})\])?:", re.A)


def quick(line: str) -> Parts | None:
    """The same as :func:`split` for the two forms that make up nearly every log; None for any other.

    Hosts and tags repeat, so each is checked by pattern once and then remembered.
    """
    time: datetime | None
    if line[3:4] == " ":
        time = stamp.seen(line[:15])
        if time is None or line[15:16] != " ":
            return None
        parts = line[16:].split(" ", 2)
        year_known, form = False, "rfc3164"
    elif line[10:11] == "T":
        stamped, _, rest = line.partition(" ")
        time = stamp.utc(stamped)
        if time is None:
            return None
        parts = rest.split(" ", 2)
        year_known, form = True, "rfc3339"
    else:
        return None
    if len(parts) != 3:
        return None
    host, tag, message = parts
    if host not in _hosts:
        if len(_hosts) >= _KEPT:
            _hosts.clear()
        _hosts[host] = _HOST.fullmatch(host) is not None
    named = _tags.get(tag)
    if named is None:
        named = tag_of(tag)
        if named is None:
            return None
        if len(_tags) >= _KEPT:
            _tags.clear()
        _tags[tag] = named
    head = message[:3]
    if not _hosts[host] or head in _MONTHS or head[:2] == "20" or head in ("[ID", "") or head[:1] == " ":
        return None
    return time, year_known, host, named[0], named[1], form, message


def tag_of(tag: str) -> tuple[str, int | None] | None:
    """Program and pid of ``dovecot:`` or ``postfix/qmgr[12]:``; None for every other tag."""
    found = _TAG.fullmatch(tag)
    if found is None:
        return None
    return found[1], int(found[2]) if found[2] else None


def split(line: str) -> Envelope:
    """The envelope of ``line`` (already :func:`clean`); a line in no known form is all message, ``bare``."""
    head = line[:3]
    if head in _MONTHS:
        got = stamp.traditional(line)
        if got is not None:
            return _after_stamp(*got, line, "rfc3164")
    elif line[:2] == "20" or line[:2] == "19":
        got = stamp.iso(line)
        if got is None:
            got = stamp.year_first(line)
            if got is not None:
                return _after_stamp(*got, line, "rfc3164")
        else:
            return _after_stamp(*got, line, "rfc3339")
    return _unusual(line)


def _unusual(line: str) -> Envelope:
    """Forms that begin neither with a month nor with a year."""
    first = line[:1]
    if first == "<":
        found = _RFC5424.match(line)
        if found is not None:
            return _rfc5424(found)
        priority = _PRIORITY.match(line)
        if priority is not None and priority.end() < len(line):
            return split(line[priority.end() :])
    elif first == "@":
        got = stamp.tai64n(line)
        if got is not None:
            return _after_stamp(*got, line, "tai64n")
    elif first.isdigit():
        found = _RFC5424.match(line)
        if found is not None:
            return _rfc5424(found)
        got = stamp.unix(line)
        if got is not None:
            return _after_stamp(*got, line, "rfc3339")
    elif line[:3] in _WEEKDAYS and line[3:4] == " ":
        zoned = _NAMED_ZONE.match(line, 4)
        if zoned is None or line.startswith("UTC ", zoned.end() - 4):
            return split(line[4:])
        return split(f"{zoned[1]} {line[zoned.end() :]}")
    elif first == "[":
        stamped = _IN_BRACKETS.match(line)
        if stamped is not None:
            return split(f"{stamped[1]} {line[stamped.end() :]}")
    elif first == " " or first == "\t":
        stripped = line.lstrip()
        if stripped:
            return split(stripped)
    compose = _COMPOSE.match(line)
    if compose is not None and compose.end() < len(line):
        return split(line[compose.end() :])
    return _tag_only(None, True, None, line, "bare")


def _after_stamp(time: datetime | None, year_known: bool, end: int, line: str, form: str) -> Envelope:
    """What follows a time stamp: host and tag, Dovecot's own prefix, or another envelope inside this one."""
    rest = line[end:] if line[end : end + 1] != " " else line[end:].lstrip(" ")
    head = rest[:3]
    if head in _MONTHS or head[:2] == "20" or head[:1] == "@" or head[:1] == "<" or head[:3] == "std":
        inner = _inner(rest)
        if inner is not None:
            return _outer_time(time, year_known, inner)
    found = _TAGGED.match(rest)
    if found is not None:
        host, program, pid, message = found.groups()
        if (program in DOVECOT_PROCESSES or program == "dovecot") and not host.isascii():
            return _tag_only(time, year_known, None, rest, form)
        return _tagged(time, year_known, host, program, int(pid) if pid else None, form, message)
    return _tag_only(time, year_known, None, rest, form)


def _inner(rest: str) -> Envelope | None:
    """The envelope within an envelope, or None where ``rest`` does not begin another one."""
    cri = _CRI.match(rest)
    if cri is not None:
        return split(rest[cri.end() :])
    inner = split(rest)
    return None if inner.format == "bare" else inner


def _outer_time(time: datetime | None, year_known: bool, inner: Envelope) -> Envelope:
    """``inner`` with the outer stamp where that knows more (a zone, or at least a year)."""
    if inner.time is not None:
        if inner.time.tzinfo is not None or time is None:
            return inner
        if time.tzinfo is None and (inner.year_known or not year_known):
            return inner
    return inner._replace(time=time, year_known=year_known)


def _tagged(
    time: datetime | None, year_known: bool, host: str | None, program: str, pid: int | None, form: str, message: str
) -> Envelope:
    head = message[:3]
    if head == "[ID":
        message = _SOLARIS.sub("", message, count=1)
    elif head in _MONTHS or head[:2] == "20":
        # A daemon that stamps its own lines and then logs them through syslog.
        inner = split(message)
        if inner.format != "bare" and inner.time is not None:
            message = inner.message
            if inner.program is not None:
                program, pid = inner.program, inner.pid or pid
            if time is None or (time.tzinfo is None and not year_known and inner.year_known):
                time, year_known = inner.time, inner.year_known
    if program == "dovecot":
        return Envelope(time, year_known, host, program, pid, form, message)
    if program in DOVECOT_PROCESSES:
        return Envelope(time, year_known, host, "dovecot", pid, form, f"{program}: {message}")
    if program.startswith("fail2ban"):
        return _fail2ban(time, year_known, host, program, pid, form, message)
    if "/" not in program and _INSTANCE.match(message) is not None:
        program = "dovecot"
    return Envelope(time, year_known, host, program, pid, form, message)


def _tag_only(time: datetime | None, year_known: bool, host: str | None, rest: str, form: str) -> Envelope:
    """A line whose program is named by its tag alone, or by Dovecot's process prefix."""
    found = _DOVECOT_HEAD.match(rest)
    if found is not None and found[1] in DOVECOT_PROCESSES:
        form = form if form in ("bare", "tai64n") else "dovecot"
        return Envelope(time, year_known, host, "dovecot", None, form, rest)
    tag = _BARE_TAG.match(rest)
    if tag is not None:
        program, pid, message = tag.groups()
        if program.startswith("fail2ban") and time is not None and form in ("rfc3339", "bare"):
            return _fail2ban(time, year_known, host, program, int(pid) if pid else None, "fail2ban", message)
        if "/" in program or program[:8] == "fail2ban" or program in _DOVECOT:
            return _tagged(time, year_known, host, program, int(pid) if pid else None, form, message)
    return Envelope(time, year_known, host, None, None, form, rest)


def _fail2ban(
    time: datetime | None, year_known: bool, host: str | None, program: str, pid: int | None, form: str, message: str
) -> Envelope:
    """fail2ban's logger name is the program; under syslog it stands inside the message once more."""
    inner = _FAIL2BAN_HEAD.match(message)
    if inner is not None:
        tag = _BARE_TAG.match(message)
        if tag is not None:
            program, pid, message = tag[1], int(tag[2]) if tag[2] else pid, tag[3]
    return Envelope(time, year_known, host, program, pid, form, message)


def _rfc5424(found: re.Match[str]) -> Envelope:
    stamped, host, program, pid, _msgid, message = found.groups()
    got = stamp.iso(stamped)
    time = got[0] if got is not None else None
    outer_host = None if host == "-" else host
    # rsyslog's RSYSLOG_SyslogProtocol23Format keeps the space behind the old tag's colon
    message = (message or "").lstrip(" ")
    if program == "-":
        return _tag_only(time, True, outer_host, message, "rfc5424")._replace(format="rfc5424")
    number = int(pid) if _PID.fullmatch(pid) else None
    return _tagged(time, True, outer_host, program, number, "rfc5424", message)


def from_fields(
    time: datetime | None, host: str | None, program: str | None, pid: int | None, form: str, message: str
) -> Envelope:
    """An envelope from fields that came apart (journald, a shipper); ``time`` is aware or None."""
    if program:
        return _tagged(time, True, host, program, pid, form, message)
    inner = split(message)
    if inner.format == "bare":
        inner = inner._replace(format=form)
    chosen = _outer_time(time, True, inner)
    return chosen._replace(host=chosen.host or host, pid=chosen.pid if chosen.pid is not None else pid)
