"""Request Tracker 5 by REST2 (https://docs.bestpractical.com/rt/5.0.3/RT/REST2.html). It has no webhook of its own,
so it is polled.

RT says what happened in messages, not in status codes: a refused change is a 200 or 201 with a text. What it says is
not parsed; the ticket is read again instead. Facts beside the documentation were seen on 5.0.3: ``fields=Parent`` on
a message without a parent ends in a 500, and ``Privileged`` is filled in only where the user itself is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.adapters.helpdesk.answers import Json, Kept, decoded, header_fields, items, moment, segment, the
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import Changes, File, Post, Thread
from bot.core.parse.sender import single_address
from bot.errors import SendError, SendPointless, SendRefused

PAGE: Final = 100
PAGES: Final = 10
OVERLAP: Final = timedelta(seconds=90)
"""RT's times are whole seconds and a long transaction shows up late: so much is asked for again, and known tickets
cost nothing."""
ZONES: Final = timedelta(hours=14)
"""RT reads a moment in its user's own time zone, and drops the time of one that names its zone (Time::ParseDate): so
much earlier is asked for, and what is older is left out here."""
SWEPT_PAGES: Final = 200
"""Of tickets that have changed since the last sweep: more than 20,000 are not looked for after a long silence."""
MAX_TEXT: Final = 2_000_000
"""Bytes of a message's text: RT itself cuts longer ones unless it is told otherwise (MaxAttachmentSize is 10 MB)."""
_KINDS: Final = {"Create": True, "Correspond": True, "Comment": False}
"""Transactions that hold a message, and whether the customer sees it."""
_TEXT: Final = ("text/plain", "text/html", "")
_CLOSED: Final = frozenset({"resolved", "rejected", "deleted"})


