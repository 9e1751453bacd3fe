"""Quotations, forwards, signatures, notices and logs, told apart from what the customer writes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.parse.segments import cut


def kinds(text: str, subject: str = "") -> list[tuple[str, str]]:
    return [(piece.kind, piece.text.strip()) for piece in cut(text, subject) if piece.text.strip()]


ATTRIBUTIONS = [
    "On Mon, 16 Nov 2026 at 10:12, Support <support@example.net> wrote:",
    "On 16 Nov 2026, at 10:12, Support\n<support@example.net> wrote:",
    "Am 16.11.2026 um 10:12 schrieb Support:",
    "Am Mo., 16. Nov. 2026 um 10:12 Uhr schrieb Support\n<support@example.net>:",
    "Le lun. 16 nov. 2026 à 10:12, Support <support@example.net> a écrit :",
    "El lun, 16 nov 2026 a las 10:12, Support (<support@example.net>) escribió:",
    "Il giorno lun 16 nov 2026 alle ore 10:12 Support <support@example.net> ha scritto:",
    "Op ma 16 nov 2026 om 10:12 schreef Support <support@example.net>:",
    "Em seg., 16 de nov. de 2026 às 10:12, Support <support@example.net> escreveu:",
    "W dniu 16.11.2026 o 10:12, Support pisze:",
    "pon., 16 lis 2026 o 10:12 Support <support@example.net> napisał(a):",
    "пн, 16 нояб. 2026 г. в 10:12, Support <support@example.net>:\n",
    "16.11.2026 10:12, Support пишет:",
    "2026年11月16日(月) 10:12 Support <support@example.net>:",
    "Support <support@example.net> 于2026年11月16日周一 10:12写道：",
    "Den mån 16 nov. 2026 kl 10:12 skrev Support <support@example.net>:",
    "Support <support@example.net> wrote on 16 Nov 2026:",
]


@pytest.mark.parametrize("attribution", ATTRIBUTIONS)
def test_quotations_with_marks_in_many_languages(attribution: str) -> None:
    found = kinds(f"My own words, in a sentence.\n\n{attribution}\n> earlier words\n> and more\n")
    assert found[0] == ("body", "My own words, in a sentence.")
    assert found[-1] == ("quoted", "earlier words\nand more")
    assert "body" not in [kind for kind, _ in found[1:]]


HEADS = [
    "From: Support <s@example.net>\nSent: Monday, 16 November 2026 10:12\nTo: Anna <anna@example.com>\nSubject: RE: mail",
    "________________________________\nFrom: Support <s@example.net>\nSent: Monday\nTo: Anna\nSubject: RE: mail",
    "-----Original Message-----\nFrom: Support\nSent: Monday\nTo: Anna\nSubject: mail",
    "Von: Support <s@example.net>\nGesendet: Montag, 16. November 2026 10:12\nAn: Anna\nBetreff: AW: Mail",
    "-----Ursprüngliche Nachricht-----\nVon: Support\nGesendet: Montag\nAn: Anna\nBetreff: Mail",
    "De : Support <s@example.net>\nEnvoyé : lundi 16 novembre 2026 10:12\nÀ : Anna\nObjet : RE: mail",
    "De: Support\nEnviado el: lunes, 16 de noviembre\nPara: Anna\nAsunto: RE: correo",
    "Da: Support\nInviato: lunedì 16 novembre 2026\nA: Anna\nOggetto: R: posta",
    "Van: Support\nVerzonden: maandag 16 november\nAan: Anna\nOnderwerp: RE: mail",
    "De: Support\nEnviado: 16 de novembro\nPara: Anna\nAssunto: RE: correio",
    "Od: Support\nWysłano: poniedziałek\nDo: Anna\nTemat: RE: poczta",
    "От: Support\nОтправлено: понедельник\nКому: Anna\nТема: RE: почта",
    "差出人: Support\n送信日時: 2026年11月16日\n宛先: Anna\n件名: RE: メール",
    "发件人: Support\n发送时间: 2026年11月16日\n收件人: Anna\n主题: 答复: 邮件",
    "*From:* Support\n*Sent:* Monday\n*To:* Anna\n*Subject:* RE: mail",
]


@pytest.mark.parametrize("head", HEADS)
def test_outlook_heads_in_many_languages(head: str) -> None:
    found = kinds(f"My own words, in a sentence.\n\n{head}\n\nearlier words\n")
    assert [kind for kind, _ in found] == ["body", "header", "quoted"]
    assert found[1][1] == head
    assert found[2][1] == "earlier words"


@pytest.mark.parametrize(
    "separator",
    [
        "---------- Forwarded message ---------",
        "---------- Weitergeleitete Nachricht ---------",
        "Begin forwarded message:",
        "Anfang der weitergeleiteten Nachricht:",
        "Début du message transféré :",
        "Inizio messaggio inoltrato:",
        "-------- Пересылаемое сообщение --------",
        "---------- 转发的邮件 ---------",
    ],
)
def test_forwards_are_forwards(separator: str) -> None:
    found = kinds(
        f"Please have a look at this one.\n\n{separator}\n\nFrom: a@example.com\nSubject: x\n\nLogin failed.\n"
    )
    assert [kind for kind, _ in found] == ["body", "header", "forwarded"]
    assert found[-1][1] == "Login failed."


def test_a_ticket_that_is_only_a_quotation_keeps_it_as_content() -> None:
    assert kinds("> 535 5.7.8 Error: authentication failed\n> again")[0][0] == "forwarded"
    found = kinds("Hello,\n\nOn Mon, 16 Nov 2026, Bert <b@example.com> wrote:\n> Outlook shows 0x800CCC0E\n")
    assert found[-1] == ("forwarded", "Outlook shows 0x800CCC0E")


def test_an_error_wrapped_inside_a_quotation_reads_as_one() -> None:
    text = "".join(piece.text for piece in cut("Hello there, what is this?\n> 550 5.7.1 Sender\n> address rejected\n"))
    assert "550 5.7.1 Sender\naddress rejected" in text


def test_marks_after_a_colon_are_what_a_program_showed() -> None:
    assert ("code", "Login to server failed.") in kinds("Thunderbird says:\n\n> Login to server failed.\n\nWhat now?")


def test_own_words_after_a_quotation_are_own_words() -> None:
    found = kinds("> did you restart it?\nYes, twice, and the phone too.\n> and the password?\nIt is the right one.\n")
    assert [kind for kind, _ in found] == ["quoted", "body", "quoted", "body"]


SIGNATURES = [
    "-- \nAnna Example\nTel. +49 30 5555 0000 | www.example.com",
    "Best regards,\nAnna Example\nHead of Office",
    "Mit freundlichen Grüßen\n\nAnna Example\nExample GmbH\nTel.: 030 5555",
    "Cordialement,\nAnne",
    "Un saludo,\nAna",
    "Cordiali saluti\nAnna Esempio",
    "Met vriendelijke groet,\nAnna",
    "Com os melhores cumprimentos,\nAna",
    "Z poważaniem\nAnna",
    "С уважением,\nАнна",
    "谢谢\n安娜",
    "Med vänliga hälsningar\nAnna",
    "Sent from my iPhone",
    "Von meinem iPhone gesendet",
    "Envoyé de mon iPhone",
    "Enviado desde mi iPhone",
    "Inviato da iPhone",
    "Verzonden vanaf mijn iPhone",
    "Enviado do meu iPhone",
    "Wysłane z iPhone'a",
    "Отправлено с iPhone",
    "iPhoneから送信",
    "发自我的iPhone",
    "Get Outlook for iOS",
]


@pytest.mark.parametrize("signature", SIGNATURES)
def test_signatures(signature: str) -> None:
    found = kinds(f"The mailbox cannot be opened since noon.\n\n{signature}\n")
    assert found == [("body", "The mailbox cannot be opened since noon."), ("signature", signature)]


def test_what_a_form_adds_behind_a_signature_is_not_part_of_it() -> None:
    found = kinds("It fails.\n\n-- \nAnna\nTel. 555\n\nMailbox concerned: archive@example.com")
    assert found[-1] == ("body", "Mailbox concerned: archive@example.com")
    found = kinds("It fails.\n\nRegards\nAnna\n\nPort: 993\nServer: imap.example.net")
    assert found[-1][0] == "body"
    found = kinds("Thanks\n\nThe error is shown each time that I press the button to send a mail.")
    assert found[-1][0] == "body"


@pytest.mark.parametrize(
    "notice",
    [
        "This e-mail and any attachment is for the addressee only.",
        "This message is confidential. If you are not the intended recipient, delete it.",
        "Please consider the environment before printing this e-mail.",
        "Diese E-Mail enthält vertrauliche Informationen.",
        "Ce message est confidentiel et destiné exclusivement à ses destinataires.",
        "Este mensaje es confidencial y va dirigido a su destinatario.",
        "Questo messaggio è riservato ai destinatari.",
        "Dit bericht is uitsluitend bestemd voor de geadresseerde.",
        "Ta wiadomość jest poufna.",
        "Данное сообщение является конфиденциальным.",
        "[EXTERNAL] This mail originated from outside your organisation.",
    ],
)
def test_notices(notice: str) -> None:
    assert kinds(f"My phone does not connect.\n\n{notice}")[-1] == ("disclaimer", notice)


@pytest.mark.parametrize(
    "log",
    [
        "```\nany text\n```",
        "2026-11-20 09:14:02 imap: closed",
        "Nov 20 09:14:02 imap1 dovecot: imap-login: Aborted login",
        "535 5.7.8 Error: authentication failed",
        "a1 NO [AUTHENTICATIONFAILED] Authentication failed.",
        "Traceback (most recent call last):",
        '  File "/srv/app.py", line 3, in <module>',
        "    at com.example.Mailer.send(Mailer.java:12)",
        "javax.mail.AuthenticationFailedException: 535 no",
        "<~* 553 5.7.1 <a@example.com>: Sender address rejected",
        "$ openssl s_client -connect imap.example.net:993",
        ">>> smtplib.SMTP('smtp.example.net', 587)",
        "> EHLO example.com\n< 250-imap.example.net",
    ],
)
def test_logs(log: str) -> None:
    assert ("code", log.strip()) in kinds(f"I see this:\n\n{log}\n\nWhat does it mean?")


@given(st.text(max_size=400), st.text(max_size=30))
def test_pieces_are_the_text_without_quotation_marks(text: str, subject: str) -> None:
    """Law: nothing is lost but blanks and "> " marks, and nothing is added."""
    joined = "".join(piece.text for piece in cut(text, subject))
    strip = str.maketrans("", "", "> \t")
    assert joined.translate(strip) == text.translate(strip)


@pytest.mark.parametrize(
    "hostile",
    [
        ">" * 60_000,
        "> " * 30_000,
        ("> " * 100 + "x\n") * 300,
        "On 1 a@b\n" * 7_000,
        "From: a\n" * 8_000,
        "--\n" * 20_000,
        "regards\n" * 8_000,
        ":\n" * 30_000,
        "```\n" * 15_000,
        "wrote:\n" * 9_000,
        "a " * 30_000 + "wrote:",
        "\t" * 60_000,
        "-" * 60_000,
        "_" * 60_000,
        "Sent from " * 6_000,
    ],
)
def test_hostile_text_is_cheap(hostile: str) -> None:
    start = time.process_time()
    cut(hostile)
    assert time.process_time() - start < 2.0  # what a whole ticket may cost; 60 kB take a third of it at most
