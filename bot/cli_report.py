"""The commands that look back or around: reports, probes, learning, the audit log, keeping and letting go."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from bot.cli_app import Json, app


class ReportFormat(StrEnum):
    """How a report is written."""

    text = "text"
    json = "json"
    html = "html"
    csv = "csv"
    png = "png"
    svg = "svg"


@app.command(
    "report",
    epilog="Examples:  triage report   |   triage report --week 2026-W47 --format html --out report.html   |   triage report --post",
)
def report(
    week: Annotated[
        str | None, typer.Option(help="An ISO week such as 2026-W47; without it the last one that is over.")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--from", help="First day (2026-11-16), instead of a week.", metavar="DAY")
    ] = None,
    until: Annotated[str | None, typer.Option("--to", help="Last day.", metavar="DAY")] = None,
    domain: Annotated[str | None, typer.Option(help="Only mailboxes of this domain.")] = None,
    plan: Annotated[str | None, typer.Option(help="Only accounts of this plan.")] = None,
    format: Annotated[ReportFormat, typer.Option(help="How it is written.")] = ReportFormat.text,
    out: Annotated[Path | None, typer.Option(help="A file instead of standard output.", metavar="PATH")] = None,
    post: Annotated[
        bool, typer.Option("--post", help="Send it to the places of REPORT_TO, once for each week.")
    ] = False,
    recount: Annotated[
        bool,
        typer.Option(
            "--recount", help="Forget the kept sums of days and ask the logs anew, as after older logs were ingested."
        ),
    ] = False,
) -> None:
    """Why customers could not connect: causes, changes, what was solved, what nobody knows yet."""
    from bot.commands.report import run

    run(
        week=week,
        since=since,
        until=until,
        domain=domain,
        plan=plan,
        format=format.value,
        out=out,
        post=post,
        recount=recount,
    )


@app.command(
    "probe", epilog="Examples:  triage probe   |   triage probe firm.example --selector s1   |   triage probe --json"
)
def probe(
    domain: Annotated[
        str | None,
        typer.Argument(help="A customer's domain; without one our own servers are looked at.", metavar="[DOMAIN]"),
    ] = None,
    selector: Annotated[
        list[str] | None,
        typer.Option(help="Name of a DKIM key (several times for several); else the usual ones.", metavar="NAME"),
    ] = None,
    ca: Annotated[
        Path | None,
        typer.Option("--ca", help="Trust the authorities of this PEM file instead of the system's.", metavar="FILE"),
    ] = None,
    dns: Annotated[
        str | None,
        typer.Option("--dns", help="Ask this name server instead of the system's.", metavar="ADDRESS[:PORT]"),
    ] = None,
    json: Json = False,
) -> None:
    """Look at our own servers (connection, TLS, certificate, banner, STARTTLS) or at a domain's MX, SPF, DKIM and
    host names. Status 1: something is wrong."""
    from bot.commands.probe import run

    run(domain, selectors=selector or [], authority=ca, server=dns, as_json=json)


@app.command(
    "fix", epilog='Example:  triage fix hostnames --owner "Ada" --since 2026-11-16 --note "autoconfig answers now"'
)
def fix(
    cause: Annotated[str, typer.Argument(help="Id of a check or another cause (triage knowledge list).")],
    owner: Annotated[str, typer.Option(help="Who did it.")],
    since: Annotated[
        str | None, typer.Option(help="From which day on it works (2026-11-16; default today).", metavar="DAY")
    ] = None,
    note: Annotated[str, typer.Option(help="What was done.")] = "",
) -> None:
    """Note what was done against a cause; the next reports say whether it helped."""
    from bot.commands.report import note_fix

    note_fix(cause, owner, since, note)


@app.command("audit", epilog="Example:  triage audit --limit 20")
def audit(
    limit: Annotated[int, typer.Option(help="How many lines, the newest first.", min=1, max=100_000)] = 100,
    json: Json = False,
) -> None:
    """Who did what, and when."""
    from bot.commands.keep import audit as run

    run(limit=limit, as_json=json)


@app.command("purge", epilog="Examples:  triage purge   |   triage purge --requester anna@firm.example")
def purge(
    requester: Annotated[
        str | None, typer.Option(help="Erase this requester everywhere, now.", metavar="ADDRESS")
    ] = None,
) -> None:
    """Let go what is over its time: words after 30 days, persons after 13 months (run it daily)."""
    from bot.commands.keep import purge as run

    run(requester=requester)


@app.command("backup", epilog="Example:  triage backup /srv/backup/triage.db")
def backup(
    file: Annotated[
        Path | None,
        typer.Argument(help="The file to write; without one a dated file under var/backup.", metavar="[FILE]"),
    ] = None,
) -> None:
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


@app.command(
    "learn",
    epilog="Examples:  triage learn   |   triage learn candidates   |   triage learn accept gizmo-refused   |   triage learn weights   |   triage learn apply 3f2a9c1e   |   triage learn shadow [FOLDER]   |   triage learn back   |   triage learn grade TICKET hostnames",
)
def learn(
    action: Annotated[
        str,
        typer.Argument(
            help="show (calibration, confusion), candidates, accept ID, weights (proposed, with what they would have done), apply NUMBER, shadow [FOLDER], back, grade TICKET CAUSE.",
            metavar="[ACTION]",
        ),
    ] = "show",
    subject: Annotated[
        str | None,
        typer.Argument(help="The candidate, the proposal's number, the folder, or the ticket.", metavar="[ID]"),
    ] = None,
    cause: Annotated[str | None, typer.Argument(help="The right cause of a graded ticket.", metavar="[CAUSE]")] = None,
    json: Json = False,
) -> None:
    """What agents' decisions teach; error texts that nobody knows become entries of the overlay."""
    from bot.commands.learn import run

    run(action, subject, cause, as_json=json)
