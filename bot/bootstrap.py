"""Settings -> the wired application. The only file that names concrete adapters.

What only a triage needs is imported when one is asked for: reading a log must not wait for patterns over tickets.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.errors import KnowledgeFault, SettingsError
from bot.settings import READ_ONLY_LOG_STORES, Settings

if TYPE_CHECKING:
    from bot.adapters.logstore.feeding import FeedStore
    from bot.adapters.logstore.follow.loop import Follow
    from bot.adapters.logstore.stores import CheckedLogStore, OwnLogStore
    from bot.adapters.store.desk import DeskStore
    from bot.ports import AccountDirectory, LogFigures, LogStore
    from bot.triage import Triager
    from knowledge import Knowledge


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The current moment in UTC."""
        return datetime.now(UTC)


def knowledge_of(settings: Settings) -> Knowledge:
    """Our knowledge with the host's own laid over it. Raises KnowledgeFault naming file and key."""
    from knowledge import KnowledgeError, load

    try:
        return load(settings.knowledge_dir)
    except KnowledgeError as error:
        raise KnowledgeFault(str(error)) from error


def log_store_of(settings: Settings) -> CheckedLogStore:
    """The log store of LOG_STORE_URL, whether it exists yet or not. Raises SettingsError."""
    product = settings.log_store_scheme.partition("+")[0]
    if product == "loki":
        from bot.adapters.logstore.loki import LokiLogStore

        return LokiLogStore(settings.log_store_url, zone=settings.log_zone)
    if product in ("opensearch", "elasticsearch"):
        from bot.adapters.logstore.opensearch import OpenSearchLogStore

        return OpenSearchLogStore(settings.log_store_url, zone=settings.log_zone)
    return own_log_store_of(settings)


def own_log_store_of(settings: Settings) -> OwnLogStore:
    """The log store of LOG_STORE_URL as one that we fill. Raises SettingsError where it is one that the host fills."""
    product = settings.log_store_scheme.partition("+")[0]
    if product in READ_ONLY_LOG_STORES:
        raise SettingsError(
            f"LOG_STORE_URL: {product}: is only searched, its host fills it; use sqlite, postgresql or clickhouse to take logs in or drop old ones"
        )
    if product == "postgresql":
        from bot.adapters.logstore.postgres import PostgresLogStore

        return PostgresLogStore(settings.log_store_url)
    if product == "clickhouse":
        from bot.adapters.logstore.clickhouse import ClickHouseLogStore

        return ClickHouseLogStore(settings.log_store_url)
    return SqliteLogStore(settings.log_store_path)


def log_figures_of(settings: Settings) -> LogFigures | None:
    """What reports and incidents ask of the log store; None where its host fills it: then it is only searched."""
    return (
        None
        if settings.log_store_scheme.partition("+")[0] in READ_ONLY_LOG_STORES
        else own_log_store_of(settings).figures()
    )


def feed_store_of(settings: Settings) -> FeedStore:
    """The log store of LOG_STORE_URL as live feeds fill it. Raises SettingsError where its host fills it."""
    product = settings.log_store_scheme.partition("+")[0]
    name = settings.log_follow_name or socket.gethostname()
    if product == "postgresql":
        from bot.adapters.logstore.postgres.feeding import PostgresFeedStore

        return PostgresFeedStore(settings.log_store_url, name)
    if product == "clickhouse":
        from bot.adapters.logstore.clickhouse.feeding import ClickHouseFeedStore

        return ClickHouseFeedStore(settings.log_store_url, name)
    own_log_store_of(settings)
    from bot.adapters.logstore.sqlite.feeding import SqliteFeedStore

    return SqliteFeedStore(settings.log_store_path)


