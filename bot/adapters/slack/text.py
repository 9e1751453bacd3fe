"""The one function that all foreign text passes before it reaches Slack: blocks, fallback texts, titles, modals,
ephemeral answers."""

from __future__ import annotations

import re

import regex

from bot.core.note import visible

_PERSON = re.compile(r"slack:[A-Z0-9]{1,20}:([UW][A-Z0-9]{1,20})")
_PLACE = re.compile(r"slack/([CDG][A-Z0-9]{1,20})")
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_CLUSTER = regex.compile(r"\X")
MAX_INPUT = 20_000
CUT = "…"


def escape(text: str, limit: int = 2900, *, line: bool = False) -> str:
    """``text`` made inert and at most ``limit`` characters long as Slack counts them.

    Control, zero-width and direction characters become visible (``\\x202e``); ``&``, ``<`` and ``>``, with which
    every control sequence of Slack's begins, become entities (Slack: "Escaping text"), and are never cut in half.
    ``line`` puts it on one line.
    """
    shown = visible(text.replace("\r\n", "\n"), MAX_INPUT)
    if line:
        shown = " ".join(shown.split())
    if len(shown) * 5 <= limit:
        return "".join(_ENTITIES.get(c, c) for c in shown)
    out: list[str] = []
    size = 0
    for cluster in _CLUSTER.findall(shown[: limit + 1]):  # what a reader sees as one sign stays one
        piece = "".join(_ENTITIES.get(c, c) for c in cluster)
        if size + len(piece) > limit - len(CUT):
            return "".join(out) + CUT
        out.append(piece)
        size += len(piece)
    return "".join(out) + (CUT if len(shown) > limit + 1 else "")


def mention(person: str) -> str:
    """A control sequence of ours: a member (``slack:T1:U1``) as a mention; anything else as escaped text."""
    found = _PERSON.fullmatch(person)
    return f"<@{found[1]}>" if found else escape(person, 100, line=True)


def channel_link(place: str) -> str:
    """A control sequence of ours: a channel (``slack/C1``) as a link; anything else as escaped text."""
    found = _PLACE.fullmatch(place)
    return f"<#{found[1]}>" if found else escape(place, 100, line=True)


def cut(text: str, limit: int) -> int:
    """Where to cut a text that is escaped already: at a line's end, else between words, else before an entity that
    would be torn."""
    if len(text) <= limit:
        return len(text)
    at = text.rfind("\n", 1, limit)
    at = at if at > 0 else text.rfind(" ", 1, limit)
    at = at if at > 0 else limit
    torn = text.rfind("&", max(0, at - 4), at)
    return torn if torn > 0 and ";" not in text[torn:at] else at


def said(text: str) -> str:
    """A sentence of ours that holds nothing foreign: members and channels stand in it by their ids, and Slack shows
    their names."""
    return _PLACE.sub(lambda m: f"<#{m[1]}>", _PERSON.sub(lambda m: f"<@{m[1]}>", escape(text)))


def message_link(case_id: str) -> str:
    """A link of ours to the message that a case began with (``slack:T1:C1:1700000000.000100``); else the id as
    escaped text."""
    parts = case_id.split(":")
    if (
        len(parts) == 4
        and parts[0] == "slack"
        and re.fullmatch(r"[CDG][A-Z0-9]{1,20}", parts[2])
        and re.fullmatch(r"\d{1,12}\.\d{1,8}", parts[3])
    ):
        return f"<https://slack.com/archives/{parts[2]}/p{parts[3].replace('.', '')}|ticket>"
    return escape(case_id, 200, line=True)


_MARKUP = regex.compile(r"<([^<>|]{1,3000})(?:\|([^<>]{0,3000}))?>")


def plain_of(text: str) -> str:
    """What a member typed, from the text of an event: Slack's markup taken off, entities resolved.

    A link that Slack has made of a typed address or host shows as it was typed; mentions keep their id.
    """
    return unescape(_MARKUP.sub(_typed, text[:200_000]))


def unescape(text: str) -> str:
    """The inverse of the three entities."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _typed(match: regex.Match[str]) -> str:
    target, label = match[1], match[2]
    if target.startswith("mailto:"):
        return str(label or target.removeprefix("mailto:"))
    if target[:1] in "@#!":
        return f"{target[:1]}{label or target[1:]}"
    if not label or label == target:
        return str(target)
    return str(label) if label in target else f"{label} ({target})"
