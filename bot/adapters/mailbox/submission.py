"""Handing a mail in (RFC 6409): everything that can be refused is asked before the text goes, so that only the last
word can be missed."""

from __future__ import annotations

import smtplib
from contextlib import suppress
from types import TracebackType
from typing import Final

from bot.adapters.mailbox.imap import tls_context
from bot.errors import SendLater, SendRefused, SendUnsure
from bot.failpoints import reach
from bot.settings_areas import MailboxSettings

SECONDS: Final = 15
"""For each answer; the courier keeps 20 s of its lease for a send. A server that needs longer for the last answer
counts as unsure."""
_LATER, _LONGER = 60.0, 300.0


class Submission:
    """A session that has a sender and a recipient and waits for the text."""

    def __init__(self, smtp: smtplib.SMTP) -> None:
        self._smtp = smtp

    def __enter__(self) -> Submission:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._smtp.close()

    def address(self, sender: str, recipient: str) -> None:
        """Name both. Raises SendLater, SendRefused: nothing has been sent then."""
        try:
            _judged(*self._smtp.mail(sender), of="the sender")
            _judged(*self._smtp.rcpt(recipient), of="the recipient")
        except (smtplib.SMTPException, OSError) as error:
            raise SendLater(f"submission: {error}", seconds=_LATER) from error

    def hand_in(self, raw: bytes) -> None:
        """The text itself. Raises SendUnsure where the connection breaks before the server's last word; SendLater,
        SendRefused where it said no."""
        reach("mailbox.data.before")
        try:
            code, said = self._smtp.data(raw)
        except smtplib.SMTPDataError as error:
            _judged(error.smtp_code, _bytes(error.smtp_error), of="the message")
            raise SendUnsure(f"submission: {error}") from error
        except (smtplib.SMTPException, OSError) as error:
            raise SendUnsure(f"submission: the connection broke off ({type(error).__name__})") from error
        reach("mailbox.data.after")
        _judged(code, said, of="the message")
        with suppress(smtplib.SMTPException, OSError):
            self._smtp.quit()


def open_submission(settings: MailboxSettings) -> Submission:
    """Connect, verify the certificate, log in. Raises SendLater: nothing has been sent then."""
    server = settings.smtp
    # what EHLO names; left to itself smtplib would ask a resolver for this machine's name
    own = settings.address.rpartition("@")[2]
    try:
        if server.implicit:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, own, timeout=SECONDS, context=tls_context(settings)
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, own, timeout=SECONDS)
            smtp.starttls(context=tls_context(settings))
    except (smtplib.SMTPException, OSError) as error:
        raise SendLater(f"submission: {server.host}:{server.port}: {error}", seconds=_LATER) from error
    return log_in(smtp, settings)


def log_in(smtp: smtplib.SMTP, settings: MailboxSettings) -> Submission:
    """The login of a connection that stands. Raises SendLater."""
    try:
        smtp.ehlo_or_helo_if_needed()
        smtp.login(settings.user, settings.password)
    except smtplib.SMTPAuthenticationError as error:
        smtp.close()
        raise SendLater(
            f"submission: the login is refused ({error.smtp_code}); check MAILBOX_USER and MAILBOX_PASSWORD",
            seconds=_LONGER,
        ) from error
    except (smtplib.SMTPException, OSError) as error:
        smtp.close()
        raise SendLater(f"submission: {error}", seconds=_LATER) from error
    return Submission(smtp)


def _judged(code: int, said: bytes, *, of: str) -> None:
    """Pass a 2xx; RFC 5321 4.2.1: 4xx may go well later, 5xx never does as it is."""
    if 200 <= code < 300:
        return
    words = f"submission: {of} was refused: {code} {said.decode('utf-8', 'replace')[:200]}"
    if 400 <= code < 500:
        raise SendLater(words, seconds=_LATER)
    raise SendRefused(words)


def _bytes(said: bytes | str) -> bytes:
    return said if isinstance(said, bytes) else said.encode("utf-8", "replace")
