"""``triage incidents``: what is open, and the one decision for all its tickets."""

from __future__ import annotations

import json
import sys

from bot.bootstrap import desk_of
from bot.commands.operator import who
from bot.core.note import visible
from bot.errors import InputError
from bot.incidents import close
from bot.logs.event import rfc3339
from bot.settings import read_settings


def run(action: str, number: int | None, text: str | None, *, as_json: bool) -> None:
    """List incidents, or end one. Raises InputError."""
    if action not in ("list", "close", "answer"):
        raise InputError(f"{action}: is none of list, close, answer")
    desk = desk_of(read_settings())
    if action == "list":
        with desk.look() as view:
            listed = view.incidents.listing()
        for one in listed:
            if as_json:
                sys.stdout.write(json.dumps({"id": one.id, "state": one.state, "since": rfc3339(one.since), "until": rfc3339(one.until), "said": one.said,
                                             "mailboxes": one.mailboxes, "tickets": one.tickets}, ensure_ascii=False) + "\n")
            else:
                sys.stdout.write(f"{one.id}\t{one.state}\t{one.since:%Y-%m-%d %H:%M} UTC\t{one.mailboxes} mailboxes\t{one.tickets} tickets\t{visible(one.said, 400)}\n")
        return
    if number is None:
        raise InputError(f"incidents {action}: needs the incident's number; triage incidents lists them")
    answer = ""
    if action == "answer":
        answer = (sys.stdin.read() if text == "-" else text or "").strip()
        if not answer:
            raise InputError("incidents answer: needs the text that all get")
    outcome = close(desk, number, who(), "lead", answer)
    if not outcome.done:
        raise InputError(outcome.said)
    sys.stdout.write(outcome.said + "\n")
