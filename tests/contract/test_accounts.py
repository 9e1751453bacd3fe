"""The AccountDirectory port: one suite, every directory."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.adapters.accounts.csv_directory import CsvAccountDirectory
from bot.adapters.accounts.http_directory import HttpAccountDirectory
from bot.adapters.accounts.memory import EmptyAccountDirectory, MemoryAccountDirectory
from bot.adapters.accounts.sql_directory import SqlAccountDirectory
from bot.adapters.accounts.table import read_accounts
from bot.errors import SettingsError
from bot.ports import AccountDirectory

NOW = datetime(2026, 11, 16, 12, 0, tzinfo=UTC)
TABLE = """\
mailbox,account,plan,paused,paused_reason,domain_verified,aliases,admins,password_changed_at,created_at
anna@example.com,A1,Pro,0,,1,sales@example.com;hello@example.com,boss@example.com,2026-11-15T16:02:00Z,2024-03-11
benjamin@example.com,A1,NANO,yes,unpaid,no,,,,
carla@example.org,,,,,,,,,
"""


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "accounts.csv"
    path.write_text(TABLE)
    return path


def _sql(tmp_path: Path, table: Path) -> AccountDirectory:
    place = tmp_path / "panel.sqlite"
    with sqlite3.connect(place) as db:
        db.execute(
            "CREATE TABLE box (mailbox, account, plan, paused, paused_reason, domain_verified,"
            " aliases, admins,"
            " password_changed_at, created_at)"
        )
        for line in TABLE.splitlines()[1:]:
            db.execute(f"INSERT INTO box VALUES ({','.join('?' * 10)})", [cell or None for cell in line.split(",")])
    return SqlAccountDirectory(
        f"sqlite:///{place}",
        "SELECT * FROM box WHERE mailbox = :address OR instr(';' || aliases || ';', ';' || :address || ';')",
        domain_query="SELECT mailbox FROM box WHERE substr(mailbox, instr(mailbox, '@') + 1) = :domain",
        now=lambda: NOW,
    )


def _http(table: Path) -> AccountDirectory:
    accounts = {account.mailbox: account for account in read_accounts(table)}

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer s3cret"
        address = request.url.params["address"]
        for account in accounts.values():
            if address == account.mailbox or address in account.aliases:
                row = {
                    "mailbox": account.mailbox,
                    "account": account.account,
                    "plan": account.plan,
                    "paused": account.paused,
                    "paused_reason": account.paused_reason,
                    "domain_verified": account.domain_verified,
                    "aliases": list(account.aliases),
                    "admins": list(account.admins),
                    "password_changed_at": str(account.password_changed_at or ""),
                    "created_at": str(account.created_at.date()) if account.created_at else None,
                }
                return httpx.Response(200, json=row)
        return httpx.Response(404)

    return HttpAccountDirectory(
        "https://panel.example/api", token="s3cret", transport=httpx.MockTransport(answer), now=lambda: NOW
    )


@pytest.fixture(params=["csv", "memory", "sql", "http"])
def directory(request: pytest.FixtureRequest, tmp_path: Path, table: Path) -> AccountDirectory:
    if request.param == "csv":
        made = CsvAccountDirectory(tmp_path / "log.sqlite", now=lambda: NOW)
        assert made.import_csv(table) == 3
        return made
    if request.param == "memory":
        return MemoryAccountDirectory(read_accounts(table))
    return _sql(tmp_path, table) if request.param == "sql" else _http(table)


@pytest.mark.parametrize("asked", ["anna@example.com", "Anna@Example.COM", " anna@example.com "])
def test_a_mailbox_is_found_with_all_that_is_known(directory: AccountDirectory, asked: str) -> None:
    view = directory.lookup(asked)
    assert view.failed is None and not view.absent and view.domain_known is True
    account = view.account
    assert account is not None
    assert (account.mailbox, account.account, account.plan) == ("anna@example.com", "A1", "pro")
    assert account.domain == "example.com"
    assert (account.paused, account.paused_reason, account.domain_verified) == (False, None, True)
    assert account.aliases == ("sales@example.com", "hello@example.com")
    assert account.admins == ("boss@example.com",)
    assert account.password_changed_at == datetime(2026, 11, 15, 16, 2, tzinfo=UTC)
    assert account.created_at == datetime(2024, 3, 11, tzinfo=UTC)
    assert account.alias_of is None


def test_words_for_yes_and_no(directory: AccountDirectory) -> None:
    account = directory.lookup("benjamin@example.com").account
    assert account is not None
    assert (account.plan, account.paused, account.paused_reason, account.domain_verified) == (
        "nano",
        True,
        "unpaid",
        False,
    )


def test_what_the_table_leaves_empty_is_unknown(directory: AccountDirectory) -> None:
    account = directory.lookup("carla@example.org").account
    assert account is not None
    assert (account.plan, account.paused, account.domain_verified, account.account) == (None, None, None, None)
    assert (account.aliases, account.password_changed_at) == ((), None)


def test_an_alias_leads_to_its_mailbox(directory: AccountDirectory) -> None:
    account = directory.lookup("hello@example.com").account
    assert account is not None
    assert (account.mailbox, account.alias_of) == ("anna@example.com", "anna@example.com")


def test_an_address_that_does_not_exist_is_absent(directory: AccountDirectory) -> None:
    view = directory.lookup("benjamim@example.com")
    assert view.account is None and view.absent and view.failed is None
    if isinstance(directory, HttpAccountDirectory):
        assert view.near == ()
    else:
        assert view.near == ("benjamin@example.com",)
        assert view.domain_known is True
        assert directory.lookup("x@example.net").domain_known is False


def test_mailboxes_of_a_domain(directory: AccountDirectory) -> None:
    expected = () if isinstance(directory, HttpAccountDirectory) else ("anna@example.com", "benjamin@example.com")
    assert tuple(directory.in_domain("Example.com")) == expected
    assert tuple(directory.in_domain("example.net")) == ()


@pytest.mark.parametrize(
    "hostile", ["' OR 1=1 --", "%", "", "@", "a@b@c", "x" * 10_000, "anna@example.com\x00", "%@example.com"]
)
def test_hostile_addresses_find_nobody(directory: AccountDirectory, hostile: str) -> None:
    assert directory.lookup(hostile).account is None


def test_an_old_import_knows_no_changing_facts_and_proves_no_absence(tmp_path: Path, table: Path) -> None:
    directory = CsvAccountDirectory(tmp_path / "a.sqlite", now=lambda: NOW)
    directory.import_csv(table, as_of=NOW - timedelta(hours=25))
    account = directory.lookup("anna@example.com").account
    assert account is not None and account.as_of == NOW - timedelta(hours=25)
    assert (account.plan, account.paused, account.domain_verified, account.password_changed_at) == (None,) * 4
    assert account.aliases and account.created_at and account.account == "A1"
    gone = directory.lookup("benjamim@example.com")
    assert not gone.absent and gone.near == ("benjamin@example.com",) and gone.domain_known is True
    assert directory.lookup("x@example.net").domain_known is None
    for_ever = CsvAccountDirectory(tmp_path / "a.sqlite", max_age=None, now=lambda: NOW)
    assert for_ever.lookup("x@example.net").absent


def test_where_nothing_is_configured_everything_is_unknown(tmp_path: Path) -> None:
    for directory in (EmptyAccountDirectory(), CsvAccountDirectory(tmp_path / "none.sqlite")):
        view = directory.lookup("anna@example.com")
        assert (view.account, view.absent, view.domain_known, view.failed) == (None, False, None, None)
        assert tuple(directory.in_domain("example.com")) == ()


def test_a_damaged_database_is_a_failure_to_look(tmp_path: Path) -> None:
    place = tmp_path / "a.sqlite"
    place.write_bytes(b"no database at all" * 100)
    view = CsvAccountDirectory(place).lookup("anna@example.com")
    assert view.failed is not None and str(place) in view.failed and not view.absent


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM box",
        "SELECT 1; DROP TABLE box",
        "SELECT * FROM box",
        "SELECT :address, :other",
        "UPDATE box SET x = :address",
    ],
)
def test_only_a_select_with_the_address_is_a_query(query: str) -> None:
    with pytest.raises(SettingsError):
        SqlAccountDirectory("sqlite://", query)


def test_the_query_cannot_write_and_ends_in_time(tmp_path: Path, table: Path) -> None:
    _sql(tmp_path, table)
    writing = SqlAccountDirectory(
        f"sqlite:///{tmp_path / 'panel.sqlite'}",
        "WITH x AS (SELECT :address AS a) INSERT INTO box (mailbox) SELECT a FROM x",
    )
    assert writing.lookup("a@example.com").failed
    endless = SqlAccountDirectory(
        f"sqlite:///{tmp_path / 'panel.sqlite'}",
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT :address AS mailbox FROM n WHERE i < 0",
        timeout=0.2,
    )
    began = datetime.now(UTC)
    assert endless.lookup("a@example.com").failed
    assert datetime.now(UTC) - began < timedelta(seconds=5)


def test_a_missing_account_database_is_a_failure_to_look(tmp_path: Path) -> None:
    directory = SqlAccountDirectory(f"sqlite:///{tmp_path}/no/where.sqlite", "SELECT :address AS mailbox")
    view = directory.lookup("a@example.com")
    assert view.failed and not view.absent


Answer = Callable[[httpx.Request], httpx.Response]


def _refuse(request: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused", request=request)


@pytest.mark.parametrize(
    "answer",
    [
        lambda request: httpx.Response(500, text="s3cret"),
        lambda request: httpx.Response(401),
        lambda request: httpx.Response(200, text="<html>"),
        lambda request: httpx.Response(200, text="[" * 100_000),
        lambda request: httpx.Response(200, text="[]"),
        lambda request: httpx.Response(200, json={"mailbox": "other@example.com"}),
        lambda request: httpx.Response(200, json={"mailbox": "a@example.com", "surprise": 1}),
        lambda request: httpx.Response(200, json={"mailbox": "a@example.com", "paused": "perhaps"}),
        lambda request: httpx.Response(200, json={"mailbox": "a@example.com", "account": "x" * 70_000}),
        lambda request: httpx.Response(302, headers={"Location": "https://evil.example/api"}),
        lambda request: httpx.Response(302, headers={"Location": "http://panel.example/api"}),
        lambda request: httpx.Response(302, headers={"Location": str(request.url)}),
        _refuse,
    ],
)
def test_a_service_that_misbehaves_is_a_failure_to_look(answer: Answer) -> None:
    asked: list[str] = []

    def watched(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return answer(request)

    directory = HttpAccountDirectory(
        "https://panel.example/api", token="s3cret", transport=httpx.MockTransport(watched)
    )
    view = directory.lookup("a@example.com")
    assert view.failed and not view.absent and view.account is None
    assert "s3cret" not in view.failed and "evil" not in view.failed
    assert set(asked) == {"panel.example"} and len(asked) <= 3


def test_a_service_may_redirect_on_its_own_host_and_say_how_old_its_copy_is() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/api":
            return httpx.Response(307, headers={"Location": f"/v2?{request.url.query.decode()}"})
        row = {"mailbox": request.url.params["address"], "paused": True, "as_of": "2026-11-14T00:00:00Z"}
        return httpx.Response(200, content=json.dumps(row))

    directory = HttpAccountDirectory(
        "https://panel.example/api", transport=httpx.MockTransport(answer), now=lambda: NOW
    )
    account = directory.lookup("a+b@example.com").account
    assert account is not None and account.mailbox == "a+b@example.com"
    assert account.paused is None and account.as_of == datetime(2026, 11, 14, tzinfo=UTC)
