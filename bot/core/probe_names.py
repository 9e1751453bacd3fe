"""What a customer's domain says of its mail, judged: MX, SPF, DKIM, and host names that programs guess. Pure;
bot/adapters/probe asks the DNS.

Sources: RFC 5321 5.1 and RFC 7505 (MX, the null MX), RFC 7208 3.2, 4.5, 4.6.4, 5, 6.1 (SPF: one record, ten lookups,
mechanisms, redirect), RFC 6376 3.6.1 (DKIM keys; an empty p= is revoked).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Final

from bot.core.note import visible
from bot.core.probe import ProbeResult
from knowledge.host import Settings

GUESSED: Final = ("imap", "smtp", "mail")
"""What people put in front of their own domain (check 3: host names)."""
MAX_SPF: Final = 10
"""Lookups that an SPF record may cost (RFC 7208 4.6.4)."""
_FAILED: Final = {
    "timeout": "the name servers do not answer in time",
    "no_servers": "the name servers fail",
    "unasked": "no name server could be asked",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the DNS said to one question. ``fault``: empty, ``missing`` (no such name, or nothing of that type), or a
    key of what failed."""

    records: tuple[str, ...] = ()
    seconds: float = 0.0
    fault: str = ""
    canonical: str = ""
    """The name that holds the records, at the end of aliases (CNAME)."""


@dataclass(frozen=True, slots=True)
class Ours:
    """What counts as the mail host's own: its domains and its addresses."""

    domains: frozenset[str]
    addresses: frozenset[str]
    hosts: str
    """The names that customers are told to use, in words."""

    def name(self, host: str) -> bool:
        """Whether a name is one of ours or stands below one."""
        plain = host.rstrip(".").lower()
        return any(plain == domain or plain.endswith("." + domain) for domain in self.domains)


def ours_of(settings: Settings, addresses: Sequence[str]) -> Ours:
    """``addresses``: what our hosts' names resolve to just now, beside the ones that the settings name."""
    names = {
        *settings.own_domains,
        settings.imap_host,
        settings.smtp_host,
        *settings.customer_hosts,
        *([settings.pop3_host] if settings.pop3_host else []),
    }
    return Ours(
        frozenset(n.lower() for n in names),
        frozenset({*settings.server_addresses, *addresses}),
        " and ".join(dict.fromkeys((settings.imap_host, settings.smtp_host))),
    )


def judge_mx(domain: str, answer: Answer, addresses: Sequence[str], ours: Ours) -> ProbeResult:
    """``addresses``: of the exchanges, which are ours where the name is the customer's own."""
    if answer.fault:
        return _result(domain, "mx", answer, "no MX record: mail goes to the domain's own address, if to any")
    hosts = [record.partition(" ")[2].rstrip(".") for record in answer.records]
    if hosts == [""]:
        return _result(domain, "mx", answer, "a null MX: the domain takes no mail (RFC 7505)", "refuses_mail")
    if any(ours.name(host) for host in hosts) or ours.addresses & set(addresses):
        return _result(domain, "mx", answer, "mail comes to us: " + _listed(hosts))
    return _result(
        domain,
        "mx",
        answer,
        "mail goes elsewhere: " + _listed(hosts) + " (right only where a filter in front hands it on to us)",
        "elsewhere",
    )


def is_spf(text: str) -> bool:
    """Whether a TXT record is an SPF record (RFC 7208 4.5)."""
    return text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")