class RequestTracker:
    """The port ``Helpdesk`` for RT 5. ``queue`` limits it to one queue."""

    name = "rt"
    limits_recipients = False
    recognises = False

    def __init__(self, api: Api, *, me: str = "", queue: str = "") -> None:
        self._api, self._queue, self._me = api, queue, me
        self._privileged: dict[str, bool] = {}
        self._texts = Kept[str]()

    def changed(self, cursor: str) -> Changes:
        """Tickets by LastUpdated, the oldest change first; the cursor is a moment."""
        since = moment(cursor) if cursor else datetime.now(UTC) - timedelta(days=1)
        query = f"LastUpdated >= '{(since - ZONES).astimezone(UTC):%Y-%m-%d %H:%M:%S}'"
        if self._queue:
            query += " AND Queue = '" + self._queue.replace("\\", "\\\\").replace("'", "\\'") + "'"
        changed = self._newest(query, since)
        # LastUpdated is of whole seconds: who changed it, and to what, tells two changes within one apart
        rows = [
            (str(r.get("id")), f"{r['LastUpdated']} {the(the(r, 'LastUpdatedBy'), 'id')} {the(r, 'Status')}")
            for r in reversed(changed)
        ]
        return Changes(
            tuple(rows),
            max(moment(str(changed[0]["LastUpdated"])) - OVERLAP, since).isoformat() if changed else since.isoformat(),
        )

    def _newest(self, query: str, since: datetime) -> list[dict[str, Any]]:
        """What the query finds, the newest first, down to ``since``."""
        rows: list[dict[str, Any]] = []
        for page in range(1, SWEPT_PAGES + 1):
            found = items(
                self._api.get(
                    "/REST/2.0/tickets",
                    per_page=PAGE,
                    page=page,
                    query=query,
                    orderby="LastUpdated",
                    order="DESC",
                    fields="LastUpdated,LastUpdatedBy,Status",
                ),
                "items",
            )
            fresh = [r for r in found if r.get("LastUpdated") and moment(str(r["LastUpdated"])) >= since]
            rows += fresh
            if len(found) < PAGE or len(fresh) < len(found):
                break
        return rows

    def read(self, ticket: str) -> Thread:
        """The ticket, its transactions and their messages."""
        path = f"/REST/2.0/ticket/{segment(ticket)}"
        head = self._api.get(path)
        transactions = self._pages(f"{path}/history", fields="Type,Creator,Created,Field,NewValue")
        messages: dict[str, list[dict[str, Any]]] = {}
        for part in self._pages(f"{path}/attachments", fields="ContentType,Filename,TransactionId,Headers"):
            messages.setdefault(str(part.get("TransactionId")), []).append(part)
        posts = tuple(
            self._post(t, messages.get(str(t.get("id")), [])) for t in transactions if t.get("Type") in _KINDS
        )
        closed = the(head, "Status") in _CLOSED
        requesters = [single_address(self._address(str(u.get("id")))) for u in items(head, "Requestor")]
        return Thread(
            id=str(the(head, "id")),
            subject=str(the(head, "Subject") or ""),
            requester=requesters[0] if len(requesters) == 1 else None,
            posts=posts,
            closed=closed,
            closed_by=self._closer(transactions) if closed else None,
            participants=tuple(str(u.get("id")) for kind in ("Cc", "AdminCc") for u in items(head, kind))
            + tuple(r for r in requesters[1:] if r),
        )

    def fetch(self, ref: str, limit: int) -> bytes:
        """A part of a message: RT gives its content in base64."""
        return decoded(the(self._api.get(ref), "Content"), limit)

    def note(self, ticket: str, text: str, key: str) -> str:
        """A comment."""
        return self._write(ticket, "comment", text)

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """Correspondence: RT mails it to requestors and Ccs."""
        return self._write(thread.id, "correspond", text)

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """Custom fields; RT has no tags of its own, so they go into the custom field ``Tags``. It replaces all
        values of a field, so they are read first."""
        there = (
            [
                v
                for f in items(self._api.get(f"/REST/2.0/ticket/{segment(ticket)}"), "CustomFields")
                if f.get("name") == "Tags"
                for v in f.get("values") or []
            ]
            if tags
            else []
        )
        values: dict[str, Any] = {
            **fields,
            **({"Tags": list(dict.fromkeys([*map(str, there), *tags]))} if tags else {}),
        }
        self._api.call("PUT", f"/REST/2.0/ticket/{segment(ticket)}", {"CustomFields": values})

    def check(self) -> Sequence[tuple[bool, str]]:
        """Version, and whether the token's user is one of the staff."""
        try:
            version = the(self._api.get("/REST/2.0/rt"), "Version")
            found = [(True, f"Request Tracker {version}")]
            self._api.get("/REST/2.0/tickets", query="id > 0", per_page=1)
            if self._me:
                staff = self._staff(self._me)
                found.append(
                    (
                        staff,
                        f"its user {self._me} is privileged"
                        if staff
                        else f"its user {self._me} is not privileged: RT would not let it comment",
                    )
                )
            else:
                found.append(
                    (False, "HELPDESK_USER: is not set; it must be the RT user name that the token belongs to")
                )
            return found
        except SendError as error:
            return [(False, str(error))]

    # -- reading -----------------------------------------------------------------------------------------------

    def _pages(self, path: str, **query: Any) -> list[dict[str, Any]]:
        """All pages. RT tells no total and no next page to a user who may not see everything, so a page that is not
        full is the last."""
        rows: list[dict[str, Any]] = []
        for page in range(1, PAGES + 1):
            found = items(self._api.get(path, per_page=PAGE, page=page, **query), "items")
            rows += found
            if len(found) < PAGE:
                break
        return rows

    def _post(self, transaction: dict[str, Any], parts: list[dict[str, Any]]) -> Post:
        author = str(the(transaction, "Creator", "id") or "")
        texts = (
            (p, self._texts.of(str(p.get("id")), self._text))
            for p in parts
            if p.get("ContentType") in _TEXT and not p.get("Filename")
        )
        body, text = next(((p, said) for p, said in texts if said), (None, ""))
        files = tuple(
            File(str(p.get("Filename")), str(p.get("ContentType") or ""), 0, _part(str(p.get("id"))))
            for p in parts
            if p.get("Filename")
        )
        staff = self._staff(author)
        return Post(
            id=str(transaction.get("id")),
            at=moment(transaction.get("Created")),
            author=author,
            staff=staff,
            public=_KINDS[str(transaction.get("Type"))],
            body=text,
            html=bool(body and body.get("ContentType") == "text/html"),
            mine=author == self._me,
            files=files,
            headers=header_fields(str(parts[0].get("Headers") or "")) if parts and not staff else (),
        )

    def _text(self, part: str) -> str:
        """The text of a part; a part never changes, so it is asked for once."""
        try:
            content = "".join(str(the(self._api.get(_part(part)), "Content") or "").split())
        except SendRefused:
            return "(This message is too long to be read here.)"
        return decoded(content[: MAX_TEXT // 3 * 4], MAX_TEXT).decode("utf-8", "replace")

    def _closer(self, transactions: list[dict[str, Any]]) -> str | None:
        for transaction in reversed(transactions):
            if transaction.get("Type") == "Status" and transaction.get("NewValue") in _CLOSED:
                author = str(the(transaction, "Creator", "id") or "")
                return author if self._staff(author) and author != self._me else None
        return None

    def _staff(self, user: str) -> bool:
        if user not in self._privileged:
            self._user(user)
        return self._privileged[user]

    def _address(self, user: str) -> str:
        """The address of a user, who is often named by it."""
        return user if "@" in user else str(self._user(user).get("EmailAddress") or "")

    def _user(self, name: str) -> dict[str, Any]:
        try:
            found: Json = self._api.get(f"/REST/2.0/user/{segment(name)}")
        except (SendRefused, SendPointless):  # RT_System and users that we may not see: nobody whose word counts
            found = {}
        self._privileged[name] = str(the(found, "Privileged")) == "1" and name != "RT_System"
        return found if isinstance(found, dict) else {}

    def _write(self, ticket: str, what: str, text: str) -> str:
        self._api.call(
            "POST", f"/REST/2.0/ticket/{segment(ticket)}/{what}", {"Content": text, "ContentType": "text/plain"}
        )
        return f"{ticket}:{what}"


def _part(identity: str) -> str:
    return f"/REST/2.0/attachment/{segment(identity)}"
