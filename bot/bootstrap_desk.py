"""Settings -> the wired desk: channels, the worker, reports, the page. With bot/bootstrap.py the only file that
names concrete adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.bootstrap import SystemClock, knowledge_of, log_figures_of, log_store_of, logs_of
from bot.errors import SettingsError
from bot.ports import Outlet, Probes
from bot.settings import Settings
from knowledge import Knowledge

if TYPE_CHECKING:
    from starlette.routing import BaseRoute

    from bot.adapters.attachments.reader import ProgramReader
    from bot.adapters.helpdesk.inbox import HelpdeskInbox
    from bot.adapters.mailbox.source import MailboxSource
    from bot.adapters.slack.client import SlackCalls
    from bot.adapters.slack.context import Edge
    from bot.adapters.store.desk import DeskStore
    from bot.adapters.web.page.site import Site
    from bot.answer import Answers
    from bot.chores import Chore
    from bot.core.probe import ProbeResult
    from bot.core.report.values import Report
    from bot.reporting import Reporter, ReportPost
    from bot.triage import Triager
    from bot.work import Worker
    from knowledge.host import Settings as HostSettings


def slack_calls_of(settings: Settings) -> SlackCalls:
    """The way to Slack's Web API. Raises SettingsError without a bot token."""
    from bot.adapters.slack.client import SlackCalls, web_client

    if not settings.slack_bot_token:
        raise SettingsError("SLACK_BOT_TOKEN: is not set; docs/slack.md says where it comes from")
    return SlackCalls(web_client(settings.slack_bot_token, settings.slack_api_url))


def slack_edge_of(settings: Settings, desk: DeskStore, triager: Triager) -> Edge:
    """What Slack's listeners call."""
    from bot.adapters.helpdesk.vendors import ticket_links_of
    from bot.adapters.slack.context import Edge
    from bot.adapters.slack.people import SlackPeople
    from bot.decide import Decisions
    from bot.door import Door

    calls = slack_calls_of(settings)
    people = SlackPeople(calls, desk, settings.slack_agents_group, settings.slack_leads_group)
    reports = reports_of(reporter_of(settings, desk, triager.knowledge), settings.report_zone)
    links = ticket_links_of(settings)
    return Edge(calls, people, desk, Door(desk), Decisions(desk), triager, triager.logs, reports=reports, links=links)


def worker_of(settings: Settings, desk: DeskStore, triager: Triager) -> Worker:
    """One worker: its jobs, and the outlets that are configured."""
    from bot.adapters.helpdesk.outlet import HelpdeskOutlet
    from bot.adapters.slack.outlet import SlackOutlet
    from bot.adapters.web.page.outlet import PageOutlet
    from bot.chores import workers_of
    from bot.decide_incident import IncidentDecisions
    from bot.deliver import Courier
    from bot.handle import Handler
    from bot.work import Worker

    outlets: dict[str, Outlet] = {"page": PageOutlet(), **mailbox_outlets_of(settings, desk)}
    if settings.slack_bot_token:
        outlets["slack"] = SlackOutlet(slack_calls_of(settings), desk)
    triager = replace(triager, probes=probes_of(settings, desk, triager.knowledge, asks=True))
    clock = SystemClock()
    inbox = inbox_of(settings, desk, triager.knowledge)
    if inbox is not None:
        outlets[inbox.helpdesk.name] = HelpdeskOutlet(
            inbox.helpdesk, desk, tag=settings.helpdesk_tag or "", field=settings.helpdesk_field or ""
        )
        inbox.schedule()
    answers = answers_of(settings, triager.knowledge)
    chores = [*chores_of(settings, desk, triager.knowledge), shadow_chore(desk, triager)]
    jobs = {**(inbox.jobs() if inbox else {}), **IncidentDecisions(desk).jobs(), **workers_of(desk, chores)}
    return Worker(
        desk, Handler(desk, triager, clock, answers, jobs), Courier(desk, outlets, clock, judge=answers.judge)
    )


def shadow_chore(desk: DeskStore, triager: Triager) -> Chore:
    """A new version of the knowledge is run in the shadow on the last tickets."""
    from bot.adapters.store.shadows import StoredShadows
    from bot.chores import Chore
    from bot.shadowing import ShadowWatch

    return Chore("shadow", timedelta(seconds=20), ShadowWatch(StoredShadows(desk.database), triager).look)


def answers_of(settings: Settings, knowledge: Knowledge) -> Answers:
    """The gate of what nobody clicks."""
    from bot.answer import Answers
    from bot.core.policy.gate import Rules

    own = {*settings.own_addresses, *([settings.mailbox.address, *settings.mailbox.agents] if settings.mailbox else [])}
    rules = Rules(
        frozenset(settings.authserv_ids),
        frozenset(own),
        settings.auto_bar,
        settings.auto_acknowledge,
        per_minute=settings.auto_per_minute,
    )
    return Answers(knowledge, rules)