def judge_spf(
    domain: str, first: Answer, ask: Callable[[str], Answer], ours: Ours, *, exchanges: bool = False
) -> ProbeResult:
    """``ask``: the TXT records of an included domain; ``exchanges``: the domain's own MX are ours. A full evaluation
    needs a sender's address; this says whether the record names us."""
    records = [text for text in first.records if is_spf(text)]
    if first.fault or not records:
        return _result(
            domain,
            "spf",
            Answer((), first.seconds, first.fault or "missing"),
            "no SPF record: receivers cannot tell our servers from a forger's",
        )
    shown = Answer(tuple(records), first.seconds)
    if len(records) > 1:
        return _result(
            domain,
            "spf",
            shown,
            f"{len(records)} SPF records: receivers take none of them (RFC 7208 4.5); join them into one",
            "several",
        )
    terms = records[0].lower().split()[1:]
    if any(term in ("all", "+all") for term in terms):
        return _result(domain, "spf", shown, "+all lets everybody send as this domain", "open")
    waiting, asked, failed = [records[0]], 0, ""
    while waiting:
        for term in waiting.pop(0).lower().split()[1:]:
            kind, _, value = term.lstrip("+").replace("redirect=", "redirect:", 1).partition(":")
            if (kind in ("ip4", "ip6") and _holds(value, ours.addresses)) or (
                kind in ("include", "redirect", "a", "mx") and ours.name(value.partition("/")[0])
            ):
                return _result(domain, "spf", shown, "names our servers")
            if kind == "mx" and not value and exchanges:
                return _result(domain, "spf", shown, "names our servers (mx)")
            if kind in ("include", "redirect") and "%" not in value:
                if asked == MAX_SPF:
                    return _result(
                        domain,
                        "spf",
                        shown,
                        f"asks for more than {MAX_SPF} other records: receivers give up (RFC 7208 4.6.4)",
                        "too_many",
                    )
                asked += 1
                included = ask(value)
                waiting += [text for text in included.records if is_spf(text)]
                failed = failed or (included.fault if included.fault in _FAILED else "")
    if failed:
        return _result(domain, "spf", Answer(shown.records, first.seconds, failed), "")
    return _result(
        domain, "spf", shown, "does not name our servers: what is sent through us may be refused as forged", "elsewhere"
    )


def judge_dkim(domain: str, selectors: Sequence[str], answers: Sequence[Answer], *, named: bool) -> list[ProbeResult]:
    """One result for each selector that somebody ``named``; else one for the usual ones, of which none proves that
    there is no key."""
    if named:
        return [
            _key(f"{selector}._domainkey.{domain}", answer) for selector, answer in zip(selectors, answers, strict=True)
        ]
    keys = [
        _key(f"{selector}._domainkey.{domain}", answer)
        for selector, answer in zip(selectors, answers, strict=True)
        if not answer.fault
    ]
    if keys:
        return keys
    seconds = max((a.seconds for a in answers), default=0.0)
    return [
        ProbeResult(
            domain,
            "dkim",
            None,
            f"none of the usual selectors ({_listed(selectors)}) has a key; name the right one with --selector",
            seconds,
            "missing",
        )
    ]


def judge_host(host: str, answer: Answer, ours: Ours) -> ProbeResult:
    """A name that a customer may have put in. That it does not exist is no fault of the domain's: it was never
    promised."""
    if answer.fault == "missing":
        return ProbeResult(
            host,
            "host",
            None,
            f"does not exist: a program that is set to it finds no server; right is {ours.hosts}",
            answer.seconds,
            "missing",
        )
    if answer.fault:
        return _result(host, "host", answer, "")
    if ours.name(answer.canonical) or ours.addresses & set(answer.records):
        return _result(
            host, "host", answer, "leads to us, where the certificate is for our own names: programs warn or refuse"
        )
    return _result(host, "host", answer, "leads to another server: " + _listed(answer.records), "elsewhere")


def _key(name: str, answer: Answer) -> ProbeResult:
    if answer.fault:
        return _result(name, "dkim", answer, "no key under this selector")
    for record in answer.records:
        tags = {
            tag.strip().lower(): value.strip() for tag, _, value in (part.partition("=") for part in record.split(";"))
        }
        if "p" in tags and tags.get("v", "DKIM1") == "DKIM1":
            return (
                _result(name, "dkim", answer, "a key is there")
                if tags["p"]
                else _result(name, "dkim", answer, "the key is revoked (an empty p=)", "revoked")
            )
    return _result(name, "dkim", answer, "what stands there is no DKIM key", "protocol")


def _result(target: str, kind: str, answer: Answer, said: str, fault: str = "") -> ProbeResult:
    fault = answer.fault or fault
    return ProbeResult(
        target,
        kind,
        not fault,
        _FAILED.get(answer.fault, said),
        answer.seconds,
        fault or None,
        records=tuple(visible(r, 500) for r in answer.records[:20]),
    )


def _holds(network: str, addresses: frozenset[str]) -> bool:
    try:
        inside = ip_network(network, strict=False)
        return any(ip_address(address) in inside for address in addresses)
    except ValueError:
        return False


def _listed(words: Sequence[str]) -> str:
    return ", ".join(visible(word, 80) for word in words[:8]) + (", …" if len(words) > 8 else "")
