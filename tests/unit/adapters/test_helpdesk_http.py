"""What the outcome of a request means: it did not arrive, it may have, or it was judged; and where a token never
goes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from bot.adapters.helpdesk.answers import moment
from bot.adapters.helpdesk.http import Api, retry_after
from bot.adapters.helpdesk.vendors import VENDORS, helpdesk_of
from bot.errors import SendError, SendLater, SendPointless, SendRefused, SendUnsure, SettingsError
from bot.settings import Settings, read_settings


def api(answer: Callable[[httpx.Request], httpx.Response]) -> Api:
    return Api("Desk", "https://desk.example", {"Authorization": "Bearer t"}, transport=httpx.MockTransport(answer))


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, SendRefused),
        (401, SendRefused),
        (403, SendRefused),
        (404, SendRefused),
        (408, SendUnsure),
        (409, SendLater),
        (422, SendRefused),
        (429, SendLater),
        (500, SendUnsure),
        (502, SendUnsure),
        (503, SendUnsure),
        (301, SendRefused),
        (307, SendRefused),
    ],
)
def test_what_a_status_means_for_a_write(status: int, error: type[SendError]) -> None:
    with pytest.raises(SendError) as raised:
        api(lambda _: httpx.Response(status, json={"error": "x"}, headers={"Location": "https://evil.example/"})).call(
            "POST", "/x", {}
        )
    assert type(raised.value) is error


def test_a_read_changes_nothing_so_it_is_only_later() -> None:
    with pytest.raises(SendLater):
        api(lambda _: httpx.Response(500)).get("/x")
    with pytest.raises(SendPointless):
        api(lambda _: httpx.Response(404)).get("/x")


@pytest.mark.parametrize(
    ("broken", "error"),
    [
        (httpx.ConnectError, SendLater),
        (httpx.ConnectTimeout, SendLater),
        (httpx.ReadTimeout, SendUnsure),
        (httpx.RemoteProtocolError, SendUnsure),
        (httpx.WriteError, SendUnsure),
    ],
)
def test_what_a_broken_connection_means(broken: type[httpx.HTTPError], error: type[SendError]) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise broken("gone")

    with pytest.raises(error):
        api(answer).call("POST", "/x", {})


def test_the_token_goes_to_no_other_server() -> None:
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(str(request.url))
        return httpx.Response(200, json={})

    for elsewhere in (
        "https://evil.example/next",
        "http://desk.example/next",
        "https://desk.example:444/next",
        "https://desk.example@evil.example/next",
    ):
        with pytest.raises(SendRefused):
            api(answer).get(elsewhere)
    assert not asked and api(answer).get("https://desk.example/next") == {}


def test_answers_that_are_no_answers() -> None:
    with pytest.raises(SendUnsure):
        api(lambda _: httpx.Response(200, text="<html>")).call("POST", "/x", {})
    with pytest.raises(SendRefused):
        api(lambda _: httpx.Response(200, content=b"x" * (16 * 1024 * 1024 + 1))).get("/x")


def test_a_refusal_shows_no_control_characters_and_not_everything() -> None:
    with pytest.raises(SendRefused) as raised:
        api(lambda _: httpx.Response(422, text="bad \x1b[31m\u202e" + "y" * 900)).call("POST", "/x", {})
    assert "\x1b" not in str(raised.value) and "\u202e" not in str(raised.value) and len(str(raised.value)) < 300


def test_retry_after() -> None:
    now = datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert (
        retry_after("30") == 30
        and retry_after("1.5") == 1.5
        and retry_after("Fri, 20 Nov 2026 12:01:00 GMT", now) == 60
    )
    assert retry_after(None) is None and retry_after("soon") is None
    with pytest.raises(SendLater) as raised:
        api(lambda _: httpx.Response(429, headers={"Retry-After": "9999999"})).call("POST", "/x", {})
    assert raised.value.seconds == 3600 and raised.value.whole_place


@pytest.mark.parametrize(
    ("kind", "headers", "seconds"),
    [
        ("helpscout", {"X-RateLimit-Retry-After": "12"}, 12.0),
        ("intercom", {"X-RateLimit-Reset": str(int(datetime.now(UTC).timestamp()) + 40)}, 40.0),
    ],
)
def test_vendors_with_a_field_of_their_own(kind: str, headers: dict[str, str], seconds: float) -> None:
    helpdesk: Any = VENDORS[kind].make(
        Settings(helpdesk_kind=kind, helpdesk_user="u", helpdesk_token="t"), "https://desk.example"
    )
    helpdesk._api._client = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(429, headers=headers)))
    with pytest.raises(SendLater) as raised:
        helpdesk.changed("")
    assert 0 < raised.value.seconds <= seconds


@pytest.mark.parametrize("value", ["noon", None, True, [], 1e30, "2026-13-01"])
def test_times_that_are_none(value: object) -> None:
    with pytest.raises(SendRefused):
        moment(value)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"HELPDESK_URL": "https://x.example"}, "HELPDESK_KIND"),
        ({"HELPDESK_KIND": "zendsk"}, "HELPDESK_KIND"),
        ({"HELPDESK_KIND": "zammad", "HELPDESK_TOKEN": "t"}, "HELPDESK_URL"),
        ({"HELPDESK_KIND": "zendesk", "HELPDESK_URL": "https://x.example"}, "HELPDESK_TOKEN"),
        (
            {"HELPDESK_KIND": "rt", "HELPDESK_URL": "ftp://x", "HELPDESK_TOKEN": "t", "HELPDESK_USER": "u"},
            "HELPDESK_URL",
        ),
        ({"HELPDESK_KIND": "chatwoot", "HELPDESK_URL": "https://x.example", "HELPDESK_TOKEN": "t"}, "HELPDESK_ACCOUNT"),
        ({"HELPDESK_KIND": "webhook", "HELPDESK_URL": "https://x.example"}, "HELPDESK_WEBHOOK_SECRET"),
        ({"HELPDESK_POLL_SECONDS": "soon"}, "HELPDESK_POLL_SECONDS"),
        ({"HELPDESK_POLL_SECONDS": "0"}, "HELPDESK_POLL_SECONDS"),
    ],
)
def test_settings_that_cannot_be(given: dict[str, str], named: str, tmp_path: Any) -> None:
    with pytest.raises(SettingsError) as raised:
        helpdesk_of(read_settings(given, tmp_path / "none"))
    assert str(raised.value).startswith(f"{named}:")


def test_no_helpdesk_is_no_fault(tmp_path: Any) -> None:
    assert helpdesk_of(read_settings({}, tmp_path / "none")) is None
