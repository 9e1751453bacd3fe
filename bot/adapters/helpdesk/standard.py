"""Any other system, by signed webhooks in both directions (https://www.standardwebhooks.com).
docs/schema/helpdesk-webhook.json says what they hold.

Coming in, ``ticket.changed`` holds the whole ticket as it is now. Going out, ``note.created``, ``reply.created`` and
``ticket.marked`` carry a webhook-id that is the same however often they are sent: by the standard it is the
receiver's key for telling a second copy.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from bot.adapters.helpdesk.answers import items, moment, the, whole
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import TICKET_ID, Changes, File, Post, Thread
from bot.core.desk.keys import token_of
from bot.core.desk.signature import sign_standard
from bot.core.parse.sender import single_address
from bot.errors import SendRefused

MAX_POSTS: Final = 500


class StandardWebhook:
    """The port ``Helpdesk`` for a system that speaks signed webhooks. Nothing can be asked of it."""

    name = "webhook"
    limits_recipients = True
    recognises = True

    def __init__(self, api: Api, secrets: Sequence[str]) -> None:
        self._api, self._secrets = api, secrets

    def changed(self, cursor: str) -> Changes:
        """Never anything: what has changed is told by webhook."""
        return Changes((), cursor)

    def read(self, ticket: str) -> Thread:
        """Not possible. Raises SendRefused."""
        raise SendRefused("webhook: a ticket of this channel can only be told, not asked for")

    def fetch(self, ref: str, limit: int) -> bytes:
        """Not possible: what this channel has of a file came with the ticket. Raises SendRefused."""
        raise SendRefused("webhook: files come with the ticket")

    def note(self, ticket: str, text: str, key: str) -> str:
        """note.created."""
        return self._tell("note.created", key, {"ticket": ticket, "text": text})

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """reply.created."""
        return self._tell("reply.created", key, {"ticket": thread.id, "text": text})

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """ticket.marked."""
        self._tell("ticket.marked", key, {"ticket": ticket, "tags": list(tags), "fields": dict(fields)})

    def check(self) -> Sequence[tuple[bool, str]]:
        """Only what is set: asking would be an event."""
        return [(True, f"webhook: answers go to {self._api.base}")]

    def _tell(self, kind: str, key: str, data: dict[str, Any]) -> str:
        """One signed event. The body is built before it is signed and sent as it was signed."""
        identity, now = f"msg_{token_of(key)}", datetime.now(UTC)
        body = json.dumps({"type": kind, "timestamp": now.isoformat(), "data": data}, ensure_ascii=False).encode()
        stamp = int(now.timestamp())
        signatures = " ".join(sign_standard(secret, identity, stamp, body) for secret in self._secrets)
        self._api.exchange(
            "POST",
            "",
            content=body,
            any_answer=True,
            headers={
                "Content-Type": "application/json",
                "webhook-id": identity,
                "webhook-timestamp": str(stamp),
                "webhook-signature": signatures,
            },
        )
        return identity


def thread_of(document: Any) -> Thread:
    """The ticket that an event holds. Raises SendRefused naming the key that is wrong."""
    ticket = the(document, "data")
    identity = str(the(ticket, "id") or "")
    if not TICKET_ID.fullmatch(identity):
        raise SendRefused("webhook: data.id: 1 to 80 letters, digits, - and _")
    entries = items(ticket, "messages")[-MAX_POSTS:]
    if not entries:
        raise SendRefused("webhook: data.messages: a ticket needs at least one")
    posts = tuple(
        Post(
            id=str(m.get("id") or n)[:80],
            at=moment(m.get("at")),
            author=str(m.get("author") or "")[:200],
            staff=m.get("from_agent") is True,
            public=m.get("public") is not False,
            body=str(m.get("body") or ""),
            html=m.get("format") == "html",
            files=tuple(_file(a) for a in items(m, "attachments")),
            headers=_fields(the(m, "headers") or (the(ticket, "headers") if n == 0 else None)),
        )
        for n, m in enumerate(entries)
    )
    closer = the(ticket, "closed_by")
    return Thread(
        id=identity,
        subject=str(the(ticket, "subject") or ""),
        requester=single_address(str(the(ticket, "requester") or "")),
        posts=posts,
        closed=the(ticket, "closed") is True,
        closed_by=str(closer)[:200] if closer else None,
        participants=_texts(the(ticket, "participants")),
        vouched=the(ticket, "requester_verified") is True,
        linked=_texts(the(ticket, "linked_mailboxes")),
    )


def _fields(value: Any) -> tuple[tuple[str, str], ...]:
    """Header fields as pairs, topmost first. All of them count: where a list of fields is cut, nobody can say what
    the rest would have said."""
    return (
        tuple((str(h[0]), str(h[1])) for h in value if isinstance(h, list) and len(h) == 2)
        if isinstance(value, list)
        else ()
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, list) else ()


def _file(attachment: dict[str, Any]) -> File:
    given = {name: str(attachment.get(name) or "") for name in ("text", "content")}
    return File(
        str(attachment.get("name") or ""),
        str(attachment.get("content_type") or ""),
        whole(attachment.get("size")),
        **given,
    )
