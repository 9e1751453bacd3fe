"""Codes by which somebody else verifies an address are shown nowhere: not on a card, not in a note, not in what is
kept."""

from __future__ import annotations

import json

from bot.core.desk.card import content_of
from bot.core.desk.note_text import note_of
from bot.core.desk.values import Card
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.core.parse.secrets import find_secrets
from bot.triage import Triager
from tests.conftest import NOW
from tests.policy.verifiers import mails


def test_no_code_of_a_third_party_is_shown(triager: Triager) -> None:
    texts = list(mails())
    assert len(texts) == 50
    for text, code in texts:
        triage = triager.triage(Ticket("t", text, subject="Please confirm", requester="noreply@chat.example"))
        card = Card("t", 1, 1, "open", content_of(triage, triager.knowledge, NOW))
        shown = note_of(card) + triage.note + json.dumps(to_json(triage), ensure_ascii=False) + triage.reading.text
        assert code not in shown and code.replace("-", "") not in shown, text


def test_error_codes_stay() -> None:
    for text in (
        "error code 10060",
        "Fehlercode: 10061",
        "Socket error: 11001, Error Number: 0x800CCC0E",
        "code: 550 5.7.1",
        "https://webmail.example/settings/password",
        "port 587 to 993",
        "use 465 to send",
        "error code (10054)",
        "Код ошибки 10061",
        "错误代码: 10060",
    ):
        assert find_secrets(text) == [], text
