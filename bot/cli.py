"""The console command ``triage``. Only options and help live here; bot/commands does the work."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.errors import TriageError

app = typer.Typer(
    name="triage", no_args_is_help=True, add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Tell people why their mail program cannot connect, with the server's own line as proof.",
)
logs_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Server logs: read, search, decode, and see what is covered.")
accounts_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Accounts: plans, pauses, domains.")
knowledge_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="What the bot knows: checks, decoded errors, clients.")
db_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="The database.")
app.add_typer(logs_app, name="logs")
app.add_typer(accounts_app, name="accounts")
app.add_typer(knowledge_app, name="knowledge")
app.add_typer(db_app, name="db")


class TicketFormat(StrEnum):
    """How a ticket is written."""

    auto = "auto"
    text = "text"
    html = "html"
    eml = "eml"
    json = "json"
    jsonl = "jsonl"


Json = Annotated[bool, typer.Option("--json", help="Print JSON alone, one object a line.")]


@app.command("ticket", epilog="Examples:  triage ticket mail.eml   |   triage ticket --json - < tickets.jsonl")
def ticket(
    files: Annotated[list[str] | None, typer.Argument(help="Ticket files; - or nothing reads standard input.", metavar="[FILE ...|-]")] = None,
    format: Annotated[TicketFormat, typer.Option(help="How the tickets are written.")] = TicketFormat.auto,
    json: Json = False,
    lang: Annotated[str | None, typer.Option(help="Language of the reply (en, de, ...) instead of the ticket's.")] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep ticket and triage in the database.")] = False,
    verified: Annotated[bool, typer.Option("--verified", help="The requester is proven to own the mailbox.")] = False,
) -> None:
    """Read tickets, find the server's lines, name the check, draft the answer."""
    from bot.commands.ticket import run

    run(files or ["-"], format=format.value, as_json=json, language=lang, save=save, verified=verified)


@app.command("eval", epilog="Example:  triage eval tickets.jsonl gold.jsonl --logs logs/ --accounts accounts.csv --json")
def evaluate(
    tickets: Annotated[Path, typer.Argument(help="Tickets, one JSON object a line.", metavar="TICKETS.jsonl")],
    gold: Annotated[Path, typer.Argument(help="Gold answers, one JSON object a line.", metavar="GOLD.jsonl")],
    more: Annotated[list[str] | None, typer.Argument(help="Further logs, where several follow --logs.", metavar="[PATH ...]", show_default=False)] = None,
    logs: Annotated[list[str] | None, typer.Option(help="Server logs around the tickets (files or folders; several may follow).", metavar="PATH ...")] = None,
    accounts: Annotated[Path | None, typer.Option(help="Accounts of that day as CSV.")] = None,
    json: Json = False,
    misses: Annotated[bool, typer.Option("--misses", help="Also list what was wrong, ticket by ticket.")] = False,
    bar: Annotated[float | None, typer.Option(help="Leave with status 1 where acceptable answers are below this share.")] = None,
) -> None:
    """Hold triages against gold answers and print the figures."""
    from bot.commands.evaluate import run

    if more and not logs:
        raise typer.BadParameter(f"{more[0]!r} is neither tickets nor gold; put --logs before the server logs")
    run(tickets, gold, [*(logs or []), *(more or [])], accounts, as_json=json, misses=misses, bar=bar)


@logs_app.command("ingest", epilog="Example:  triage logs ingest /var/log/mail.log* --year 2026")
def logs_ingest(
    paths: Annotated[list[str], typer.Argument(help="Files (also .gz .xz .zst .bz2), folders, or - for standard input.", metavar="PATH ...")],
    year: Annotated[int | None, typer.Option(min=1990, max=2100, help="Year of lines that name none.")] = None,
) -> None:
    """Read server logs into the store; what was read before is not read again."""
    from bot.commands.logs import ingest

    ingest(paths, year)


