"""The program that a system brings with it, described and not named."""

from __future__ import annotations

import pytest

from bot.core.model import Ticket
from bot.core.parse.clients import find_clients
from bot.core.parse.reading import read
from knowledge.model import Knowledge

DESCRIBED = [
    ("The mail app on my MacBook keeps asking for the password", "Apple Mail"),
    ("My wife's iPad (the mail app with the envelope) says cannot get mail", "Apple Mail"),
    ("Since the update the built-in email app on a Huawei P30 refuses the certificate", "Android Email"),
    ("Windows 10 laptop, the Mail app: something went wrong", "Windows Mail"),
    ("Die Mail-App auf dem Samsung A54 fragt dauernd nach dem Kennwort", "Samsung Email"),
    ("Das Mailprogramm vom iMac verbindet sich nicht", "Apple Mail"),
    ("L'application Mail de mon iPhone refuse le mot de passe", "Apple Mail"),
    ("Sur un PC sous Windows 11, l'appli Courrier ne se connecte plus", "Windows Mail"),
    ("La aplicación de correo del iPhone no envía nada", "Apple Mail"),
    ("En el portátil con Windows 10 la aplicación Correo da error", "Windows Mail"),
    ("L'app di posta del Samsung Galaxy S21 non riceve", "Samsung Email"),
    ("Il programma di posta del Mac non si collega", "Apple Mail"),
    ("De mail-app op mijn iPhone geeft een foutmelding", "Apple Mail"),
    ("O aplicativo de e-mail do Xiaomi não aceita a senha", "Android Email"),
    ("Aplikacja poczty na Samsungu nie łączy się", "Samsung Email"),
    ("Почтовая программа на моём MacBook не подключается", "Apple Mail"),
    ("Приложение «Почта» на iPhone пишет, что пароль неверен", "Apple Mail"),
    ("iPhoneのメールアプリで受信できません", "Apple Mail"),
    ("macOS Mail から送信できません。受信はできます。", "Apple Mail"),
    ("华为手机的邮件应用提示证书不受信任", "Android Email"),
    ("Mac上的邮件客户端连不上服务器", "Apple Mail"),
]
NAMED = [
    ("Outlook is the mail app on my iPhone and it fails", {"Outlook", "Outlook mobile"}),
    ("The mail app fails. I also own a Mac, which I never use for this.", set()),
    ("Thunderbird on Windows 11 fails, it is our mail program", {"Thunderbird"}),
    ("The mail server says no. My Mac is new.", set()),
    ("Connection error <- thats what K-9 Mail tells me this morning", {"K-9 Mail"}),
]


def first(text: str, knowledge: Knowledge) -> str | None:
    reading = read(Ticket(id="t", subject="", body=text), knowledge.languages)
    found = find_clients(reading, knowledge.clients)
    return found[0].name if found else None


@pytest.mark.parametrize(("text", "name"), DESCRIBED)
def test_a_described_program_is_that_of_its_system(text: str, name: str, knowledge: Knowledge) -> None:
    assert first(text, knowledge) == name


@pytest.mark.parametrize(("text", "names"), NAMED)
def test_a_name_beats_a_description(text: str, names: set[str], knowledge: Knowledge) -> None:
    found = first(text, knowledge)
    assert found in names if names else found not in ("Windows Mail", "Samsung Email", "Android Email")
