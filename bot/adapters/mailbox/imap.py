"""One connection to the mailbox: the few commands that the channel needs, over imap-tools and Python's imaplib.

imap-tools' own ``flag`` and ``delete`` expunge whatever anybody has marked as deleted; in a mailbox where people
work that would be a loss, so flags are stored directly. Whatever goes wrong is one of FAULTS.
"""

from __future__ import annotations

import imaplib
import io
import select
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import TracebackType
from typing import Any, Final, cast

import regex
from imap_tools import BaseMailBox, MailBox, MailBoxStartTls
from imap_tools.errors import ImapToolsError, UnexpectedCommandStatusError
from imap_tools.utils import check_command_status, encode_folder

from bot.settings_areas import MailboxSettings

FAULTS: Final = (imaplib.IMAP4.error, ImapToolsError, OSError)
SECONDS: Final = 30
"""How long any answer may take."""
MAX_FETCH: Final = 10_000_000
"""Bytes of a mail that are fetched; what is larger is read up to here."""
_UID: Final = regex.compile(rb"UID ([0-9]{1,10})")
_SIZE: Final = regex.compile(rb"RFC822\.SIZE ([0-9]{1,12})")


@dataclass(frozen=True, slots=True)
class Fetched:
    """A mail as the server has it: when it arrived, its whole size in bytes, and its beginning (MAX_FETCH at most)."""

    arrived: datetime
    size: int
    raw: bytes


class Connection:
    """A login. Use it as a context; leaving it logs out, or just hangs up where the server is gone."""

    def __init__(self, box: BaseMailBox) -> None:
        self._box, self._imap = box, box.client

    def __enter__(self) -> Connection:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._box.logout()
            else:
                self._imap.shutdown()
        except FAULTS:
            pass

    def status(self, folder: str) -> tuple[int, int]:
        """(UIDVALIDITY, UIDNEXT) of a folder that is not selected."""
        told: dict[str, Any] = self._box.folder.status(folder, ["UIDVALIDITY", "UIDNEXT"])
        return int(told["UIDVALIDITY"]), int(told["UIDNEXT"])

    def select(self, folder: str) -> None:
        """Work in this folder from now on."""
        self._box.folder.set(folder)

    def uids(self, criteria: str) -> list[int]:
        """The UIDs that match, ascending. ``criteria`` is IMAP's own language; nothing foreign may stand in it
        unchecked."""
        return sorted(int(uid) for uid in self._box.uids(criteria, charset=None))

    def fetch(self, uid: int) -> Fetched | None:
        """A mail, left unseen; None where somebody has moved or deleted it."""
        answer = self._imap.uid("FETCH", str(uid), f"(UID RFC822.SIZE INTERNALDATE BODY.PEEK[]<0.{MAX_FETCH}>)")
        check_command_status(answer, UnexpectedCommandStatusError)
        for item in answer[1]:
            if isinstance(item, tuple) and len(item) == 2:
                around = b" ".join([item[0], *(one for one in answer[1] if isinstance(one, bytes))])
                found, size, moment = _UID.search(around), _SIZE.search(around), imaplib.Internaldate2tuple(around)
                if found and int(found[1]) == uid:
                    arrived = datetime.fromtimestamp(time.mktime(moment), UTC) if moment else datetime.now(UTC)
                    return Fetched(arrived, int(size[1]) if size else len(item[1]), item[1])
        return None

    def append(self, folder: str, raw: bytes, flags: Sequence[str]) -> None:
        """Put a copy of a mail of ours into a folder."""
        check_command_status(
            self._imap.append(
                encode_folder(folder).decode("ascii"),
                f"({' '.join(flags)})",
                imaplib.Time2Internaldate(time.time()),
                raw,
            ),
            UnexpectedCommandStatusError,
        )

    def store(self, uid: int, change: str, flag: str) -> None:
        """``+FLAGS`` or ``-FLAGS`` one flag of one mail."""
        check_command_status(self._imap.uid("STORE", str(uid), change, f"({flag})"), UnexpectedCommandStatusError)

    def remove(self, uid: int) -> None:
        """Delete one mail, and no other: without UIDPLUS (RFC 4315) it stays, marked as deleted, for whoever
        expunges."""
        self.store(uid, "+FLAGS", "\\Deleted")
        if "UIDPLUS" in self._imap.capabilities:
            check_command_status(self._imap.uid("EXPUNGE", str(uid)), UnexpectedCommandStatusError)

    def sent_folder(self) -> str:
        """Where sent mail is kept: the folder that the server marks as such (RFC 6154), else Sent."""
        return next((folder.name for folder in self._box.folder.list() if "\\Sent" in folder.flags), "Sent")

    def folders(self) -> list[str]:
        """The names of all folders."""
        return [folder.name for folder in self._box.folder.list()]

    @property
    def can_idle(self) -> bool:
        """Whether the server tells of new mail by itself (RFC 2177)."""
        return "IDLE" in self._imap.capabilities

    def wait(self, seconds: float) -> None:
        """Return when the server says anything about the selected folder, or after ``seconds``. Without IDLE, after
        ten at most.

        What came in the same packet as the server's "+ idling" lies in a buffer already, where polling the socket
        would miss it.
        """
        if not self.can_idle:
            time.sleep(min(seconds, 10.0))
            check_command_status(self._imap.noop(), UnexpectedCommandStatusError)
            return
        self._box.idle.start()  # type: ignore[no-untyped-call]
        if not self._buffered():
            poller = select.poll()
            poller.register(self._imap.sock, select.POLLIN)
            poller.poll(seconds * 1000)
        self._box.idle.stop()  # type: ignore[no-untyped-call]

    def _buffered(self) -> bool:
        self._imap.sock.settimeout(0)
        try:
            return bool(cast(io.BufferedReader, self._imap.file).peek(1))
        except OSError:  # nothing there yet (BlockingIOError, or SSLWantReadError under TLS)
            return False
        finally:
            self._imap.sock.settimeout(SECONDS)


def connect(settings: MailboxSettings) -> Connection:
    """Log in, with the server's certificate verified. Raises one of FAULTS."""
    server, trusted = settings.imap, tls_context(settings)
    box: BaseMailBox
    if server.implicit:
        box = MailBox(server.host, server.port, timeout=SECONDS, ssl_context=trusted)
    else:
        box = MailBoxStartTls(server.host, server.port, timeout=SECONDS, ssl_context=trusted)
    return log_in(box, settings)


def log_in(box: BaseMailBox, settings: MailboxSettings) -> Connection:
    """The login of a connection that stands. Raises one of FAULTS."""
    connection = Connection(box)
    if settings.user.isascii() and settings.password.isascii():
        box.login(settings.user, settings.password, initial_folder=None)
    else:
        box.login_utf8(settings.user, settings.password, initial_folder=None)
    check_command_status(box.client.capability(), UnexpectedCommandStatusError)
    box.client.capabilities = tuple(box.client.capability()[1][-1].decode("ascii", "replace").upper().split())
    return connection


def tls_context(settings: MailboxSettings) -> ssl.SSLContext:
    """The system's authorities and the one of MAILBOX_CA; names are checked, and TLS 1.2 is the least."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if settings.authority is not None:
        context.load_verify_locations(cafile=str(settings.authority))
    return context
