"""Front, Core API (https://dev.frontapp.com/reference/introduction): conversations, messages, comments, events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.adapters.helpdesk.answers import (
    Kept,
    as_html,
    header_fields,
    items,
    moment,
    number,
    segment,
    shaped,
    the,
    whole,
    word,
)
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import Changes, File, Post, Thread
from bot.core.parse.sender import single_address
from bot.errors import SendError, SendPointless, SendRefused

PAGES: Final = 10
OVERLAP: Final = 60.0
TYPES: Final = ("inbound", "outbound", "comment", "archive", "reopen")


class Front:
    """The port ``Helpdesk`` for Front. A message names its recipients. A token is nobody's account: what has no
    author is ours."""

    name = "front"
    limits_recipients = True
    recognises = False

    def __init__(self, api: Api, channel: str = "") -> None:
        self._api, self._channel = api, channel
        self._tags: dict[str, str] = {}
        self._heads = Kept[tuple[tuple[str, str], ...]]()

    def changed(self, cursor: str) -> Changes:
        """Events after the cursor, a moment in seconds; they come newest first."""
        since = float(cursor) if cursor else (datetime.now(UTC) - timedelta(days=1)).timestamp()
        query: dict[str, Any] = {"q[after]": f"{since:.3f}", "q[types][]": list(TYPES), "limit": 100}
        newest, rows = since, dict[str, str]()
        page = "/events"
        for _ in range(PAGES):
            found = self._api.get(page, **query)
            for event in items(found, "_results"):
                ticket, when = the(event, "conversation", "id"), number(event.get("emitted_at"))
                if ticket and str(ticket) not in rows:
                    rows[str(ticket)] = str(event.get("id"))
                newest = max(newest, when)
            page, query = str(the(found, "_pagination", "next") or ""), {}
            if not page:
                break
        return Changes(tuple(reversed(rows.items())), str(max(newest - OVERLAP, since)))

    def read(self, ticket: str) -> Thread:
        """The conversation, its messages and its comments."""
        path = f"/conversations/{segment(ticket)}"
        head = self._api.get(path)
        messages = [m for m in self._all(f"{path}/messages") if not m.get("is_draft")]
        posts = [_message(m, self._headers(m)) for m in messages] + [_comment(c) for c in self._all(f"{path}/comments")]
        closed = the(head, "status") == "archived"
        closer = the(head, "assignee", "id")
        handles = {
            str(r.get("handle")).lower()
            for p in messages
            for r in items(p, "recipients")
            if word(r.get("role")) in ("cc", "bcc")
        }
        return Thread(
            id=str(the(head, "id") or ticket),
            subject=str(the(head, "subject") or ""),
            requester=single_address(str(the(head, "recipient", "handle") or "")),
            posts=tuple(sorted(posts, key=lambda p: p.at)),
            closed=closed,
            closed_by=str(closer) if closed and closer else None,
            participants=tuple(sorted(handles)),
        )

    def fetch(self, ref: str, limit: int) -> bytes:
        """A file by its id (fil_…), from the API's own host."""
        return self._api.file(ref, limit)

    def note(self, ticket: str, text: str, key: str) -> str:
        """A comment, in the token's own name."""
        found = self._api.call("POST", f"/conversations/{segment(ticket)}/comments", {"body": text})
        return str(the(found, "id") or f"{ticket}:comment")

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """A message to the requester; the conversation stays open."""
        if thread.requester is None:
            raise SendRefused("Front: the conversation has no single address to reply to")
        body = {
            "to": [thread.requester],
            "cc": [],
            "bcc": [],
            "body": as_html(text),
            "text": text,
            "options": {"archive": False},
            **({"channel_id": self._channel} if self._channel else {}),
        }
        found = self._api.call("POST", f"/conversations/{segment(thread.id)}/messages", body)
        return str(the(found, "message_uid") or the(found, "id") or f"{thread.id}:message")

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """Tags by their names, which Front wants as ids; custom fields are replaced as a whole, so what is there is
        read first."""
        path = f"/conversations/{segment(ticket)}"
        if tags:
            self._api.call("POST", f"{path}/tags", {"tag_ids": [self._tag(tag) for tag in tags]})
        if fields:
            there = shaped(the(self._api.get(path), "custom_fields"))
            self._api.call("PATCH", path, {"custom_fields": {**there, **fields}})

    def _tag(self, name: str) -> str:
        """The id of a tag, which is made where there is none of that name."""
        if name not in self._tags:
            self._tags |= {str(t.get("name")): str(t.get("id")) for t in self._all("/tags")}
        if name not in self._tags:
            self._tags[name] = str(the(self._api.call("POST", "/tags", {"name": name}), "id"))
        return self._tags[name]

    def check(self) -> Sequence[tuple[bool, str]]:
        """Whose token it is, and whether it may read."""
        try:
            name = the(self._api.get("/me"), "name")
            self._api.get("/conversations", limit=1)
            return [(True, f"Front as {name}")]
        except SendError as error:
            return [(False, str(error))]

    def _headers(self, message: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        """Of a customer's mail, which Front gives as it came (Get message: Accept message/rfc822). A message never
        changes, so it is asked for once."""
        if not message.get("is_inbound") or message.get("type") != "email":
            return ()
        return self._heads.of(str(message.get("id")), self._source)

    def _source(self, message: str) -> tuple[tuple[str, str], ...]:
        try:
            mail = self._api.raw(f"/messages/{segment(message)}", {"Accept": "message/rfc822"})
        except (SendPointless, SendRefused):
            return ()
        return header_fields(mail[:200_000].decode("utf-8", "replace"))

    def _all(self, path: str) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        page = path
        for _ in range(PAGES):
            found = self._api.get(page)
            rows += items(found, "_results")
            page = str(the(found, "_pagination", "next") or "")
            if not page:
                break
        return rows


def _message(message: dict[str, Any], headers: tuple[tuple[str, str], ...]) -> Post:
    files = tuple(
        File(
            str(a.get("filename") or ""),
            str(a.get("content_type") or ""),
            whole(a.get("size")),
            f"/download/{segment(a['id'])}" if a.get("id") else "",
        )
        for a in items(message, "attachments")
    )
    inbound = bool(message.get("is_inbound"))
    text = message.get("text")
    return Post(
        id=str(message.get("id")),
        at=moment(message.get("created_at")),
        author=str(the(message, "author", "id") or ""),
        staff=not inbound,
        public=True,
        body=str(text or message.get("body") or ""),
        html=not text,
        mine=not inbound and not message.get("author"),
        files=files,
        headers=headers,
    )


def _comment(comment: dict[str, Any]) -> Post:
    return Post(
        id=str(comment.get("id")),
        at=moment(comment.get("posted_at")),
        author=str(the(comment, "author", "id") or ""),
        staff=True,
        public=False,
        body=str(comment.get("body") or ""),
        mine=not comment.get("author") or the(comment, "author", "is_teammate") is False,
    )
