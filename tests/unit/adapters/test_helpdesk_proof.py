"""What each helpdesk's answers prove of who wrote, where files may be fetched from, and answers that are written a
little otherwise than the examples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest

from bot.adapters.helpdesk.chatwoot import Chatwoot
from bot.adapters.helpdesk.freshdesk import Freshdesk
from bot.adapters.helpdesk.front import Front
from bot.adapters.helpdesk.helpscout import HelpScout
from bot.adapters.helpdesk.http import Api
from bot.adapters.helpdesk.zendesk import Zendesk
from bot.core.desk.helpdesk import Thread, events_of
from bot.core.desk.values import Envelope, Inbound
from bot.core.policy.loops import reason_not_to_answer
from bot.core.policy.tiers import sender_of
from bot.errors import SendError, SendRefused

ANNA = "anna@kunde.example"
AT = "2026-11-20T09:00:00Z"
MX = frozenset({"mx.host.example"})


def served(pages: Mapping[str, Any], **more: Any) -> Api:
    """An API that answers its pages by their path."""

    def answer(request: httpx.Request) -> httpx.Response:
        found = pages.get(request.url.path)
        if found is None:
            return httpx.Response(404)
        return httpx.Response(200, content=found) if isinstance(found, bytes) else httpx.Response(200, json=found)

    return Api(
        "Desk", "https://desk.example", {"Authorization": "Bearer t"}, transport=httpx.MockTransport(answer), **more
    )


def envelopes(thread: Thread) -> list[Envelope | None]:
    return [e.envelope for e in events_of("x", thread) if isinstance(e, Inbound) and not e.from_agent]


def tier(thread: Thread, ids: frozenset[str] = MX) -> str:
    return sender_of(envelopes(thread), ids).tier(ANNA, None)


def zendesk(*comments: Mapping[str, Any], verified: bool = True, **pages: Any) -> Zendesk:
    written = [
        {
            "id": n,
            "author_id": 3,
            "plain_body": "hello",
            "public": True,
            "created_at": AT,
            "via": {"channel": "web"},
            "metadata": {"system": {}},
            **c,
        }
        for n, c in enumerate(comments)
    ]
    users = [
        {"id": 3, "role": "end-user", "email": ANNA, "verified": verified},
        {"id": 4, "role": "end-user", "email": "x@evil.example", "verified": True},
        {"id": 9, "role": "admin"},
        {"id": 8, "role": "agent"},
    ]
    return Zendesk(
        served(
            {
                "/api/v2/tickets/1.json": {
                    "ticket": {"id": 1, "subject": "s", "status": "open", "requester_id": 3},
                    "users": users,
                },
                "/api/v2/users/me.json": {"user": {"id": 9}},
                "/api/v2/tickets/1/comments.json": {"comments": written, "users": users, "next_page": None},
                **pages,
            }
        )
    )


@pytest.mark.parametrize(
    ("comments", "verified", "proven"),
    [
        ([{}], True, "mailbox"),
        ([{}, {}], True, "mailbox"),
        ([{}, {"author_id": 9}], True, "mailbox"),
        ([{}], False, "unverified"),
        ([{"via": {"channel": "email"}}], True, "unverified"),
        ([{"via": {"channel": "api"}}], True, "unverified"),
        ([{"via": None}], True, "unverified"),
        ([{"metadata": {"flags": [3]}}], True, "unverified"),
        ([{"metadata": {"flags": [0], "trusted": False}}], True, "unverified"),
        ([{"metadata": {"trusted": False}}], True, "unverified"),
        ([{}, {"author_id": 4}], True, "unverified"),
        ([{}, {"via": {"channel": "email"}}], True, "unverified"),
        ([], True, "unverified"),
    ],
)
def test_zendesk_vouches_for_whoever_was_signed_in(
    comments: list[dict[str, Any]], *, verified: bool, proven: str
) -> None:
    assert tier(zendesk(*comments, verified=verified).read("1")) == proven


def test_a_comment_that_zendesk_calls_generated_is_a_machines() -> None:
    [envelope] = envelopes(zendesk({"metadata": {"flags": [4]}}).read("1"))
    assert "Auto-Submitted" in str(reason_not_to_answer(envelope, ()))
    assert reason_not_to_answer(envelopes(zendesk({}).read("1"))[0], ()) is None


def test_a_merge_is_no_answer_of_an_agent() -> None:
    said = "Request #2 was closed and merged into this request. Last comment: port 143 STARTTLS"
    thread = zendesk(
        {},
        {
            "author_id": 9,
            "plain_body": said,
            "via": {"channel": "web", "source": {"rel": "merge", "from": {"ticket_id": 2}}},
        },
    ).read("1")
    assert [p.mine for p in thread.posts] == [False, True]
    events = [
        e
        for e in events_of(
            "zendesk",
            zendesk(
                {}, {"author_id": 8, "plain_body": said, "via": {"channel": "web", "source": {"rel": "merge"}}}
            ).read("1"),
        )
        if isinstance(e, Inbound)
    ]
    assert [e.from_agent for e in events] == [False, False]


def test_zendesk_comments_by_offset_are_read_to_their_end() -> None:
    following = {"comments": [{"id": 7, "author_id": 3, "plain_body": "last", "created_at": AT}], "next_page": None}
    first = {
        "comments": [{"id": 6, "author_id": 3, "plain_body": "first", "created_at": AT}],
        "users": [],
        "next_page": "https://desk.example/more.json?page=2",
    }
    thread = zendesk(**{"/more.json": following, "/api/v2/tickets/1/comments.json": first}).read("1")
    assert [p.body for p in thread.posts] == ["first", "last"]


def chatwoot(sender: Mapping[str, Any], *, hmac: Any = True, me: Any = 9, author: Any = 9, **message: Any) -> Thread:
    messages = [
        {"id": 1, "content": "hello", "message_type": 0, "created_at": 1763629200, "sender": {"id": 3}, **message},
        {
            "id": 2,
            "content": "a reply\n\nRef: 0123456789abcdef",
            "message_type": 1,
            "created_at": 1763629201,
            "sender": {"id": author},
        },
    ]
    pages = {
        "/api/v1/accounts/1/conversations/1": {
            "id": 1,
            "status": "open",
            "meta": {"sender": sender, "hmac_verified": hmac},
        },
        "/api/v1/accounts/1/conversations/1/messages": {"payload": messages},
        "/api/v1/profile": {"id": me},
    }
    return Chatwoot(served(pages), "1").read("1")


def test_chatwoot_proves_the_identifier_and_not_the_address_beside_it() -> None:
    assert tier(chatwoot({"email": ANNA, "identifier": ANNA})) == "mailbox"
    for sender, hmac in (
        ({"email": ANNA, "identifier": "4711"}, True),
        ({"email": ANNA}, True),
        ({"email": ANNA, "identifier": ANNA}, False),
        ({"email": ANNA, "identifier": ANNA}, "true"),
        ({"identifier": None}, True),
    ):
        assert tier(chatwoot(sender, hmac=hmac)) == "unverified"
    [envelope] = envelopes(chatwoot({"email": ANNA}, content_attributes={"email": {"auto_reply": True}}))
    assert reason_not_to_answer(envelope, ())


@pytest.mark.parametrize(("me", "author"), [(9, 9), ("9", 9), (9, "9")])
def test_an_id_is_an_id_whether_number_or_text(me: object, author: object) -> None:
    assert [p.mine for p in chatwoot({"email": ANNA}, me=me, author=author).posts] == [False, True]


def test_a_token_that_is_nobodys_is_refused_and_no_ticket_taken_for_deleted() -> None:
    with pytest.raises(SendRefused, match="whose token"):
        chatwoot({"email": ANNA}, me=None)


PROVEN = f"Received: x\r\nAuthentication-Results: mx.host.example; dmarc=pass\r\n header.from=kunde.example\r\nFrom: Anna <{ANNA}>\r\n\r\nbody".encode()
FORGED = f"Authentication-Results: mx.evil.example; dmarc=pass header.from=kunde.example\r\nFrom: {ANNA}\r\n\r\nbody".encode()
VACATION = PROVEN.replace(b"Received: x", b"Auto-Submitted: auto-replied")


def front(*mails: bytes) -> Thread:
    messages = [
        {
            "id": f"msg_{n}",
            "type": "email",
            "is_inbound": True,
            "created_at": 1763629200 + n,
            "text": "hello",
            "recipients": [],
        }
        for n in range(len(mails))
    ]
    return Front(
        served(
            {
                "/conversations/cnv_1": {"id": "cnv_1", "status": "open", "recipient": {"handle": ANNA}},
                "/conversations/cnv_1/messages": {"_results": messages},
                "/conversations/cnv_1/comments": {"_results": []},
                **{f"/messages/msg_{n}": mail for n, mail in enumerate(mails)},
            }
        )
    ).read("cnv_1")


def help_scout(*mails: bytes) -> Thread:
    threads = [
        {
            "id": n,
            "type": "customer",
            "createdAt": AT,
            "body": "hello",
            "source": {"type": "email", "via": "customer"},
            "createdBy": {"id": 3, "type": "customer"},
        }
        for n in range(len(mails))
    ]
    return HelpScout(
        served(
            {
                "/v2/oauth2/token": {"access_token": "a", "expires_in": 172800},
                "/v2/users/me": {"id": 9},
                "/v2/conversations/1": {
                    "id": 1,
                    "status": "active",
                    "primaryCustomer": {"id": 3, "email": ANNA},
                    "_embedded": {"threads": threads},
                },
                **{f"/v2/conversations/1/threads/{n}/original-source": mail for n, mail in enumerate(mails)},
            }
        ),
        "u",
        "s",
    ).read("1")


@pytest.mark.parametrize("read", [front, help_scout])
def test_the_mail_as_it_came_proves_by_dmarc(read: Callable[..., Thread]) -> None:
    assert tier(read(PROVEN)) == "mailbox" and tier(read(PROVEN, PROVEN)) == "mailbox"
    assert (
        tier(read(FORGED))
        == tier(read(PROVEN, FORGED))
        == tier(read(PROVEN, b""))
        == tier(read(PROVEN), frozenset())
        == "unverified"
    )
    assert [bool(reason_not_to_answer(e, ())) for e in envelopes(read(PROVEN, VACATION))] == [False, True], (
        "every message is looked at, not the first alone"
    )


def test_freshdesk_proves_nothing() -> None:
    thread = Freshdesk(
        served(
            {
                "/api/v2/tickets/1": {
                    "id": "1",
                    "subject": "s",
                    "status": 2,
                    "requester_id": 3,
                    "requester": {"email": ANNA},
                    "description_text": "hello",
                    "created_at": AT,
                },
                "/api/v2/tickets/1/conversations": [],
                "/api/v2/agents/me": {"id": 9},
            }
        )
    ).read("1")
    assert thread.requester == ANNA and tier(thread) == "unverified"


def test_where_files_may_come_from() -> None:
    asked: list[tuple[str, bool]] = []
    places = {
        "/own": "/file",
        "/store": "https://x.files.example/file",
        "/plain": "http://x.files.example/file",
        "/other": "https://files.example.evil.example/file",
        "/inside": "http://127.0.0.1:9000/file",
        "/round": "/round",
        "/file": "",
    }

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append((str(request.url), "authorization" in request.headers))
        to = places[request.url.path]
        return httpx.Response(302, headers={"Location": to}) if to else httpx.Response(200, content=b"x" * 10)

    api = Api(
        "Desk",
        "https://desk.example",
        {"Authorization": "Bearer t"},
        stores=("files.example",),
        transport=httpx.MockTransport(answer),
    )
    assert api.file("/own", 10) == api.file("/store", 10) == b"x" * 10
    assert asked == [
        ("https://desk.example/own", True),
        ("https://desk.example/file", True),
        ("https://desk.example/store", True),
        ("https://x.files.example/file", False),
    ]
    asked.clear()
    for place in ("/plain", "/other", "/inside", "/round", "https://evil.example/file", "http://desk.example/file"):
        with pytest.raises(SendError):
            api.file(place, 10)
    assert {httpx.URL(url).host for url, _ in asked} == {"desk.example"}
    with pytest.raises(SendRefused, match="more than 9 bytes"):
        api.file("/file", 9)
