"""What seven helpdesks answer, written from their documentation (docs/helpdesks.md links each page); and the
webhooks that they send."""

from __future__ import annotations

import base64
import hmac
import json
import re
import time
from datetime import UTC, datetime
from html import unescape
from typing import Any

from bot.adapters.helpdesk.vendors import VENDORS
from bot.ports import Helpdesk
from bot.settings import Settings
from tests.helpdesk.lookalike import AGENT, BOT, CUSTOMER, LookAlike, Message, Refuse, Ticket

TOKEN, USER, ACCOUNT = "t0ken", "bot@desk.example", "1"
NUMBER = {CUSTOMER: 3, AGENT: 7, BOT: 9}
ADDRESS = {AGENT: "anna@desk.example", BOT: USER}
Answer = tuple[int, Any, dict[str, str]]
MAIL = b"Authentication-Results: mx.desk.example;\r\n dmarc=pass\r\nSubject: s\r\n\r\nBody: none"


def helpdesk_of(server: LookAlike) -> Helpdesk:
    """The adapter, wired to a look-alike as bootstrap wires it."""
    settings = Settings(
        helpdesk_kind=server.kind,
        helpdesk_url=server.url,
        helpdesk_user=USER,
        helpdesk_token=TOKEN,
        helpdesk_account=ACCOUNT,
    )
    return VENDORS[server.kind].make(settings, server.url)


def _mac(secret: str, content: bytes, digest: str, *, hexadecimal: bool) -> str:
    mac = hmac.new(secret.encode(), content, digest)
    return mac.hexdigest() if hexadecimal else base64.b64encode(mac.digest()).decode()


def _plain(html: str) -> str:
    return unescape(re.sub(r"<br>\n?", "\n", html))


