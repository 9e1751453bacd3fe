"""What the environment says of one area each: the mailbox, automatic answers, the helpdesk, followed logs, reports,
probes, the page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import SettingsError


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is fetched or handed in. TLS from the first byte where ``implicit``, else by STARTTLS; never
    without."""

    host: str
    port: int
    implicit: bool


@dataclass(frozen=True, slots=True)
class MailboxSettings:
    """A support mailbox as a channel (docs/mailbox.md)."""

    address: str
    """What customers write to, and what answers come from; lower-cased."""
    user: str
    password: str = field(repr=False)
    imap: MailServer
    smtp: MailServer
    agents: tuple[str, ...] = ()
    """Colleagues' addresses: the first gets the notes, and what any of them writes on a case counts as a human's
    answer."""
    folder: str = "INBOX"
    sent: str | None = None
    """None: the folder that the server marks as such (RFC 6154), else Sent."""
    authority: Path | None = None
    """A PEM file of authorities to trust besides the system's."""


def mailbox(values: Mapping[str, str]) -> MailboxSettings | None:
    """The support mailbox, where MAILBOX_ADDRESS names one. Raises SettingsError naming the variable."""
    address = _mail_address(values.get("MAILBOX_ADDRESS") or "", "MAILBOX_ADDRESS")
    if address is None:
        return None
    for name in ("MAILBOX_PASSWORD", "MAILBOX_IMAP", "MAILBOX_SMTP"):
        if not values.get(name):
            raise SettingsError(f"{name}: is not set, and MAILBOX_ADDRESS is; docs/mailbox.md says what goes there")
    authority = values.get("MAILBOX_CA")
    if authority and not Path(authority).is_file():
        raise SettingsError(f"MAILBOX_CA: {authority}: no such file; it holds the authority's certificate in PEM")
    agents = [_mail_address(one, "MAILBOX_AGENTS") for one in (values.get("MAILBOX_AGENTS") or "").split(",")]
    return MailboxSettings(
        address=address,
        user=values.get("MAILBOX_USER") or address,
        password=values["MAILBOX_PASSWORD"],
        imap=_server(values["MAILBOX_IMAP"], "MAILBOX_IMAP", {"imaps": 993, "imap": 143}),
        smtp=_server(values["MAILBOX_SMTP"], "MAILBOX_SMTP", {"smtps": 465, "smtp": 587}),
        agents=tuple(one for one in agents if one),
        folder=values.get("MAILBOX_FOLDER") or "INBOX",
        sent=values.get("MAILBOX_SENT") or None,
        authority=Path(authority).resolve() if authority else None,
    )


def automatic(values: Mapping[str, str]) -> dict[str, Any]:
    """The settings of automatic answers. Raises SettingsError naming the variable."""
    own = _listed(values.get("OWN_ADDRESSES"))
    wrong = next((a for a in own if a.count("@") != 1 or a.startswith("@") or a.endswith("@")), None)
    if wrong is not None:
        raise SettingsError(f"OWN_ADDRESSES: {wrong!r} is no address; write support@example.com, help@example.com")
    acknowledge = values.get("AUTO_ACKNOWLEDGE") or "missing"
    if acknowledge not in ("missing", "nothing"):
        raise SettingsError(f"AUTO_ACKNOWLEDGE: {acknowledge!r} is neither missing nor nothing")
    bar, per_minute = values.get("AUTO_BAR") or "0.95", values.get("AUTO_PER_MINUTE") or "30"
    try:
        share, mails = float(bar), int(per_minute)
    except ValueError as error:
        raise SettingsError(f"AUTO_BAR, AUTO_PER_MINUTE: {error}") from error
    if not 0.5 <= share < 1:
        raise SettingsError(f"AUTO_BAR: {bar} is not between 0.5 and 1; 0.95 takes 73 flawless decisions")
    if not 1 <= mails <= 1000:
        raise SettingsError(f"AUTO_PER_MINUTE: {per_minute} is not between 1 and 1000")
    return {
        "authserv_ids": _listed(values.get("AUTHSERV_ID")),
        "own_addresses": own,
        "auto_bar": share,
        "auto_acknowledge": acknowledge,
        "auto_per_minute": mails,
    }


