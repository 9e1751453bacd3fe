"""Settings, read from the environment once (and from ``.env`` in the working folder), then frozen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from zoneinfo import ZoneInfo

from bot import settings_areas as areas
from bot.errors import SettingsError
from bot.settings_areas import MailboxSettings

DEFAULT_DATABASE = "sqlite:///var/triage.db"
DEFAULT_LOG_STORE = "sqlite:///var/logs.db"
LOG_STORE_SCHEMES = {
    "sqlite",
    "postgresql",
    "clickhouse",
    "clickhouse+https",
    "loki+https",
    "loki+http",
    "opensearch+https",
    "opensearch+http",
    "elasticsearch+https",
    "elasticsearch+http",
}
READ_ONLY_LOG_STORES = ("loki", "opensearch", "elasticsearch")
"""Products that a host fills by itself: we only search there."""
DEFAULT_SLACK_API = "https://slack.com/api/"


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
    """Names under which our own mail exchanger writes Authentication-Results (AUTHSERV_ID); none: no sender is
    proven by mail."""
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
    helpdesk_tag: str | None = None
    """Begins the tags that decided tickets get in the helpdesk; None: none are set."""
    helpdesk_field: str | None = None
    """The helpdesk's own field that holds the cause; None: none is set."""
    helpdesk_poll_seconds: int | None = None
    """Between two sweeps; None: 300 where webhooks come in, else 15, and 5 for a helpdesk that is one's own server."""
    log_follow: tuple[str, ...] = ()
    """Paths that ``triage logs follow`` follows where none is given (LOG_FOLLOW, separated by colons)."""
    log_follow_name: str | None = None
    """What a follower is called in a store that several machines fill (LOG_FOLLOW_NAME); None: as the machine is."""
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
    probe_minutes: int | None = None
    """How often the worker probes our own servers (PROBE_MINUTES); None: never."""
    probe_domains: bool = False
    """Whether the name servers are asked about the domain of a ticket's mailbox (PROBE_DOMAINS)."""
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
    metrics_token: str | None = None
    """What /metrics wants as a bearer token (METRICS_TOKEN); None: it is open to this machine alone."""
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
    zone = areas.zone(values, "LOG_ZONE", "UTC")
    folder = values.get("KNOWLEDGE_DIR")
    if folder and not Path(folder).is_dir():
        raise SettingsError(f"KNOWLEDGE_DIR: {folder}: no such folder")
    return Settings(
        database_url=values.get("DATABASE_URL") or DEFAULT_DATABASE,
        log_store_url=log_store_url(values.get("LOG_STORE_URL") or DEFAULT_LOG_STORE),
        log_zone=zone,
        knowledge_dir=Path(folder).resolve() if folder else None,
        mailbox=areas.mailbox(values),
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
        **areas.automatic(values),
        **areas.helpdesk(values),
        **areas.logs(values),
        **areas.web(values),
        slack_client_id=values.get("SLACK_CLIENT_ID") or None,
        slack_client_secret=values.get("SLACK_CLIENT_SECRET") or None,
        slack_team_id=values.get("SLACK_TEAM_ID") or None,
        **areas.reports(values, zone),
        **areas.probes(values),
    )


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