class ZendeskLike(LookAlike):
    """Basic auth with email/token, or a bearer token."""

    kind = "zendesk"

    def authentic(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization") == "Basic " + base64.b64encode(f"{USER}/token:{TOKEN}".encode()).decode()

    def merge(self, ticket: str) -> bool:
        self.agent_closes(ticket)
        self.tickets[ticket].tags.append("closed_by_merge")
        return True

    def _users(self, ticket: Ticket) -> list[dict[str, Any]]:
        return [
            {"id": 3, "role": "end-user", "email": ticket.requester, "verified": True},
            {"id": 7, "role": "agent", "email": ADDRESS[AGENT]},
            {"id": 9, "role": "admin", "email": USER},
        ]

    def _head(self, t: Ticket) -> dict[str, Any]:
        return {
            "id": int(t.id),
            "subject": t.subject,
            "status": "solved" if t.closed else "open",
            "requester_id": 3,
            "assignee_id": 7 if t.closed else None,
            "tags": t.tags,
            "updated_at": t.iso,
            "generated_timestamp": int(t.updated),
            "collaborator_ids": [50 + i for i in range(len(t.cc))],
            "follower_ids": [],
            "email_cc_ids": [],
        }

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, headers: dict[str, str]) -> Answer:
        if path == "/api/v2/users/me.json":
            return 200, {"user": {"id": 9, "name": "Bot", "role": "admin", "email": USER}}, {}
        if path == "/api/v2/incremental/tickets/cursor.json":
            since = float(query["cursor"][0]) if "cursor" in query else float(query["start_time"][0])
            new = sorted((t for t in self.tickets.values() if t.updated > since), key=lambda t: t.updated)
            page = new[:2]
            after = str(page[-1].updated) if page else str(since)
            return (
                200,
                {
                    "tickets": [self._head(t) for t in page],
                    "after_cursor": after,
                    "after_url": "https://other.example/",
                    "end_of_stream": len(new) <= 2,
                },
                {},
            )
        # as Zendesk does, the file itself lies elsewhere
        if found := re.fullmatch(r"/attachments/token/(\d+)/(\d+)/", path):
            return 302, None, {"Location": f"{self.url}/elsewhere/{found[1]}/{found[2]}"}
        if found := re.fullmatch(r"/elsewhere/(\d+)/(\d+)", path):
            return self.file(found[1], found[2])
        if (redacted := re.fullmatch(r"/api/v2/comment_redactions/(\d+)\.json", path)) and method == "PUT":
            for message in self.ticket(str(body["ticket_id"])).messages:
                if str(message.id) == redacted[1]:
                    message.body = re.sub(
                        r"<redact>(.*?)</redact>", lambda m: "\u2587" * len(m[1]), body["html_body"], flags=re.DOTALL
                    )
            return 200, {"comment": {"id": int(redacted[1])}}, {}
        found = re.fullmatch(r"/api/v2/tickets/(\d+)(/comments|/tags)?\.json", path)
        if not found:
            raise Refuse(404)
        ticket = self.ticket(found[1])
        if found[2] == "/comments":
            start = int(query.get("page[after]", ["0"])[0])
            page_of = ticket.messages[start : start + 2]
            comments = [
                {
                    "id": m.id,
                    "type": "Comment",
                    "author_id": NUMBER[m.who],
                    "body": m.body,
                    "plain_body": m.body,
                    "html_body": m.body,
                    "public": m.public,
                    "via": {"channel": "email"},
                    "metadata": {"system": {}, "custom": {}},
                    "attachments": [
                        {
                            "id": n,
                            "file_name": name,
                            "content_type": kind,
                            "size": len(data),
                            "content_url": f"{self.url}/attachments/token/{m.id}/{n}/?name={name}",
                        }
                        for n, (name, kind, data) in enumerate(m.files)
                    ],
                    "created_at": m.iso,
                }
                for m in page_of
            ]
            more = start + 2 < len(ticket.messages)
            return (
                200,
                {
                    "comments": comments,
                    "users": self._users(ticket),
                    "meta": {"has_more": more, "after_cursor": str(start + 2)},
                    "links": {"next": None},
                },
                {},
            )
        if found[2] == "/tags" and method == "PUT":
            ticket.tags = list(dict.fromkeys([*ticket.tags, *body["tags"]]))
            return 200, {"tags": ticket.tags}, {}
        if method == "PUT":
            change = body["ticket"]
            ticket.fields.update({str(f["id"]): f["value"] for f in change.get("custom_fields", [])})
            events = []
            if "comment" in change:
                made = self.add(ticket.id, BOT, change["comment"]["body"], public=change["comment"].get("public", True))
                events = [{"id": made.id, "type": "Comment"}]
            return 200, {"ticket": self._head(ticket), "audit": {"id": 1, "events": events}}, {}
        return 200, {"ticket": self._head(ticket), "users": self._users(ticket)}, {}

    def webhook(self, ticket: str, secret: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps(
            {
                "type": "zen:event-type:ticket.created",
                "account_id": 1,
                "id": "ev-1",
                "time": "2026-11-20T12:00:00Z",
                "detail": {"id": ticket},
            }
        ).encode()
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        return {
            "x-zendesk-webhook-signature": _mac(secret, stamp.encode() + body, "sha256", hexadecimal=False),
            "x-zendesk-webhook-signature-timestamp": stamp,
            "x-zendesk-webhook-invocation-id": f"inv-{ticket}",
        }, body


class ZammadLike(LookAlike):
    """Token auth; articles."""

    kind = "zammad"

    def authentic(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization") == f"Token token={TOKEN}"

    def _head(self, t: Ticket) -> dict[str, Any]:
        return {
            "id": int(t.id),
            "title": t.subject,
            "state": "merged" if "merged" in t.tags else "closed" if t.closed else "open",
            "customer_id": 3,
            "updated_at": t.iso,
            "updated_by_id": 7 if t.closed else 3,
        }

    def merge(self, ticket: str) -> bool:
        self.agent_closes(ticket)
        self.tickets[ticket].tags.append("merged")
        return True

    def _article(self, t: Ticket, m: Message) -> dict[str, Any]:
        return {
            "id": m.id,
            "ticket_id": int(t.id),
            "sender": "Customer" if m.who == CUSTOMER else "Agent",
            "type": "email" if m.public else "note",
            "internal": not m.public,
            "body": m.body,
            "content_type": "text/plain",
            "created_by_id": NUMBER[m.who],
            "created_at": m.iso,
            "cc": ", ".join(t.cc),
            "attachments": [
                {"id": n, "filename": name, "size": str(len(data)), "preferences": {"Content-Type": kind}}
                for n, (name, kind, data) in enumerate(m.files)
            ],
        }

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, headers: dict[str, str]) -> Answer:
        if path == "/api/v1/users/me":
            return 200, {"id": 9, "login": USER, "roles": ["Agent"]}, {}
        if path == "/api/v1/users/3":
            return 200, {"id": 3, "email": next(iter(self.tickets.values())).requester}, {}
        if path == "/api/v1/tickets/search":
            rows = sorted(self.tickets.values(), key=lambda t: -t.updated)
            size, page = int(query["per_page"][0]), int(query.get("page", ["1"])[0])
            return 200, [self._head(t) for t in rows[(page - 1) * size : page * size]], {}
        if path == "/api/v1/ticket_articles" and method == "POST":
            ticket = self.ticket(str(body["ticket_id"]))
            if body["type"] == "email" and body["to"] != ticket.requester:
                raise Refuse(422, {"error": "to"})
            return 201, self._article(ticket, self.add(ticket.id, BOT, body["body"], public=not body["internal"])), {}
        if path == "/api/v1/tags/add" and method == "POST":
            self.ticket(str(body["o_id"])).tags.append(body["item"])
            return 201, True, {}
        if path.startswith("/api/v1/ticket_article_plain/"):
            return 200, MAIL, {"Content-Type": "application/octet-stream"}
        if found := re.fullmatch(r"/api/v1/ticket_attachment/\d+/(\d+)/(\d+)", path):
            return self.file(found[1], found[2])
        if found := re.fullmatch(r"/api/v1/ticket_articles/by_ticket/(\d+)", path):
            return 200, [self._article(self.ticket(found[1]), m) for m in self.ticket(found[1]).messages], {}
        if found := re.fullmatch(r"/api/v1/tickets/(\d+)", path):
            ticket = self.ticket(found[1])
            if method == "PUT":
                ticket.fields.update(body)
            return 200, self._head(ticket), {}
        raise Refuse(404)

    def webhook(self, ticket: str, secret: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps({"ticket": self._head(self.tickets[ticket]), "article": {}}).encode()
        return {
            "x-hub-signature": "sha1=" + _mac(secret, body, "sha1", hexadecimal=True),
            "x-zammad-delivery": f"d-{ticket}",
            "x-zammad-trigger": "new",
        }, body


class FreshdeskLike(LookAlike):
    """Basic auth with the key; HTML bodies."""

    kind = "freshdesk"

    def authentic(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization") == "Basic " + base64.b64encode(f"{TOKEN}:X".encode()).decode()

    def _head(self, t: Ticket) -> dict[str, Any]:
        return {
            "id": int(t.id),
            "subject": t.subject,
            "status": 5 if t.closed else 2,
            "responder_id": 7 if t.closed else None,
            "requester_id": 3,
            "description_text": t.messages[0].body,
            "created_at": t.messages[0].iso,
            "updated_at": t.iso,
            "cc_emails": t.cc,
            "tags": t.tags,
            "attachments": self._files(t.messages[0]),
        }

    def _files(self, m: Message) -> list[dict[str, Any]]:
        return [
            {
                "id": n,
                "name": name,
                "content_type": kind,
                "size": len(data),
                "attachment_url": f"{self.url}/data/helpdesk/attachments/{m.id}/{n}",
            }
            for n, (name, kind, data) in enumerate(m.files)
        ]

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, headers: dict[str, str]) -> Answer:
        if path == "/api/v2/agents/me":
            return 200, {"id": 9, "contact": {"email": USER}}, {}
        if path == "/api/v2/tickets":
            since = datetime.fromisoformat(query["updated_since"][0]).timestamp() if "updated_since" in query else 0.0
            rows = sorted((t for t in self.tickets.values() if t.updated >= since), key=lambda t: t.updated)
            size, page = int(query["per_page"][0]), int(query.get("page", ["1"])[0])
            return 200, [self._head(t) for t in rows[(page - 1) * size : page * size]], {}
        if found := re.fullmatch(r"/data/helpdesk/attachments/(\d+)/(\d+)", path):
            return self.file(found[1], found[2])
        if (gone := re.fullmatch(r"/api/v2/conversations/(\d+)", path)) and method == "DELETE":
            self.forget(gone[1])
            return 204, None, {}
        found = re.fullmatch(r"/api/v2/tickets/(\d+)(?:/(conversations|notes|reply))?", path)
        if not found:
            raise Refuse(404)
        ticket = self.ticket(found[1])
        if found[2] == "conversations":
            page = int(query["page"][0])
            rows_of = [
                {
                    "id": m.id,
                    "body": m.body,
                    "body_text": m.body,
                    "incoming": m.who == CUSTOMER,
                    "private": not m.public,
                    "user_id": NUMBER[m.who],
                    "created_at": m.iso,
                    "attachments": self._files(m),
                }
                for m in ticket.messages[1:]
            ]
            return 200, rows_of if page == 1 else [], {}
        if found[2]:
            if found[2] == "reply" and body["cc_emails"]:
                raise Refuse(400)
            return 201, {"id": self.add(ticket.id, BOT, _plain(body["body"]), public=found[2] == "reply").id}, {}
        if method == "PUT":
            ticket.tags, ticket.fields = (
                body.get("tags", ticket.tags),
                {**ticket.fields, **body.get("custom_fields", {})},
            )
        return (
            200,
            {
                **self._head(ticket),
                **({"requester": {"email": ticket.requester}} if query.get("include") == ["requester"] else {}),
            },
            {},
        )

    def webhook(self, ticket: str, secret: str) -> tuple[dict[str, str], bytes]:
        return {"x-triage-secret": secret}, json.dumps({"freshdesk_webhook": {"ticket_id": int(ticket)}}).encode()


class HelpScoutLike(LookAlike):
    """A token by client credentials; threads newest first."""

    kind = "helpscout"

    def authentic(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization", "Bearer bearer-1") == "Bearer bearer-1"

    def _head(self, t: Ticket) -> dict[str, Any]:
        return {
            "id": int(t.id),
            "subject": t.subject,
            "status": "closed" if t.closed else "active",
            "closedBy": 7 if t.closed else 0,
            "userUpdatedAt": t.iso,
            "modifiedAt": t.iso,
            "primaryCustomer": {"id": 3, "email": t.requester},
            "tags": [{"id": n, "tag": tag} for n, tag in enumerate(t.tags)],
            "customFields": [],
            "cc": t.cc,
            "bcc": [],
        }

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, headers: dict[str, str]) -> Answer:
        if path == "/v2/oauth2/token":
            if body != {"grant_type": "client_credentials", "client_id": USER, "client_secret": TOKEN}:
                raise Refuse(401)
            return 200, {"token_type": "bearer", "access_token": "bearer-1", "expires_in": 172800}, {}
        if "authorization" not in headers:
            raise Refuse(401)
        if path == "/v2/users/me":
            return 200, {"id": 9, "email": USER}, {}
        if path == "/v2/conversations":
            since = datetime.fromisoformat(query["modifiedSince"][0]).timestamp() if "modifiedSince" in query else 0.0
            rows = sorted((t for t in self.tickets.values() if t.updated >= since), key=lambda t: t.updated)
            page = int(query["page"][0])
            return (
                200,
                {
                    "_embedded": {"conversations": [self._head(t) for t in rows[(page - 1) * 25 : page * 25]]},
                    "page": {"number": page, "totalPages": (len(rows) + 24) // 25},
                },
                {},
            )
        if re.fullmatch(r"/v2/conversations/\d+/threads/\d+/original-source", path):
            if headers.get("accept") != "message/rfc822":
                raise Refuse(406)
            return 200, MAIL, {"Content-Type": "message/rfc822"}
        if found := re.fullmatch(r"/v2/conversations/\d+/attachments/(\d+)0(\d)/data", path):
            return 200, {"data": base64.b64encode(self.file(found[1], found[2])[1]).decode()}, {}
        found = re.fullmatch(r"/v2/conversations/(\d+)(?:/(notes|reply|tags|fields))?", path)
        if not found:
            raise Refuse(404)
        ticket = self.ticket(found[1])
        if found[2] in ("notes", "reply"):
            if found[2] == "reply" and (body["customer"] != {"id": 3} or body["cc"]):
                raise Refuse(400)
            return (
                201,
                None,
                {"Resource-ID": str(self.add(ticket.id, BOT, _plain(body["text"]), public=found[2] == "reply").id)},
            )
        if found[2] == "tags":
            ticket.tags = body["tags"]
            return 204, None, {}
        if found[2] == "fields":
            ticket.fields = {str(f["id"]): f["value"] for f in body["fields"]}
            return 204, None, {}
        threads = [
            {
                "id": m.id,
                "type": "customer" if m.who == CUSTOMER else "message" if m.public else "note",
                "state": "published",
                "body": m.body.replace("\n", "<br>\n"),
                "createdAt": m.iso,
                "source": {"type": "email", "via": "customer" if m.who == CUSTOMER else "user"},
                "createdBy": {"id": NUMBER[m.who], "type": "customer" if m.who == CUSTOMER else "user"},
                "_embedded": {
                    "attachments": [
                        {"id": int(f"{m.id}0{n}"), "filename": name, "mimeType": kind, "size": len(data)}
                        for n, (name, kind, data) in enumerate(m.files)
                    ]
                },
            }
            for m in reversed(ticket.messages)
        ]
        return 200, {**self._head(ticket), "_embedded": {"threads": threads}}, {}

    def webhook(self, ticket: str, secret: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps({"id": int(ticket), "type": "email", "_embedded": {}}).encode()
        return {
            "x-helpscout-signature": _mac(secret, body, "sha1", hexadecimal=False),
            "x-helpscout-event": "convo.created",
        }, body


class FrontLike(LookAlike):
    """Bearer token; events, messages and comments apart."""

    kind = "front"

    def authentic(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization") == f"Bearer {TOKEN}"

    def _author(self, m: Message) -> dict[str, Any] | None:
        return {"id": "tea_7", "is_teammate": True} if m.who == AGENT else None

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, headers: dict[str, str]) -> Answer:
        if path == "/me":
            return 200, {"id": "cmp_1", "name": "Desk"}, {}
        if path == "/tags":
            return (
                (201, {"id": f"tag_{body['name']}", "name": body["name"]}, {})
                if method == "POST"
                else (200, {"_pagination": {"next": None}, "_results": [{"id": "tag_old", "name": "old"}]}, {})
            )
        if path == "/conversations":
            return 200, {"_results": []}, {}
        if path == "/events":
            rows = sorted(
                (t for t in self.tickets.values() if t.updated > float(query["q[after]"][0])), key=lambda t: -t.updated
            )
            return (
                200,
                {
                    "_pagination": {"next": None},
                    "_results": [
                        {
                            "id": f"evt_{int(t.updated * 10)}_{t.id}",
                            "type": "inbound",
                            "emitted_at": t.updated,
                            "conversation": {"id": f"cnv_{t.id}"},
                        }
                        for t in rows
                    ],
                },
                {},
            )
        if re.fullmatch(r"/messages/msg_\d+", path):
            if headers.get("accept") != "message/rfc822":
                raise Refuse(406)
            return 200, MAIL, {"Content-Type": "message/rfc822"}
        if found := re.fullmatch(r"/download/fil_(\d+)_(\d+)", path):
            return self.file(found[1], found[2])
        found = re.fullmatch(r"/conversations/cnv_(\d+)(?:/(messages|comments|tags))?", path)
        if not found:
            raise Refuse(404)
        ticket = self.ticket(found[1])
        if method == "POST" and found[2] == "tags":
            if not all(tag.startswith("tag_") for tag in body["tag_ids"]):
                raise Refuse(404)
            ticket.tags += [tag.removeprefix("tag_") for tag in body["tag_ids"]]
            return 204, None, {}
        if method == "POST":
            if found[2] == "messages" and (body["to"] != [ticket.requester] or body["cc"]):
                raise Refuse(400)
            made = self.add(ticket.id, BOT, body.get("text") or body["body"], public=found[2] == "messages")
            return (
                (202, {"status": "accepted", "message_uid": f"uid{made.id}"}, {})
                if found[2] == "messages"
                else (201, {"id": f"com_{made.id}"}, {})
            )
        if method == "PATCH":
            ticket.fields = body["custom_fields"]
            return 204, None, {}
        if found[2] == "messages":
            rows_of = [
                {
                    "id": f"msg_{m.id}",
                    "type": "email",
                    "is_inbound": m.who == CUSTOMER,
                    "created_at": m.at,
                    "body": m.body,
                    "text": m.body,
                    "author": self._author(m),
                    "attachments": [
                        {"id": f"fil_{m.id}_{n}", "filename": name, "content_type": kind, "size": len(data)}
                        for n, (name, kind, data) in enumerate(m.files)
                    ],
                    "recipients": [
                        {"role": "from", "handle": ticket.requester},
                        *({"role": "cc", "handle": c} for c in ticket.cc),
                    ],
                }
                for m in reversed(ticket.messages)
                if m.public
            ]
            return 200, {"_pagination": {"next": None}, "_results": rows_of}, {}
        if found[2] == "comments":
            return (
                200,
                {
                    "_results": [
                        {"id": f"com_{m.id}", "posted_at": m.at, "body": m.body, "author": self._author(m)}
                        for m in ticket.messages
                        if not m.public
                    ]
                },
                {},
            )
        return (
            200,
            {
                "id": f"cnv_{ticket.id}",
                "subject": ticket.subject,
                "status": "archived" if ticket.closed else "unassigned",
                "assignee": {"id": "tea_7"} if ticket.closed else None,
                "recipient": {"role": "from", "handle": ticket.requester},
                "custom_fields": ticket.fields,
            },
            {},
        )

    def webhook(self, ticket: str, secret: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps(
            {"type": "inbound_received", "payload": {"id": f"evt_{ticket}", "conversation": {"id": f"cnv_{ticket}"}}}
        ).encode()
        stamp = str(int(time.time() * 1000))
        return {
            "x-front-signature": _mac(secret, f"{stamp}:".encode() + body, "sha256", hexadecimal=False),
            "x-front-request-timestamp": stamp,
        }, body


class IntercomLike(LookAlike):
    """Bearer token; a conversation's source and parts."""

    kind = "intercom"

    def authentic(self, headers: dict[str, str]) -> bool:
        return headers.get("authorization") == f"Bearer {TOKEN}" and headers.get("intercom-version") == "2.11"

    def _author(self, t: Ticket, m: Message) -> dict[str, Any]:
        return (
            {"type": "user", "id": "c3", "email": t.requester}
            if m.who == CUSTOMER
            else {"type": "admin", "id": str(NUMBER[m.who]), "email": ADDRESS[m.who]}
        )

    def _files(self, m: Message) -> list[dict[str, Any]]:
        return [
            {
                "type": "upload",
                "name": name,
                "content_type": kind,
                "filesize": len(data),
                "url": f"{self.url}/i/o/{m.id}/{n}/{name}",
            }
            for n, (name, kind, data) in enumerate(m.files)
        ]

    def _whole(self, t: Ticket) -> dict[str, Any]:
        parts = [
            {
                "id": str(m.id),
                "part_type": "comment" if m.public else "note",
                "body": m.body,
                "created_at": int(m.at),
                "author": self._author(t, m),
                "attachments": self._files(m),
            }
            for m in t.messages[1:]
        ]
        if t.closed:
            parts.append(
                {
                    "id": "9999",
                    "part_type": "close",
                    "body": None,
                    "created_at": int(t.updated),
                    "author": {"type": "admin", "id": "7"},
                }
            )
        first = t.messages[0]
        return {
            "type": "conversation",
            "id": t.id,
            "created_at": int(first.at),
            "updated_at": int(t.updated),
            "state": "closed" if t.closed else "open",
            "source": {
                "type": "email",
                "id": f"s{t.id}",
                "subject": t.subject,
                "body": first.body,
                "author": self._author(t, first),
                "attachments": self._files(first),
            },
            "contacts": {"contacts": [{"id": "c3"}, *({"id": f"x{c}"} for c in t.cc)]},
            "conversation_parts": {"conversation_parts": parts},
        }

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, headers: dict[str, str]) -> Answer:
        if path == "/me":
            return 200, {"type": "admin", "id": "9", "email": USER}, {}
        if path == "/conversations/search":
            rows = sorted(
                (t for t in self.tickets.values() if t.updated > body["query"]["value"]), key=lambda t: t.updated
            )
            return (
                200,
                {
                    "type": "conversation.list",
                    "conversations": [self._whole(t) for t in rows],
                    "pages": {"type": "pages", "next": None},
                },
                {},
            )
        if path == "/tags":
            return 200, {"type": "tag", "id": f"tag-{body['name']}", "name": body["name"]}, {}
        if found := re.fullmatch(r"/i/o/(\d+)/(\d+)/.*", path):
            return self.file(found[1], found[2])
        found = re.fullmatch(r"/conversations/(\d+)(?:/(reply|tags))?", path)
        if not found:
            raise Refuse(404)
        ticket = self.ticket(found[1])
        if found[2] == "reply":
            if body["type"] != "admin" or body["admin_id"] != "9":
                raise Refuse(400)
            self.add(ticket.id, BOT, _plain(body["body"]), public=body["message_type"] == "comment")
        elif found[2] == "tags":
            ticket.tags.append(body["id"].removeprefix("tag-"))
        elif method == "PUT":
            ticket.fields.update(body["custom_attributes"])
        return 200, self._whole(ticket), {}

    def webhook(self, ticket: str, secret: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps(
            {
                "type": "notification_event",
                "topic": "conversation.user.created",
                "id": f"notif_{ticket}",
                "data": {"item": {"type": "conversation", "id": ticket}},
            }
        ).encode()
        return {"x-hub-signature": "sha1=" + _mac(secret, body, "sha1", hexadecimal=True)}, body


class ChatwootLike(LookAlike):
    """A token header; twenty messages a page, the newest page first."""

    kind = "chatwoot"

    def authentic(self, headers: dict[str, str]) -> bool:
        return headers.get("api_access_token") == TOKEN

    def _message(self, m: Message) -> dict[str, Any]:
        return {
            "id": m.id,
            "content": m.body,
            "message_type": 0 if m.who == CUSTOMER else 1,
            "private": not m.public,
            "created_at": int(m.at),
            "sender": {"id": NUMBER[m.who], "type": "contact" if m.who == CUSTOMER else "user"},
            "attachments": [
                {
                    "id": n,
                    "file_type": "file",
                    "file_size": len(data),
                    "data_url": f"{self.url}/rails/active_storage/blobs/redirect/{m.id}/{n}/{name}",
                }
                for n, (name, _, data) in enumerate(m.files)
            ],
        }

    def _head(self, t: Ticket) -> dict[str, Any]:
        return {
            "id": int(t.id),
            "status": "resolved" if t.closed else "open",
            "last_activity_at": int(t.updated),
            "additional_attributes": {"mail_subject": t.subject},
            "meta": {"sender": {"id": 3, "email": t.requester}, "assignee": {"id": 7} if t.closed else None},
        }

    def answer(self, method: str, path: str, query: dict[str, list[str]], body: Any, headers: dict[str, str]) -> Answer:
        if path == "/api/v1/profile":
            return 200, {"id": 9, "name": "Bot"}, {}
        if path == "/api/v1/accounts/1/conversations":
            page, rows = int(query["page"][0]), sorted(self.tickets.values(), key=lambda t: -t.updated)
            return (
                200,
                {"data": {"meta": {}, "payload": [self._head(t) for t in rows[(page - 1) * 25 : page * 25]]}},
                {},
            )
        if found := re.fullmatch(r"/rails/active_storage/(?:blobs/redirect|disk)/(\d+)/(\d+)/(.*)", path):
            return (
                (302, None, {"Location": f"/rails/active_storage/disk/{found[1]}/{found[2]}/{found[3]}"})
                if "redirect" in path
                else self.file(found[1], found[2])
            )
        if (gone := re.fullmatch(r"/api/v1/accounts/1/conversations/\d+/messages/(\d+)", path)) and method == "DELETE":
            self.forget(gone[1])
            return 200, {}, {}
        found = re.fullmatch(r"/api/v1/accounts/1/conversations/(\d+)(?:/(messages|labels|custom_attributes))?", path)
        if not found:
            raise Refuse(404)
        ticket = self.ticket(found[1])
        if found[2] == "messages" and method == "POST":
            if body["message_type"] != "outgoing" or (
                not body["private"] and body.get("to_emails") != ticket.requester
            ):
                raise Refuse(422)
            return 200, self._message(self.add(ticket.id, BOT, body["content"], public=not body["private"])), {}
        if found[2] == "messages":
            older = [m for m in ticket.messages if "before" not in query or m.id < int(query["before"][0])]
            return 200, {"meta": {}, "payload": [self._message(m) for m in older[-20:]]}, {}
        if found[2] == "labels":
            ticket.tags = body["labels"] if method == "POST" else ticket.tags
            return 200, {"payload": ticket.tags}, {}
        if found[2] == "custom_attributes":
            ticket.fields = body["custom_attributes"]
            return 200, {}, {}
        return 200, self._head(ticket), {}

    def webhook(self, ticket: str, secret: str) -> tuple[dict[str, str], bytes]:
        body = json.dumps({"event": "message_created", "id": 1, "conversation": {"id": int(ticket)}}).encode()
        stamp = str(int(time.time()))
        return {
            "x-chatwoot-signature": "sha256=" + _mac(secret, f"{stamp}.".encode() + body, "sha256", hexadecimal=True),
            "x-chatwoot-timestamp": stamp,
            "x-chatwoot-delivery": f"d-{ticket}",
        }, body


LOOKALIKES = (ZendeskLike, ZammadLike, FreshdeskLike, HelpScoutLike, FrontLike, IntercomLike, ChatwootLike)
