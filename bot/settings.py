"""Settings, read from the environment once (and from ``.env`` in the working folder), then frozen."""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import SettingsError

DEFAULT_DATABASE = "sqlite:///var/triage.db"
DEFAULT_LOG_STORE = "sqlite:///var/logs.db"
LOG_STORE_SCHEMES = {
    "sqlite", "postgresql", "clickhouse", "clickhouse+https", "loki+https", "loki+http", "opensearch+https", "opensearch+http",
    "elasticsearch+https", "elasticsearch+http",
}  # fmt: skip
READ_ONLY_LOG_STORES = ("loki", "opensearch", "elasticsearch")
"""Products that a host fills by itself: we only search there."""
DEFAULT_SLACK_API = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is fetched or handed in. TLS from the first byte where ``implicit``, else by STARTTLS; never without."""

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
    """Colleagues' addresses: the first gets the notes, and what any of them writes on a case counts as a human's answer."""
    folder: str = "INBOX"
    sent: str | None = None
    """None: the folder that the server marks as such (RFC 6154), else Sent."""
    authority: Path | None = None
    """A PEM file of authorities to trust besides the system's."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. docs/settings.md lists every variable."""

    database_url: str = DEFAULT_DATABASE
    log_store_url: str = DEFAULT_LOG_STORE
    log_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """Zone of log lines that name none (LOG_ZONE)."""
    knowledge_dir: Path | None = None
    mailbox: MailboxSettings | None = None
    """The support mailbox; None where none is set up."""
    ocr_languages: str = "eng"
    """Languages that tesseract reads pictures in, its own names joined by +."""
    accounts_url: str | None = None
    """Where accounts are looked up live: an SQLAlchemy URL or http(s). None: the imported CSV."""
    accounts_query: str | None = None
    accounts_token: str | None = None
    slack_bot_token: str | None = None
    slack_app_token: str | None = None
    """For Socket Mode; without it Slack has to reach us by HTTP."""
    slack_signing_secret: str | None = None
    slack_api_url: str = DEFAULT_SLACK_API
    slack_agents_group: str | None = None
    """Id of the user group whose members are agents."""
    slack_leads_group: str | None = None
    authserv_ids: tuple[str, ...] = ()
    """Names under which our own mail exchanger writes Authentication-Results (AUTHSERV_ID); none: no sender is proven by mail."""
    own_addresses: tuple[str, ...] = ()
    """Addresses of ours that no machine of ours ever answers (OWN_ADDRESSES)."""
    auto_bar: float = 0.95
    """Precision that agents' decisions must prove before a check is answered without a click (AUTO_BAR)."""
    auto_acknowledge: str = "missing"
    """missing or nothing: what a ticket gets by itself that is not answered (AUTO_ACKNOWLEDGE)."""
    auto_per_minute: int = 30
    """Automatic mails a minute in all before the breaker trips (AUTO_PER_MINUTE)."""
    helpdesk_kind: str | None = None
    """rt, zendesk, zammad, freshdesk, helpscout, front, intercom, chatwoot, webhook. None: no helpdesk."""
    helpdesk_url: str | None = None
    helpdesk_user: str | None = None
    """Whom the token belongs to: docs/helpdesks.md says what each helpdesk wants here."""
    helpdesk_token: str | None = None
    helpdesk_account: str | None = None
    """A number or id of the helpdesk's own: Chatwoot's account, RT's queue, Front's channel."""
    helpdesk_webhook_secrets: tuple[str, ...] = ()
    """More than one while a secret is being changed."""
    helpdesk_poll_seconds: int | None = None
    """Between two sweeps; None: 300 where webhooks come in, else 15."""
    log_follow: tuple[str, ...] = ()
    """Paths that ``triage logs follow`` follows where none is given (LOG_FOLLOW, separated by colons)."""
    log_journal_units: tuple[str, ...] = ()
    """Units of journald that are followed (LOG_JOURNAL_UNITS, separated by spaces); ``all`` is every unit."""
    log_syslog_udp: tuple[str, int] | None = None
    log_syslog_tcp: tuple[str, int] | None = None
    log_http: tuple[str, int] | None = None
    """Where lines are taken in: address and port."""
    log_http_token: str | None = None
    log_keep_days: int | None = None
    log_keep_mb: int | None = None
    """What ``triage logs follow`` keeps: None is without end."""
    report_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """Zone whose days and ISO weeks reports count (REPORT_ZONE; else LOG_ZONE)."""
    report_at: tuple[int, int, int] | None = None
    """When the weekly report is posted: weekday (0 Monday), hour, minute in ``report_zone``."""
    report_to: tuple[str, ...] = ()
    """Places: ``slack/CHANNEL``, ``mailbox/ADDRESS``."""
    slack_client_id: str | None = None
    """With the secret: Sign in with Slack on the page."""
    slack_client_secret: str | None = None
    slack_team_id: str | None = None
    web_host: str = "127.0.0.1"
    web_port: int = 8080
    web_url: str | None = None
    """Where the page is reached from outside, where that is not here."""
    web_token: str | None = None
    """This machine's token; None: a new one at every start."""
    web_proxy_header: str | None = None
    """In which header a proxy that signs people in says who it is."""
    web_proxies: tuple[IPv4Network | IPv6Network, ...] = ()

    @property
    def database_path(self) -> Path:
        """The SQLite file of DATABASE_URL. Raises SettingsError for another engine."""
        return sqlite_path(self.database_url, "DATABASE_URL")

    @property
    def log_store_path(self) -> Path:
        """The SQLite file of LOG_STORE_URL. Raises SettingsError for another engine."""
        return sqlite_path(self.log_store_url, "LOG_STORE_URL")

    @property
    def log_store_scheme(self) -> str:
        """What stands before the colon of LOG_STORE_URL."""
        return self.log_store_url.partition(":")[0]


