"""Freshdesk (https://developers.freshdesk.com/api/#tickets, #conversations). Its webhooks are not signed: a secret
header of ours stands in for that."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.adapters.helpdesk.answers import as_html, items, moment, number, segment, texts, the, whole
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import Changes, File, Post, Thread
from bot.core.parse.sender import single_address
from bot.errors import SendError, SendPointless

PAGE: Final = 100
PAGES: Final = 10
OVERLAP: Final = timedelta(seconds=60)
_CLOSED: Final = frozenset({4, 5})
"""Resolved and Closed."""
STORES: Final = ("cdn.freshdesk.com", "attachment.freshdesk.com")
"""Where attachments lie, by the documentation's examples of attachment_url."""


class Freshdesk:
    """The port ``Helpdesk`` for Freshdesk. A reply goes to the requester; who stands in CC is named in the call, so
    nobody is."""

    name = "freshdesk"
    limits_recipients = True
    recognises = False

    def __init__(self, api: Api) -> None:
        self._api = api
        self._me: str | None = None

    def changed(self, cursor: str) -> Changes:
        """Tickets by updated_at; the cursor is a moment."""
        since = moment(cursor) if cursor else datetime.now(UTC) - timedelta(days=1)
        rows: list[tuple[str, str]] = []
        found: list[dict[str, Any]] = []
        for page in range(1, PAGES + 1):
            found = items(
                self._api.get(
                    "/api/v2/tickets",
                    updated_since=f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                    order_by="updated_at",
                    order_type="asc",
                    per_page=PAGE,
                    page=page,
                )
            )
            rows += [(str(t.get("id")), str(t.get("updated_at"))) for t in found]
            if len(found) < PAGE:
                break
        if not rows:
            return Changes((), since.isoformat())
        last, more = moment(rows[-1][1]), len(found) == PAGE
        return Changes(tuple(rows), (last if more else max(last - OVERLAP, since)).isoformat(), more)

    def read(self, ticket: str) -> Thread:
        """The ticket and its conversations; what opened it is the ticket's own description."""
        path = f"/api/v2/tickets/{segment(ticket)}"
        head = self._api.get(path, include="requester")
        me = self._who()
        posts = [
            Post(
                id="0",
                at=moment(the(head, "created_at")),
                author=str(the(head, "requester_id")),
                staff=False,
                public=True,
                body=str(the(head, "description_text") or the(head, "description") or ""),
                files=_files(head),
            )
        ]
        for page in range(1, PAGES + 1):
            found = items(self._api.get(f"{path}/conversations", per_page=PAGE, page=page))
            posts += [_post(c, me) for c in found]
            if len(found) < PAGE:
                break
        closed, closer = number(the(head, "status")) in _CLOSED, the(head, "responder_id")
        return Thread(
            id=str(the(head, "id") or ticket),
            subject=str(the(head, "subject") or ""),
            requester=single_address(str(the(head, "requester", "email") or "")),
            posts=tuple(posts),
            closed=closed,
            closed_by=str(closer) if closed and closer and str(closer) != me else None,
            participants=texts(the(head, "cc_emails")),
        )

    def fetch(self, ref: str, limit: int) -> bytes:
        """An attachment, by its attachment_url."""
        return self._api.file(ref, limit)

    def note(self, ticket: str, text: str, key: str) -> str:
        """A private note."""
        found = self._api.call(
            "POST", f"/api/v2/tickets/{segment(ticket)}/notes", {"body": as_html(text), "private": True}
        )
        return str(the(found, "id") or f"{ticket}:note")

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """A reply to the requester, without any CC."""
        found = self._api.call(
            "POST", f"/api/v2/tickets/{segment(thread.id)}/reply", {"body": as_html(text), "cc_emails": []}
        )
        return str(the(found, "id") or f"{thread.id}:reply")

    def take_back(self, ticket: str, post: str) -> None:
        """Freshdesk API, "Delete a conversation"."""
        try:
            self._api.call("DELETE", f"/api/v2/conversations/{segment(post)}")
        except SendPointless:
            return  # it is gone already

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """Freshdesk replaces the list of tags, so what is there is read first."""
        path = f"/api/v2/tickets/{segment(ticket)}"
        change: dict[str, Any] = {"custom_fields": dict(fields)} if fields else {}
        if tags:
            change["tags"] = list(dict.fromkeys([*texts(the(self._api.get(path), "tags")), *tags]))
        if change:
            self._api.call("PUT", path, change)

    def check(self) -> Sequence[tuple[bool, str]]:
        """Whose key it is."""
        try:
            agent = self._api.get("/api/v2/agents/me")
            self._api.get("/api/v2/tickets", per_page=1)
            return [(True, f"Freshdesk as {the(agent, 'contact', 'email')}")]
        except SendError as error:
            return [(False, str(error))]

    def _who(self) -> str:
        if self._me is None:
            self._me = self._api.identity("/api/v2/agents/me", "id")
        return self._me


def _post(entry: dict[str, Any], me: str) -> Post:
    author = str(entry.get("user_id"))
    return Post(
        id=str(entry.get("id")),
        at=moment(entry.get("created_at")),
        author=author,
        staff=not entry.get("incoming"),
        public=not entry.get("private"),
        body=str(entry.get("body_text") or entry.get("body") or ""),
        html=not entry.get("body_text"),
        mine=author == me,
        files=_files(entry),
    )


def _files(entry: Any) -> tuple[File, ...]:
    return tuple(
        File(
            str(a.get("name") or ""),
            str(a.get("content_type") or ""),
            whole(a.get("size")),
            str(a.get("attachment_url") or ""),
        )
        for a in items(entry, "attachments")
    )
