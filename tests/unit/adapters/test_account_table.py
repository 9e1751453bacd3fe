"""Importing accounts from CSV as spreadsheets and panels write them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.adapters.accounts.csv_directory import CsvAccountDirectory
from bot.adapters.accounts.table import read_accounts
from bot.adapters.accounts.values import BadValue, account_of, near
from bot.errors import StoreCorrupt, TableError


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_encodings_and_separators(tmp_path: Path, encoding: str, separator: str) -> None:
    path = tmp_path / "a.csv"
    rows = [
        ["Paused_Reason", " MAILBOX ", "aliases"],
        ["Zahlung überfällig", "Jörg@Example.com", "a@example.com|b@example.com"],
    ]
    path.write_bytes("\r\n".join(separator.join(row) for row in rows).encode(encoding))
    (account,) = read_accounts(path)
    assert (account.mailbox, account.paused_reason) == ("jörg@example.com", "Zahlung überfällig")
    assert account.aliases == ("a@example.com", "b@example.com")


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("", ["line 1"]),
        ("\nmailbox\n", ["line 1"]),
        ("plan,paused\nPro,1\n", ["line 1", "mailbox", "known are"]),
        ("mailbox,colour\na@example.com,red\n", ["line 1", "colour", "password_changed_at"]),
        ("mailbox,plan,plan\n", ["line 1", "plan", "twice"]),
        ("mailbox\na@example.com\nnobody\n", ["line 3", "column mailbox", "nobody"]),
        ("mailbox,paused\na@example.com,perhaps\n", ["line 2", "column paused", "perhaps"]),
        ("mailbox,created_at\n\na@example.com,11.03.2024\n", ["line 3", "column created_at", "11.03.2024"]),
        ("mailbox,admins\na@example.com,boss\n", ["line 2", "column admins", "boss"]),
        ("mailbox,plan\na@example.com,gold\n", ["line 2", "column plan", "gold", "pro"]),
        ("mailbox\na@example.com\nA@example.com\n", ["line 3", "line 2", "a@example.com"]),
        ("mailbox,plan\na@example.com,pro,1,2\n", ["line 2", "4 cells"]),
        ('mailbox,plan\n"a@example.com,pro\n', ["line"]),
        ("mailbox,plan\n,pro\n", ["line 2", "column mailbox"]),
        ("mailbox,paused\na@example.com,\x1b[31mred\n", ["line 2", "\\x1b"]),
    ],
)
def test_a_wrong_file_names_line_and_column_and_leaves_the_import_before(
    tmp_path: Path, content: str, named: list[str]
) -> None:
    directory = CsvAccountDirectory(tmp_path / "a.sqlite")
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text("mailbox,plan\nanna@example.com,pro\n")
    directory.import_csv(good)
    bad.write_text(content)
    with pytest.raises(TableError) as caught:
        directory.import_csv(bad, plans={"pro", "nano"})
    message = str(caught.value)
    assert message.startswith(str(bad)) and "\n" not in message and message.isprintable()
    assert all(part in message for part in named), message
    assert directory.lookup("anna@example.com").account is not None
    imported = directory.last_import()
    assert imported is not None and (imported.file, imported.accounts) == (str(good), 1)


def test_binary_and_missing_files_are_named(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n\x00\x00\x81\x8d")
    for path in (picture, tmp_path / "none.csv", tmp_path):
        with pytest.raises(TableError, match=path.name):
            read_accounts(path)


def test_an_import_replaces_the_one_before(tmp_path: Path) -> None:
    directory = CsvAccountDirectory(tmp_path / "a.sqlite")
    path = tmp_path / "a.csv"
    path.write_text("mailbox,aliases\nanna@example.com,x@example.com\n")
    directory.import_csv(path)
    path.write_text("mailbox\nx@example.com\n")
    assert directory.import_csv(path) == 1
    assert directory.lookup("anna@example.com").absent
    account = directory.lookup("x@example.com").account
    assert account is not None and account.alias_of is None


def test_a_damaged_database_is_not_overwritten(tmp_path: Path) -> None:
    place, path = tmp_path / "a.sqlite", tmp_path / "a.csv"
    place.write_bytes(b"precious, and no database" * 100)
    path.write_text("mailbox\na@example.com\n")
    with pytest.raises(StoreCorrupt, match=r"a\.sqlite"):
        CsvAccountDirectory(place).import_csv(path)
    assert place.read_bytes().startswith(b"precious")


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("1", True),
        ("0", False),
        ("Yes", True),
        ("NO", False),
        ("true", True),
        ("False", False),
        ("ja", True),
        ("nein", False),
        ("", None),
        ("  ", None),
    ],
)
def test_words_for_yes_and_no(word: str, meant: bool | None) -> None:
    assert account_of({"mailbox": "a@example.com", "paused": word}).paused is meant


def test_dates_without_a_zone_are_utc() -> None:
    account = account_of(
        {"mailbox": "a@example.com", "created_at": "2024-03-11", "password_changed_at": "2026-11-15T17:02:00+01:00"}
    )
    assert account.created_at == datetime(2024, 3, 11, tzinfo=UTC)
    assert account.password_changed_at == datetime(2026, 11, 15, 16, 2, tzinfo=UTC)


def test_near_is_a_slip_and_not_another_person() -> None:
    boxes = ["ann@example.com", "bob@example.com", "benjamin@example.com", "support@example.com"]
    assert near("benjmain@example.com", boxes) == ("benjamin@example.com",)
    assert near("anne@example.com", boxes) == ("ann@example.com",)
    assert near("rob@example.com", boxes) == ("bob@example.com",)
    assert near("tim@example.com", boxes) == ()
    assert near("supprt@example.com", boxes) == ("support@example.com",)


@given(
    st.dictionaries(st.sampled_from(["mailbox", "plan", "paused", "aliases", "created_at", "x"]), st.text(max_size=40))
)
def test_any_row_is_an_account_or_names_its_column(row: dict[str, str]) -> None:
    try:
        account = account_of(row)
    except BadValue as error:
        assert error.column in row or error.column == "mailbox"
    else:
        assert account.mailbox == account.mailbox.casefold() and account.mailbox.count("@") == 1
