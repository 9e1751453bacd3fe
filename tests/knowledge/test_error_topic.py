"""What an error text is about: reaching a server, or something beside it. What failed decides, not its reason."""

from __future__ import annotations

import pytest

from knowledge import load
from knowledge.topic import fails_aside
from knowledge.wording import WordingTable

KNOWLEDGE = load()
TABLE = WordingTable(KNOWLEDGE.concepts, KNOWLEDGE.wordings)
ASIDE_AT_MOST = 0.01
"""Share of the texts of the table, which are all of failed connections, that may look like something else."""


@pytest.mark.parametrize(
    "text",
    [
        "Decryption failed. Invalid password.",
        "Der Filter konnte nicht gespeichert werden. Serverfehler.",
        "Impossible de renommer le dossier.",
        "No se pudo crear el certificado",
        "Impossibile aggiornare i permessi",
        "Sleutels kunnen niet worden weergegeven! Interne fout.",
        "Não foi possível importar os contatos",
        "Nie można odblokować danych uwierzytelniających",
        "Не удалось создать почтовый ящик",
        "索引を作成できませんでした",
        "无法导出文件",
        "Attempt to play file timed out",
        "Passwords do not match!",
        "If the server has a self-signed certificate, the connection fails.",
    ],
)
def test_what_is_done_to_a_thing_is_beside_the_subject_whatever_the_reason(text: str) -> None:
    assert TABLE.fails_aside(text)
    assert TABLE.read(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "Could not save the draft: connection to the server lost",
        "Das gespeicherte Passwort ist falsch",
        "La firma del certificado no es válida",
        "Le message a été envoyé, mais n'a pas pu être enregistré dans le dossier des messages envoyés",
        "Impossibile creare la connessione",
        "Het maken van een TLS-verbinding is mislukt",
        "Não foi possível criar a conta",
        "Удалённый сервер не найден",
        "パスワードの変更が必要です。",
        "The attachment is too large",
    ],
)
def test_a_stage_of_reaching_a_server_or_a_judgement_is_the_subject(text: str) -> None:
    assert not TABLE.fails_aside(text)


def test_nearly_every_text_of_the_table_is_about_its_subject() -> None:
    texts = [
        *(sample for row in KNOWLEDGE.errors.values() for sample in row.must_match),
        *(sample for wording in KNOWLEDGE.wordings for sample in wording.must_match),
    ]
    aside = [text for text in texts if TABLE.fails_aside(text)]
    assert len(aside) <= ASIDE_AT_MOST * len(texts), aside


def test_acts_upon_things_count_by_the_words_of_one_language() -> None:
    polish, german = frozenset({"handled"}), frozenset({"failed", "message"})
    assert not fails_aside([(polish, german)])
    assert fails_aside([(polish | {"failed"}, german)])


def test_a_text_without_a_failure_is_not_decided() -> None:
    assert not fails_aside([]) and not fails_aside([(frozenset({"aside"}),)])
