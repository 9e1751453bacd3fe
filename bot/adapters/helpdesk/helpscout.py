"""Help Scout, Mailbox API 2.0 (https://developer.helpscout.com/mailbox-api/): OAuth by client credentials,
conversations, threads."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.adapters.helpdesk.answers import (
    Json,
    Kept,
    as_html,
    decoded,
    header_fields,
    items,
    moment,
    number,
    segment,
    shaped,
    texts,
    the,
    whole,
    word,
)
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import Changes, File, Post, Thread
from bot.core.parse.sender import single_address
from bot.errors import SendError, SendPointless, SendRefused

PAGES: Final = 10
OVERLAP: Final = timedelta(seconds=60)
_PUBLIC: Final = {"customer": True, "message": True, "chat": True, "phone": True, "note": False}
"""Thread types that hold a message, and whether the customer sees it."""


class HelpScout:
    """The port ``Helpdesk`` for Help Scout. A reply names its customer and no cc."""

    name = "helpscout"
    limits_recipients = True
    recognises = False

    def __init__(self, api: Api, app_id: str, app_secret: str) -> None:
        self._api, self._app = (
            api,
            {"grant_type": "client_credentials", "client_id": app_id, "client_secret": app_secret},
        )
        self._token, self._until = "", 0.0
        self._me: str | None = None
        self._heads = Kept[tuple[tuple[str, str], ...]]()

    def changed(self, cursor: str) -> Changes:
        """Conversations by modifiedAt; the cursor is a moment."""
        since = moment(cursor) if cursor else datetime.now(UTC) - timedelta(days=1)
        rows: list[tuple[str, str]] = []
        more = False
        for page in range(1, PAGES + 1):
            found = self._get(
                "/v2/conversations",
                status="all",
                modifiedSince=f"{since.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
                sortField="modifiedAt",
                sortOrder="asc",
                page=page,
            )
            rows += [
                (str(c.get("id")), str(c.get("userUpdatedAt") or c.get("modifiedAt")))
                for c in items(found, "_embedded", "conversations")
            ]
            more = page < number(the(found, "page", "totalPages"))
            if not more:
                break
        if not rows:
            return Changes((), since.isoformat())
        last = max(moment(version) for _, version in rows)
        return Changes(tuple(rows), (last if more else max(last - OVERLAP, since)).isoformat(), more)

    def read(self, ticket: str) -> Thread:
        """The conversation with its threads, which come newest first."""
        head = self._get(f"/v2/conversations/{segment(ticket)}", embed="threads")
        me = self._who()
        entries = [
            t
            for t in items(head, "_embedded", "threads")
            if word(t.get("type")) in _PUBLIC and t.get("state") != "draft"
        ]
        posts = sorted((_post(t, me, ticket, self._headers(ticket, t)) for t in entries), key=lambda p: p.at)
        customer = shaped(the(head, "primaryCustomer") or the(head, "createdBy"))
        closed = the(head, "status") == "closed"
        closer = the(head, "closedByUser", "id") or the(head, "closedBy")
        return Thread(
            id=str(the(head, "id") or ticket),
            subject=str(the(head, "subject") or ""),
            requester=single_address(str(the(customer, "email") or "")),
            posts=tuple(posts),
            closed=closed,
            closed_by=str(closer) if closed and closer and str(closer) != me else None,
            participants=tuple(c for name in ("cc", "bcc") for c in texts(the(head, name))),
            customer=str(the(customer, "id") or ""),
        )

    def fetch(self, ref: str, limit: int) -> bytes:
        """An attachment's data, which comes as JSON in base64."""
        return decoded(the(self._get(ref), "data"), limit)

    def note(self, ticket: str, text: str, key: str) -> str:
        """A note."""
        return self._post("note", f"/v2/conversations/{segment(ticket)}/notes", {"text": as_html(text)})

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """A reply to the conversation's customer."""
        if not thread.customer.isdigit():
            raise SendRefused("Help Scout: the conversation has no customer to reply to")
        return self._post(
            "reply",
            f"/v2/conversations/{segment(thread.id)}/reply",
            {"customer": {"id": int(thread.customer)}, "text": as_html(text), "cc": [], "bcc": []},
        )

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """Help Scout replaces tags and fields as whole lists, so what is there is read first."""
        head = self._get(f"/v2/conversations/{segment(ticket)}")
        if tags:
            there = [str(t.get("tag")) for t in items(head, "tags")]
            self._call(
                "PUT", f"/v2/conversations/{segment(ticket)}/tags", {"tags": list(dict.fromkeys([*there, *tags]))}
            )
        if fields:
            kept = {str(f.get("id")): str(f.get("value") or "") for f in items(head, "customFields")}
            values = [{"id": int(k), "value": v} for k, v in {**kept, **fields}.items() if k.isdigit()]
            self._call("PUT", f"/v2/conversations/{segment(ticket)}/fields", {"fields": values})

    def check(self) -> Sequence[tuple[bool, str]]:
        """Whose app it is."""
        try:
            user = self._get("/v2/users/me")
            self._get("/v2/conversations", page=1)
            return [(True, f"Help Scout as {the(user, 'email')}")]
        except SendError as error:
            return [(False, str(error))]

    # -- the calls -----------------------------------------------------------------------------------------------

    def _post(self, what: str, path: str, body: dict[str, Any]) -> str:
        """Help Scout answers 201 with the new thread's id in Resource-ID."""
        _, headers = self._api.exchange("POST", path, body, headers=self._bearer())
        return headers.get("resource-id") or f"{path}:{what}"

    def _headers(self, ticket: str, entry: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        """Of a customer's mail, which Help Scout keeps for some time ("Get thread original source"). It never
        changes, so it is asked for once."""
        if entry.get("type") != "customer" or the(entry, "source", "type") != "email":
            return ()
        return self._heads.of(
            f"/v2/conversations/{segment(ticket)}/threads/{segment(entry.get('id'))}/original-source", self._source
        )

    def _source(self, path: str) -> tuple[tuple[str, str], ...]:
        try:
            mail = self._api.raw(path, {"Accept": "message/rfc822", **self._bearer()})
        except (SendPointless, SendRefused):
            return ()
        return header_fields(mail[:200_000].decode("utf-8", "replace"))

    def _get(self, path: str, **query: Any) -> Json:
        return self._call("GET", path, query=query)

    def _call(self, method: str, path: str, body: Any = None, query: Mapping[str, Any] | None = None) -> Json:
        return self._api.call(method, path, body, query=query, headers=self._bearer())

    def _bearer(self) -> dict[str, str]:
        """A token lives two days (``expires_in``); a new one is asked for a minute before the end."""
        if time.monotonic() >= self._until:
            found = self._api.call("POST", "/v2/oauth2/token", self._app)
            token = the(found, "access_token")
            if not token:
                raise SendRefused(
                    "Help Scout: gave no token for HELPDESK_USER (App ID) and HELPDESK_TOKEN (App Secret)"
                )
            self._token, self._until = str(token), time.monotonic() + (number(the(found, "expires_in")) or 120.0) - 60
        return {"Authorization": f"Bearer {self._token}"}

    def _who(self) -> str:
        if self._me is None:
            self._me = self._api.identity("/v2/users/me", "id", headers=self._bearer())
        return self._me


def _post(entry: dict[str, Any], me: str, ticket: str, headers: tuple[tuple[str, str], ...]) -> Post:
    author = shaped(the(entry, "createdBy"))
    files = tuple(
        File(
            str(a.get("filename") or ""),
            str(a.get("mimeType") or ""),
            whole(a.get("size")),
            f"/v2/conversations/{segment(ticket)}/attachments/{segment(a.get('id'))}/data",
        )
        for a in items(entry, "_embedded", "attachments")
    )
    kind = str(entry.get("type"))
    return Post(
        id=str(entry.get("id")),
        at=moment(entry.get("createdAt")),
        author=str(the(author, "id")),
        staff=kind != "customer" and the(author, "type") != "customer",
        public=_PUBLIC[kind],
        body=str(entry.get("body") or ""),
        html=True,
        mine=the(author, "type") == "user" and str(the(author, "id")) == me,
        files=files,
        headers=headers,
    )
