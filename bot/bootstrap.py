"""Settings -> the wired application. The only file that names concrete adapters.

What only a triage needs is imported when one is asked for: reading a log must not wait for patterns over tickets.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.errors import KnowledgeFault, SettingsError
from bot.ports import AccountDirectory, LogStore
from bot.settings import Settings
from knowledge import Knowledge, KnowledgeError, load

if TYPE_CHECKING:
    from bot.triage import Triager


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The current moment in UTC."""
        return datetime.now(UTC)


def knowledge_of(settings: Settings) -> Knowledge:
    """Our knowledge with the host's own laid over it. Raises KnowledgeFault naming file and key."""
    try:
        return load(settings.knowledge_dir)
    except KnowledgeError as error:
        raise KnowledgeFault(str(error)) from error


def log_store_of(settings: Settings) -> SqliteLogStore:
    """The embedded log store, whether it exists yet or not."""
    return SqliteLogStore(settings.log_store_path)


def accounts_of(settings: Settings, knowledge: Knowledge) -> AccountDirectory:
    """The directory that is configured: a live one by ACCOUNTS_URL, else the imported CSV, else an empty one."""
    plans = list(knowledge.plans)
    url = settings.accounts_url
    if url is None:
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


def triager_of(settings: Settings) -> Triager:
    """Everything that a triage needs. A log store that does not exist yet is an empty one."""
    from bot.triage import Triager

    knowledge = knowledge_of(settings)
    store = log_store_of(settings)
    logs: LogStore = store if store.path.is_file() else EmptyLogStore()
    triager = Triager(knowledge, logs, accounts_of(settings, knowledge), SystemClock())
    triager.warm()
    return triager
