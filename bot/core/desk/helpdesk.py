"""A helpdesk's ticket as a value, and what it means for the desk: messages, agents' commands, a close. Pure.

Every vendor's adapter reads a whole ticket (:class:`Thread`) and this module says what is new about it, always the
same way. A webhook only says *which* ticket to read: deliveries that come late, twice or out of order lead to the
same end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import regex

from bot.core.desk.values import Envelope, Inbound
from bot.core.parse.html import html_to_text, looks_like_html

MAX_POSTS: Final = 500
"""Posts of one ticket that are looked at, the newest."""
TICKET_ID: Final = regex.compile(r"[A-Za-z0-9_-]{1,80}")
"""What may stand in a URL as a ticket's id: every vendor's ids are of this form, and no path can be made of it."""
_REF: Final = regex.compile(r"^[ \t]*Ref: ([0-9a-f]{16})[ \t]*$", regex.MULTILINE)
_COMMAND: Final = regex.compile(
    r"\s{0,20}/triage[ \t]{1,20}([a-z-]{1,20})(?:[ \t]{1,20}([^\r\n]{1,500}))?[ \t]{0,20}(?:\r?\n|$)", regex.IGNORECASE
)
_MACHINE: Final = (("Auto-Submitted", "auto-generated"),)
"""What the helpdesk's own word that a program wrote a post is worth (RFC 3834 5)."""
_SECONDS: Final = 0.2


@dataclass(frozen=True, slots=True)
class File:
    """What came with a post. ``ref`` is what the helpdesk's adapter fetches it by, "" where it cannot be had; or it
    came with the post: ``text``, or ``content`` in base64."""

    name: str
    content_type: str = ""
    size: int = 0
    ref: str = ""
    text: str = ""
    content: str = ""

    def told(self) -> dict[str, Any]:
        """In the form of the contract's ticket."""
        given = {"text": self.text, "content": self.content}
        return {
            "name": self.name[:120],
            "content_type": self.content_type[:120],
            "size": self.size,
            **{k: v for k, v in given.items() if v},
        }


@dataclass(frozen=True, slots=True)
class Post:
    """One message of a ticket."""

    id: str
    at: datetime
    author: str
    """The helpdesk's own id of the person."""
    staff: bool
    """Written by somebody who works in the helpdesk, not by a customer."""
    public: bool
    """The customer sees it; False for internal notes."""
    body: str
    html: bool = False
    mine: bool = False
    """Written under the account that the bot itself uses."""
    files: tuple[File, ...] = ()
    headers: tuple[tuple[str, str], ...] = ()
    """Of the mail that it came as, topmost first, where the helpdesk keeps them."""
    machine: bool = False
    """The helpdesk says that a program wrote it (an automatic response)."""


@dataclass(frozen=True, slots=True)
class Thread:
    """A ticket with all its messages, the oldest first."""

    id: str
    subject: str
    requester: str | None
    """The one address that an answer goes to; None where the helpdesk knows none, or more than one."""
    posts: tuple[Post, ...]
    closed: bool = False
    closed_by: str | None = None
    """The agent who closed it, where the helpdesk tells; None for customers, time limits and rules."""
    participants: tuple[str, ...] = ()
    merged: bool = False
    """Agents have put it into another ticket: it goes on there."""
    customer: str = ""
    """The helpdesk's own id of the requester, where a reply has to name it."""
    vouched: bool = False
    """The helpdesk has verified that the requester is who they say (a portal login)."""
    linked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Changes:
    """What has changed since a cursor: (ticket id, something that differs with every change). ``more``: ask again at
    once."""

    tickets: tuple[tuple[str, str], ...]
    cursor: str
    more: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """What an agent wrote in a note for us to do. ``action`` is as in bot.core.desk.rules, "" where it is none that
    we know."""

    key: str
    by: str
    action: str
    argument: str = ""
    stale: bool = False
    """The customer has written since our last note: the agent has decided about a draft that is no more."""


@dataclass(frozen=True, slots=True)
class Closed:
    """An agent has closed the ticket without an answer of ours."""

    key: str
    by: str


