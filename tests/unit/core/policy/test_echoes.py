"""Our own answers are known again however a relay has wrapped, quoted or marked them up; nobody else's words are
taken for ours."""

from __future__ import annotations

import json
import textwrap
from html import escape
from pathlib import Path

import pytest

from bot.core.desk.helpdesk import signed
from bot.core.desk.values import Envelope
from bot.core.model import Ticket
from bot.core.policy.acknowledge import acknowledgement
from bot.core.policy.echoes import echo, own_sentences
from bot.core.policy.marks import message_id_of
from bot.triage import Triager
from knowledge import Knowledge
from tests.policy.office import SETTINGS_FAULT

FAULT = SETTINGS_FAULT.format(mailbox="anna@kunde.example")
TUNING = sorted((Path(__file__).parents[3] / "eval").glob("tuning*[0-9g].jsonl"))


@pytest.fixture(scope="module")
def ours(knowledge: Knowledge) -> object:
    return own_sentences(knowledge.replies.values())


def _mangled(text: str) -> list[tuple[str, str]]:
    """(format, body) of what a relay makes of a text."""
    wrapped = "\n".join(textwrap.wrap(text, 40))
    return [
        ("text", text),
        ("text", "\n".join(f"> {line}" for line in wrapped.split("\n"))),
        ("text", f"You wrote:\n{text.upper()}\n--\nRobot"),
        ("text", text.replace("\n", "\r\n\r\n")),
        ("html", f"<div><p>{escape(text).replace(chr(10), '<br>')}</p><p>Regards</p></div>"),
    ]


@pytest.mark.parametrize(
    "body", [FAULT, "Hello, mail does not work any more. Please help."], ids=["answer", "question"]
)
@pytest.mark.parametrize("language", ["en", "de", "ja", "zh", "ru"])
def test_every_text_of_ours_is_known_again(
    body: str, language: str, triager: Triager, knowledge: Knowledge, ours: dict[str, tuple[str, ...]]
) -> None:
    triage = triager.triage(Ticket("t", body), language=language)
    acknowledged = acknowledgement(triage, knowledge, handover=True)
    assert triage.reply and triage.reply.language == language and acknowledged
    for text in (triage.reply.text, acknowledged.text):
        for form, mangled in _mangled(text):
            assert echo([{"body": mangled, "format": form}], [None], ours), (form, mangled)


def test_what_people_write_is_theirs(ours: dict[str, tuple[str, ...]]) -> None:
    count = 0
    for file in TUNING:
        for line in file.read_text("utf-8").splitlines():
            ticket = json.loads(line)
            count += 1
            assert echo([ticket.get("ticket", ticket)], [None], ours) is None, line[:300]
    assert count > 500
    assert (
        echo(
            [
                {
                    "body": "Your page says that port and encryption do not fit. The password can stay as it is; please do not change it."
                }
            ],
            [None],
            ours,
        )
        is None
    )


def test_a_later_message_may_quote_what_it_answers(triager: Triager, ours: dict[str, tuple[str, ...]]) -> None:
    reply = triager.triage(Ticket("t", FAULT)).reply
    assert reply
    quoted = "It still fails.\n\nOn Mon, Nov 23, 2026 at 9:00 AM Support <support@host.example> wrote:\n" + "\n".join(
        f"> {line}" for line in reply.text.split("\n")
    )
    assert echo([{"body": FAULT}, {"body": quoted}], [None, None], ours) is None
    assert echo([{"body": quoted}], [None], ours)
    assert echo([{"body": FAULT}, {"body": reply.text}], [None, None], ours)


def test_our_keys_and_message_ids_tell_as_well(ours: dict[str, tuple[str, ...]]) -> None:
    token = "0123456789abcdef0123456789abcdef"
    assert echo([{"body": signed("Anything", token)}], [None], ours)
    for field in ("References", "In-Reply-To", "Message-ID"):
        refers = Envelope("a@b.example", ((field, f"<x@y.example> {message_id_of(token, 'other.example')}"),))
        assert echo([{"body": "hello"}], [refers], ours)
        assert echo([{"body": "hello"}, {"body": "again"}], [Envelope("a@b.example"), refers], ours) is None, (
            "an answer to our answer is what we ask for"
        )
