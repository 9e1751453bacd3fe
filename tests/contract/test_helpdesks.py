"""One contract over all helpdesks: what comes in, what is written, how it is found again, what an agent decides
there, what a webhook may do."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.attachments.reader import ProgramReader
from bot.adapters.helpdesk.outlet import HelpdeskOutlet
from bot.adapters.store.outside import TAKES_BACK
from bot.core.desk.helpdesk import carries, plain_text
from bot.core.desk.keys import token_of
from bot.core.desk.values import Delivery, Send
from bot.errors import SendError, SendLater, SendPointless, SendRefused
from bot.ports import Helpdesk, TakesBack
from bot.triage import Triager
from tests.conftest import NOW
from tests.helpdesk.lookalike import AGENT, CUSTOMER, LookAlike
from tests.helpdesk.office import Office, open_office
from tests.helpdesk.vendors import LOOKALIKES, helpdesk_of

BODY = "Hello, Thunderbird 128 says for alice@customer.example: 535 5.7.8 Error: authentication failed"


@pytest.fixture(params=LOOKALIKES, ids=lambda kind: kind.kind)
def server(request: pytest.FixtureRequest) -> Iterator[LookAlike]:
    """A look-alike of each vendor."""
    with request.param() as running:
        yield running


@pytest.fixture
def helpdesk(server: LookAlike) -> Helpdesk:
    """The adapter of it."""
    return helpdesk_of(server)


@pytest.fixture
def office(server: LookAlike, tmp_path: Path, triager: Triager) -> Office:
    """The whole desk with it."""
    return open_office(
        f"sqlite:///{tmp_path}/desk.db", helpdesk_of(server), triager, settle=timedelta(seconds=1), margin=timedelta(0)
    )


def named(server: LookAlike, ticket: str) -> str:
    """The id as the vendor writes it."""
    return f"cnv_{ticket}" if server.kind == "front" else ticket


def test_a_ticket_is_read_whole(server: LookAlike, helpdesk: Helpdesk) -> None:
    ticket = server.customer_opens("one")
    server.tickets[ticket].cc = ["carl@customer.example"]
    server.add(ticket, AGENT, "two", public=False)
    server.add(ticket, AGENT, "three")
    server.add(ticket, CUSTOMER, "four")
    thread = helpdesk.read(named(server, ticket))
    assert thread.requester == "alice@customer.example" and not thread.closed and thread.id == named(server, ticket)
    assert [(plain_text(p).strip(), p.staff, p.public) for p in thread.posts] == [
        ("one", False, True),
        ("two", True, False),
        ("three", True, True),
        ("four", False, True),
    ]
    assert [p.at for p in thread.posts] == sorted(p.at for p in thread.posts) and len({p.id for p in thread.posts}) == 4
    assert thread.participants or server.kind == "chatwoot"
    came = (
        (("Authentication-Results", "mx.desk.example; dmarc=pass"), ("Subject", "s"))
        if server.kind in ("zammad", "helpscout", "front")
        else ()
    )
    assert [p.headers for p in thread.posts] == [came, (), (), came]
    server.agent_closes(ticket)
    closed = helpdesk.read(named(server, ticket))
    assert closed.closed and closed.closed_by in ("7", "tea_7")


def test_files_are_fetched_and_read(server: LookAlike, office: Office) -> None:
    object.__setattr__(office.inbox, "reader", ProgramReader())
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("more.log", "and 550 5.7.1 in the archive")
    ticket = server.customer_opens("Hello, it does not work; the log is below.")
    server.attach(
        ticket, "client.log", "text/plain", b"535 5.7.8 Error: authentication failed for alice@customer.example"
    )
    server.attach(ticket, "logs.zip", "application/zip", packed.getvalue())
    server.attach(ticket, "film.mp4", "video/mp4", b"x" * 1000)
    office.work()
    with office.store.look() as view:
        case = view.cases.case(f"{server.kind}/{named(server, ticket)}")
    assert case is not None
    read = {a["name"]: a.get("text", "") for a in case.messages[0]["attachments"]}
    assert "535 5.7.8" in read["client.log"] and "in the archive" in read["more.log"] and read["film.mp4"] == "", read
    card = office.card(named(server, ticket))
    assert card is not None and card.content.cause == "mailbox-password"
    fetched = [
        path for _, path, _ in server.calls if "film" in path or path.endswith(("/2", "_2", "02/data", "/2/film.mp4"))
    ]
    assert not fetched, "what nobody can read is not fetched"


def test_a_file_elsewhere_is_never_asked_for(server: LookAlike, helpdesk: Helpdesk) -> None:
    with type(server)() as other:
        ticket = other.customer_opens("x")
        other.attach(ticket, "a.txt", "text/plain", b"secret")
        refs = [
            f"{other.url}/a.txt",
            f"{other.url.replace('http://', 'http://x@')}/i/o/1/1/a.txt",
            "http://169.254.169.254/latest/meta-data/",
        ]
        for ref in refs:
            with pytest.raises(SendError):
                helpdesk.fetch(ref, 1000)
        assert other.calls == []


def test_a_long_ticket_is_read_to_its_end(server: LookAlike, helpdesk: Helpdesk) -> None:
    ticket = server.customer_opens("m0")
    for number in range(1, 45 if server.kind == "chatwoot" else 7):
        server.add(ticket, CUSTOMER, f"m{number}")
    found = [plain_text(p).strip() for p in helpdesk.read(named(server, ticket)).posts]
    assert found == [f"m{n}" for n in range(len(server.tickets[ticket].messages))]


def test_a_note_of_ours_is_taken_back_where_the_api_documents_a_way(server: LookAlike, helpdesk: Helpdesk) -> None:
    ticket = server.customer_opens("hello")
    assert isinstance(helpdesk, TakesBack) == (server.kind in TAKES_BACK)
    if not isinstance(helpdesk, TakesBack):
        with pytest.raises(SendRefused, match="by hand"):
            HelpdeskOutlet(helpdesk, None).send(
                replace(
                    _delivery("redact", named(server, ticket)),
                    send=Send("redact:1", "x", "redact", "x", {"thread": named(server, ticket), "post": "1"}),
                )
            )  # type: ignore[arg-type]
        return
    outlet = HelpdeskOutlet(helpdesk, None)  # type: ignore[arg-type]
    outlet.send(_delivery("reply", named(server, ticket)))
    post = outlet.send(_delivery("say", named(server, ticket)))
    taken = replace(
        _delivery("redact", named(server, ticket)),
        send=Send("redact:1", "x", "redact", "x", {"thread": named(server, ticket), "post": post}),
    )
    before = server.written(ticket, public=False)
    outlet.send(taken)
    outlet.send(taken)
    left = "".join(server.written(ticket, public=False))
    assert len(before) == 1 and not any(word in left for word in plain_words(before[0])), (
        "and doing it twice does no harm"
    )
    assert len(server.written(ticket, public=True)) == 1 and server.tickets[ticket].messages[0].body == "hello"


def plain_words(text: str) -> list[str]:
    return list(re.findall(r"[a-z]{4,}", text))


def test_what_is_written_is_found_by_its_key(server: LookAlike, helpdesk: Helpdesk) -> None:
    ticket = server.customer_opens("hello")
    outlet = HelpdeskOutlet(helpdesk, None)  # type: ignore[arg-type]
    sends = {kind: _delivery(kind, named(server, ticket)) for kind in ("say", "reply")}
    assert outlet.find(sends["reply"]).remote_id is None
    assert outlet.send(sends["say"]) and outlet.send(sends["reply"])
    assert outlet.find(sends["say"]).remote_id and outlet.find(sends["reply"]).remote_id
    assert len(server.written(ticket, public=False)) == len(server.written(ticket, public=True)) == 1
    assert "<b>&" in server.written(ticket, public=True)[0], "text is text, whatever the vendor's format"
    post = carries(helpdesk.read(named(server, ticket)), token_of("key:reply"))
    assert post is not None and post.public and post.mine


def test_a_quoted_key_is_not_ours(server: LookAlike, helpdesk: Helpdesk) -> None:
    ticket = server.customer_opens("hello")
    server.add(ticket, CUSTOMER, f"> text\nRef: {token_of('key:reply')[:16]}")
    assert HelpdeskOutlet(helpdesk, None).find(_delivery("reply", named(server, ticket))).remote_id is None  # type: ignore[arg-type]


def test_tags_are_added_and_fields_set(server: LookAlike, helpdesk: Helpdesk) -> None:
    ticket = server.customer_opens("hello")
    server.tickets[ticket].tags = ["before"]
    helpdesk.mark(named(server, ticket), ["triage"], {"77": "check-2"}, "key:field")
    assert server.tickets[ticket].tags == ["before", "triage"] and server.tickets[ticket].fields["77"] == "check-2"


def test_the_sweep_misses_nothing(server: LookAlike, helpdesk: Helpdesk) -> None:
    first = [named(server, server.customer_opens(f"ticket {n}")) for n in range(5)]
    cursor, seen = "", list[str]()
    for _ in range(10):
        changes = helpdesk.changed(cursor)
        seen += [ticket for ticket, _ in changes.tickets]
        cursor = changes.cursor
        if not changes.more:
            break
    assert sorted(set(seen)) == sorted(first)
    server.add(first[0].removeprefix("cnv_"), CUSTOMER, "again")
    changed = helpdesk.changed(cursor).tickets
    assert first[0] in [ticket for ticket, _ in changed] and len(set(changed)) == len(changed)


def test_a_round_trip(server: LookAlike, office: Office) -> None:
    ticket = server.customer_opens(BODY)
    office.work()
    card = office.card(named(server, ticket))
    assert card is not None and card.state == "open" and card.content.draft
    (note,) = server.written(ticket, public=False)
    assert card.content.draft in note and not server.written(ticket, public=True)
    server.add(ticket, CUSTOMER, "/triage send")
    office.work()
    assert not server.written(ticket, public=True), "a customer commands nothing"
    server.add(ticket, AGENT, "/triage send", public=False)
    office.work()
    office.work()
    card = office.card(named(server, ticket))
    assert (
        card is not None
        and card.state == "decided"
        and card.decision == "send"
        and card.decided_by in (f"{server.kind}:7", "front:tea_7")
    )
    assert (
        len(server.written(ticket, public=True)) == 1 and card.content.draft in server.written(ticket, public=True)[0]
    )
    assert not office.troubled()


def test_decided_tickets_are_marked_where_the_settings_say_so(server: LookAlike, office: Office) -> None:
    outlet = HelpdeskOutlet(office.inbox.helpdesk, office.store, tag="triage", field="77")
    office.worker = replace(office.worker, courier=replace(office.worker.courier, outlets={server.kind: outlet}))
    ticket = server.customer_opens(BODY)
    office.work()
    card = office.card(named(server, ticket))
    assert card is not None and card.content.cause
    assert server.tickets[ticket].fields.get("77") == card.content.cause and server.tickets[ticket].tags == []
    server.add(ticket, AGENT, "/triage not-ours", public=False)
    office.work()
    assert server.tickets[ticket].tags == ["triage-not-ours"] and not office.troubled()


def test_a_ticket_that_is_merged_or_gone_has_no_draft_any_more(server: LookAlike, office: Office) -> None:
    merged, gone = server.customer_opens(BODY), server.customer_opens(BODY + " again")
    office.work()
    card, other = office.card(named(server, merged)), office.card(named(server, gone))
    assert card is not None and other is not None and card.state == other.state == "open"
    before = len(server.written(merged, public=False))
    if server.merge(merged):
        office.work()
        card = office.card(named(server, merged))
        assert card is not None and card.state == "withdrawn" and "merged into another" in card.detail
        assert len(server.written(merged, public=False)) == before and not office.troubled()
    del server.tickets[gone]
    with office.store.step("test.read") as step:
        step.queues.schedule("read:again", "helpdesk_read", None, {"ticket": named(server, gone)})
    office.work()
    other = office.card(named(server, gone))
    assert (
        other is not None
        and (other.state, other.detail) == ("withdrawn", "the ticket is gone")
        and not office.troubled()
    )


def test_closing_and_answering_decide_too(server: LookAlike, office: Office) -> None:
    answered, closed = server.customer_opens(BODY), server.customer_opens(BODY + " again")
    office.work()
    server.add(answered, AGENT, "I have done it.")
    server.agent_closes(closed)
    office.work()
    one, two = office.card(named(server, answered)), office.card(named(server, closed))
    assert (
        one is not None
        and one.state == "withdrawn"
        and two is not None
        and (two.state, two.decision) == ("decided", "not_ours")
    )
    assert not server.written(answered, public=True) and not server.written(closed, public=True)


def test_limits_and_refusals(server: LookAlike, helpdesk: Helpdesk) -> None:
    ticket = named(server, server.customer_opens("hello"))
    assert all(good for good, _ in helpdesk.check())
    with pytest.raises(SendPointless):
        helpdesk.read("cnv_424242" if server.kind == "front" else "424242")
    if server.kind == "intercom":
        helpdesk.note(ticket, "warm", "k")  # it knows by now who it is
    server.accidents["limited"] = 1.0
    with pytest.raises(SendLater) as later:
        helpdesk.note(ticket, "text", "key")
    assert later.value.seconds == 1.0 and later.value.whole_place
    server.accidents = {"broken": 1.0}
    with pytest.raises(SendError):
        helpdesk.note(ticket, "text", "key")


def test_a_connection_that_breaks_doubles_and_loses_nothing(server: LookAlike, office: Office) -> None:
    ticket = server.customer_opens(BODY)
    server.accidents = {"drop_after": 0.5, "drop_before": 0.3}
    office.work()
    server.add(ticket, AGENT, "/triage send", public=False)
    office.work()
    server.accidents = {}
    office.work()
    assert len(server.written(ticket, public=True)) == 1, office.troubled()
    assert sum("-- draft --" in n for n in server.written(ticket, public=False)) == 1


def _delivery(kind: str, ticket: str) -> Delivery:
    return Delivery(
        1,
        Send(f"key:{kind}", "x", kind, "x", {"text": f"A {kind}\nwith <b>&", "thread": ticket}),
        1,
        1,
        False,
        NOW,
        NOW,
    )
