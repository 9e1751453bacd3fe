"""Settings, read from the environment once (and from ``.env`` in the working folder), then frozen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.errors import SettingsError

DEFAULT_DATABASE = "sqlite:///var/triage.db"
DEFAULT_LOG_STORE = "sqlite:///var/logs.db"
DEFAULT_SLACK_API = "https://slack.com/api/"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the environment says. docs/settings.md lists every variable."""

    database_url: str = DEFAULT_DATABASE
    log_store_url: str = DEFAULT_LOG_STORE
    log_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """Zone of log lines that name none (LOG_ZONE)."""
    knowledge_dir: Path | None = None
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

    @property
    def database_path(self) -> Path:
        """The SQLite file of DATABASE_URL. Raises SettingsError for another engine."""
        return sqlite_path(self.database_url, "DATABASE_URL")

    @property
    def log_store_path(self) -> Path:
        """The SQLite file of LOG_STORE_URL. Raises SettingsError for another engine."""
        return sqlite_path(self.log_store_url, "LOG_STORE_URL")


def sqlite_path(url: str, name: str) -> Path:
    """The file that an ``sqlite:///file`` URL names (``sqlite:////file`` is absolute)."""
    if not url.startswith("sqlite:///") or len(url) == len("sqlite:///"):
        scheme = url.partition(":")[0] or url
        raise SettingsError(f"{name}: {scheme}: is not supported here; use sqlite:///path/to/file")
    return Path(url.removeprefix("sqlite:///"))


def read_settings(environment: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> Settings:
    """Settings from the environment, else from ``dotenv``. Raises SettingsError naming the variable."""
    values = {**_dotenv(dotenv), **(os.environ if environment is None else environment)}
    zone_name = values.get("LOG_ZONE") or "UTC"
    try:
        zone = ZoneInfo(zone_name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise SettingsError(f"LOG_ZONE: {zone_name!r} is no time zone; use a name such as Europe/Berlin") from error
    folder = values.get("KNOWLEDGE_DIR")
    if folder and not Path(folder).is_dir():
        raise SettingsError(f"KNOWLEDGE_DIR: {folder}: no such folder")
    return Settings(
        database_url=values.get("DATABASE_URL") or DEFAULT_DATABASE,
        log_store_url=values.get("LOG_STORE_URL") or DEFAULT_LOG_STORE,
        log_zone=zone,
        knowledge_dir=Path(folder).resolve() if folder else None,
        accounts_url=values.get("ACCOUNTS_URL") or None,
        accounts_query=values.get("ACCOUNTS_QUERY") or None,
        accounts_token=values.get("ACCOUNTS_TOKEN") or None,
        slack_bot_token=values.get("SLACK_BOT_TOKEN") or None,
        slack_app_token=values.get("SLACK_APP_TOKEN") or None,
        slack_signing_secret=values.get("SLACK_SIGNING_SECRET") or None,
        slack_api_url=(values.get("SLACK_API_URL") or DEFAULT_SLACK_API).rstrip("/") + "/",
        slack_agents_group=values.get("SLACK_AGENTS_GROUP") or None,
        slack_leads_group=values.get("SLACK_LEADS_GROUP") or None,
        log_follow=tuple(path for path in (values.get("LOG_FOLLOW") or "").split(":") if path),
        log_journal_units=tuple((values.get("LOG_JOURNAL_UNITS") or "").split()),
        log_syslog_udp=_address(values, "LOG_SYSLOG_UDP"),
        log_syslog_tcp=_address(values, "LOG_SYSLOG_TCP"),
        log_http=_address(values, "LOG_HTTP"),
        log_http_token=values.get("LOG_HTTP_TOKEN") or None,
        log_keep_days=_count(values, "LOG_KEEP_DAYS"),
        log_keep_mb=_count(values, "LOG_KEEP_MB"),
    )


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
