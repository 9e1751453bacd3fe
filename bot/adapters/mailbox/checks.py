"""What is right and wrong with the mailbox's settings, found out by trying: login, folders, submission. Nothing is
sent."""

from __future__ import annotations

import ssl
from collections.abc import Iterator

from bot.adapters.mailbox.imap import FAULTS, connect
from bot.adapters.mailbox.submission import open_submission
from bot.errors import SendError
from bot.settings_areas import MailboxSettings, MailServer


def findings(settings: MailboxSettings) -> Iterator[tuple[bool, str]]:
    """(good, words) one after the other."""
    where = _where("MAILBOX_IMAP", settings.imap)
    try:
        with connect(settings) as box:
            folders = box.folders()
            idle = "told of new mail at once (IDLE)" if box.can_idle else "no IDLE here: asked every ten seconds"
            yield True, f"{where}: logged in as {settings.user}; {idle}"
            sent = settings.sent or box.sent_folder()
            for name, folder in (("MAILBOX_FOLDER", settings.folder), ("MAILBOX_SENT", sent)):
                there = folder in folders
                yield (
                    there,
                    f"{name}: {folder}"
                    if there
                    else f"{name}: there is no folder {folder}; there are {', '.join(folders[:12])}",
                )
    except FAULTS as error:
        yield False, f"{where}: {_said(error)}"
    where = _where("MAILBOX_SMTP", settings.smtp)
    try:
        with open_submission(settings):
            yield True, f"{where}: logged in"
    except SendError as error:
        yield False, f"{where}: {_said(error.__cause__ or error)}"
    agents = ", ".join(settings.agents)
    yield (
        bool(agents),
        f"MAILBOX_AGENTS: notes go to {settings.agents[0]}"
        if agents
        else "MAILBOX_AGENTS: is not set; a mailbox has no internal notes, so name the colleagues' address (or show the cards in Slack)",
    )


def _where(name: str, server: MailServer) -> str:
    return f"{name}: {server.host}:{server.port}, {'implicit TLS' if server.implicit else 'STARTTLS'}"


def _said(error: BaseException) -> str:
    """The fault in one line, with what to do about the usual ones."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not trusted ({error.verify_message}); use the name that it was made for, or name its authority in MAILBOX_CA"
    if isinstance(error, ssl.SSLError):
        return f"no TLS there ({error.reason}); the scheme says implicit TLS (imaps, smtps) or STARTTLS (imap, smtp)"
    return " ".join(str(error).split())[:300] or type(error).__name__
