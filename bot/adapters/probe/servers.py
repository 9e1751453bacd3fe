"""One look at a mail server: name, connection, greeting, STARTTLS, TLS with its certificate verified, capabilities,
goodbye. No login, ever."""

from __future__ import annotations

import socket
import ssl
import time
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from bot.adapters.probe.dialogue import Dialogue, Failed
from bot.adapters.probe.together import ALL, LIMIT, together
from bot.core.probe import Seen, Server
from bot.errors import InputError

# OpenSSL, x509_vfy.h: what verification says of a certificate
_EXPIRED: Final = (9, 10)
"""X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_HAS_EXPIRED."""
_WRONG_NAME: Final = (62, 64)
"""X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH."""
_NO_CHECK_TIME: Final = 0x200000
"""X509_V_FLAG_NO_CHECK_TIME."""


@dataclass(frozen=True)
class Servers:
    """Looks at servers. ``authority``: a PEM file that is trusted instead of the system's authorities."""

    authority: Path | None = None
    limit: float = LIMIT
    """Seconds for one server."""

    def __post_init__(self) -> None:
        self._context()

    def look(self, servers: list[Server]) -> list[Seen]:
        """Look at all of them at once, in :data:`ALL` seconds at most."""
        found = together([partial(self.look_at, server) for server in servers], ALL)
        return [seen or Seen(server, ALL, "timeout", stage="name") for server, seen in zip(servers, found, strict=True)]

    def look_at(self, server: Server) -> Seen:
        """One look; whatever goes wrong is its result."""
        seen = _Look(server, self._context(), self.limit).run()
        if seen.fault != "expired":
            return seen
        # since when stands in the certificate, which is shown only to who does not ask for the time
        context = self._context()
        context.verify_flags |= ssl.VerifyFlags(_NO_CHECK_TIME)
        return replace(seen, expires=_Look(server, context, self.limit).run().expires)

    def _context(self) -> ssl.SSLContext:
        """TLS 1.2 or later, as present programs ask. Raises InputError for a file that holds no certificate."""
        try:
            return ssl.create_default_context(cafile=self.authority)
        except OSError as error:  # ssl.SSLError is one
            why = (
                error.strerror
                if not isinstance(error, ssl.SSLError) and error.strerror
                else "holds no certificate in PEM"
            )
            raise InputError(f"{self.authority}: {why}; name a file with the authority's certificate in PEM") from error


class _Look:
    """One look as it goes on: what has been seen so far is kept for the moment at which it fails."""

    def __init__(self, server: Server, context: ssl.SSLContext, limit: float) -> None:
        self._server, self._context = server, context
        self._start = time.monotonic()
        self._end = self._start + limit
        self._seen = Seen(server, 0.0, stage="name")

    def run(self) -> Seen:
        """Look; returns how far it came."""
        fault, detail = "", ""
        try:
            with self._connected() as plain:
                self._talk(Dialogue(plain, self._server.protocol, self._end))
        except Failed as error:
            fault, detail = error.fault, error.detail
        except TimeoutError:
            fault = "timeout"
        except ssl.SSLCertVerificationError as error:
            fault = (
                "expired"
                if error.verify_code in _EXPIRED
                else "wrong_name"
                if error.verify_code in _WRONG_NAME
                else "untrusted"
            )
            detail = "" if fault == "expired" else error.verify_message
        except (ssl.SSLEOFError, ConnectionError) as error:
            fault = "refused" if isinstance(error, ConnectionRefusedError) else "closed"
        except ssl.SSLError as error:
            fault, detail = "tls", error.reason or str(error)
        except OSError as error:
            fault, detail = "unreachable", error.strerror or str(error)
        return replace(
            self._seen,
            seconds=time.monotonic() - self._start,
            fault=fault,
            detail=detail,
            stage=self._seen.stage if fault else "",
        )

    def _connected(self) -> socket.socket:
        """A connection to the first address that takes one, as programs try them; each has its share of the time
        that is left."""
        try:
            addresses = socket.getaddrinfo(self._server.host, self._server.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise Failed("unresolved", getattr(error, "strerror", None) or str(error)) from error
        self._reached("connection")
        for number, (family, kind, protocol, _, address) in enumerate(addresses):
            self._seen = replace(self._seen, address=str(address[0]))
            plain = socket.socket(family, kind, protocol)
            try:
                plain.settimeout(max(0.05, (self._end - time.monotonic()) / (len(addresses) - number)))
                plain.connect(address)
                return plain
            except OSError:
                plain.close()
                if number + 1 == len(addresses):
                    raise
        raise Failed("unresolved")

    def _talk(self, dialogue: Dialogue) -> None:
        with closing(dialogue):
            if self._server.implicit:
                self._encrypt(dialogue)
                self._greeted(dialogue)
            else:
                self._greeted(dialogue)
                self._reached("capabilities")
                offered = bool({"STARTTLS", "STLS"} & set(dialogue.capabilities()))
                self._seen = replace(self._seen, starttls=offered)
                if not offered:
                    dialogue.goodbye()
                    raise Failed("starttls")
                self._reached("STARTTLS")
                dialogue.ask_for_tls()
                self._encrypt(dialogue)
            self._reached("capabilities")
            dialogue.capabilities()
            dialogue.goodbye()

    def _greeted(self, dialogue: Dialogue) -> None:
        self._reached("greeting")
        self._seen = replace(self._seen, banner=dialogue.greeting())

    def _encrypt(self, dialogue: Dialogue) -> None:
        self._reached("TLS")
        version, expires = dialogue.encrypt(self._context, self._server.host)
        self._seen = replace(self._seen, tls=version, expires=expires)

    def _reached(self, stage: str) -> None:
        self._seen = replace(self._seen, stage=stage)
