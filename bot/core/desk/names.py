"""The names under which leads set things: places, channels, persons. A name that nothing will ever bear is refused,
since what is set for it would be silently without effect."""

from __future__ import annotations

import re
from typing import Final

from bot.errors import InputError

HELPDESKS: Final = ("rt", "zendesk", "zammad", "freshdesk", "helpscout", "front", "intercom", "chatwoot", "webhook")
CHANNELS: Final = ("slack", *HELPDESKS, "mailbox", "page")
_SLACK_CHANNEL: Final = re.compile(r"[CGD][A-Z0-9]{1,20}")
_BARE_CHANNEL: Final = re.compile(r"[CG](?=[A-Z]*[0-9])[A-Z0-9]{6,20}")
"""An id as Slack's "Copy channel ID" gives it, without slack/ before it."""
_PERSON: Final = re.compile(r"(?:slack:[TE][A-Z0-9]{1,20}:[UW][A-Z0-9]{1,20}|(?!slack:)[a-z][a-z0-9]{1,30}:\S{1,200})")


def place_named(name: str) -> str:
    """A channel (``zendesk``), or a place in one (``slack/C0123ABCD``, ``mailbox/support@firm.example``); a bare
    channel id is Slack's.

    Raises InputError for anything else.
    """
    if _BARE_CHANNEL.fullmatch(name):
        return f"slack/{name}"
    channel, _, rest = name.partition("/")
    if channel not in CHANNELS or (channel == "slack" and rest and not _SLACK_CHANNEL.fullmatch(rest)):
        raise InputError(
            f"{name[:80]}: is no channel; write slack/C0123ABCD (the channel's id), {', '.join(HELPDESKS[:3])} or another helpdesk, mailbox, or mailbox/ADDRESS"
        )
    return name


def target_named(name: str) -> str:
    """Where something is posted: a Slack channel, or ``mailbox/ADDRESS``. Raises InputError for anything else."""
    try:
        place = place_named(name)
    except InputError:
        place = ""
    channel, _, rest = place.partition("/")
    if channel not in ("slack", "mailbox") or not rest:
        raise InputError(
            f"{name[:80]}: nothing can be posted there; write slack/C0123ABCD (the channel's id) or mailbox/ADDRESS"
        )
    return place


def person_named(name: str) -> str:
    """``slack:TEAM:USER``, ``proxy:NAME``, or another source with a name of its own. Raises InputError for a name
    without its source."""
    if not _PERSON.fullmatch(name):
        raise InputError(
            f"{name[:80]}: is no person; write slack:TEAM:USER with the ids (triage doctor names the team; Slack: profile, Copy member ID), or proxy:NAME"
        )
    return name
