"""What the DNS says of a customer's domain."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import dns.exception
import dns.name
import dns.resolver
from dns.rdtypes.ANY.MX import MX
from dns.rdtypes.ANY.TXT import TXT

from bot.adapters.probe.together import ALL, LIMIT, together
from bot.core.probe import ProbeResult
from bot.core.probe_names import GUESSED, Answer, Ours, judge_dkim, judge_host, judge_mx, judge_spf, ours_of
from bot.errors import InputError
from knowledge.host import Settings

MAX_EXCHANGES: Final = 8
SHORTLY: Final = 4.0


def domain_of(text: str) -> str:
    """A domain as the DNS writes it, in lower case and without its last dot. Raises InputError for what is none."""
    try:
        name = dns.name.from_text(text.strip(), idna_codec=dns.name.IDNA_2008_Practical)
    except (dns.exception.DNSException, UnicodeError) as error:
        raise InputError(f"{text[:80]!r}: is no domain ({error}); write firm.example") from error
    plain = name.to_text(omit_final_dot=True).lower()
    if (
        "@" in plain
        or "/" in plain
        or ":" in plain
        or len(name.labels) < 3
        or not all(c.isalnum() or c in "-_." for c in plain)
    ):
        raise InputError(f"{text[:80]!r}: is no domain; write firm.example")
    return plain


def selector_of(text: str) -> str:
    """A DKIM selector: labels with dots between (RFC 6376 3.1). Raises InputError."""
    if not (
        text.isascii()
        and text.replace("-", "").replace("_", "").replace(".", "").isalnum()
        and all(0 < len(label) < 64 for label in text.split("."))
    ):
        raise InputError(f"--selector {text[:80]!r}: is no selector; it is what stands before ._domainkey, such as s1")
    return text.lower()


@dataclass(frozen=True)
class Names:
    """Asks the system's name servers, or ``server`` (address and port) alone."""

    server: tuple[str, int] | None = None
    limit: float = LIMIT
    """Seconds for one question, aliases and second tries included."""

    def __post_init__(self) -> None:
        if self.server is not None:
            self._resolver()

    def look(self, domain: str, settings: Settings, selectors: Sequence[str] = ()) -> list[ProbeResult]:
        """MX, SPF, DKIM and guessed host names of ``domain``, all asked at once; :data:`ALL` seconds at most."""
        end = time.monotonic() + ALL
        keys = list(selectors or settings.dkim_selectors)
        own = list(dict.fromkeys((settings.imap_host, settings.smtp_host, *settings.customer_hosts)))
        hosts = [f"{word}.{domain}" for word in GUESSED]
        asked: list[Callable[[], Answer]] = [partial(self.ask, domain, "MX"), partial(self.ask, domain, "TXT")]
        asked += [partial(self.ask, f"{key}._domainkey.{domain}", "TXT") for key in keys]
        asked += [partial(self.addresses, host) for host in (*hosts, *own)]
        mx, txt, *rest = _answers(asked, end)
        dkim, guessed, own_addresses = (
            rest[: len(keys)],
            rest[len(keys) : len(keys) + len(hosts)],
            rest[len(keys) + len(hosts) :],
        )
        ours = ours_of(settings, [address for answer in own_addresses for address in answer.records])
        result = judge_mx(domain, mx, self._exchanges(mx, ours, end), ours)
        return [
            result,
            judge_spf(domain, txt, partial(self._text_before, end), ours, exchanges=bool(result.ok)),
            *judge_dkim(domain, keys, dkim, named=bool(selectors)),
            *(judge_host(host, answer, ours) for host, answer in zip(hosts, guessed, strict=True)),
        ]

    def look_shortly(self, domain: str, settings: Settings) -> list[ProbeResult]:
        """Where the mail of ``domain`` goes and whether the guessed host names exist: what a triage waits for,
        :data:`SHORTLY` seconds at most."""
        end = time.monotonic() + SHORTLY
        hosts, own = (
            [f"{word}.{domain}" for word in GUESSED],
            list(dict.fromkeys((settings.imap_host, settings.smtp_host, *settings.customer_hosts))),
        )
        mx, *rest = _answers(
            [partial(self.ask, domain, "MX"), *(partial(self.addresses, host) for host in (*hosts, *own))], end
        )
        ours = ours_of(settings, [address for answer in rest[len(hosts) :] for address in answer.records])
        return [
            judge_mx(domain, mx, self._exchanges(mx, ours, end), ours),
            *(judge_host(host, answer, ours) for host, answer in zip(hosts, rest, strict=False)),
        ]

    def ask(self, name: str, kind: str) -> Answer:
        """One question. Texts are joined from their strings without blanks (RFC 7208 3.3); exchanges come as ``10
        host``, the first to try first."""
        return self._ask(name, kind, self.limit)

    def addresses(self, host: str) -> Answer:
        """IPv4 and IPv6 addresses."""
        four, six = self.ask(host, "A"), self.ask(host, "AAAA")
        records = four.records + six.records
        fault = "" if records else next((a.fault for a in (four, six) if a.fault not in ("", "missing")), "missing")
        return Answer(records, four.seconds + six.seconds, fault, four.canonical or six.canonical)

    def _ask(self, name: str, kind: str, limit: float) -> Answer:
        start, fault, records, canonical = time.monotonic(), "", [], ""
        try:
            answer = self._resolver().resolve(dns.name.from_text(name), kind, lifetime=max(0.05, limit), search=False)
            canonical = answer.canonical_name.to_text(omit_final_dot=True)
            rows = sorted(answer, key=lambda row: row.preference) if kind == "MX" else list(answer)
            records = [_shown(row) for row in rows]
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            fault = "missing"
        except dns.exception.Timeout:
            fault = "timeout"
        except dns.resolver.NoNameservers:
            fault = "no_servers"
        except (dns.exception.DNSException, OSError, UnicodeError):
            fault = "unasked"
        return Answer(tuple(records), time.monotonic() - start, fault, canonical)

    def _text_before(self, end: float, name: str) -> Answer:
        return self._ask(name, "TXT", min(self.limit, end - time.monotonic()))

    def _exchanges(self, mx: Answer, ours: Ours, end: float) -> list[str]:
        hosts = [record.partition(" ")[2] for record in mx.records[:MAX_EXCHANGES]]
        if any(ours.name(host) for host in hosts):
            return []
        return [
            address
            for answer in _answers([partial(self.addresses, host) for host in hosts if host], end)
            for address in answer.records
        ]

    def _resolver(self) -> dns.resolver.Resolver:
        """Raises InputError where the system names no server, or ``server`` is no address."""
        try:
            resolver = dns.resolver.Resolver(configure=self.server is None)
            if self.server is not None:
                resolver.nameservers, resolver.port = [self.server[0]], self.server[1]
        except (dns.resolver.NoResolverConfiguration, ValueError) as error:
            raise InputError(f"--dns: {error}; write an address such as 192.0.2.53 or 192.0.2.53:5353") from error
        return resolver


def _answers(asked: Sequence[Callable[[], Answer]], end: float) -> list[Answer]:
    left = max(0.0, end - time.monotonic())
    return [answer or Answer(seconds=left, fault="timeout") for answer in together(asked, left)]


def _shown(row: object) -> str:
    if isinstance(row, MX):
        return f"{row.preference} {row.exchange.to_text(omit_final_dot=True).strip('.')}"
    if isinstance(row, TXT):
        return b"".join(row.strings).decode("utf-8", "replace")
    return str(row)