@logs_app.command("follow", epilog="Example:  triage logs follow /var/log/mail.log /var/log/dovecot.log")
def logs_follow(
    paths: Annotated[list[str] | None, typer.Argument(help="Files that grow and rotate, or folders of them; none: what LOG_FOLLOW names.", metavar="[PATH ...]", show_default=False)] = None,
    once: Annotated[bool, typer.Option("--once", help="Read what is new and end.")] = False,
) -> None:
    """Read live logs as they are written: files, journald, and what syslog and HTTP listeners take in (docs/logs.md)."""
    from bot.commands.follow import follow

    follow(paths or [], once=once)


@logs_app.command("decode", epilog="Example:  journalctl -u dovecot | triage logs decode")
def logs_decode(file: Annotated[str, typer.Argument(help="A log file; - or nothing reads standard input.", metavar="[FILE|-]")] = "-") -> None:
    """Print one JSON object a line, in order, none dropped."""
    from bot.commands.logs import decode

    decode(file)


@logs_app.command("search", epilog="Example:  triage logs search --mailbox anna@firm.example --since 2026-11-20T08:00Z")
def logs_search(
    mailbox: Annotated[str | None, typer.Option(help="A full address.")] = None,
    login: Annotated[str | None, typer.Option(help="A user name exactly as it was logged.")] = None,
    domain: Annotated[str | None, typer.Option(help="All mailboxes of a domain.")] = None,
    ip: Annotated[str | None, typer.Option(help="An address; IPv6 finds its /64.")] = None,
    since: Annotated[str | None, typer.Option(help="From when (ISO 8601; default a day back).")] = None,
    until: Annotated[str | None, typer.Option(help="Until when (ISO 8601; default now).")] = None,
    json: Json = False,
) -> None:
    """Find lines that explain a failure, and the successes beside them."""
    from bot.commands.logs import search

    search(mailbox, login, domain, ip, since, until, as_json=json)


@logs_app.command("prune", epilog="Example:  triage logs prune --days 30 --max-mb 2000")
def logs_prune(
    days: Annotated[int | None, typer.Option(min=1, help="Keep the lines of so many days before now.")] = None,
    max_mb: Annotated[int | None, typer.Option(min=1, help="Drop the oldest days until the store takes so many megabytes.")] = None,
) -> None:
    """Drop old lines from the store and shrink its file; the newest day always stays."""
    from bot.commands.logs import prune

    prune(days, max_mb)


@logs_app.command("status", epilog="Example:  triage logs status --json")
def logs_status(json: Json = False) -> None:
    """What is covered: host, from, to, lines, gaps."""
    from bot.commands.logs import status

    status(as_json=json)


@accounts_app.command("import", epilog="Example:  triage accounts import accounts.csv")
def accounts_import(file: Annotated[Path, typer.Argument(help="CSV; only the column mailbox is required.", metavar="FILE.csv")]) -> None:
    """Replace the imported accounts by those of a CSV file."""
    from bot.commands.accounts import import_file

    import_file(file)


@accounts_app.command("show", epilog="Example:  triage accounts show anna@firm.example")
def accounts_show(address: Annotated[str, typer.Argument(help="A mailbox or an alias.")], json: Json = False) -> None:
    """What the directory knows of an address."""
    from bot.commands.accounts import show

    show(address, as_json=json)


@knowledge_app.command("check", epilog="Example:  KNOWLEDGE_DIR=/etc/triage/knowledge triage knowledge check")
def knowledge_check() -> None:
    """Hold every entry, ours and the host's own (KNOWLEDGE_DIR), against the laws."""
    from bot.commands.knowledge import check

    check()


@knowledge_app.command("list", epilog="Example:  triage knowledge list --json")
def knowledge_list(json: Json = False) -> None:
    """All checks, other causes and decoded errors."""
    from bot.commands.knowledge import list_all

    list_all(as_json=json)


@knowledge_app.command("show", epilog="Example:  triage knowledge show port-and-tls")
def knowledge_show(id: Annotated[str, typer.Argument(help="Id of a check, cause, error, cue, plan or client.")], json: Json = False) -> None:
    """One entry, whole."""
    from bot.commands.knowledge import show

    show(id, as_json=json)


