"""Zammad 5 and later (https://docs.zammad.org/en/latest/api/ticket/index.html, …/api/ticket/articles.html,
…/api/tags.html).

The search for everything (``*``) is answered from the database and not from the index, so it misses nothing that is new
(Zammad's own app/models/concerns/can_search.rb).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.adapters.helpdesk.answers import Kept, header_fields, items, moment, segment, the, whole
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import Changes, File, Post, Thread
from bot.core.parse.sender import single_address
from bot.errors import SendError, SendPointless, SendRefused

PAGE: Final = 100
PAGES: Final = 10
OVERLAP: Final = timedelta(seconds=60)
_CLOSED: Final = frozenset({"closed", "merged", "removed"})
_SYSTEM: Final = "1"
"""The user that Zammad itself acts as."""


class Zammad:
    """The port ``Helpdesk`` for Zammad. A reply is an e-mail article with our own To and no Cc."""

    name = "zammad"
    limits_recipients = True
    recognises = False

    def __init__(self, api: Api) -> None:
        self._api = api
        self._me: str | None = None
        self._heads = Kept[tuple[tuple[str, str], ...]]()

    def changed(self, cursor: str) -> Changes:
        """The newest first until one that is older than the cursor, a moment."""
        since = moment(cursor) if cursor else datetime.now(UTC) - timedelta(days=1)
        rows: list[tuple[datetime, str, str]] = []
        for page in range(1, PAGES + 1):
            found = items(
                self._api.get(
                    "/api/v1/tickets/search",
                    query="*",
                    sort_by="updated_at",
                    order_by="desc",
                    page=page,
                    per_page=PAGE,
                    limit=PAGE,
                    expand="true",
                )
            )
            rows += [(moment(t.get("updated_at")), str(t.get("id")), str(t.get("updated_at"))) for t in found]
            if len(found) < PAGE or rows[-1][0] < since:
                break
        new = sorted(row for row in set(rows) if row[0] >= since)
        last = new[-1][0] - OVERLAP if new else since
        return Changes(tuple((ticket, version) for _, ticket, version in new), max(last, since).isoformat())

    def read(self, ticket: str) -> Thread:
        """The ticket, its articles, its customer."""
        head = self._api.get(f"/api/v1/tickets/{segment(ticket)}", expand="true")
        articles = items(self._api.get(f"/api/v1/ticket_articles/by_ticket/{segment(ticket)}", expand="true"))
        customer = (
            self._api.beside(f"/api/v1/users/{segment(the(head, 'customer_id'))}") if the(head, "customer_id") else {}
        )
        requester = single_address(str(the(customer, "email") or ""))
        me = self._who()
        closed = str(the(head, "state") or "") in _CLOSED
        closer = the(head, "updated_by_id")
        human = (
            the(head, "state") == "closed"
            and closer is not None
            and str(closer) not in (_SYSTEM, me, str(the(head, "customer_id")))
        )
        return Thread(
            id=str(the(head, "id") or ticket),
            subject=str(the(head, "title") or ""),
            requester=requester,
            posts=tuple(_post(a, me, self._headers(a)) for a in articles),
            closed=closed,
            merged=the(head, "state") == "merged",
            closed_by=str(closer) if human else None,
            participants=tuple(dict.fromkeys(c for a in articles if (c := str(a.get("cc") or "").strip()))),
        )

    def fetch(self, ref: str, limit: int) -> bytes:
        """An attachment of an article."""
        return self._api.file(ref, limit)

    def note(self, ticket: str, text: str, key: str) -> str:
        """An internal note."""
        return self._article(
            ticket, {"body": text, "content_type": "text/plain", "type": "note", "internal": True, "sender": "Agent"}
        )

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """A mail to the customer; a public note where they have no address."""
        kind = {"type": "email", "to": thread.requester, "cc": ""} if thread.requester else {"type": "note"}
        return self._article(
            thread.id, {"body": text, "content_type": "text/plain", "internal": False, "sender": "Agent", **kind}
        )

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """Tags are added one by one; fields by their name."""
        for tag in tags:
            self._api.call(
                "POST",
                "/api/v1/tags/add",
                {"item": tag, "object": "Ticket", "o_id": int(ticket) if ticket.isdigit() else ticket},
            )
        if fields:
            self._api.call("PUT", f"/api/v1/tickets/{segment(ticket)}", dict(fields))

    def check(self) -> Sequence[tuple[bool, str]]:
        """Whose token it is, and whether it may look for tickets."""
        try:
            user = self._api.get("/api/v1/users/me", expand="true")
            roles = [str(r) for r in the(user, "roles") or []]
            self._api.get("/api/v1/tickets/search", query="*", limit=1, per_page=1, expand="true")
            return [
                (
                    "Agent" in roles or not roles,
                    f"Zammad as {the(user, 'login')} ({', '.join(roles) or 'roles are not told'})"
                    + ("" if "Agent" in roles or not roles else ": needs the role Agent"),
                )
            ]
        except SendError as error:
            return [(False, f"{error} (the token needs the permission ticket.agent)")]

    def _headers(self, article: dict[str, Any]) -> tuple[tuple[str, str], ...]:
        """Of a customer's mail as it came in, which Zammad keeps. An article never changes, so it is asked for once."""
        if article.get("sender") != "Customer" or article.get("type") != "email":
            return ()
        return self._heads.of(str(article.get("id")), self._plain)

    def _plain(self, article: str) -> tuple[tuple[str, str], ...]:
        try:
            mail = self._api.raw(f"/api/v1/ticket_article_plain/{segment(article)}")
        except (SendPointless, SendRefused):
            return ()
        return header_fields(mail[:200_000].decode("utf-8", "replace"))

    def _who(self) -> str:
        if self._me is None:
            self._me = self._api.identity("/api/v1/users/me", "id")
        return self._me

    def _article(self, ticket: str, article: dict[str, Any]) -> str:
        found = self._api.call(
            "POST", "/api/v1/ticket_articles", {"ticket_id": int(ticket) if ticket.isdigit() else ticket, **article}
        )
        return str(the(found, "id") or f"{ticket}:article")


def _post(article: dict[str, Any], me: str, headers: tuple[tuple[str, str], ...]) -> Post:
    place = f"/api/v1/ticket_attachment/{segment(article.get('ticket_id'))}/{segment(article.get('id'))}"
    files = tuple(
        File(
            str(a.get("filename") or ""),
            str(the(a, "preferences", "Mime-Type") or the(a, "preferences", "Content-Type") or ""),
            whole(a.get("size")),
            f"{place}/{segment(a.get('id'))}",
        )
        for a in items(article, "attachments")
    )
    author = str(article.get("created_by_id"))
    return Post(
        id=str(article.get("id")),
        at=moment(article.get("created_at")),
        author=author,
        staff=article.get("sender") != "Customer",
        public=not article.get("internal"),
        body=str(article.get("body") or ""),
        html="html" in str(article.get("content_type") or ""),
        mine=author == me,
        files=files,
        headers=headers,
        machine=the(article, "preferences", "is-auto-response") is True and article.get("sender") == "Customer",
    )
