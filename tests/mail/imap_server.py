"""An IMAP server of a few commands (RFC 9051) on loopback, for one account: what a mailbox needs to be watched, and
ways to make it fail."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime

STAMP = "%d-%b-%Y %H:%M:%S %z"


@dataclass
class Stored:
    """A mail in a folder."""

    uid: int
    raw: bytes
    flags: set[str] = field(default_factory=set)
    at: datetime = field(default_factory=lambda: datetime.now(UTC))

    def value(self, name: str) -> str:
        head = self.raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].decode("utf-8", "replace")
        return " ".join(
            line.partition(":")[2]
            for line in re.sub(r"\n[ \t]", " ", head).split("\n")
            if line.lower().startswith(name.lower() + ":")
        )


@dataclass
class Folder:
    """A folder, its UIDVALIDITY and its mails in the order of their UIDs."""

    validity: int = 1
    mails: list[Stored] = field(default_factory=list)
    next: int = 1

    def add(self, raw: bytes, *flags: str, at: datetime | None = None) -> Stored:
        mail = Stored(self.next, raw, set(flags), at or datetime.now(UTC))
        self.mails.append(mail)
        self.next += 1
        return mail

    def renumber(self) -> None:
        """The folder made anew: another UIDVALIDITY, other UIDs."""
        self.validity += 1
        for n, mail in enumerate(self.mails, 1):
            mail.uid = n
        self.next = len(self.mails) + 1


class ImapServer:
    """Start it as a context. ``die_at``: commands (``APPEND``, ``UID FETCH``, ``IDLE``) at which the connection
    breaks, once each."""

    def __init__(self) -> None:
        self.folders = {"INBOX": Folder(), "Sent Items": Folder()}
        self.die_at: set[str] = set()
        self.logins = 0
        self._lock = threading.RLock()
        self._idle: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self) -> ImapServer:
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.close()

    @property
    def sent(self) -> Folder:
        return self.folders["Sent Items"]

    def deliver(self, raw: bytes, *, at: datetime | None = None) -> None:
        """A mail arrives; whoever idles is told."""
        with self._lock:
            inbox = self.folders["INBOX"]
            inbox.add(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"), at=at)
            for waiting in self._idle:
                with contextlib.suppress(OSError):  # a connection that has just broken is told nothing
                    waiting.sendall(f"* {len(inbox.mails)} EXISTS\r\n".encode())

    def hang_up(self) -> None:
        """All waiting connections break."""
        for waiting in self._idle:
            waiting.shutdown(socket.SHUT_RDWR)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        stream = connection.makefile("rb")
        selected, told = Folder(), 0

        def say(line: str | bytes) -> None:
            connection.sendall((line if isinstance(line, bytes) else line.encode()) + b"\r\n")

        say("* OK [CAPABILITY IMAP4rev1 IDLE UIDPLUS] ready")
        try:
            while line := stream.readline():
                tag, _, rest = line.decode().strip().partition(" ")
                name = " ".join(rest.split()[:2]).upper() if rest.upper().startswith("UID") else rest.split()[0].upper()
                if name in self.die_at:
                    self.die_at.discard(name)
                    connection.close()
                    return
                if name == "IDLE":
                    with self._lock:  # what came since the last command is told in the same packet, as Dovecot does
                        news = f"\r\n* {len(selected.mails)} EXISTS" if len(selected.mails) != told else ""
                        say("+ idling" + news)
                        self._idle.append(connection)
                    stream.readline()
                    self._idle.remove(connection)
                    told = len(selected.mails)
                elif name == "LOGIN":
                    self.logins += 1
                elif name == "CAPABILITY":
                    say("* CAPABILITY IMAP4rev1 IDLE UIDPLUS")
                elif name == "LIST":
                    for folder in self.folders:
                        mark = " \\Sent" if folder.startswith("Sent") else ""
                        say(f'* LIST (\\HasNoChildren{mark}) "/" "{folder}"')
                elif name in ("SELECT", "STATUS"):
                    folder = self.folders[_first(rest.split(" ", 1)[1])]
                    if name == "STATUS":
                        say(f'* STATUS "x" (UIDVALIDITY {folder.validity} UIDNEXT {folder.next})')
                    else:
                        selected, told = folder, len(folder.mails)
                        say(f"* {told} EXISTS")
                elif name == "UID SEARCH":
                    say("* SEARCH " + " ".join(str(m.uid) for m in self._found(selected, rest[11:])))
                elif name == "UID FETCH":
                    mail = next((m for m in selected.mails if m.uid == int(rest.split()[2])), None)
                    if mail:
                        head = f'* 1 FETCH (UID {mail.uid} RFC822.SIZE {len(mail.raw)} INTERNALDATE "{mail.at.strftime(STAMP)}" BODY[]<0> {{{len(mail.raw)}}}'
                        say(head.encode() + b"\r\n" + mail.raw + b")")
                elif name == "UID STORE":
                    _, _, uid, change, flag = rest.split(" ", 4)
                    for mail in selected.mails:
                        if mail.uid == int(uid):
                            (mail.flags.add if change[0] == "+" else mail.flags.discard)(flag.strip("()"))
                elif name == "UID EXPUNGE":
                    selected.mails[:] = [
                        m for m in selected.mails if m.uid != int(rest.split()[2]) or "\\Deleted" not in m.flags
                    ]
                elif name == "APPEND":
                    said = re.match(r'APPEND ("[^"]*"|\S+) \(([^)]*)\) "([^"]*)" \{(\d+)\}', rest)
                    assert said
                    say("+ go on")
                    self.folders[said[1].strip('"')].add(stream.read(int(said[4])), *said[2].split())
                    stream.readline()
                elif name == "LOGOUT":
                    say("* BYE")
                    say(f"{tag} OK")
                    connection.close()
                    return
                say(f"{tag} OK done")
        except OSError:
            return

    def _found(self, folder: Folder, criteria: str) -> list[Stored]:
        with self._lock:
            found = list(folder.mails)
        if wanted := re.search(r"UID (\d+):\*", criteria):
            found = [m for m in found if m.uid >= int(wanted[1])] or found[-1:]
        if wanted := re.search(r"SINCE (\S+)", criteria):
            found = [
                m for m in found if m.at.date() >= datetime.strptime(wanted[1], "%d-%b-%Y").replace(tzinfo=UTC).date()
            ]
        if wanted := re.search(r'HEADER (\S+) "([^"]*)"', criteria):
            found = [m for m in found if wanted[2] in m.value(wanted[1])]
        if "DRAFT" in criteria.split():
            found = [m for m in found if "\\Draft" in m.flags]
        if "UNDRAFT" in criteria.split():
            found = [m for m in found if "\\Draft" not in m.flags]
        return [m for m in found if "UNDELETED" not in criteria or "\\Deleted" not in m.flags]


def _first(text: str) -> str:
    return text[1:].partition('"')[0] if text.startswith('"') else text.split()[0]