@knowledge_app.command("explain", epilog='Example:  triage knowledge explain "535 5.7.8 Error: authentication failed"')
def knowledge_explain(text: Annotated[str, typer.Argument(help="An error text; - reads standard input.")], json: Json = False) -> None:
    """What an error text means and which checks it points to."""
    from bot.commands.knowledge import explain

    explain(text, as_json=json)


@db_app.command("upgrade", epilog="Example:  DATABASE_URL=postgresql://triage@db.example/triage triage db upgrade")
def db_upgrade() -> None:
    """Bring the database to this program's version (an SQLite file is upgraded at every start)."""
    from bot.commands.desk import db_upgrade as run

    run()


Port = Annotated[int | None, typer.Option(help="Take events by signed HTTP on this port instead of Socket Mode.", min=1, max=65535)]


@app.command("slack", epilog="Example:  triage slack   |   triage slack --port 3000")
def slack(port: Port = None) -> None:
    """Take Slack's events, clicks and commands in (Socket Mode, or signed HTTP with --port)."""
    from bot.commands.serve import slack as run

    run(port=port)


@app.command("worker", epilog="Example:  triage worker --processes 2")
def worker(processes: Annotated[int, typer.Option(min=1, max=64, help="How many at once.")] = 1) -> None:
    """Triage what came in, and send what is to be sent."""
    from bot.commands.serve import worker as run

    run(processes=processes)


@app.command("web", epilog="Example:  triage web --port 8080   |   triage web --queue mail.eml")
def web(
    port: Annotated[int | None, typer.Option(help="Port of the page (WEB_PORT, else 8080), on WEB_HOST, else 127.0.0.1.", min=1, max=65535)] = None,
    queue: Annotated[list[Path] | None, typer.Option(help="A ticket to put in the queue first, or a folder of them (to try the page out).", metavar="PATH")] = None,
) -> None:
    """The page (playground, queue, knowledge, logs, report, health), the helpdesk's webhooks (/webhooks/NAME), /healthz, /readyz and /metrics."""
    from bot.commands.web import run

    run(port=port, queue=queue or [])


@app.command("run", epilog="Example:  triage run")
def run_all(port: Port = None) -> None:
    """Everything in one: the page, Slack where its tokens are set, and a worker."""
    from bot.commands.serve import run

    run(port=port)


@app.command("mode", epilog="Example:  triage mode zendesk auto 2")
def mode(
    place: Annotated[str | None, typer.Argument(help="A place, such as slack/CHANNEL, or a channel, such as zendesk; without one all modes are listed.")] = None,
    value: Annotated[str | None, typer.Argument(help="off, note, draft or auto (docs/automatic-answers.md).", metavar="[MODE]")] = None,
    check: Annotated[str | None, typer.Argument(help="Only for this check: its number or id. auto then needs no earned trust.", metavar="[CHECK]")] = None,
) -> None:
    """What the bot does in a place, or for one check there."""
    from bot.commands.desk import mode as run

    run(place, value, check)


@app.command("cards-to", epilog="Example:  triage cards-to zendesk slack/C0123ABCD")
def cards_to(
    channel: Annotated[str, typer.Argument(help="A helpdesk or mailbox, such as zendesk.")],
    place: Annotated[str, typer.Argument(help="The Slack channel of its cards; without one they are notes in the channel itself.")] = "",
) -> None:
    """Where agents see the cards of a helpdesk's or mailbox's tickets."""
    from bot.commands.desk import cards_to as run

    run(channel, place)


@app.command("abuse-to", epilog="Example:  triage abuse-to slack/C0123ABCD")
def abuse_to(place: Annotated[str, typer.Argument(help="A Slack channel of the abuse desk.")]) -> None:
    """Where tickets of mailboxes go that are suspended for abuse."""
    from bot.commands.desk import abuse_to as run

    run(place)


@app.command("role", epilog="Example:  triage role slack:T0123ABCD:U0123ABCD lead")
def role(
    person: Annotated[str | None, typer.Argument(help="A person, such as slack:TEAM:USER; without one all roles are listed.")] = None,
    value: Annotated[str | None, typer.Argument(help="none, agent or lead.", metavar="[ROLE]")] = None,
) -> None:
    """Who may decide, and who may lead."""
    from bot.commands.desk import role as run

    run(person, value)


