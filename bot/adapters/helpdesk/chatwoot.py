"""Chatwoot, application API (https://developers.chatwoot.com/api-reference/conversations/, …/messages/,
…/conversation-labels/)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import unquote

from bot.adapters.helpdesk.answers import items, moment, number, segment, shaped, texts, the, whole
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import Changes, File, Post, Thread
from bot.core.parse.sender import single_address
from bot.errors import SendError, SendPointless

PAGES: Final = 20
OVERLAP: Final = 60.0
_INCOMING: Final = (0, "incoming")
_OUTGOING: Final = (1, "outgoing")


class Chatwoot:
    """The port ``Helpdesk`` for one account of Chatwoot. Of a mail inbox a reply names To, and no Cc."""

    name = "chatwoot"
    limits_recipients = True
    recognises = False

    def __init__(self, api: Api, account: str) -> None:
        self._api, self._base = api, f"/api/v1/accounts/{segment(account)}"
        self._me: str | None = None

    def changed(self, cursor: str) -> Changes:
        """The most recently active first, until one that is older than the cursor, a moment in seconds."""
        since = float(cursor) if cursor else (datetime.now(UTC) - timedelta(days=1)).timestamp()
        rows: dict[str, float] = {}
        for page in range(1, PAGES + 1):
            found = items(
                self._api.get(
                    f"{self._base}/conversations",
                    status="all",
                    assignee_type="all",
                    sort_by="last_activity_at_desc",
                    page=page,
                ),
                "data",
                "payload",
            )
            active = [(str(c.get("id")), number(c.get("last_activity_at") or c.get("timestamp"))) for c in found]
            rows.update({ticket: when for ticket, when in active if when >= since})
            if not active or active[-1][1] < since:
                break
        new = sorted(rows.items(), key=lambda row: row[1])
        return Changes(
            tuple((ticket, f"{when:.3f}") for ticket, when in new),
            str(max(new[-1][1] - OVERLAP, since) if new else since),
        )

    def read(self, ticket: str) -> Thread:
        """The conversation and all its messages."""
        path = f"{self._base}/conversations/{segment(ticket)}"
        head = self._api.get(path)
        me = self._who()
        messages: dict[str, dict[str, Any]] = {}
        before: str | None = None
        for _ in range(PAGES):  # twenty at a time, the newest page first
            found = items(self._api.get(f"{path}/messages", before=before), "payload")
            new = [m for m in found if str(m.get("id")) not in messages]
            messages.update({str(m.get("id")): m for m in new})
            if len(new) < 20:
                break
            before = str(min(int(number(m.get("id"))) for m in new))
        entries = sorted(
            (m for m in messages.values() if m.get("message_type") in (*_INCOMING, *_OUTGOING)),
            key=lambda m: number(m.get("id")),
        )
        contact = shaped(the(head, "meta", "sender"))
        # what the hash proves is the identifier; the address beside it is whatever the page's script has said
        # ("Identity validation")
        known = (
            the(head, "meta", "hmac_verified") is True
            and str(contact.get("identifier") or "?").lower() == str(contact.get("email") or "").lower()
        )
        closed, closer = the(head, "status") == "resolved", the(head, "meta", "assignee", "id")
        return Thread(
            id=str(the(head, "id") or ticket),
            subject=str(the(head, "additional_attributes", "mail_subject") or ""),
            posts=tuple(_post(m, me) for m in entries),
            requester=single_address(str(the(head, "meta", "sender", "email") or "")),
            closed=closed,
            closed_by=str(closer) if closed and closer and str(closer) != me else None,
            vouched=known,
        )

    def fetch(self, ref: str, limit: int) -> bytes:
        """An attachment, by its data_url: Chatwoot's own host, or where it redirects there."""
        return self._api.file(ref, limit)

    def note(self, ticket: str, text: str, key: str) -> str:
        """A private message."""
        return self._write(ticket, {"content": text, "private": True})

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """An outgoing message."""
        mail = (
            {"to_emails": thread.requester, "cc_emails": "", "bcc_emails": ""}
            if thread.requester and thread.subject
            else {}
        )
        return self._write(thread.id, {"content": text, "private": False, **mail})

    def take_back(self, ticket: str, post: str) -> None:
        """Chatwoot's application API, "Delete a message": its content is emptied."""
        try:
            self._api.call("DELETE", f"{self._base}/conversations/{segment(ticket)}/messages/{segment(post)}")
        except SendPointless:
            return  # it is gone already

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """Chatwoot replaces the list of labels, so what is there is read first."""
        path = f"{self._base}/conversations/{segment(ticket)}"
        if tags:
            there = texts(the(self._api.get(f"{path}/labels"), "payload"))
            self._api.call("POST", f"{path}/labels", {"labels": list(dict.fromkeys([*there, *tags]))})
        if fields:
            self._api.call("POST", f"{path}/custom_attributes", {"custom_attributes": dict(fields)})

    def check(self) -> Sequence[tuple[bool, str]]:
        """Whose token it is, and whether it may read the account."""
        try:
            profile = self._api.get("/api/v1/profile")
            self._api.get(f"{self._base}/conversations", status="all", page=1)
            return [(True, f"Chatwoot as {the(profile, 'name')}")]
        except SendError as error:
            return [(False, str(error))]

    def _who(self) -> str:
        if self._me is None:
            self._me = self._api.identity("/api/v1/profile", "id")
        return self._me

    def _write(self, ticket: str, message: dict[str, Any]) -> str:
        found = self._api.call(
            "POST", f"{self._base}/conversations/{segment(ticket)}/messages", {"message_type": "outgoing", **message}
        )
        return str(the(found, "id") or f"{ticket}:message")


def _post(message: dict[str, Any], me: str) -> Post:
    files = tuple(_file(a) for a in items(message, "attachments"))
    staff = message.get("message_type") in _OUTGOING
    author = str(the(message, "sender", "id"))
    return Post(
        id=str(message.get("id")),
        at=moment(message.get("created_at")),
        author=author,
        staff=staff,
        public=not message.get("private"),
        body=str(message.get("content") or ""),
        mine=staff and author == me,
        files=files,
        machine=not staff and the(message, "content_attributes", "email", "auto_reply") is True,
    )


def _file(attachment: dict[str, Any]) -> File:
    """Chatwoot names no file but in its address, and ``file_type`` is a word (image, file) and no media type."""
    place = str(attachment.get("data_url") or "")
    name = (
        str(attachment.get("file_name") or "")
        or unquote(place.partition("?")[0].rpartition("/")[2])
        or str(attachment.get("extension") or "")
    )
    return File(name, "", whole(attachment.get("file_size")), place)