def helpdesk(values: Mapping[str, str]) -> dict[str, Any]:
    """What HELPDESK_* says. Raises SettingsError naming the variable."""
    poll = values.get("HELPDESK_POLL_SECONDS") or ""
    if poll and not (poll.isascii() and poll.isdigit() and 1 <= int(poll[:9]) <= 86_400):
        raise SettingsError(f"HELPDESK_POLL_SECONDS: {poll[:40]!r} is no number of seconds from 1 to 86400")
    return {
        "helpdesk_kind": (values.get("HELPDESK_KIND") or "").strip().lower() or None,
        "helpdesk_poll_seconds": int(poll) if poll else None,
        "helpdesk_webhook_secrets": tuple((values.get("HELPDESK_WEBHOOK_SECRET") or "").split()),
        **{
            f"helpdesk_{name}": values.get(f"HELPDESK_{name.upper()}") or None
            for name in ("url", "user", "token", "account", "tag", "field")
        },
    }


def logs(values: Mapping[str, str]) -> dict[str, Any]:
    """What LOG_* says of following logs. Raises SettingsError naming the variable."""
    return {
        "log_follow": tuple(path for path in (values.get("LOG_FOLLOW") or "").split(":") if path),
        "log_follow_name": (values.get("LOG_FOLLOW_NAME") or "").strip()[:200] or None,
        "log_journal_units": tuple((values.get("LOG_JOURNAL_UNITS") or "").split()),
        "log_syslog_udp": _listening(values, "LOG_SYSLOG_UDP"),
        "log_syslog_tcp": _listening(values, "LOG_SYSLOG_TCP"),
        "log_http": _listening(values, "LOG_HTTP"),
        "log_http_token": values.get("LOG_HTTP_TOKEN") or None,
        "log_keep_days": _count(values, "LOG_KEEP_DAYS"),
        "log_keep_mb": _count(values, "LOG_KEEP_MB"),
    }


def reports(values: Mapping[str, str], otherwise: ZoneInfo) -> dict[str, Any]:
    """What REPORT_* says. Raises SettingsError naming the variable."""
    return {
        "report_zone": zone(values, "REPORT_ZONE", otherwise.key),
        "report_at": _weekly(values.get("REPORT_AT") or ""),
        "report_to": _places(values.get("REPORT_TO") or "", "REPORT_TO"),
    }


def probes(values: Mapping[str, str]) -> dict[str, Any]:
    """What PROBE_* says. Raises SettingsError naming the variable."""
    minutes = _count(values, "PROBE_MINUTES")
    if minutes is not None and minutes > 1440:
        raise SettingsError(
            f"PROBE_MINUTES: {minutes} is more than a day (1440); a certificate is looked at once a day at least"
        )
    domains = (values.get("PROBE_DOMAINS") or "off").strip().lower()
    if domains not in ("on", "off"):
        raise SettingsError(f"PROBE_DOMAINS: {domains[:40]!r} is neither on nor off")
    return {"probe_minutes": minutes, "probe_domains": domains == "on"}