@app.command("escalate-to", epilog="Example:  triage escalate-to slack/C0123ABCD")
def escalate_to(place: Annotated[str, typer.Argument(help="Where escalated tickets and alarms go.")]) -> None:
    """Where escalated tickets and alarms go."""
    from bot.commands.desk import escalate_to as run

    run(place)


@app.command("send", epilog="Example:  triage send zendesk:17")
def send(case: Annotated[str, typer.Argument(help="A ticket's id, as its card and triage deliveries name it.")]) -> None:
    """Send the draft of a ticket's card."""
    from bot.commands.desk import decide as run

    run(case, "send")


@app.command("check", epilog="Example:  triage check zendesk:17 4")
def check(
    case: Annotated[str, typer.Argument(help="A ticket's id, as its card and triage deliveries name it.")],
    number: Annotated[str, typer.Argument(help="The check that is right: its number or id.", metavar="CHECK")],
) -> None:
    """Say which check a ticket is about; its draft is rewritten."""
    from bot.commands.desk import decide as run

    run(case, "other_check", number)


@app.command("pause", epilog="Example:  triage pause")
def pause() -> None:
    """Hold back everything that nobody clicked, at once and in all processes."""
    from bot.commands.desk import pause as run

    run(paused=True)


@app.command("resume", epilog="Example:  triage resume")
def resume() -> None:
    """The opposite of pause."""
    from bot.commands.desk import pause as run

    run(paused=False)


@app.command("deliveries", epilog="Example:  triage deliveries --replay KEY")
def deliveries(
    replay: Annotated[str | None, typer.Option(help="Send or do it again.", metavar="KEY")] = None,
    drop: Annotated[str | None, typer.Option(help="It has arrived, or nobody needs it.", metavar="KEY")] = None,
    json: Json = False,
) -> None:
    """What could not be sent or done and waits for a human."""
    from bot.commands.desk import deliveries as run

    run(replay=replay, drop=drop, as_json=json)


class ReportFormat(StrEnum):
    """How a report is written."""

    text = "text"
    json = "json"
    html = "html"
    csv = "csv"
    png = "png"
    svg = "svg"


@app.command("report", epilog="Examples:  triage report   |   triage report --week 2026-W47 --format html --out report.html   |   triage report --post")
def report(
    week: Annotated[str | None, typer.Option(help="An ISO week such as 2026-W47; without it the last one that is over.")] = None,
    since: Annotated[str | None, typer.Option("--from", help="First day (2026-11-16), instead of a week.", metavar="DAY")] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day.", metavar="DAY")] = None,
    domain: Annotated[str | None, typer.Option(help="Only mailboxes of this domain.")] = None,
    plan: Annotated[str | None, typer.Option(help="Only accounts of this plan.")] = None,
    format: Annotated[ReportFormat, typer.Option(help="How it is written.")] = ReportFormat.text,
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output.", metavar="PATH")] = None,
    post: Annotated[bool, typer.Option("--post", help="Send it to the places of REPORT_TO, once for each week.")] = False,
) -> None:
    """Why customers could not connect: causes, changes, what was solved, what nobody knows yet."""
    from bot.commands.report import run

    run(week=week, since=since, until=until, domain=domain, plan=plan, format=format.value, out=out, post=post)


@app.command("fix", epilog='Example:  triage fix hostnames --owner "Ada" --since 2026-11-16 --note "autoconfig answers now"')
def fix(
    cause: Annotated[str, typer.Argument(help="Id of a check or another cause (triage knowledge list).")],
    owner: Annotated[str, typer.Option(help="Who did it.")],
    since: Annotated[str | None, typer.Option(help="From which day on it works (2026-11-16; default today).", metavar="DAY")] = None,
    note: Annotated[str, typer.Option(help="What was done.")] = "",
) -> None:
    """Note what was done against a cause; the next reports say whether it helped."""
    from bot.commands.report import note_fix

    note_fix(cause, owner, since, note)


