"""Settings -> the wired application. The only file that names concrete adapters.

What only a triage needs is imported when one is asked for: reading a log must not wait for patterns over tickets.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.adapters.logstore.sqlite.store import SqliteLogStore
from bot.errors import KnowledgeFault, SettingsError
from bot.ports import AccountDirectory, LogStore, Outlet
from bot.settings import Settings
from knowledge import Knowledge, KnowledgeError, load

if TYPE_CHECKING:
    from bot.adapters.slack.client import SlackCalls
    from bot.adapters.slack.context import Edge
    from bot.adapters.store.desk import DeskStore
    from bot.chores import Chore
    from bot.reporting import Reporter, ReportPost
    from bot.triage import Triager
    from bot.work import Worker


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


def desk_of(settings: Settings) -> DeskStore:
    """The desk's store. An SQLite file is brought to this version here; a server's database by ``triage db upgrade``, on purpose."""
    from bot.adapters.store.database import Database
    from bot.adapters.store.desk import DeskStore
    from bot.adapters.store.upgrade import check, upgrade

    database = Database(settings.database_url)
    if database.sqlite:
        upgrade(database)
    else:
        check(database)
    return DeskStore(database, SystemClock())


def slack_calls_of(settings: Settings) -> SlackCalls:
    """The way to Slack's Web API. Raises SettingsError without a bot token."""
    from bot.adapters.slack.client import SlackCalls, web_client

    if not settings.slack_bot_token:
        raise SettingsError("SLACK_BOT_TOKEN: is not set; docs/slack.md says where it comes from")
    return SlackCalls(web_client(settings.slack_bot_token, settings.slack_api_url))


def slack_edge_of(settings: Settings, desk: DeskStore, triager: Triager) -> Edge:
    """What Slack's listeners call."""
    from bot.adapters.slack.context import Edge
    from bot.adapters.slack.people import SlackPeople
    from bot.decide import Decisions
    from bot.handle import Door

    calls = slack_calls_of(settings)
    people = SlackPeople(calls, desk, settings.slack_agents_group, settings.slack_leads_group)
    return Edge(calls, people, desk, Door(desk), Decisions(desk), triager, triager.logs)


def worker_of(settings: Settings, desk: DeskStore, triager: Triager) -> Worker:
    """One worker: its jobs, and the outlets that are configured."""
    from bot.adapters.slack.outlet import SlackOutlet
    from bot.chores import workers_of
    from bot.deliver import Courier
    from bot.handle import Handler
    from bot.work import Worker

    outlets: dict[str, Outlet] = {}
    if settings.slack_bot_token:
        outlets["slack"] = SlackOutlet(slack_calls_of(settings), desk)
    clock = SystemClock()
    chores = workers_of(desk, chores_of(settings, desk, triager.knowledge))
    return Worker(desk, Handler(desk, triager, clock, chores), Courier(desk, outlets, clock))


def reporter_of(settings: Settings, desk: DeskStore, knowledge: Knowledge) -> Reporter:
    """Reports over the desk's database and the log store."""
    from bot.adapters.logstore.sqlite.figures import SqliteLogFigures
    from bot.adapters.store.reports import StoredReports
    from bot.reporting import Reporter

    store = log_store_of(settings)
    logs: LogStore = store if store.path.is_file() else EmptyLogStore()
    return Reporter(StoredReports(desk.database), logs, SqliteLogFigures(store.path), knowledge, settings.report_zone, SystemClock())


def report_post_of(settings: Settings, desk: DeskStore, reporter: Reporter) -> ReportPost:
    """What posts reports. Raises SettingsError where no place is set."""
    from bot.adapters.chart.vega import png_of
    from bot.reporting import ReportPost

    if not settings.report_to:
        raise SettingsError("REPORT_TO: is not set; name the places, such as slack/C0123ABCD")
    return ReportPost(desk, reporter, png_of, settings.report_to)


def chores_of(settings: Settings, desk: DeskStore, knowledge: Knowledge) -> list[Chore]:
    """What the worker does by the clock, as far as it is set."""
    from bot.chores import Chore
    from bot.core.report.build import named
    from bot.incidents import IncidentWatch

    reporter = reporter_of(settings, desk, knowledge)
    watch = IncidentWatch(desk, reporter, {cause: named(cause, knowledge) for cause in (*knowledge.checks, *knowledge.others)}, settings.report_zone)
    chores = [Chore("incidents", timedelta(minutes=1), watch.look)]
    at = settings.report_at
    if at is not None:
        post = report_post_of(settings, desk, reporter)
        chores.append(Chore("report", timedelta(minutes=5), lambda now: post.by_the_clock(at, now)))
    return chores


def accounts_of(settings: Settings, knowledge: Knowledge) -> AccountDirectory:
    """The directory that is configured: a live one by ACCOUNTS_URL, else the imported CSV, else an empty one."""
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


def triager_of(settings: Settings) -> Triager:
    """Everything that a triage needs. A log store that does not exist yet is an empty one."""
    from bot.triage import Triager

    knowledge = knowledge_of(settings)
    store = log_store_of(settings)
    logs: LogStore = store if store.path.is_file() else EmptyLogStore()
    triager = Triager(knowledge, logs, accounts_of(settings, knowledge), SystemClock())
    triager.warm()
    return triager