def web(values: Mapping[str, str]) -> dict[str, Any]:
    """The page's settings. Raises SettingsError naming the variable."""
    port, url, token, header = (values.get(n) or None for n in ("WEB_PORT", "WEB_URL", "WEB_TOKEN", "WEB_PROXY_HEADER"))
    if port is not None and not (port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        raise SettingsError(f"WEB_PORT: {port!r} is no port; use a number from 1 to 65535")
    if url is not None and not (
        url.startswith(("http://", "https://")) and urlsplit(url).hostname and urlsplit(url).path in ("", "/")
    ):
        raise SettingsError(f"WEB_URL: {url!r} is no address of a host; use https://triage.example.com")
    if token is not None and len(token) < 20:
        raise SettingsError(
            "WEB_TOKEN: is shorter than 20 characters; make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    scraping = (values.get("METRICS_TOKEN") or "").strip() or None
    if scraping is not None and len(scraping) < 20:
        raise SettingsError(
            "METRICS_TOKEN: is shorter than 20 characters; make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'"
        )
    networks: list[IPv4Network | IPv6Network] = []
    for part in (values.get("WEB_PROXIES") or "").replace(",", " ").split():
        try:
            networks.append(ip_network(part))
        except ValueError as error:
            raise SettingsError(
                f"WEB_PROXIES: {part!r} is no address or network ({error}); use such as 127.0.0.1 or 10.0.0.0/24"
            ) from error
    if bool(header) != bool(networks):
        raise SettingsError(
            "WEB_PROXY_HEADER and WEB_PROXIES: set both or none; a header is believed from these proxies only"
        )
    if bool(values.get("SLACK_CLIENT_ID")) != bool(values.get("SLACK_CLIENT_SECRET")):
        raise SettingsError("SLACK_CLIENT_ID and SLACK_CLIENT_SECRET: set both or none")
    return {
        "web_host": values.get("WEB_HOST") or "127.0.0.1",
        "web_port": int(port) if port else 8080,
        "web_url": url,
        "web_token": token,
        "metrics_token": scraping,
        "web_proxy_header": header,
        "web_proxies": tuple(networks),
    }


def zone(values: Mapping[str, str], name: str, default: str) -> ZoneInfo:
    """A time zone by its name. Raises SettingsError."""
    given = values.get(name) or default
    try:
        return ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"{name}: {given!r} is no time zone; use a name such as Europe/Berlin") from error


def _listening(values: Mapping[str, str], name: str) -> tuple[str, int] | None:
    """``host:port``, ``[IPv6]:port`` or ``:port`` (this machine only). Raises SettingsError."""
    text = (values.get(name) or "").strip()
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if (
        not colon
        or not (port.isascii() and port.isdecimal())
        or int(port) > 65535
        or (":" in host and not (host.startswith("[") and host.endswith("]")))
    ):
        raise SettingsError(f"{name}: {text!r} is no address and port; write 127.0.0.1:5514, [::1]:5514 or :5514")
    return host.strip("[]") or "127.0.0.1", int(port)


def _mail_address(text: str, name: str) -> str | None:
    given = text.strip().lower()
    local, at, domain = given.rpartition("@")
    if given and not (
        local
        and at
        and "." in domain
        and given.isascii()
        and given.isprintable()
        and not set(given) & set(' <>()[],;:"\\')
    ):
        raise SettingsError(f"{name}: {given[:80]!r} is no plain address such as support@example.com")
    return given or None


def _server(url: str, name: str, schemes: Mapping[str, int]) -> MailServer:
    """``scheme://host[:port]``; the scheme with an s means TLS from the first byte, the other STARTTLS."""
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise SettingsError(
            f"{name}: {error}; write {next(iter(schemes))}://host or {next(iter(schemes))}://host:port"
        ) from error
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.path.strip("/") or parts.query:
        raise SettingsError(
            f"{name}: write {' or '.join(f'{s}://host' for s in schemes)} (implicit TLS or STARTTLS), with :port where it is another; the login goes elsewhere"
        )
    return MailServer(parts.hostname, port or schemes[parts.scheme], parts.scheme == next(iter(schemes)))


def _listed(text: str | None) -> tuple[str, ...]:
    """The words of a list with commas or blanks, in lower case."""
    return tuple((text or "").lower().replace(",", " ").split())


def _count(values: Mapping[str, str], name: str) -> int | None:
    """A whole number of at least one. Raises SettingsError."""
    text = (values.get(name) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 10**9:
        raise SettingsError(f"{name}: {text!r} is no whole number above zero")
    return int(text)


def _weekly(text: str) -> tuple[int, int, int] | None:
    """``Mon 08:00`` as weekday (0 Monday), hour, minute."""
    if not text.strip():
        return None
    day, _, clock = text.strip().partition(" ")
    hour, _, minute = clock.strip().partition(":")
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    if (
        day[:3].lower() not in days
        or not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit())
        or int(hour) > 23
        or int(minute) > 59
    ):
        raise SettingsError(f"REPORT_AT: {text!r} is no time of the week; write it as Mon 08:00")
    return days.index(day[:3].lower()), int(hour), int(minute)


def _places(text: str, name: str) -> tuple[str, ...]:
    places = tuple(dict.fromkeys(p.strip() for p in text.split(",") if p.strip()))
    for place in places:
        outlet, slash, rest = place.partition("/")
        if not (outlet and slash and rest):
            raise SettingsError(
                f"{name}: {place!r} is no place; write slack/C0123ABCD or mailbox/leads@firm.example, several with commas"
            )
    return places
