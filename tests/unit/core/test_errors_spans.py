"""Error texts cut out of tickets: quoted, labelled, pasted, bare, in any language."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.model import ErrorText, Ticket
from bot.core.parse.errors import MAX_ERRORS, find_errors
from bot.core.parse.facts import scan
from bot.core.parse.reading import read
from knowledge import load
from knowledge.matcher import Matcher

KNOWLEDGE = load()
MATCHER = Matcher(KNOWLEDGE)


def errors(body: str) -> tuple[ErrorText, ...]:
    reading = read(Ticket("t", body), KNOWLEDGE.languages)
    out = find_errors(reading, scan(reading, MATCHER))
    for error in out:
        assert reading.text[slice(*error.span)].strip() == error.text
    return out


def overlaps(found: tuple[ErrorText, ...], wanted: str) -> bool:
    """Half of the wanted text or more, in one error, and not drowned in three times as much other text."""
    return any(
        (wanted in e.text or (e.text in wanted and 2 * len(e.text) >= len(wanted)))
        and len(e.text) <= 3 * len(wanted) + 40
        for e in found
    )


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            'Thunderbird says: "Login to server imap.mail.example failed." What now?',
            "Login to server imap.mail.example failed.",
        ),
        ("Outlook shows the error 0x800CCC0E when I press send.", "0x800CCC0E"),
        (
            "Error: 535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6\nI typed it twice.",
            "535 5.7.8 Error: authentication failed",
        ),
        (
            "Beim Senden kommt „Die Nachricht konnte nicht gesendet werden. Zeitüberschreitung“, seit heute.",
            "Die Nachricht konnte nicht gesendet werden. Zeitüberschreitung",
        ),
        ("Le message « Impossible de se connecter au serveur » apparaît", "Impossible de se connecter au serveur"),
        ("Sale «No se pudo conectar con el servidor» al abrir", "No se pudo conectar con el servidor"),
        (
            "Compare “Impossibile verificare il nome o la password dell’account”",
            "Impossibile verificare il nome o la password dell’account",
        ),
        ("Melding: Kan geen verbinding maken met de server", "Kan geen verbinding maken met de server"),
        ("Mensagem de erro: Não foi possível ligar ao servidor", "Não foi possível ligar ao servidor"),
        ("Komunikat: Nie można połączyć się z serwerem", "Nie można połączyć się z serwerem"),
        ("Пишет: «Не удалось подключиться к серверу»", "Не удалось подключиться к серверу"),
        ("「サーバーに接続できません」と表示されます", "サーバーに接続できません"),
        ("提示“无法连接到服务器”，怎么办？", "无法连接到服务器"),
        (
            "sendmail log:\nNov 20 09:14:02 web postfix/smtp[311]: 4F3: to=<x@y.example>, status=deferred (SASL authentication failed; server said: 535 5.7.8)\nthat is all",
            "SASL authentication failed; server said: 535 5.7.8",
        ),
        ("A1 NO [AUTHENTICATIONFAILED] Authentication failed.", "[AUTHENTICATIONFAILED] Authentication failed"),
        (
            "smtplib.SMTPAuthenticationError: (535, b'5.7.8 Error: authentication failed')",
            "5.7.8 Error: authentication failed",
        ),
        (
            "My Mac keeps telling me the maximum number of connections from user+IP exceeded and nothing arrives in the inbox any more since lunch",
            "maximum number of connections from user+IP exceeded",
        ),
    ],
)
def test_the_error_is_found(body: str, wanted: str) -> None:
    assert overlaps(errors(body), wanted), [e.text for e in errors(body)]


def test_a_quoted_mail_is_marked() -> None:
    found = errors(
        'Still the same.\n\nOn Fri, 20 Nov 2026 at 09:00, Anna wrote:\n> Outlook shows\n> "535 5.7.8 Error: authentication failed"\n'
    )
    assert found and all(e.quoted for e in found if "535" in e.text)


def test_pasted_is_a_programs_word_and_prose_is_not() -> None:
    pasted = errors('It says "535 5.7.8 Error: authentication failed".')
    assert any(e.pasted for e in pasted)
    prose = errors("well the thing is that authentication failed when my daughter tried it")
    assert all(not e.pasted for e in prose)


@pytest.mark.parametrize(
    "body",
    [
        "Hello,\nplease help me with my mail.\nThanks, Anna",
        "I would like to know how to set up a signature.",
        "Guten Tag, wie lege ich einen Ordner an? Viele Grüße",
        "Anbei meine Rechnung „Nr. 5“.",
        'Our shop is called "The Blue Door".',
        "",
    ],
)
def test_where_nothing_failed_nothing_is_found(body: str) -> None:
    assert errors(body) == ()


def test_a_disclaimer_is_no_error() -> None:
    body = (
        "It does not work.\n\n-- \nAnna\nThis e-mail is confidential. If you are not the intended recipient, any error in transmission must be "
        "reported; delivery failure notices are not accepted."
    )
    assert not any("confidential" in e.text or "delivery failure" in e.text for e in errors(body))


def test_no_error_lies_inside_another_and_the_number_is_capped() -> None:
    lines = "\n".join(
        f'"{code} 5.7.{n} Error: authentication failed number {n}"' for n, code in enumerate([535, 550, 554, 530] * 20)
    )
    found = errors(lines)
    assert 0 < len(found) <= MAX_ERRORS
    for one in found:
        assert not any(o is not one and o.span[0] <= one.span[0] and one.span[1] <= o.span[1] for o in found)


def test_secrets_in_an_error_line_are_masked() -> None:
    found = errors("Error: login failed, password: Hunter2-geheim! (535 5.7.8 authentication failed)")
    assert found and all("Hunter2" not in e.text for e in found)


@given(st.text(alphabet="er ro\n\"“”„«»「」'`:535.78-#>*fail", max_size=300))
@settings(max_examples=120, deadline=None)
def test_any_text_gives_sound_spans(body: str) -> None:
    for error in errors(body):
        assert len(error.text) >= 4


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ('Phone with anna@ is fine. Phone with hello@: "Can\'t sign in". That was the mail app.', "Can't sign in"),
        (
            "The form's plug-in says \"554 5.7.1 Recipient address rejected: Access denied\". He says it's your side, is it?",
            "554 5.7.1 Recipient address rejected: Access denied",
        ),
        (
            "Il affiche « La connexion au serveur « imap.mail.example » a échoué » et s'arrête",
            "La connexion au serveur « imap.mail.example » a échoué",
        ),
    ],
)
def test_a_quotation_that_says_enough_ends_where_its_mark_stands(body: str, wanted: str) -> None:
    assert wanted in [e.text for e in errors(body)]


@pytest.mark.parametrize(
    "body",
    [
        "There is no connection problem as such.",
        "Kein Verbindungsproblem, nur eine Frage.",
        "Thunderbird works without authentication failed.",
    ],
)
def test_what_the_customer_denies_is_no_error_text(body: str) -> None:
    reading = read(Ticket("t", body), KNOWLEDGE.languages)
    assert not scan(reading, MATCHER)


def test_words_behind_a_bare_code_are_the_customers() -> None:
    assert errors("Numéro d’erreur : 0x800CCC92. On a bien retapé le nouveau trois fois.")[0].text == "0x800CCC92"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        (
            "Mac Mail says: Unable to verify account name or password. The old one still works on the phone.",
            "Unable to verify account name or password.",
        ),
        (
            "Es kommt immer: Anmeldung fehlgeschlagen. Heute früh ging es noch. Das Passwort stimmt.",
            "Anmeldung fehlgeschlagen.",
        ),
        (
            "It shows: Cannot connect. Cannot find the server. The set of folders cannot be opened.",
            "Cannot connect. Cannot find the server. The set of folders cannot be opened.",
        ),
        (
            "He says: We couldn't log on to the incoming server. Please check.",
            "We couldn't log on to the incoming server.",
        ),
    ],
)
def test_a_programs_text_ends_where_the_customer_speaks_again(body: str, wanted: str) -> None:
    found = errors(body)[0].text
    assert found == wanted or (found.startswith(wanted) and "works" not in found and "Heute" not in found)
