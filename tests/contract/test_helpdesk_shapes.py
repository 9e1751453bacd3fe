"""Answers that lack a field, or hold null, a text for a number, a list for an object: a ticket is read as far as it
can be, or refused in words; nothing else."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from bot.core.desk.helpdesk import Thread, events_of
from bot.core.desk.values import Inbound
from bot.errors import SendError, SendPointless
from bot.ports import Helpdesk
from tests.helpdesk.lookalike import AGENT, BOT, CUSTOMER, LookAlike
from tests.helpdesk.vendors import LOOKALIKES, helpdesk_of

MUTANTS = 60
OTHERS = (None, "", "x", 0, -1, 3.5, True, [], [None], {}, "2026-13-45T99:99:99Z")


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield (*path, key)
        yield from _places(inner, (*path, key))


def _mutant(document: Any, dice: random.Random) -> Any:
    places = list(_places(document))
    if not places:
        return dice.choice(OTHERS)
    changed = copy.deepcopy(document)
    *above, last = dice.choice(places)
    inner = changed
    for key in above:
        inner = inner[key]
    if isinstance(inner, dict) and dice.random() < 0.5:
        del inner[last]
    else:
        inner[last] = str(inner[last]) if isinstance(inner[last], int) and dice.random() < 0.5 else dice.choice(OTHERS)
    return changed


class _Replay:
    """Lets the look-alike answer, and spoils one answer of a reading."""

    def __init__(self, server: LookAlike) -> None:
        self.inner, self.seen, self.spoil, self.dice = httpx.HTTPTransport(), 0, -1, random.Random(1)
        self.known: dict[tuple[str, str, str], httpx.Response] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        key = (request.method, str(request.url), request.headers.get("accept", ""))
        if key not in self.known:
            answer = self.inner.handle_request(request)
            self.known[key] = httpx.Response(
                answer.status_code,
                headers={"Content-Type": answer.headers.get("content-type", "")},
                content=answer.read(),
            )
        answer, self.seen = self.known[key], self.seen + 1
        if self.seen - 1 != self.spoil or "json" not in answer.headers["content-type"]:
            return httpx.Response(answer.status_code, content=answer.content)
        return httpx.Response(answer.status_code, json=_mutant(json.loads(answer.content), self.dice))


def _read(helpdesk: Helpdesk, ticket: str) -> Thread | None:
    for name in ("_me",):  # who we are is asked for anew
        if hasattr(helpdesk, name):
            setattr(helpdesk, name, None)
    try:
        thread = helpdesk.read(ticket)
        helpdesk.changed("")
    except SendPointless as error:
        pytest.fail(f"a ticket taken for deleted: {error}")
    except SendError:
        return None
    return thread


@pytest.mark.parametrize("kind", LOOKALIKES, ids=lambda kind: kind.kind)
def test_an_answer_of_another_shape_is_read_or_refused(kind: type[LookAlike]) -> None:
    with kind() as server:
        ticket = server.customer_opens("Hello, 535 5.7.8 Error: authentication failed")
        server.attach(ticket, "a.log", "text/plain", b"x")
        server.tickets[ticket].cc = ["carl@customer.example"]
        for who, public in ((AGENT, False), (BOT, False), (CUSTOMER, True), (BOT, True)):
            server.add(ticket, who, "text", public=public)
        helpdesk, replay = helpdesk_of(server), _Replay(server)
        api = helpdesk._api  # type: ignore[attr-defined]
        api._client = httpx.Client(
            transport=httpx.MockTransport(replay), headers=api._client.headers, auth=api._client.auth
        )
        named = f"cnv_{ticket}" if kind.kind == "front" else ticket
        whole = _read(helpdesk, named)
        assert whole is not None
        asked, good = replay.seen, 0
        for number in range(MUTANTS):
            replay.seen, replay.spoil = 0, number % asked
            thread = _read(helpdesk, named)
            if thread is None:
                continue
            good += 1
            for event in events_of(kind.kind, thread):
                assert not isinstance(event, Inbound) or event.message["requester"] in ("alice@customer.example", None)
        assert good > MUTANTS // 3, "most of what a ticket holds can be missing"
