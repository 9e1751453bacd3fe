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
    report_zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("UTC"))
    """Zone whose days and ISO weeks reports count (REPORT_ZONE; else LOG_ZONE)."""
    report_at: tuple[int, int, int] | None = None
    """When the weekly report is posted: weekday (0 Monday), hour, minute in ``report_zone``."""
    report_to: tuple[str, ...] = ()
    """Places: ``slack/CHANNEL``, ``mailbox/ADDRESS``."""

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
    zone = _zone(values, "LOG_ZONE", "UTC")
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
        report_zone=_zone(values, "REPORT_ZONE", zone.key),
        report_at=_weekly(values.get("REPORT_AT") or ""),
        report_to=_places(values.get("REPORT_TO") or "", "REPORT_TO"),
    )


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
