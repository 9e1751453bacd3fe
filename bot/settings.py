"""Settings, read from the environment once (and from ``.env`` in the working folder), then frozen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
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
        slack_client_id=values.get("SLACK_CLIENT_ID") or None,
        slack_client_secret=values.get("SLACK_CLIENT_SECRET") or None,
        slack_team_id=values.get("SLACK_TEAM_ID") or None,
        **_web(values),
    )


def _web(values: Mapping[str, str]) -> dict[str, Any]:
    """The page's settings. Raises SettingsError naming the variable."""
    port, url, token, header = (values.get(n) or None for n in ("WEB_PORT", "WEB_URL", "WEB_TOKEN", "WEB_PROXY_HEADER"))
    if port is not None and not (port.isdecimal() and len(port) < 6 and 0 < int(port) < 65536):
        raise SettingsError(f"WEB_PORT: {port!r} is no port; use a number from 1 to 65535")
    if url is not None and not (url.startswith(("http://", "https://")) and urlsplit(url).hostname and urlsplit(url).path in ("", "/")):
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
