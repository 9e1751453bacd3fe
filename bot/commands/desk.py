"""What leads and operators set from the command line; the same decisions as in Slack, under the name of whoever is
logged in here."""

from __future__ import annotations

import json
import sys

from bot.adapters.store.database import Database
from bot.adapters.store.upgrade import upgrade
from bot.bootstrap import desk_of, knowledge_of
from bot.commands.operator import who
from bot.core.desk.names import person_named, place_named, target_named
from bot.core.desk.values import Decision, Outcome
from bot.core.policy.modes import cause_named
from bot.decide import Decisions
from bot.errors import InputError
from bot.settings import read_settings


def db_upgrade() -> None:
    """Bring the database to this program's version."""
    database = Database(read_settings().database_url)
    before, now = upgrade(database)
    told = f"is at version {now}" if before == now else f"was at version {before or 'none'}, is now at {now}"
    sys.stdout.write(f"{database.name}: {told}\n")


def mode(place: str | None, value: str | None, check: str | None) -> None:
    """Show all modes, or set one."""
    settings = read_settings()
    desk = desk_of(settings)
    if place is None or value is None:
        with desk.look() as view:
            for name, known in view.people.settings("mode:").items():
                sys.stdout.write(f"{name}\t{known}\n")
        return
    cause = cause_named(check, knowledge_of(settings)) if check else None
    if check and cause is None:
        raise InputError(f"{check}: is no check; triage knowledge list shows them")
    _say(Decisions(desk).set_mode(who(), "lead", place_named(place), value, cause))


def cards_to(channel: str, place: str) -> None:
    """Where agents see the cards of a channel's tickets."""
    _say(
        Decisions(desk_of(read_settings())).set_cards(
            who(), "lead", place_named(channel), target_named(place) if place else ""
        )
    )


def abuse_to(place: str) -> None:
    """Where tickets of mailboxes go that are suspended for abuse."""
    _say(Decisions(desk_of(read_settings())).set_abuse(who(), "lead", target_named(place)))


def role(person: str | None, value: str | None) -> None:
    """Show all roles, or give one."""
    desk = desk_of(read_settings())
    if person is None or value is None:
        with desk.look() as view:
            for name, known in view.people.roles().items():
                sys.stdout.write(f"{name}\t{known}\n")
        return
    _say(Decisions(desk).set_role(who(), "lead", person if value == "none" else person_named(person), value))


def escalate_to(place: str) -> None:
    """Where escalated tickets and alarms go."""
    _say(Decisions(desk_of(read_settings())).set_escalation(who(), "lead", target_named(place)))


def decide(case_id: str, action: str, check: str | None = None) -> None:
    """Decide the card of a ticket as it now stands."""
    settings = read_settings()
    decisions = Decisions(desk_of(settings))
    cause = cause_named(check, knowledge_of(settings)) if check else None
    if check and cause is None:
        raise InputError(f"{check}: is no check; triage knowledge list shows them")
    card = decisions.card_of_case(case_id)
    if card is None:
        raise InputError(f"{case_id}: no ticket of that id has a card")
    _say(decisions.decide(Decision(card.id, card.revision, action, who(), "lead", cause=cause)))


def pause(*, paused: bool) -> None:
    """The switch that holds back everything automatic."""
    _say(Decisions(desk_of(read_settings())).set_paused(who(), "lead", paused=paused))


def deliveries(*, replay: str | None, drop: str | None, as_json: bool) -> None:
    """What waits for a human; put one back, or take it off the list."""
    desk = desk_of(read_settings())
    if replay or drop:
        key = str(replay or drop)
        with desk.step("deliveries.human") as step:
            moved = step.queues.replay(key) if replay else step.queues.drop_parked(key)
            if moved:
                step.people.audit(who(), "delivery.replay" if replay else "delivery.drop", key)
        if not moved:
            raise InputError(f"{key}: nothing parked or failed has that key; triage deliveries lists them")
        sys.stdout.write(f"{key}: {'put back' if replay else 'taken off the list'}\n")
        return
    with desk.look() as view:
        troubled, backlog = view.queues.troubled(), view.queues.backlog()
    if as_json:
        for what, key, state, why in troubled:
            sys.stdout.write(
                json.dumps({"what": what, "key": key, "state": state, "why": why}, ensure_ascii=False) + "\n"
            )
        return
    for what, key, state, why in troubled:
        sys.stdout.write(f"{state}\t{what}\t{key}\t{why}\n")
    sys.stdout.write(
        f"waiting: {backlog['jobs']} jobs, {backlog['deliveries']} deliveries; for a human: {backlog['parked']} parked, {backlog['dead']} failed\n"
    )


def _say(outcome: Outcome) -> None:
    if not outcome.done:
        raise InputError(outcome.said)
    sys.stdout.write(outcome.said + "\n")