def inbox_of(settings: Settings, desk: DeskStore, knowledge: Knowledge) -> HelpdeskInbox | None:
    """The configured helpdesk's inbox; None where there is no helpdesk. Raises SettingsError naming the variable
    that is missing or wrong."""
    from bot.adapters.helpdesk.inbox import HelpdeskInbox
    from bot.adapters.helpdesk.standard import thread_of
    from bot.adapters.helpdesk.vendors import helpdesk_of, vendor_of

    vendor, helpdesk = vendor_of(settings), helpdesk_of(settings)
    if vendor is None or helpdesk is None:
        return None
    every = settings.helpdesk_poll_seconds or (300 if settings.helpdesk_webhook_secrets else vendor.every)
    return HelpdeskInbox(
        helpdesk,
        desk,
        SystemClock(),
        knowledge,
        timedelta(seconds=every),
        thread_of if helpdesk.name == "webhook" else None,
        attachment_reader_of(settings),
    )


def ingress_of(settings: Settings, desk: DeskStore) -> list[BaseRoute]:
    """The routes that other systems call; they may stand beside a page's in one application. Raises SettingsError as
    the helpdesk does."""
    from bot.adapters.helpdesk.inbox import READ
    from bot.adapters.helpdesk.vendors import arrival_of, helpdesk_of, vendor_of
    from bot.adapters.web.ingress import Arrival, Hook, Ingress, routes
    from bot.adapters.web.metrics import Metrics, scraper

    hooks: dict[str, Hook] = {}
    vendor, helpdesk = vendor_of(settings), helpdesk_of(settings)
    if vendor is not None and helpdesk is not None and vendor.scheme is not None and settings.helpdesk_webhook_secrets:
        known = vendor

        def arrival(document: object) -> Arrival:
            return Arrival(*arrival_of(known, document))

        hooks[helpdesk.name] = Hook(helpdesk.name, vendor.scheme, settings.helpdesk_webhook_secrets, arrival, READ)

    def ready() -> bool:
        with desk.look() as view:
            view.queues.backlog()
        return True

    return list(
        routes(
            Ingress(
                desk,
                SystemClock(),
                hooks,
                Metrics(desk, SystemClock()),
                scraper(
                    settings.metrics_token,
                    behind_proxy=settings.web_url is not None or settings.web_proxy_header is not None,
                ),
            ),
            ready,
        )
    )


def reporter_of(settings: Settings, desk: DeskStore, knowledge: Knowledge) -> Reporter:
    """Reports over the desk's database and the log store."""
    from bot.adapters.store.reports import StoredReports
    from bot.reporting import Reporter

    return Reporter(
        StoredReports(desk.database),
        logs_of(log_store_of(settings)),
        log_figures_of(settings),
        knowledge,
        settings.report_zone,
        SystemClock(),
    )


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
    from bot.probing import ProbeWatch

    reporter = reporter_of(settings, desk, knowledge)
    watch = IncidentWatch(
        desk,
        reporter,
        {cause: named(cause, knowledge) for cause in (*knowledge.checks, *knowledge.others)},
        settings.report_zone,
        probes_of(settings, desk, knowledge, asks=False),
    )
    chores = [Chore("incidents", timedelta(minutes=1), watch.look)]
    at = settings.report_at
    if at is not None:
        post = report_post_of(settings, desk, reporter)
        chores.append(Chore("report", timedelta(minutes=5), lambda now: post.by_the_clock(at, now)))
    if settings.probe_minutes is not None:
        probes = ProbeWatch(desk, partial(probe_servers, knowledge.settings))
        chores.append(Chore("probe", timedelta(minutes=settings.probe_minutes), probes.look))
    return chores


def probes_of(settings: Settings, desk: DeskStore, knowledge: Knowledge, *, asks: bool) -> Probes:
    """What probes have seen, as evidence for the diagnosis. ``asks``: a domain that is not known yet is asked about,
    where that is switched on."""
    from bot.core.probe import own_servers
    from bot.probing import StoredProbes

    def ask(domain: str) -> list[ProbeResult]:
        from bot.adapters.probe.names import Names, domain_of

        return Names(limit=2.0).look_shortly(domain_of(domain), knowledge.settings)

    return StoredProbes(desk, own_servers(knowledge.settings), ask if asks and settings.probe_domains else None)