def sqlite_path(url: str, name: str) -> Path:
    """The file that an ``sqlite:///file`` URL names (``sqlite:////file`` is absolute)."""
    if not url.startswith("sqlite:///") or len(url) == len("sqlite:///"):
        scheme = url.partition(":")[0] or url
        raise SettingsError(f"{name}: {scheme}: is not supported here; use sqlite:///path/to/file")
    return Path(url.removeprefix("sqlite:///"))


def log_store_url(url: str) -> str:
    """``url`` where it names a kind of log store that there is. Raises SettingsError."""
    scheme = url.partition(":")[0]
    if scheme not in LOG_STORE_SCHEMES or not url.removeprefix(scheme).startswith("://"):
        known = "sqlite:///file, postgresql://…, clickhouse://…, clickhouse+https://…, loki+https://…, opensearch+https://… or elasticsearch+https://…"
        raise SettingsError(f"LOG_STORE_URL: {scheme[:40]}: is no kind of log store; use {known}")
    if scheme == "sqlite":
        sqlite_path(url, "LOG_STORE_URL")
    return url


def read_settings(environment: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> Settings:
    """Settings from the environment, else from ``dotenv``. Raises SettingsError naming the variable."""
    values = {**_dotenv(dotenv), **(os.environ if environment is None else environment)}
    zone = _zone(values, "LOG_ZONE", "UTC")
    folder = values.get("KNOWLEDGE_DIR")
    if folder and not Path(folder).is_dir():
        raise SettingsError(f"KNOWLEDGE_DIR: {folder}: no such folder")
    return Settings(
        database_url=values.get("DATABASE_URL") or DEFAULT_DATABASE,
        log_store_url=log_store_url(values.get("LOG_STORE_URL") or DEFAULT_LOG_STORE),
        log_zone=zone,
        knowledge_dir=Path(folder).resolve() if folder else None,
        mailbox=_mailbox(values),
        ocr_languages=values.get("OCR_LANGUAGES") or "eng",
        accounts_url=values.get("ACCOUNTS_URL") or None,
        accounts_query=values.get("ACCOUNTS_QUERY") or None,
        accounts_token=values.get("ACCOUNTS_TOKEN") or None,
        slack_bot_token=values.get("SLACK_BOT_TOKEN") or None,
        slack_app_token=values.get("SLACK_APP_TOKEN") or None,
        slack_signing_secret=values.get("SLACK_SIGNING_SECRET") or None,
        slack_api_url=(values.get("SLACK_API_URL") or DEFAULT_SLACK_API).rstrip("/") + "/",
        slack_agents_group=values.get("SLACK_AGENTS_GROUP") or None,
        slack_leads_group=values.get("SLACK_LEADS_GROUP") or None,
        **_automatic(values),
        **_helpdesk(values),
        **_logs(values),
        **_web(values),
        slack_client_id=values.get("SLACK_CLIENT_ID") or None,
        slack_client_secret=values.get("SLACK_CLIENT_SECRET") or None,
        slack_team_id=values.get("SLACK_TEAM_ID") or None,
        report_zone=_zone(values, "REPORT_ZONE", zone.key),
        report_at=_weekly(values.get("REPORT_AT") or ""),
        report_to=_places(values.get("REPORT_TO") or "", "REPORT_TO"),
    )


def _automatic(values: Mapping[str, str]) -> dict[str, Any]:
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
    return {"authserv_ids": _listed(values.get("AUTHSERV_ID")), "own_addresses": own, "auto_bar": share, "auto_acknowledge": acknowledge, "auto_per_minute": mails}


def _listed(text: str | None) -> tuple[str, ...]:
    """The words of a list with commas or blanks, in lower case."""
    return tuple((text or "").lower().replace(",", " ").split())


def _helpdesk(values: Mapping[str, str]) -> dict[str, Any]:
    """What HELPDESK_* says. Raises SettingsError naming the variable."""
    poll = values.get("HELPDESK_POLL_SECONDS") or ""
    if poll and not (poll.isascii() and poll.isdigit() and 1 <= int(poll[:9]) <= 86_400):
        raise SettingsError(f"HELPDESK_POLL_SECONDS: {poll[:40]!r} is no number of seconds from 1 to 86400")
    return {"helpdesk_kind": (values.get("HELPDESK_KIND") or "").strip().lower() or None, "helpdesk_poll_seconds": int(poll) if poll else None,
            "helpdesk_webhook_secrets": tuple((values.get("HELPDESK_WEBHOOK_SECRET") or "").split()),
            **{f"helpdesk_{name}": values.get(f"HELPDESK_{name.upper()}") or None for name in ("url", "user", "token", "account")}}


def _logs(values: Mapping[str, str]) -> dict[str, Any]:
    """What LOG_* says of following logs. Raises SettingsError naming the variable."""
    return {
        "log_follow": tuple(path for path in (values.get("LOG_FOLLOW") or "").split(":") if path),
        "log_journal_units": tuple((values.get("LOG_JOURNAL_UNITS") or "").split()),
        "log_syslog_udp": _address(values, "LOG_SYSLOG_UDP"),
        "log_syslog_tcp": _address(values, "LOG_SYSLOG_TCP"),
        "log_http": _address(values, "LOG_HTTP"),
        "log_http_token": values.get("LOG_HTTP_TOKEN") or None,
        "log_keep_days": _count(values, "LOG_KEEP_DAYS"),
        "log_keep_mb": _count(values, "LOG_KEEP_MB"),
    }


def _address(values: Mapping[str, str], name: str) -> tuple[str, int] | None:
    """``host:port``, ``[IPv6]:port`` or ``:port`` (this machine only). Raises SettingsError."""
    text = (values.get(name) or "").strip()
    if not text:
        return None
    host, colon, port = text.rpartition(":")
    if not colon or not (port.isascii() and port.isdecimal()) or int(port) > 65535 or (":" in host and not (host.startswith("[") and host.endswith("]"))):
        raise SettingsError(f"{name}: {text!r} is no address and port; write 127.0.0.1:5514, [::1]:5514 or :5514")
    return host.strip("[]") or "127.0.0.1", int(port)


def _count(values: Mapping[str, str], name: str) -> int | None:
    """A whole number of at least one. Raises SettingsError."""
    text = (values.get(name) or "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or not 0 < int(text) < 10**9:
        raise SettingsError(f"{name}: {text!r} is no whole number above zero")
    return int(text)


def _zone(values: Mapping[str, str], name: str, default: str) -> ZoneInfo:
    given = values.get(name) or default
    try:
        return ZoneInfo(given)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise SettingsError(f"{name}: {given!r} is no time zone; use a name such as Europe/Berlin") from error


def _weekly(text: str) -> tuple[int, int, int] | None:
    """``Mon 08:00`` as weekday, hour, minute."""
    if not text.strip():
        return None
    day, _, clock = text.strip().partition(" ")
    hour, _, minute = clock.strip().partition(":")
    days = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
    if day[:3].lower() not in days or not (hour.isascii() and hour.isdigit() and minute.isascii() and minute.isdigit()) or int(hour) > 23 or int(minute) > 59:
        raise SettingsError(f"REPORT_AT: {text!r} is no time of the week; write it as Mon 08:00")
    return days.index(day[:3].lower()), int(hour), int(minute)


def _places(text: str, name: str) -> tuple[str, ...]:
    places = tuple(dict.fromkeys(p.strip() for p in text.split(",") if p.strip()))
    for place in places:
        outlet, slash, rest = place.partition("/")
        if not (outlet and slash and rest):
            raise SettingsError(f"{name}: {place!r} is no place; write slack/C0123ABCD or mailbox/leads@firm.example, several with commas")
    return places


def _web(values: Mapping[str, str]) -> dict[str, Any]:
    """The page's settings. Raises SettingsError naming the variable."""
    port, url, token, header = (values.get(n) or None for n in ("WEB_PORT", "WEB_URL", "WEB_TOKEN", "WEB_PROXY_HEADER"))
    if port is not None and not (port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        raise SettingsError(f"WEB_PORT: {port!r} is no port; use a number from 1 to 65535")
    if url is not None and not (url.startswith(("http://", "https://")) and urllib.parse.urlsplit(url).hostname and urllib.parse.urlsplit(url).path in ("", "/")):
        raise SettingsError(f"WEB_URL: {url!r} is no address of a host; use https://triage.example.com")
    if token is not None and len(token) < 20:
        raise SettingsError("WEB_TOKEN: is shorter than 20 characters; make one: python3 -c 'import secrets; print(secrets.token_urlsafe(32))'")
    networks: list[IPv4Network | IPv6Network] = []
    for part in (values.get("WEB_PROXIES") or "").replace(",", " ").split():
        try:
            networks.append(ip_network(part))
        except ValueError as error:
            raise SettingsError(f"WEB_PROXIES: {part!r} is no address or network ({error}); use such as 127.0.0.1 or 10.0.0.0/24") from error
    if bool(header) != bool(networks):
        raise SettingsError("WEB_PROXY_HEADER and WEB_PROXIES: set both or none; a header is believed from these proxies only")
    if bool(values.get("SLACK_CLIENT_ID")) != bool(values.get("SLACK_CLIENT_SECRET")):
        raise SettingsError("SLACK_CLIENT_ID and SLACK_CLIENT_SECRET: set both or none")
    return {"web_host": values.get("WEB_HOST") or "127.0.0.1", "web_port": int(port) if port else 8080, "web_url": url, "web_token": token,
            "web_proxy_header": header, "web_proxies": tuple(networks)}


def _dotenv(path: Path) -> dict[str, str]:
    """``NAME=value`` lines of a .env file; quotes around a value are dropped, ``#`` starts a comment line."""
    if not path.is_file():
        return {}
    values: dict[str, str] = {}
    for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1):
        text = line.strip().removeprefix("export ")
        if not text or text.startswith("#"):
            continue
        name, equals, value = text.partition("=")
        if not equals or not name.strip().isidentifier():
            raise SettingsError(f"{path}: line {number} is not NAME=value")
        values[name.strip()] = value.strip().strip("'\"")
    return values


def _mailbox(values: Mapping[str, str]) -> MailboxSettings | None:
    """The support mailbox, where MAILBOX_ADDRESS names one. Raises SettingsError naming the variable."""
    address = _address(values.get("MAILBOX_ADDRESS") or "", "MAILBOX_ADDRESS")
    if address is None:
        return None
    for name in ("MAILBOX_PASSWORD", "MAILBOX_IMAP", "MAILBOX_SMTP"):
        if not values.get(name):
            raise SettingsError(f"{name}: is not set, and MAILBOX_ADDRESS is; docs/mailbox.md says what goes there")
    authority = values.get("MAILBOX_CA")
    if authority and not Path(authority).is_file():
        raise SettingsError(f"MAILBOX_CA: {authority}: no such file; it holds the authority's certificate in PEM")
    agents = [_address(one, "MAILBOX_AGENTS") for one in (values.get("MAILBOX_AGENTS") or "").split(",")]
    return MailboxSettings(
        address=address, user=values.get("MAILBOX_USER") or address, password=values["MAILBOX_PASSWORD"],
        imap=_server(values["MAILBOX_IMAP"], "MAILBOX_IMAP", {"imaps": 993, "imap": 143}),
        smtp=_server(values["MAILBOX_SMTP"], "MAILBOX_SMTP", {"smtps": 465, "smtp": 587}),
        agents=tuple(one for one in agents if one), folder=values.get("MAILBOX_FOLDER") or "INBOX", sent=values.get("MAILBOX_SENT") or None,
        authority=Path(authority).resolve() if authority else None,
    )


def _address(text: str, name: str) -> str | None:
    given = text.strip().lower()
    local, at, domain = given.rpartition("@")
    if given and not (local and at and "." in domain and given.isascii() and given.isprintable() and not set(given) & set(" <>()[],;:\"\\")):
        raise SettingsError(f"{name}: {given[:80]!r} is no plain address such as support@example.com")
    return given or None


def _server(url: str, name: str, schemes: Mapping[str, int]) -> MailServer:
    """``scheme://host[:port]``; the scheme with an s means TLS from the first byte, the other STARTTLS."""
    try:
        parts = urllib.parse.urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        raise SettingsError(f"{name}: {error}; write {next(iter(schemes))}://host or {next(iter(schemes))}://host:port") from error
    if parts.scheme not in schemes or not parts.hostname or parts.username or parts.path.strip("/") or parts.query:
        raise SettingsError(f"{name}: write {' or '.join(f'{s}://host' for s in schemes)} (implicit TLS or STARTTLS), with :port where it is another; the login goes elsewhere")
    return MailServer(parts.hostname, port or schemes[parts.scheme], parts.scheme == next(iter(schemes)))
