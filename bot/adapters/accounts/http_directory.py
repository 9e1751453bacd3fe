"""Accounts behind a host's own HTTP service: one GET, one JSON object with the names of the CSV table's
columns."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import httpx

from bot.adapters.accounts.values import BadValue, account_of, aged
from bot.core.observed import AccountView
from bot.errors import SettingsError

TIMEOUT: Final = 2.0
LARGEST: Final = 64 * 1024
REDIRECTS: Final = 2
FRESH: Final = timedelta(hours=24)


class HttpAccountDirectory:
    """An AccountDirectory that asks ``url?address=…``.

    200 with a JSON object is the account (with ``as_of``, where the service answers from a copy), 404 proves
    absence, anything else is a failure to look. ``token`` is sent as a bearer token, to this host only: a
    redirect to another host, port or scheme is a failure. The whole exchange ends after ``timeout`` seconds.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str | None = None,
        parameter: str = "address",
        plans: Collection[str] = (),
        timeout: float = TIMEOUT,
        max_age: timedelta | None = FRESH,
        transport: httpx.BaseTransport | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        try:
            self._url = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise SettingsError(f"the account service's URL cannot be used ({error})") from error
        if self._url.scheme not in ("https", "http") or not self._url.host:
            raise SettingsError("the account service's URL must begin with https:// or http://")
        self._parameter = parameter
        self._plans = plans
        self._timeout = timeout
        self._max_age = max_age
        self._now = now
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        self._client = httpx.Client(
            headers=headers, timeout=timeout, follow_redirects=False, transport=transport, trust_env=False
        )

    def lookup(self, address: str) -> AccountView:
        """The account of a mailbox or alias as the service tells it."""
        wanted = address.strip().casefold()
        try:
            status, body = self._get(self._url.copy_set_param(self._parameter, wanted))
        except _CouldNotLook as error:
            return AccountView(failed=f"{self._name}: {error}")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return AccountView(failed=f"{self._name}: no answer ({type(error).__name__})")
        if status == 404:
            return AccountView(absent=True)
        if status != 200:
            return AccountView(failed=f"{self._name}: answered {status}")
        return self._read(wanted, body)

    def in_domain(self, domain: str) -> Sequence[str]:
        """Nothing: the service is asked for one address at a time."""
        return ()

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    @property
    def _name(self) -> str:
        return f"account service {self._url.host}"

    def _get(self, url: httpx.URL) -> tuple[int, bytes]:
        ends = time.monotonic() + self._timeout
        for _ in range(REDIRECTS + 1):
            with self._client.stream("GET", url) as answer:
                if answer.is_redirect and answer.next_request is not None:
                    target = answer.next_request.url
                    if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
                        raise _CouldNotLook("redirects to another host")
                    url = target
                    continue
                body = b""
                for part in answer.iter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise _CouldNotLook(f"answered more than {LARGEST >> 10} kB")
                    if time.monotonic() > ends:
                        raise _CouldNotLook(f"took longer than {self._timeout:g} s")
                return answer.status_code, body
        raise _CouldNotLook("redirects again and again")

    def _read(self, wanted: str, body: bytes) -> AccountView:
        try:
            found = json.loads(body)
        except (ValueError, RecursionError):
            return AccountView(failed=f"{self._name}: answered something that is no JSON")
        if not isinstance(found, dict):
            return AccountView(failed=f"{self._name}: answered JSON that is no object")
        try:
            account = account_of({name: value for name, value in found.items() if value is not None}, self._plans)
        except BadValue as error:
            return AccountView(failed=f"{self._name}: {error.column}: {error}")
        alias = account.mailbox if account.mailbox != wanted else None
        if alias is not None and wanted not in account.aliases:
            return AccountView(failed=f"{self._name}: answered for another mailbox")
        now = self._now()
        account = replace(account, as_of=account.as_of or now, alias_of=alias)
        if self._max_age is not None and account.as_of is not None and now - account.as_of > self._max_age:
            account = aged(account)
        return AccountView(account, domain_known=True)


class _CouldNotLook(Exception):
    """The exchange broke one of our rules; the text says which."""