def probe_servers(host: HostSettings, authority: Path | None = None) -> list[ProbeResult]:
    """Look at our own servers, as customers are told to reach them. Raises InputError for an ``authority`` that
    holds no certificate."""
    from bot.adapters.probe.servers import Servers
    from bot.core.probe import judge, own_servers

    seen = Servers(authority).look(own_servers(host))
    return [judge(one, SystemClock().now()) for one in seen]


def probe_domain(
    host: HostSettings, domain: str, selectors: Sequence[str] = (), server: tuple[str, int] | None = None
) -> list[ProbeResult]:
    """Ask the DNS about a customer's domain. Raises InputError for what is no domain, no selector or no name server."""
    from bot.adapters.probe.names import Names, domain_of, selector_of

    return Names(server).look(domain_of(domain), host, [selector_of(one) for one in selectors])


def site_of(settings: Settings, desk: DeskStore, triager: Triager, token: str | None) -> Site:
    """What the page's views call. ``token`` lets in whoever holds it; None where people sign in otherwise."""
    from bot.adapters.slack.people import SlackPeople
    from bot.adapters.web.page.people import Slack, Ways
    from bot.adapters.web.page.site import Site
    from bot.decide import Decisions
    from bot.decide_incident import IncidentDecisions
    from bot.door import Door

    members = (
        SlackPeople(slack_calls_of(settings), desk, settings.slack_agents_group, settings.slack_leads_group)
        if settings.slack_bot_token
        else None
    )

    def role(person: str) -> str:
        kind, _, rest = person.partition(":")
        if kind == "slack" and members is not None:
            return members.role(*rest.split(":", 1))
        with desk.look() as view:
            return view.people.role(person)

    slack = None
    if settings.slack_client_id and settings.slack_client_secret:
        slack = Slack(
            settings.slack_client_id,
            settings.slack_client_secret,
            settings.slack_team_id,
            settings.slack_api_url.removesuffix("api/"),
        )
    triager = replace(triager, probes=probes_of(settings, desk, triager.knowledge, asks=False))
    ways = Ways(desk, role, token, settings.web_proxy_header, settings.web_proxies, slack, settings.web_url)
    reporter = reporter_of(settings, desk, triager.knowledge)
    return Site(
        desk,
        Door(desk),
        Decisions(desk),
        triager,
        triager.logs,
        ways,
        drawn_by(reporter, settings.report_zone),
        IncidentDecisions(desk),
    )


def reports_of(reporter: Reporter, zone: ZoneInfo) -> Callable[[str], Report]:
    """The report of a week by its name; of the last one that is over for "". What it makes raises InputError for a
    week that is none."""
    from bot.core.report.weeks import week_before, week_named

    return lambda week: reporter.report(week_named(week, zone) if week else week_before(SystemClock().now(), zone))


def drawn_by(reporter: Reporter, zone: ZoneInfo) -> Callable[[Mapping[str, str]], bytes]:
    """The report of a week (``week``, else the last one that is over) as one page. Raises InputError for a week that
    is none."""
    from bot.adapters.chart.vega import svg_of
    from bot.core.report.charts import chart
    from bot.core.report.html import to_html

    reports = reports_of(reporter, zone)

    def drawn(query: Mapping[str, str]) -> bytes:
        report = reports(query.get("week") or "")
        return to_html(report, svg_of(chart(report))).encode()

    return drawn


def mailbox_outlets_of(settings: Settings, desk: DeskStore) -> dict[str, Outlet]:
    """The support mailbox's outlet by its name, where one is set up."""
    if settings.mailbox is None:
        return {}
    from bot.adapters.mailbox.outlet import MailboxOutlet

    return {"mailbox": MailboxOutlet(settings.mailbox, desk, SystemClock())}


def mailbox_source_of(settings: Settings, desk: DeskStore) -> MailboxSource:
    """What takes mail in. Raises SettingsError where no mailbox is set up."""
    from bot.adapters.mailbox.source import MailboxSource

    if settings.mailbox is None:
        raise SettingsError("MAILBOX_ADDRESS: is not set; docs/mailbox.md says how a support mailbox is set up")
    knowledge = knowledge_of(settings)
    checks = {name: check.id for check in knowledge.checks.values() for name in (str(check.number), check.id)} | {
        cause: cause for cause in knowledge.others
    }
    return MailboxSource(settings.mailbox, desk, attachment_reader_of(settings), checks)


def attachment_reader_of(settings: Settings) -> ProgramReader:
    """What opens pictures and archives. Raises SettingsError where OCR_LANGUAGES makes no sense."""
    from bot.adapters.attachments.ocr import ocr_here
    from bot.adapters.attachments.reader import ProgramReader

    return ProgramReader(ocr_here(settings.ocr_languages))