def follow_of(settings: Settings, paths: Sequence[str], say: Callable[[str], None]) -> Follow:
    """The feeds that are configured, files from ``paths`` or else LOG_FOLLOW, on their way into a store of ours.

    Raises SettingsError where there is no feed at all, or an HTTP listener without a token; InputError for a path
    that cannot be followed.
    """
    from bot.adapters.logstore.follow.feed import Feed, FileFeed, live_files
    from bot.adapters.logstore.follow.loop import Follow, Keep
    from bot.adapters.logstore.follow.stream import Stream

    now = SystemClock().now

    def stream() -> Stream:
        return Stream(settings.log_zone, now)

    feeds: list[Feed] = [FileFeed(path, stream(), say) for path in live_files(paths or settings.log_follow)]
    if settings.log_journal_units:
        from bot.adapters.logstore.follow.journal import JournalFeed

        feeds.append(JournalFeed(settings.log_journal_units, stream(), say))
    if settings.log_http is not None and not settings.log_http_token:
        raise SettingsError("LOG_HTTP_TOKEN: is not set; whoever knows it may push lines to LOG_HTTP")
    if settings.log_syslog_udp or settings.log_syslog_tcp or settings.log_http:
        from bot.adapters.logstore.follow.listeners import Listeners

        listeners = Listeners(
            settings.log_syslog_udp,
            settings.log_syslog_tcp,
            settings.log_http,
            settings.log_http_token or "",
            stream,
            now,
            say,
        )
        feeds += listeners.feeds
    if not feeds:
        raise SettingsError(
            "LOG_FOLLOW: is not set and no PATH is given; name files, or set LOG_JOURNAL_UNITS, LOG_SYSLOG_UDP, LOG_SYSLOG_TCP or LOG_HTTP"
        )
    age = None if settings.log_keep_days is None else timedelta(days=settings.log_keep_days)
    size = None if settings.log_keep_mb is None else settings.log_keep_mb * 1_000_000
    return Follow(feed_store_of(settings), feeds, say=say, keep=Keep(age, size), now=now)


def desk_of(settings: Settings) -> DeskStore:
    """The desk's store. An SQLite file is brought to this version here; a server's database by ``triage db
    upgrade``, on purpose."""
    from bot.adapters.store.database import Database
    from bot.adapters.store.desk import DeskStore
    from bot.adapters.store.upgrade import check, upgrade

    database = Database(settings.database_url)
    if database.sqlite:
        upgrade(database)
    else:
        check(database)
    return DeskStore(database, SystemClock())


def accounts_of(settings: Settings, knowledge: Knowledge) -> AccountDirectory:
    """The directory that is configured: a live one by ACCOUNTS_URL, else the imported CSV, else an empty one."""
    from bot.adapters.accounts.memory import EmptyAccountDirectory

    plans = list(knowledge.plans)
    url = settings.accounts_url
    if url is None:
        if not settings.database_url.startswith("sqlite:"):
            return EmptyAccountDirectory()
        from bot.adapters.accounts.csv_directory import CsvAccountDirectory

        path = settings.database_path
        return CsvAccountDirectory(path) if path.is_file() else EmptyAccountDirectory()
    if url.startswith(("http://", "https://")):
        from bot.adapters.accounts.http_directory import HttpAccountDirectory

        return HttpAccountDirectory(url, token=settings.accounts_token, plans=plans)
    if not settings.accounts_query:
        raise SettingsError("ACCOUNTS_QUERY: must hold the SELECT (with :address) that ACCOUNTS_URL is asked with")
    from bot.adapters.accounts.sql_directory import SqlAccountDirectory

    return SqlAccountDirectory(url, settings.accounts_query, plans=plans)


def logs_of(store: CheckedLogStore) -> LogStore:
    """The store as it is asked: the embedded one holds nothing as long as its file is not there."""
    from bot.adapters.logstore.later import LaterLogStore

    return LaterLogStore(store) if isinstance(store, SqliteLogStore) else store


def triager_of(settings: Settings) -> Triager:
    """Everything that a triage needs. A log store that does not exist yet is an empty one."""
    from bot.triage import Triager

    knowledge = knowledge_of(settings)
    triager = Triager(knowledge, logs_of(log_store_of(settings)), accounts_of(settings, knowledge), SystemClock())
    triager.warm()
    return triager
