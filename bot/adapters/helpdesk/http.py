"""One vendor's API over HTTP: every outcome of a request is either an answer or one of our three errors, by one rule
for all vendors.

What surely did not arrive may be sent again (no connection, 429), what may have arrived must be looked for first (a
connection that broke after the request was written, any 5xx), and what the vendor has judged is a human's (4xx).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final, NoReturn

import httpx

from bot.adapters.helpdesk.answers import Json, the
from bot.core.note import visible
from bot.errors import SendLater, SendPointless, SendRefused, SendUnsure, SettingsError
from bot.failpoints import reach

TIMEOUT: Final = httpx.Timeout(12.0, connect=5.0)
LARGEST: Final = 16 * 1024 * 1024
MAX_HOPS: Final = 3
LONGEST_WAIT: Final = 3600.0
DEFAULT_WAIT: Final = 30.0
_NOT_SENT: Final = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


class Api:
    """Calls to one base URL. Nothing is retried here and no redirect is followed: a token goes to this host and to
    no other."""

    def __init__(
        self,
        vendor: str,
        url: str,
        headers: Mapping[str, str] | None = None,
        *,
        auth: tuple[str, str] | None = None,
        wait_of: Callable[[httpx.Headers], float | None] | None = None,
        stores: tuple[str, ...] = (),
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """``stores``: domains besides the API's own host from which files may be taken, as the vendor's
        documentation names them; without our token."""
        self.vendor, self._stores = vendor, stores
        try:
            self.base = httpx.URL(url.rstrip("/"))
        except httpx.InvalidURL as error:
            raise SettingsError(
                f"HELPDESK_URL: cannot be read ({error}); it looks like https://helpdesk.example"
            ) from error
        if self.base.scheme not in ("https", "http") or not self.base.host:
            raise SettingsError("HELPDESK_URL: must begin with https:// (or http:// for a server on this machine)")
        self._wait_of = wait_of
        self._client = httpx.Client(
            headers={"Accept": "application/json", "User-Agent": "triage-bot", **(headers or {})},
            auth=auth,
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )
        self._bare = httpx.Client(
            headers={"User-Agent": "triage-bot"},
            timeout=TIMEOUT,
            follow_redirects=False,
            trust_env=False,
            transport=transport,
        )

    def get(self, path: str, /, **query: Any) -> Json:
        """Ask for something; changes nothing, so a connection that breaks is only "later". Raises SendLater,
        SendRefused, SendPointless."""
        try:
            return self.call("GET", path, query=query)
        except SendUnsure as error:
            raise SendLater(str(error), seconds=DEFAULT_WAIT) from error

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        """One request, its JSON answer (None where there is none). Raises SendLater, SendRefused, SendUnsure;
        SendPointless where a GET or DELETE finds nothing."""
        return self.exchange(method, path, body, query=query, headers=headers)[0]

    def exchange(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        any_answer: bool = False,
    ) -> tuple[Json, httpx.Headers]:
        """As :meth:`call`, with the answer's header fields. ``content`` is sent as it is; ``any_answer``: a success
        need not hold JSON."""
        read, answer = self._request(method, path, body, query=query, headers=headers, content=content)
        if any_answer or not read.strip():
            return None, answer.headers
        try:
            return json.loads(read), answer.headers
        except (ValueError, RecursionError) as error:
            raise SendUnsure(f"{self.vendor}: answered {answer.status_code} with something that is no JSON") from error

    def beside(self, path: str, /, **query: Any) -> Json:
        """As :meth:`get`, for what a ticket names and is not the ticket itself; None where that is not there. Raises
        SendLater, SendRefused."""
        try:
            return self.get(path, **query)
        except SendPointless:
            return None

    def identity(self, path: str, *names: str, headers: Mapping[str, str] | None = None) -> str:
        """Whose token it is: without it nothing of ours would be known again. Raises SendLater, SendRefused."""
        try:
            found = the(self.call("GET", path, headers=headers), *names)
        except SendUnsure as error:
            raise SendLater(str(error), seconds=DEFAULT_WAIT) from error
        except SendPointless:
            found = None
        if found in (None, ""):
            raise SendRefused(f"{self.vendor}: does not say whose token it is")
        return str(found)

    def raw(self, path: str, headers: Mapping[str, str] | None = None) -> bytes:
        """A GET of something that is no JSON. Raises as :meth:`get`."""
        try:
            return self._request("GET", path, None, query=None, headers=headers, content=None)[0]
        except SendUnsure as error:
            raise SendLater(str(error), seconds=DEFAULT_WAIT) from error

    def file(self, place: str, limit: int) -> bytes:
        """A file of at most ``limit`` bytes, by the path or address under which this API names it.

        A redirect leads to the API's own host, or to one of ``stores`` by https and without our token; nowhere else
        is anything asked for, whatever the answer says. Raises SendLater, SendRefused, SendPointless.
        """
        try:
            url = httpx.URL(place if place.startswith(("http://", "https://")) else f"{self.base}{place}")
            for _ in range(MAX_HOPS):
                ours = self._ours(str(url))
                if not ours and not (
                    url.scheme == "https"
                    and any(url.host == store or url.host.endswith(f".{store}") for store in self._stores)
                ):
                    raise SendRefused(
                        f"{self.vendor}: the file lies on another server, and nothing is fetched from there"
                    )
                with (self._client if ours else self._bare).stream("GET", url, headers={"Accept": "*/*"}) as answer:
                    if answer.has_redirect_location:
                        url = url.join(answer.headers["location"])
                        continue
                    if not answer.is_success:
                        self._refused(answer, b"")
                    return self._capped(answer, limit)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, SendUnsure) as error:
            raise SendLater(
                f"{self.vendor}: the file could not be fetched ({type(error).__name__})", seconds=DEFAULT_WAIT
            ) from error
        raise SendRefused(f"{self.vendor}: the file's address leads from one to the next")

    def _capped(self, answer: httpx.Response, limit: int) -> bytes:
        read = bytearray()
        for piece in answer.iter_bytes():
            read += piece
            if len(read) > limit:
                raise SendRefused(f"{self.vendor}: an answer of more than {limit} bytes")
        return bytes(read)

    def _request(
        self,
        method: str,
        path: str,
        body: Any,
        *,
        query: Mapping[str, Any] | None,
        headers: Mapping[str, str] | None,
        content: bytes | None,
    ) -> tuple[bytes, httpx.Response]:
        url = path if path.startswith(("http://", "https://")) else f"{self.base}{path}"
        if not self._ours(url):
            raise SendRefused(f"{self.vendor}: it names another server for the next page, where our token does not go")
        writes = method != "GET"
        if writes:
            reach("helpdesk.write.before")
        try:
            with self._client.stream(
                method,
                url,
                json=body,
                content=content,
                params={k: v for k, v in (query or {}).items() if v is not None} or None,
                headers=headers,
            ) as answer:
                read = self._capped(answer, LARGEST)
        except _NOT_SENT as error:
            raise SendLater(
                f"{self.vendor}: cannot be reached ({type(error).__name__})", seconds=DEFAULT_WAIT, whole_place=True
            ) from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise SendUnsure(f"{self.vendor}: the connection broke ({type(error).__name__})") from error
        if writes:
            reach("helpdesk.write.after")
        if not answer.is_success:
            if answer.status_code in (404, 410) and method in ("GET", "DELETE"):
                raise SendPointless(f"{self.vendor}: it is not there (any more), or hidden from us")
            self._refused(answer, read)
        return read, answer

    def _ours(self, url: str) -> bool:
        try:
            there = httpx.URL(url)
        except httpx.InvalidURL:
            return False
        return (there.scheme, there.host, there.port) == (self.base.scheme, self.base.host, self.base.port)

    def _refused(self, answer: httpx.Response, read: bytes) -> NoReturn:
        status = answer.status_code
        said = f"{self.vendor}: answered {status}" + (
            f": {visible(' '.join(read[:2000].decode('utf-8', 'replace').split()), 160)}"
            if read and status < 500
            else ""
        )
        if status == 429:
            raise SendLater(f"{self.vendor}: too many requests", seconds=self._wait(answer.headers), whole_place=True)
        # another change of the same ticket at the same moment: this one was not made (Zendesk, "Tickets": 409 Conflict)
        if status == 409:
            raise SendLater(said, seconds=3)
        if status >= 500 or status == 408:
            raise SendUnsure(said)
        hint = {
            401: "; the token is refused",
            403: "; the token may not do this",
            404: "; the ticket is gone, merged or hidden from us",
        }.get(status, "")
        raise SendRefused(said + hint)

    def _wait(self, headers: httpx.Headers) -> float:
        found = retry_after(headers.get("retry-after"))
        if found is None and self._wait_of is not None:
            found = self._wait_of(headers)
        return DEFAULT_WAIT if found is None else min(max(found, 1.0), LONGEST_WAIT)


def retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Seconds of a Retry-After field: a number or a date (RFC 9110 10.2.3); None where it is neither."""
    if value is None:
        return None
    try:
        return float(value)
    except ValueError:
        pass
    try:
        return (parsedate_to_datetime(value) - (now or datetime.now(UTC))).total_seconds()
    except (ValueError, TypeError):
        return None
