"""The commands of the desk: serving, deciding, what leads set."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from bot.cli_app import Json, app

Port = Annotated[
    int | None, typer.Option(help="Take events by signed HTTP on this port instead of Socket Mode.", min=1, max=65535)
]


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
    port: Annotated[
        int | None,
        typer.Option(help="Port of the page (WEB_PORT, else 8080), on WEB_HOST, else 127.0.0.1.", min=1, max=65535),
    ] = None,
    queue: Annotated[
        list[Path] | None,
        typer.Option(
            help="A ticket to put in the queue first, or a folder of them (to try the page out).", metavar="PATH"
        ),
    ] = None,
) -> None:
    """The page (playground, queue, knowledge, logs, report, health), the helpdesk's webhooks (/webhooks/NAME),
    /healthz, /readyz and /metrics."""
    from bot.commands.web import run

    run(port=port, queue=queue or [])


@app.command("run", epilog="Example:  triage run")
def run_all(port: Port = None) -> None:
    """Everything in one: the page, Slack where its tokens are set, and a worker."""
    from bot.commands.serve import run

    run(port=port)


@app.command("mode", epilog="Example:  triage mode zendesk auto 2")
def mode(
    place: Annotated[
        str | None,
        typer.Argument(
            help="A place, such as slack/CHANNEL, or a channel, such as zendesk; without one all modes are listed."
        ),
    ] = None,
    value: Annotated[
        str | None, typer.Argument(help="off, note, draft or auto (docs/automatic-answers.md).", metavar="[MODE]")
    ] = None,
    check: Annotated[
        str | None,
        typer.Argument(
            help="Only for this check: its number or id. auto then needs no earned trust.", metavar="[CHECK]"
        ),
    ] = None,
) -> None:
    """What the bot does in a place, or for one check there."""
    from bot.commands.desk import mode as run

    run(place, value, check)


@app.command("cards-to", epilog="Example:  triage cards-to zendesk slack/C0123ABCD")
def cards_to(
    channel: Annotated[str, typer.Argument(help="A helpdesk or mailbox, such as zendesk.")],
    place: Annotated[
        str, typer.Argument(help="The Slack channel of its cards; without one they are notes in the channel itself.")
    ] = "",
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
    person: Annotated[
        str | None, typer.Argument(help="A person, such as slack:TEAM:USER; without one all roles are listed.")
    ] = None,
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
def send(
    case: Annotated[str, typer.Argument(help="A ticket's id, as its card and triage deliveries name it.")],
) -> None:
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


@app.command(
    "incidents",
    epilog='Examples:  triage incidents   |   triage incidents close 3   |   triage incidents answer 3 "Our fault; it works again since 10:40."',
)
def incidents(
    action: Annotated[
        str,
        typer.Argument(
            help="list; agree (one text, nothing is sent yet), answer (all get it, or the agreed one), release (held tickets get their cards), close.",
            metavar="[list|agree|answer|release|close]",
        ),
    ] = "list",
    number: Annotated[int | None, typer.Argument(help="Which incident.")] = None,
    text: Annotated[str | None, typer.Argument(help="The answer for all; - reads standard input.")] = None,
    json: Json = False,
) -> None:
    """Bursts of failures and tickets that belong together."""
    from bot.commands.incidents import run

    run(action, number, text, as_json=json)
