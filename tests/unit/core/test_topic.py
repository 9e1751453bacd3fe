"""Is a ticket about mail at all? Programs of all kinds cannot connect and refuse passwords."""

from __future__ import annotations

import pytest

from bot.adapters.accounts.memory import EmptyAccountDirectory
from bot.adapters.logstore.memory import EmptyLogStore
from bot.bootstrap import SystemClock
from bot.core.model import Ticket
from bot.core.verdict import Diagnosis
from bot.triage import Triager
from knowledge import load

TRIAGER = Triager(load(), EmptyLogStore(), EmptyAccountDirectory(), SystemClock())


def told(text: str) -> Diagnosis:
    return TRIAGER.triage(Ticket(id="1", subject="", body=text)).diagnosis


@pytest.mark.parametrize(
    "text",
    [
        'Our till says "connection refused", port 3306. Mail itself works.',
        "FileZilla, port 21: 530 Login authentication failed. Could not connect to server.",
        'The remote desktop says "The logon attempt failed", port 3389 is open. Mail works.',
        "La base de datos no conecta. El correo funciona.",
        "La cassa non comunica, «connessione al server fallita». Le email funzionano.",
        "Das Netzlaufwerk meldet: Benutzername oder Kennwort falsch. Die Mail selbst läuft.",
        "Mailgun says 'Domain unverified - smtp credentials disabled' for our domain. Our normal mailboxes work.",
        "1С: «Ошибка соединения с сервером 1С, порт 1541», сервер не найден. Письма клиентам уходят и приходят.",
        "Non riesco ad accedere allo SPID, dice credenziali errate. La mail con il codice mi arriva.",
    ],
)
def test_a_text_that_any_program_may_show_is_not_answered_where_mail_works(text: str) -> None:
    assert told(text).verdict != "answer"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("The door scanner shows: login failed, server does not answer. Who can help?", "or about another service?"),
        ("Das Netzlaufwerk meldet: Benutzername oder Kennwort falsch.", "oder um einen anderen Dienst?"),
        ("La cassa non comunica, «connessione al server fallita».", "o di un altro servizio?"),
    ],
)
def test_where_the_topic_is_in_doubt_the_customer_is_asked_for_it_first(text: str, sentence: str) -> None:
    triage = TRIAGER.triage(Ticket(id="1", subject="", body=text))
    assert triage.diagnosis.question == "which-service" and triage.diagnosis.confidence == "guess"
    assert sentence in triage.reply.text
    assert "may be about something else than mail with us" in triage.note.lower()


def test_the_more_of_mail_a_ticket_holds_the_less_its_topic_is_in_doubt() -> None:
    chances = [
        told(text).other_topic
        for text in (
            'The program says "Connection timed out".',
            'Thunderbird says "Connection timed out".',
            'Thunderbird says "Connection timed out", server imap.trekmail.net, port 993.',
        )
    ]
    assert chances == sorted(chances, reverse=True) and chances[0] > 2 * chances[2]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            'The shop system on the database server says "535 5.7.8 authentication failed" for smtp.trekmail.net. '
            "Mail itself works on my phone with the same password; the user name there is only shop.",
            "username-full-address",
        ),
        (
            "WordPress with MySQL: SMTP Error: Could not connect to SMTP host smtp.trekmail.net:465, encryption STARTTLS.",
            "port-and-tls",
        ),
    ],
)
def test_what_only_mail_has_keeps_the_ticket_ours(text: str, cause: str) -> None:
    assert told(text).causes[0].cause == cause


@pytest.mark.parametrize(
    "text",
    [
        'MailPoet stops at 1,000: "554 5.7.1 daily message limit reached for this mailbox". Until then all mail goes out.',
        "In Thunderbird the Sent folder of anna@firm.example does not open: "
        '"[SERVERBUG] Internal error occurred". Sending works.',
    ],
)
def test_a_mail_servers_reply_is_ours_though_mail_works(text: str) -> None:
    assert told(text).verdict in ("answer", "escalate")


def test_a_text_that_names_our_server_is_about_an_account_with_us() -> None:
    text = (
        'Thunderbird says: "Login to server imap.trekmail.net with username tara@firm.example failed." My colleague has '
        "no trouble. I was with another provider before and never had to write to them."
    )
    assert told(text).verdict == "answer"


def test_who_says_nothing_of_sending_has_hardly_a_fault_of_sending() -> None:
    text = "We are on the Nano plan. On the tablet the mailbox does not {}."
    of_opening, of_sending = told(text.format("open")), told(text.format("send"))
    share = [
        next((c.probability for c in d.causes if c.cause == "plan-cannot-send"), 0.0) for d in (of_opening, of_sending)
    ]
    assert of_sending.causes[0].cause == "plan-cannot-send"
    assert share[0] < share[1]


def test_refused_logins_with_refused_connections_are_a_ban() -> None:
    text = 'Thunderbird said "Authentication failed" a few times, and now it says "Connection refused".'
    assert told(text).causes[0].cause == "blocked_after_failures"


@pytest.mark.parametrize("text", ["see picture", "see screenshot"])
def test_two_words_are_english_and_asked_about(text: str) -> None:
    triage = TRIAGER.triage(Ticket(id="1", subject="", body=text))
    assert triage.reading.language == "en"
    assert triage.diagnosis.verdict in ("ask", "escalate")
