"""Intercom, REST API 2.11 (https://developers.intercom.com/docs/references/rest-api/api.intercom.io/conversations)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.adapters.helpdesk.answers import as_html, items, moment, segment, shaped, the, whole, word
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import Changes, File, Post, Thread
from bot.core.parse.sender import single_address
from bot.errors import SendError

VERSION: Final = "2.11"
PAGE: Final = 150
PAGES: Final = 10
OVERLAP: Final = 60
_STAFF: Final = frozenset({"admin", "bot", "team"})
STORES: Final = ("downloads.intercomcdn.com",)
"""Where attachments lie, by the documentation's examples."""


class Intercom:
    """The port ``Helpdesk`` for Intercom. A reply reaches all contacts of the conversation."""

    name = "intercom"
    limits_recipients = False
    recognises = False

    def __init__(self, api: Api) -> None:
        self._api = api
        self._me: str | None = None

    def changed(self, cursor: str) -> Changes:
        """Conversations by updated_at; the cursor is a moment in whole seconds."""
        since = int(cursor) if cursor.isdigit() else int((datetime.now(UTC) - timedelta(days=1)).timestamp())
        rows: list[tuple[str, str]] = []
        after: str | None = None
        for _ in range(PAGES):
            body = {
                "query": {"field": "updated_at", "operator": ">", "value": since},
                "sort": {"field": "updated_at", "order": "ascending"},
                "pagination": {"per_page": PAGE, **({"starting_after": after} if after else {})},
            }
            found = self._api.call("POST", "/conversations/search", body)
            rows += [(str(c.get("id")), str(c.get("updated_at"))) for c in items(found, "conversations")]
            after = the(found, "pages", "next", "starting_after")
            if not after:
                break
        last = max((int(version) for _, version in rows if version.isdigit()), default=since)
        return Changes(tuple(rows), str(last if after else max(last - OVERLAP, since)), more=after is not None)

    def read(self, ticket: str) -> Thread:
        """The conversation: what opened it, then its parts."""
        head = self._api.get(f"/conversations/{segment(ticket)}", display_as="plaintext")
        me = self._who()
        source = shaped(the(head, "source"))
        opening = Post(
            id=f"source-{source.get('id') or ''}",
            at=moment(the(head, "created_at")),
            author=str(the(source, "author", "id")),
            staff=word(the(source, "author", "type")) in _STAFF,
            public=True,
            body=str(source.get("body") or ""),
            mine=str(the(source, "author", "id")) == me,
            files=_files(source),
        )
        parts = items(head, "conversation_parts", "conversation_parts")
        posts = [opening, *(_part(p, me) for p in parts if p.get("body"))]
        contacts = [str(c.get("id")) for c in items(head, "contacts", "contacts")]
        address = the(source, "author", "email") if not opening.staff else None
        if address is None and len(contacts) == 1:
            address = the(self._api.beside(f"/contacts/{segment(contacts[0])}"), "email")
        closed = the(head, "state") == "closed"
        closer = next(
            (
                str(the(p, "author", "id"))
                for p in reversed(parts)
                if p.get("part_type") == "close" and the(p, "author", "type") == "admin"
            ),
            None,
        )
        return Thread(
            id=str(the(head, "id") or ticket),
            subject=str(source.get("subject") or ""),
            requester=single_address(str(address or "")),
            posts=tuple(posts),
            closed=closed,
            closed_by=closer if closed and closer != me else None,
            participants=tuple(f"intercom:{c}" for c in contacts[1:]),
        )

    def fetch(self, ref: str, limit: int) -> bytes:
        """An attachment, by its url."""
        return self._api.file(ref, limit)

    def note(self, ticket: str, text: str, key: str) -> str:
        """A note."""
        return self._reply(ticket, "note", text)

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """A comment."""
        return self._reply(thread.id, "comment", text)

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """A tag is made where it is not there yet (the same call finds it), then attached."""
        for tag in tags:
            made = the(self._api.call("POST", "/tags", {"name": tag}), "id")
            self._api.call("POST", f"/conversations/{segment(ticket)}/tags", {"id": str(made), "admin_id": self._who()})
        if fields:
            self._api.call("PUT", f"/conversations/{segment(ticket)}", {"custom_attributes": dict(fields)})

    def check(self) -> Sequence[tuple[bool, str]]:
        """Whose token it is, and whether it may read conversations."""
        try:
            me = self._api.get("/me")
            self.changed(str(int(datetime.now(UTC).timestamp())))
            return [(True, f"Intercom as {the(me, 'email')}")]
        except SendError as error:
            return [(False, str(error))]

    def _who(self) -> str:
        if self._me is None:
            self._me = self._api.identity("/me", "id")
        return self._me

    def _reply(self, ticket: str, kind: str, text: str) -> str:
        found = self._api.call(
            "POST",
            f"/conversations/{segment(ticket)}/reply",
            {"message_type": kind, "type": "admin", "admin_id": self._who(), "body": as_html(text)},
        )
        parts = items(found, "conversation_parts", "conversation_parts")
        return str(parts[-1].get("id")) if parts else f"{ticket}:{kind}"


def _part(part: dict[str, Any], me: str) -> Post:
    author = str(the(part, "author", "id"))
    body = str(part.get("body") or "")
    return Post(
        id=str(part.get("id")),
        at=moment(part.get("created_at")),
        author=author,
        staff=word(the(part, "author", "type")) in _STAFF,
        public="note" not in str(part.get("part_type")),
        body=body,
        html=body.lstrip().startswith("<"),
        mine=author == me,
        files=_files(part),
    )


def _files(entry: Any) -> tuple[File, ...]:
    return tuple(
        File(
            str(a.get("name") or ""),
            str(a.get("content_type") or ""),
            whole(a.get("filesize")),
            str(a.get("url") or ""),
        )
        for a in items(entry, "attachments")
    )
