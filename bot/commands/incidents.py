"""``triage incidents``: what is open, and the one decision for all its tickets."""

from __future__ import annotations

import json
import sys

from bot.bootstrap import desk_of
from bot.commands.operator import who
from bot.core.desk.incidents import ACTIONS, IncidentDecision
from bot.core.note import visible
from bot.decide_incident import IncidentDecisions
from bot.errors import InputError
from bot.logs.event import rfc3339
from bot.settings import read_settings


def run(action: str, number: int | None, text: str | None, *, as_json: bool) -> None:
    """List incidents, or decide on one. Raises InputError."""
    if action not in ("list", *ACTIONS):
        raise InputError(f"{action}: is none of list, {', '.join(ACTIONS)}")
    desk = desk_of(read_settings())
    if action == "list":
        with desk.look() as view:
            listed = view.incidents.listing()
        for one in listed:
            if as_json:
                sys.stdout.write(
                    json.dumps(
                        {
                            "id": one.id,
                            "state": one.state,
                            "since": rfc3339(one.since),
                            "until": rfc3339(one.until),
                            "said": one.said,
                            "mailboxes": one.mailboxes,
                            "tickets": one.tickets,
                        },
                        ensure_ascii=False,
                    )
                    + "\n"
                )
            else:
                sys.stdout.write(
                    f"{one.id}\t{one.state}\t{one.since:%Y-%m-%d %H:%M} UTC\t{one.mailboxes} mailboxes\t{one.tickets} tickets\t{visible(one.said, 400)}\n"
                )
        return
    if number is None:
        raise InputError(f"incidents {action}: needs the incident's number; triage incidents lists them")
    answer = (sys.stdin.read() if text == "-" else text or "").strip()
    if answer and action in ("release", "close"):
        raise InputError(f"incidents {action}: takes no text; triage incidents answer {number} TEXT sends one to all")
    outcome = IncidentDecisions(desk).decide(IncidentDecision(number, action, who(), "lead", answer))
    if not outcome.done:
        raise InputError(outcome.said)
    sys.stdout.write(outcome.said + "\n")