_ACTIONS: Final = {
    "send": "send",
    "check": "other_check",
    "ask": "ask",
    "not-ours": "not_ours",
    "notours": "not_ours",
    "escalate": "escalate",
    "retry": "retry",
}


def conversation_of(channel: str, ticket: str) -> str:
    """What a helpdesk's ticket is called on the desk."""
    return f"{channel}/{ticket}"


def events_of(channel: str, thread: Thread) -> Iterator[Inbound | Command | Closed]:
    """All that a ticket says, in order. Each has a key of its own, so that whoever takes them takes each once."""
    conversation = conversation_of(channel, thread.id)
    overtaken = False
    for post in thread.posts[-MAX_POSTS:]:
        opening = post is thread.posts[0]
        key = f"{thread.id}:{post.id}"
        text = plain_text(post)
        if post.staff and not post.public:
            if is_ours(post, text):
                overtaken = False
            elif found := command_of(text):
                yield Command(key, f"{channel}:{post.author}", *found, stale=overtaken)
            continue
        if not post.public or (post.staff and is_ours(post, text)):
            continue
        overtaken = overtaken or (not post.staff and not opening)
        # a ticket that an agent opens for a customer is the customer's all the same
        colleague = post.staff and not opening
        message = {
            "id": conversation,
            "subject": thread.subject,
            "body": post.body,
            "format": "html" if post.html else "text",
            "requester": thread.requester,
            "channel": channel,
            "received_at": post.at.isoformat(),
            "headers": _first_of_each(post.headers) if opening else {},
            "attachments": [f.told() for f in post.files],
        }
        yield Inbound(
            channel,
            key,
            conversation,
            message,
            author=f"{channel}:{post.author}",
            at=post.at,
            place=channel,
            thread=thread.id,
            from_agent=colleague,
            envelope=Envelope(
                thread.requester,
                (*(_MACHINE if post.machine else ()), *post.headers),
                None,
                thread.participants,
                thread.vouched,
                thread.linked,
            ),
        )
    if thread.closed and thread.closed_by is not None:
        last = thread.posts[-1].id if thread.posts else ""
        yield Closed(f"{thread.id}:closed:{last}", f"{channel}:{thread.closed_by}")


def plain_text(post: Post) -> str:
    """What a post says, without markup."""
    return html_to_text(post.body) if post.html or looks_like_html(post.body) else post.body


def signed(text: str, token: str) -> str:
    """A text of ours with the key of its delivery below it: one line that means nothing to anybody, and that every
    helpdesk gives back as it was."""
    return f"{text.rstrip()}\n\nRef: {token[:16]}"


def carries(thread: Thread, token: str) -> Post | None:
    """The post of ours that holds this key. What a customer quotes is none of ours."""
    for post in thread.posts:
        if post.staff and token[:16] in keys_in(plain_text(post)):
            return post
    return None


def is_ours(post: Post, text: str) -> bool:
    """Written by the bot: under its account and with a key. An agent who works under the same account is still told
    apart."""
    return post.mine and bool(keys_in(text))


def command_of(text: str) -> tuple[str, str] | None:
    """(action, argument) of a note whose first line is ``/triage …``; ("", word) where nobody knows the word; None
    for any other note."""
    try:
        found = _COMMAND.match(text[:2000], timeout=_SECONDS)
    except TimeoutError:
        return None
    if found is None:
        return None
    word, rest = str(found[1]).lower(), (found[2] or "").strip()
    action = _ACTIONS.get(word, "")
    return (action, rest) if action else ("", word)


def answered_by_agent(thread: Thread, since: datetime) -> bool:
    """Whether a colleague has written to the customer after ``since``."""
    return any(p.staff and p.public and p.at > since and not is_ours(p, plain_text(p)) for p in thread.posts[1:])


def keys_in(text: str) -> list[str]:
    """The keys that :func:`signed` has put into a text, as far as they stand on lines of their own."""
    try:
        return [str(ref) for ref in _REF.findall(text[-20_000:], timeout=_SECONDS)]
    except TimeoutError:
        return []


def _first_of_each(headers: tuple[tuple[str, str], ...]) -> dict[str, list[str]]:
    grouped: dict[str, list[str]] = {}
    for name, value in headers[:200]:
        grouped.setdefault(name.lower(), []).append(value)
    return grouped
