"""The language of the customer's own words, whatever the mail program speaks."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest

from bot.core.parse.language import detect
from bot.core.parse.reading import read
from bot.core.parse.tickets import BadTicket, read_tickets
from knowledge.model import Language

ROOT = Path(__file__).parents[4]
TABLE = tomllib.loads((ROOT / "knowledge" / "languages.toml").read_text("utf-8"))["language"]
LANGUAGES = tuple(Language(row["id"], tuple(row["words"]), tuple(row.get("scripts", ()))) for row in TABLE)
ERROR = "Login to server imap.example.net with username anna@example.com failed."

SENTENCES = {
    "en": [
        "wont connect since update",
        "Mail stopped. Phone is ok.",
        "cannot send, help please",
        "It keeps asking me for the password.",
    ],
    "de": [
        "Senden geht nicht",
        "kann keine Mails mehr abrufen, bitte um Hilfe",
        "Seit gestern kommt nur noch eine Fehlermeldung.",
        "Passwort wird abgelehnt, obwohl es stimmt",
    ],
    "fr": [
        "Impossible d'envoyer",
        "je ne reçois plus rien depuis ce matin",
        "Mon téléphone refuse le mot de passe.",
        "ça ne marche plus, merci de votre aide",
    ],
    "es": [
        "No puedo enviar correos",
        "desde ayer no entra nada",
        "Mi móvil rechaza la contraseña.",
        "ayuda por favor, no funciona el correo",
    ],
    "it": [
        "ancora errore",
        "non riesco a inviare la posta",
        "Da stamattina il telefono non si collega.",
        "la password è giusta ma non va",
    ],
    "nl": [
        "versturen lukt niet",
        "ik krijg geen mail meer binnen",
        "Sinds gisteren vraagt hij steeds om het wachtwoord.",
        "kunt u mij helpen met mijn mailbox",
    ],
    "pt": [
        "não consigo enviar",
        "o telemóvel não aceita a palavra-passe",
        "Desde ontem que não recebo nada.",
        "o meu e-mail deixou de funcionar",
    ],
    "pl": [
        "nie mogę wysłać poczty",
        "od wczoraj nic nie przychodzi",
        "Telefon odrzuca hasło, a jest dobre.",
        "proszę o pomoc ze skrzynką",
    ],
    "ru": [
        "не отправляется почта",
        "со вчерашнего дня ничего не приходит",
        "Телефон не принимает пароль.",
        "помогите, пожалуйста",
    ],
    "ja": [
        "メールが送信できません",
        "昨日から受信できない",
        "パスワードは正しいはずです。",
        "Thunderbirdでエラーになります",
    ],
    "zh": ["邮件发不出去", "从昨天开始收不到邮件", "手机提示密码错误", "请帮忙看一下"],
    "sv": ["kan inte skicka mejl", "Det går inte att logga in sedan igår.", "telefonen säger fel lösenord"],
    "da": [
        "kan ikke sende mail",
        "Telefonen siger, at adgangskoden er forkert.",
        "der kommer ikke noget ind siden i går",
    ],
    "nb": ["får ikke sendt e-post", "Telefonen sier at passordet er feil.", "jeg får ikke logget inn siden i går"],
    "fi": ["sähköposti ei toimi", "En voi lähettää viestejä eilisestä lähtien."],
    "cs": ["nejde mi odeslat pošta", "Od včerejška se nemohu přihlásit, heslo je správné."],
    "hu": ["nem tudok levelet küldeni", "Tegnap óta nem működik a levelezés a telefonon."],
    "tr": ["e-posta gönderemiyorum", "Dünden beri telefon şifreyi kabul etmiyor."],
    "ro": ["nu pot trimite mailuri", "De ieri telefonul spune că parola este greșită."],
    "uk": ["не можу надіслати пошту", "Від учора нічого не приходить на телефон."],
    "el": ["δεν μπορώ να στείλω μηνύματα"],
    "ko": ["메일을 보낼 수 없습니다"],
    "zh-tw": ["郵件發不出去，請幫忙", "從昨天開始收不到郵件，密碼沒有改過"],
}


def cases() -> list[tuple[str, str]]:
    return [(language, sentence) for language, sentences in SENTENCES.items() for sentence in sentences]


def same(found: str, expected: str) -> bool:
    return found == expected or found.partition("-")[0] == expected or {found, expected} == {"da", "nb"}


@pytest.mark.parametrize(("language", "sentence"), cases())
def test_short_sentences(language: str, sentence: str) -> None:
    assert same(detect(sentence, LANGUAGES), language), detect(sentence, LANGUAGES)


@pytest.mark.parametrize(
    ("language", "sentence"), [case for case in cases() if len(case[1]) > 24 or ord(case[1][0]) > 0x3000]
)
def test_an_english_error_text_does_not_make_it_english(language: str, sentence: str) -> None:
    assert same(detect(f'{sentence}\n\n"{ERROR}"', LANGUAGES), language)
    assert same(
        detect(f"{sentence}\n\n535 5.7.8 Error: authentication failed: (reason unavailable)\n", LANGUAGES), language
    )


@pytest.mark.parametrize(
    "error",
    [
        "„Anmeldung auf Server imap.example.net mit dem Benutzernamen anna@example.com fehlgeschlagen.“",
        "« Échec de la connexion au serveur imap.example.net »",
        "「サーバーへのログインに失敗しました」",
        "“登录到服务器失败”",
        '"Сервер отклонил вход"',
    ],
)
def test_a_foreign_error_text_does_not_make_an_english_ticket_foreign(error: str) -> None:
    text = f"Hello, my new phone has its menus in another language and it shows {error} when I add the account. What is it?"
    assert detect(text, LANGUAGES) == "en"


def test_brazilian_and_european_portuguese() -> None:
    assert (
        detect("Oi pessoal, não consigo acessar o e-mail no celular, a tela fica carregando. Abraços", LANGUAGES)
        == "pt-br"
    )
    assert (
        detect("Bom dia, o telemóvel não aceita a palavra-passe da minha conta. Melhores cumprimentos", LANGUAGES)
        == "pt"
    )


def test_nothing_speaks() -> None:
    for text in ("", "0x80042109", "535 5.7.8", "imap.example.net", "???"):
        assert detect(text, LANGUAGES) == "en"
    assert detect("Guten Tag", ()) == "en"


@pytest.mark.parametrize("name", ["tuning", "tuning2"])
def test_the_evaluation_tickets(name: str) -> None:
    folder = ROOT / "tests" / "eval"
    rows = (json.loads(line) for line in (folder / f"{name}-gold.jsonl").read_text("utf-8").splitlines())
    gold = {row["id"]: row["lang"] for row in rows}
    right = 0
    for ticket in read_tickets((folder / f"{name}.jsonl").read_bytes(), name=name):
        assert not isinstance(ticket, BadTicket)
        right += same(read(ticket, LANGUAGES).language, gold[ticket.id])
    assert right >= 0.98 * len(gold)


def test_every_language_of_the_table_has_words_or_a_script() -> None:
    assert len({language.id for language in LANGUAGES}) == len(LANGUAGES)
    for language in LANGUAGES:
        assert language.words or language.scripts
        assert all(word == word.lower() and word.strip() == word for word in language.words)
