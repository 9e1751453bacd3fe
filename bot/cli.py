"""The console command ``triage``. Only options and help live here; bot/commands does the work."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import cli_desk, cli_report
from bot.cli_app import Json, app
from bot.errors import TriageError

logs_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="Server logs: read, search, decode, and see what is covered."
)
accounts_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Accounts: plans, pauses, domains.")
knowledge_app = typer.Typer(
    no_args_is_help=True, rich_markup_mode=None, help="What the bot knows: checks, decoded errors, clients."
)
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


@app.command("ticket", epilog="Examples:  triage ticket mail.eml   |   triage ticket --json - < tickets.jsonl")
def ticket(
    files: Annotated[
        list[str] | None,
        typer.Argument(help="Ticket files; - or nothing reads standard input.", metavar="[FILE ...|-]"),
    ] = None,
    format: Annotated[TicketFormat, typer.Option(help="How the tickets are written.")] = TicketFormat.auto,
    json: Json = False,
    lang: Annotated[
        str | None, typer.Option(help="Language of the reply (en, de, ...) instead of the ticket's.")
    ] = None,
    save: Annotated[bool, typer.Option("--save", help="Keep ticket and triage in the database.")] = False,
    verified: Annotated[bool, typer.Option("--verified", help="The requester is proven to own the mailbox.")] = False,
) -> None:
    """Read tickets, find the server's lines, name the check, draft the answer."""
    from bot.commands.ticket import run

    run(files or ["-"], format=format.value, as_json=json, language=lang, save=save, verified=verified)


@app.command(
    "eval", epilog="Example:  triage eval tickets.jsonl gold.jsonl --logs logs/ --accounts accounts.csv --json"
)
def evaluate(
    tickets: Annotated[Path, typer.Argument(help="Tickets, one JSON object a line.", metavar="TICKETS.jsonl")],
    gold: Annotated[Path, typer.Argument(help="Gold answers, one JSON object a line.", metavar="GOLD.jsonl")],
    more: Annotated[
        list[str] | None,
        typer.Argument(help="Further logs, where several follow --logs.", metavar="[PATH ...]", show_default=False),
    ] = None,
    logs: Annotated[
        list[str] | None,
        typer.Option(help="Server logs around the tickets (files or folders; several may follow).", metavar="PATH ..."),
    ] = None,
    accounts: Annotated[Path | None, typer.Option(help="Accounts of that day as CSV.")] = None,
    json: Json = False,
    misses: Annotated[bool, typer.Option("--misses", help="Also list what was wrong, ticket by ticket.")] = False,
    bar: Annotated[
        float | None, typer.Option(help="Leave with status 1 where acceptable answers are below this share.")
    ] = None,
) -> None:
    """Hold triages against gold answers and print the figures."""
    from bot.commands.evaluate import run

    if more and not logs:
        raise typer.BadParameter(f"{more[0]!r} is neither tickets nor gold; put --logs before the server logs")
    run(tickets, gold, [*(logs or []), *(more or [])], accounts, as_json=json, misses=misses, bar=bar)


@logs_app.command("ingest", epilog="Example:  triage logs ingest /var/log/mail.log* --year 2026")
def logs_ingest(
    paths: Annotated[
        list[str],
        typer.Argument(help="Files (also .gz .xz .zst .bz2), folders, or - for standard input.", metavar="PATH ..."),
    ],
    year: Annotated[int | None, typer.Option(min=1990, max=2100, help="Year of lines that name none.")] = None,
) -> None:
    """Read server logs into the store; what was read before is not read again."""
    from bot.commands.logs import ingest

    ingest(paths, year)


@logs_app.command("follow", epilog="Example:  triage logs follow /var/log/mail.log /var/log/dovecot.log")
def logs_follow(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files that grow and rotate, or folders of them; none: what LOG_FOLLOW names.",
            metavar="[PATH ...]",
            show_default=False,
        ),
    ] = None,
    once: Annotated[bool, typer.Option("--once", help="Read what is new and end.")] = False,
) -> None:
    """Read live logs as they are written: files, journald, and what syslog and HTTP listeners take in
    (docs/logs.md)."""
    from bot.commands.follow import follow

    follow(paths or [], once=once)


@logs_app.command("decode", epilog="Example:  journalctl -u dovecot | triage logs decode")
def logs_decode(
    file: Annotated[
        str, typer.Argument(help="A log file; - or nothing reads standard input.", metavar="[FILE|-]")
    ] = "-",
) -> None:
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
    max_mb: Annotated[
        int | None, typer.Option(min=1, help="Drop the oldest days until the store takes so many megabytes.")
    ] = None,
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
def accounts_import(
    file: Annotated[Path, typer.Argument(help="CSV; only the column mailbox is required.", metavar="FILE.csv")],
) -> None:
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
def knowledge_show(
    id: Annotated[str, typer.Argument(help="Id of a check, cause, error, cue, plan or client.")], json: Json = False
) -> None:
    """One entry, whole."""
    from bot.commands.knowledge import show

    show(id, as_json=json)


@knowledge_app.command("explain", epilog='Example:  triage knowledge explain "535 5.7.8 Error: authentication failed"')
def knowledge_explain(
    text: Annotated[str, typer.Argument(help="An error text; - reads standard input.")], json: Json = False
) -> None:
    """What an error text means and which checks it points to."""
    from bot.commands.knowledge import explain

    explain(text, as_json=json)


@db_app.command("upgrade", epilog="Example:  DATABASE_URL=postgresql://triage@db.example/triage triage db upgrade")
def db_upgrade() -> None:
    """Bring the database to this program's version (an SQLite file is upgraded at every start)."""
    from bot.commands.desk import db_upgrade as run

    run()


@app.command("doctor", epilog="Example:  triage doctor")
def doctor() -> None:
    """What is set, what it means, what is wrong, and what to do about it."""
    from bot.commands.doctor import run

    run()


COMMANDS = (cli_desk, cli_report)
"""Modules whose import adds their commands."""
# what most people come for stands first
app.registered_commands.sort(key=lambda command: command.name not in ("ticket", "eval"))


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
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)
