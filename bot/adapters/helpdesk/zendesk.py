"""Zendesk Support (https://developer.zendesk.com/api-reference/ticketing/tickets/tickets/, …/ticket_comments/,
…/ticket-management/incremental_exports/).

A reply is a public comment: Zendesk mails it to the requester and to the CCs. The incremental export leaves out the
last minute and needs an admin's token.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from bot.adapters.helpdesk.answers import items, moment, segment, shaped, texts, the, whole, word
from bot.adapters.helpdesk.http import Api
from bot.core.desk.helpdesk import Changes, File, Post, Thread
from bot.core.parse.sender import single_address
from bot.errors import SendError

PAGES: Final = 20
_TAG: Final = re.compile(r"(<[^<>]*>)")
_STAFF: Final = frozenset({"agent", "admin"})
_CLOSED: Final = frozenset({"solved", "closed", "deleted"})
_GENERATED: Final = "4"
"""Comment flag ("Ticket audits: comment flags"): the comment was automatically generated. 0, 2, 3 and 11 are doubts
about who wrote it."""
STORES: Final = ("zdusercontent.com",)
"""Where attachments lie ("Attachments: content_url"; the file may be hosted elsewhere, where credentials must not
go)."""


class Zendesk:
    """The port ``Helpdesk`` for Zendesk."""

    name = "zendesk"
    limits_recipients = False
    recognises = False

    def __init__(self, api: Api) -> None:
        self._api = api
        self._me: str | None = None

    def changed(self, cursor: str) -> Changes:
        """Cursor-based incremental export: the cursor is Zendesk's own."""
        start = int((datetime.now(UTC) - timedelta(days=1)).timestamp())
        found = self._api.get(
            "/api/v2/incremental/tickets/cursor.json", **({"cursor": cursor} if cursor else {"start_time": start})
        )
        rows = tuple(
            (str(t.get("id")), str(t.get("generated_timestamp") or t.get("updated_at")))
            for t in items(found, "tickets")
            if t.get("status") != "deleted"
        )
        return Changes(rows, str(the(found, "after_cursor") or cursor), more=the(found, "end_of_stream") is False)

    def read(self, ticket: str) -> Thread:
        """The ticket, its comments and who wrote them."""
        found = self._api.get(f"/api/v2/tickets/{segment(ticket)}.json", include="users")
        head = shaped(the(found, "ticket"))
        users = {str(u.get("id")): u for u in items(found, "users")}
        comments = list(self._comments(ticket, users))
        self._missing(users, {str(c.get("author_id")) for c in comments} | {str(head.get("requester_id"))})
        me = self._who()
        requester = users.get(str(head.get("requester_id")), {})
        customers = [c for c in comments if word(users.get(str(c.get("author_id")), {}).get("role")) not in _STAFF]
        others = [i for name in ("collaborator_ids", "follower_ids", "email_cc_ids") for i in texts(head.get(name))]
        closed = word(head.get("status")) in _CLOSED
        # Zendesk's own tag ("Merging tickets"): a merge says nothing about whose fault it was
        merged = "closed_by_merge" in texts(head.get("tags"))
        # the ticket does not say who solved it; its assignee is the one it counts for
        closer = "" if merged else str(head.get("assignee_id") or "")
        return Thread(
            id=str(head.get("id") or ticket),
            subject=str(head.get("subject") or ""),
            requester=single_address(str(requester.get("email") or "")),
            closed=closed,
            merged=merged,
            vouched=requester.get("verified") is True
            and bool(customers)
            and all(_signed_in(c, head.get("requester_id")) for c in customers),
            closed_by=closer if closed and closer and closer != me else None,
            participants=tuple(f"zendesk:{i}" for i in dict.fromkeys(others)),
            posts=tuple(_post(c, users.get(str(c.get("author_id")), {}), me) for c in comments),
        )

    def fetch(self, ref: str, limit: int) -> bytes:
        """An attachment, by its content_url."""
        return self._api.file(ref, limit)

    def note(self, ticket: str, text: str, key: str) -> str:
        """A comment that is not public."""
        return self._comment(ticket, text, public=False)

    def reply(self, thread: Thread, text: str, key: str) -> str:
        """A public comment."""
        return self._comment(thread.id, text, public=True)

    def take_back(self, ticket: str, post: str) -> None:
        """Redact a comment (Zendesk API, "Redact Ticket Comment In Agent Workspace"): what stands between redact
        tags is blacked out for good, in closed tickets too."""
        comment = next((c for c in self._comments(ticket, {}) if str(c.get("id")) == post), None)
        if comment is None:
            return  # it is gone already
        pieces = _TAG.split(str(comment.get("html_body") or ""))
        body = "".join(p if _TAG.fullmatch(p) or not p.strip() else f"<redact>{p}</redact>" for p in pieces)
        self._api.call(
            "PUT",
            f"/api/v2/comment_redactions/{segment(post)}.json",
            {"ticket_id": int(ticket) if ticket.isdecimal() else ticket, "html_body": body},
        )

    def mark(self, ticket: str, tags: Sequence[str], fields: Mapping[str, str], key: str) -> None:
        """Tags are added (PUT adds, POST would replace); fields by their number."""
        if tags:
            self._api.call("PUT", f"/api/v2/tickets/{segment(ticket)}/tags.json", {"tags": list(tags)})
        if fields:
            values = [{"id": int(k) if k.isdigit() else k, "value": v} for k, v in fields.items()]
            self._api.call("PUT", f"/api/v2/tickets/{segment(ticket)}.json", {"ticket": {"custom_fields": values}})

    def check(self) -> Sequence[tuple[bool, str]]:
        """Whose token it is, and whether it may export."""
        try:
            user = shaped(the(self._api.get("/api/v2/users/me.json"), "user"))
            if not user.get("id"):
                return [
                    (
                        False,
                        "the token is nobody's: Zendesk answers as to an anonymous visitor; check HELPDESK_USER and HELPDESK_TOKEN",
                    )
                ]
            found = [(word(user.get("role")) in _STAFF, f"Zendesk as {user.get('name')} ({user.get('role')})")]
            self.changed("")
            return [*found, (True, "the incremental export is allowed")]
        except SendError as error:
            return [(False, f"{error} (the incremental export needs an admin)")]

    # -- the calls -----------------------------------------------------------------------------------------------

    def _comments(self, ticket: str, users: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """By cursor; an account that still answers by offset names the next page itself ("Pagination")."""
        place, query = f"/api/v2/tickets/{segment(ticket)}/comments.json", {"include": "users", "page[size]": 100}
        for _ in range(PAGES):
            found = self._api.get(place, **query)
            users.update({str(u.get("id")): u for u in items(found, "users")})
            yield from items(found, "comments")
            after = the(found, "meta", "after_cursor") if the(found, "meta", "has_more") else None
            if after:
                query = {**query, "page[after]": after}
            elif isinstance(the(found, "next_page"), str):
                place, query = the(found, "next_page"), {}
            else:
                return

    def _missing(self, users: dict[str, Any], wanted: set[str]) -> None:
        unknown = sorted(i for i in wanted - users.keys() if i.isdigit())[:100]
        if unknown:
            users.update(
                {
                    str(u.get("id")): u
                    for u in items(self._api.beside("/api/v2/users/show_many.json", ids=",".join(unknown)), "users")
                }
            )

    def _who(self) -> str:
        if self._me is None:
            self._me = self._api.identity("/api/v2/users/me.json", "user", "id")
        return self._me

    def _comment(self, ticket: str, text: str, *, public: bool) -> str:
        found = self._api.call(
            "PUT", f"/api/v2/tickets/{segment(ticket)}.json", {"ticket": {"comment": {"body": text, "public": public}}}
        )
        return next(
            (str(e.get("id")) for e in items(found, "audit", "events") if e.get("type") == "Comment"),
            f"{ticket}:comment",
        )


def _signed_in(comment: dict[str, Any], requester: object) -> bool:
    """Whether the requester wrote it in the help center while signed in: a comment of somebody who was not carries a
    flag ("About flagged tickets")."""
    flags = the(comment, "metadata", "flags")
    return (
        comment.get("author_id") == requester
        and the(comment, "via", "channel") == "web"
        and not flags
        and the(comment, "metadata", "trusted") is not False
    )


def _post(comment: dict[str, Any], author: dict[str, Any], me: str) -> Post:
    plain = comment.get("plain_body") or comment.get("body") or ""
    files = tuple(
        File(
            str(a.get("file_name") or ""),
            str(a.get("content_type") or ""),
            whole(a.get("size")),
            str(a.get("content_url") or ""),
        )
        for a in items(comment, "attachments")
    )
    who = str(comment.get("author_id"))
    # an agent's click has put a customer's words here: nobody has answered anything
    merged = the(comment, "via", "source", "rel") == "merge"
    return Post(
        id=str(comment.get("id")),
        at=moment(comment.get("created_at")),
        author=who,
        staff=(word(author.get("role")) in _STAFF and not merged) or who == me,
        public=comment.get("public") is not False,
        body=str(plain),
        mine=who == me,
        files=files,
        machine=_GENERATED in texts(the(comment, "metadata", "flags")),
    )
