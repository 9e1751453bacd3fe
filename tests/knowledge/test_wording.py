"""Texts read by the concepts in them: any order, any accents, any breaks; other services and other topics left
alone."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge import load
from knowledge.wording import WordingTable, plain

KNOWLEDGE = load()
TABLE = WordingTable(KNOWLEDGE.concepts, KNOWLEDGE.wordings)
SAMPLES = [(w.id, sample) for w in KNOWLEDGE.wordings for sample in w.must_match]
LANGUAGES = {"en", "de", "fr", "es", "it", "nl", "pt", "pl", "ru", "ja", "zh"}


def read(text: str) -> str | None:
    found = TABLE.read(text)
    return found.id if found else None


@pytest.mark.parametrize(("row", "text"), SAMPLES)
def test_a_wording_reads_its_samples(row: str, text: str) -> None:
    assert read(text) == row


@pytest.mark.parametrize(("row", "text"), SAMPLES)
def test_case_accents_blanks_and_invisible_signs_do_not_matter(row: str, text: str) -> None:
    assert read(text.upper()) == row
    assert read(unicodedata.normalize("NFD", text)) == row
    assert read(text.replace(" ", "  \u200b")) == row
    assert read(f"\u2068{text}\u2069") == row


def test_words_count_in_any_order() -> None:
    assert (
        read("Dieses Zertifikats Gültigkeit ist abgelaufen")
        == read("Abgelaufen: das Zertifikat")
        == "certificate-expired"
    )


def test_a_text_broken_over_lines_is_one_text() -> None:
    assert read("Das Zertifikat dieses Servers\nist leider schon\nabgelaufen") == "certificate-expired"


@pytest.mark.parametrize(
    "text",
    [
        "SQLSTATE[HY000] [2002] Connection refused",
        "ssh: connect to host 192.0.2.5 port 22: Connection refused",
        "Der Kalender konnte nicht aktualisiert werden: Server nicht gefunden",
        "La carta di credito è scaduta",
        "プリンタが見つかりません",
        "Ihre Domain läuft in 14 Tagen ab",
        "",
        "   ",
        "…",
        "Hello",
        "12345",
    ],
)
def test_other_services_and_topics_are_left_alone(text: str) -> None:
    assert read(text) is None


def test_a_word_inside_an_entry_may_have_another_ending() -> None:
    assert TABLE.is_elsewhere("Link resetowania hasła wygasł") and TABLE.is_elsewhere(
        "linku resetowania nie znaleziono"
    )
    assert read("Nieprawidłowy format adresu serwera") == read("Nieprawidłowy adres serwera") == "host-not-found"


def test_both_chinese_scripts_and_both_japanese_negatives_are_one() -> None:
    assert read("連線逾時") == read("连线逾时") == "connection-timed-out"
    assert plain("ホストが見つからない") == plain("ホストが見つかりません")
    assert plain("応答していなかった") == plain("応答していませんでした")


def test_the_name_of_a_server_tells_nothing_of_the_sentence_around_it() -> None:
    assert plain("imap.mail.example") == plain("smtp2.example.org") == "mxhost"
    assert plain("javax.mail.MessagingException") == "javax mail messagingexception"


def test_a_database_beside_mail_is_mail() -> None:
    assert TABLE.is_elsewhere("mysql: connection refused")
    assert not TABLE.is_elsewhere("IMAP login failed while the mysql server was down")


def test_every_concept_has_words_in_every_language_or_in_all() -> None:
    for concept in KNOWLEDGE.concepts.values():
        spoken = concept.words.keys()
        if concept.id in ("starttls", "tls", "mail-from", "protocol", "oauth", "size"):
            assert "any" in spoken
        else:
            assert spoken >= LANGUAGES, concept.id
        assert all(plain(word) for group in concept.words.values() for word in group), concept.id


@given(st.text(max_size=300))
def test_reading_never_fails_and_repeats(text: str) -> None:
    assert read(text) == read(text)


@given(st.text(max_size=200))
def test_plain_is_plain(text: str) -> None:
    once = plain(text)
    assert plain(once) == once
    assert once == once.strip() and "  " not in once


@pytest.mark.parametrize(
    "text",
    [
        "Login successful",
        "Verbindung erfolgreich hergestellt",
        "La connexion a réussi",
        "登录成功",
        "An error has occurred during contact deletion. Please check your network connection.",
        "Ein Fehler ist beim Löschen des Kontakts aufgetreten. Prüfen Sie die Netzwerkverbindung.",
        "File server is not reachable. Verify the connection.",
        "Private certificate has expired, unable to sign email",
    ],
)
def test_success_and_advice_on_other_things_are_left_alone(text: str) -> None:
    assert read(text) is None


def test_a_denied_success_is_a_failure() -> None:
    assert read("Der Login war nicht erfolgreich") == "auth-failed"


def test_a_wording_of_its_own_name_speaks_of_its_row() -> None:
    found = TABLE.read("No connection to IMAP server.")
    assert found is not None
    assert (found.id, found.error_id) == ("no-connection-there", "cannot-connect")