@app.command("audit", epilog="Example:  triage audit --limit 20")
def audit(limit: Annotated[int, typer.Option(help="How many lines, the newest first.", min=1, max=100_000)] = 100, json: Json = False) -> None:
    """Who did what, and when."""
    from bot.commands.keep import audit as run

    run(limit=limit, as_json=json)


@app.command("purge", epilog="Examples:  triage purge   |   triage purge --requester anna@firm.example")
def purge(requester: Annotated[str | None, typer.Option(help="Erase this requester everywhere, now.", metavar="ADDRESS")] = None) -> None:
    """Let go what is over its time: words after 30 days, persons after 13 months (run it daily)."""
    from bot.commands.keep import purge as run

    run(requester=requester)


@app.command("backup", epilog="Example:  triage backup /srv/backup/triage.db")
def backup(file: Annotated[Path | None, typer.Argument(help="The file to write; without one a dated file under var/backup.", metavar="[FILE]")] = None) -> None:
    """Copy the database while everything goes on (SQLite, or pg_dump for PostgreSQL)."""
    from bot.commands.keep import backup as run

    run(file)


@app.command("restore", epilog="Example:  triage restore /srv/backup/triage.db --force")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that triage backup made.")],
    force: Annotated[bool, typer.Option("--force", help="Move the database that is there aside.")] = False,
) -> None:
    """Bring a backup back; the copy sends nothing until triage resume."""
    from bot.commands.keep import restore as run

    run(file, force=force)


@app.command("incidents", epilog='Examples:  triage incidents   |   triage incidents close 3   |   triage incidents answer 3 "Our fault; it works again since 10:40."')
def incidents(
    action: Annotated[str, typer.Argument(help="list, close (held tickets get their cards) or answer (all get one text).", metavar="[list|close|answer]")] = "list",
    number: Annotated[int | None, typer.Argument(help="Which incident.")] = None,
    text: Annotated[str | None, typer.Argument(help="The answer for all; - reads standard input.")] = None,
    json: Json = False,
) -> None:
    """Bursts of failures and tickets that belong together."""
    from bot.commands.incidents import run

    run(action, number, text, as_json=json)


@app.command("learn", epilog="Examples:  triage learn   |   triage learn candidates   |   triage learn accept gizmo-refused   |   triage learn back   |   triage learn grade TICKET hostnames")
def learn(
    action: Annotated[str, typer.Argument(help="show (calibration, confusion), candidates, accept ID, back, grade TICKET CAUSE.", metavar="[ACTION]")] = "show",
    subject: Annotated[str | None, typer.Argument(help="The candidate, or the ticket.", metavar="[ID]")] = None,
    cause: Annotated[str | None, typer.Argument(help="The right cause of a graded ticket.", metavar="[CAUSE]")] = None,
    json: Json = False,
) -> None:
    """What agents' decisions teach; error texts that nobody knows become entries of the overlay."""
    from bot.commands.learn import run

    run(action, subject, cause, as_json=json)


@app.command("doctor", epilog="Example:  triage doctor")
def doctor() -> None:
    """What is set, what it means, what is wrong, and what to do about it."""
    from bot.commands.doctor import run

    run()


def main(arguments: list[str] | None = None) -> None:
    """Run the command. Bad input ends in one line on standard error and status 2, never in a traceback."""
    command: Any = typer.main.get_command(app)
    try:
        status = command.main(args=arguments, prog_name="triage", standalone_mode=False)
    except typer.TyperException as error:
        text = str(getattr(error, "format_message", error.__str__)())
        if text.startswith("Usage:"):  # a group without a command: its help is the answer
            sys.stdout.write(text + "\n")
            sys.exit(2)
        message = " ".join(text.split()).rstrip(".")
        sys.stderr.write(f"triage: {message}; try --help\n")
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except TriageError as error:
        sys.stderr.write(f"triage: {error}\n")
        sys.exit(error.exit_status)
    except BrokenPipeError:
        # the reader of our output has gone (head, less): nothing is left to say
        sys.stderr.close()
        sys.exit(0)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)
