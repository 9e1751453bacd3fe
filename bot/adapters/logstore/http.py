"""Asking a store over HTTP within bounds: so many seconds, so many bytes, no redirect, no proxy of the environment."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qsl, unquote, urlsplit

import httpx

from bot.errors import SettingsError, StoreBusy, StoreError

LARGEST: Final = 64 << 20
"""Bytes of one answer."""
CONNECTS_WITHIN: Final = 3.0


@dataclass(frozen=True, slots=True)
class Place:
    """A store's URL, taken apart: where it is, who asks, and its options. ``name`` is what messages call it: no
    password."""

    name: str
    base: str
    path: str
    user: str | None
    password: str | None
    options: Mapping[str, str]

    @classmethod
    def of(cls, url: str, product: str, *, known: frozenset[str], port: int | None = None) -> Place:
        """The place that ``scheme+https://user:password@host:port/path?option=value`` names; without ``+https``
        plain HTTP is spoken. ``known`` are the options. Raises SettingsError."""
        try:
            parts = urlsplit(url)
            number = parts.port or port
        except ValueError as error:
            raise SettingsError(
                f"LOG_STORE_URL: cannot be read ({error}); write {product.lower()}+https://user:password@host:port"
            ) from error
        if not parts.hostname:
            raise SettingsError(f"LOG_STORE_URL: names no host; write {parts.scheme}://user:password@host:port")
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
        strange = sorted(set(options) - known)
        if strange:
            raise SettingsError(
                f"LOG_STORE_URL: {strange[0]}: is no option of {product}; known are {', '.join(sorted(known))}"
            )
        transport = parts.scheme.partition("+")[2] or "http"
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        where = f"{host}:{number}" if number else host
        return cls(
            f"{product} at {where}",
            f"{transport}://{where}",
            parts.path.strip("/"),
            unquote(parts.username) if parts.username else None,
            unquote(parts.password) if parts.password else None,
            options,
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    status: int
    body: bytes

    def first_line(self) -> str:
        """The beginning of the body, for a message."""
        return self.body[:300].decode("utf-8", "replace").strip().partition("\n")[0]


class Server:
    """One HTTP server; safe to share between threads."""

    def __init__(
        self,
        place: Place,
        headers: Mapping[str, str],
        transport: httpx.BaseTransport | None = None,
        *,
        basic: bool = False,
    ) -> None:
        self.name = place.name
        self._client = httpx.Client(
            base_url=place.base,
            headers={"Accept-Encoding": "identity", **headers},
            follow_redirects=False,
            trust_env=False,
            transport=transport,
            auth=httpx.BasicAuth(place.user, place.password or "") if basic and place.user is not None else None,
        )

    def ask(
        self,
        method: str,
        path: str,
        seconds: float,
        *,
        params: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        json: Any = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a request and read the answer. Raises StoreBusy where it takes longer than ``seconds`` (twice that at
        most pass), StoreError where there is no answer or one that is too large."""
        ends = time.monotonic() + seconds
        limits = httpx.Timeout(seconds, connect=min(CONNECTS_WITHIN, seconds))
        body = bytearray()
        try:
            with self._client.stream(
                method, path, params=params, content=content, json=json, headers=headers, timeout=limits
            ) as response:
                for part in response.iter_bytes():
                    body += part
                    if len(body) > LARGEST:
                        raise StoreError(f"{self.name}: answered with more than {LARGEST >> 20} MB; ask for less time")
                    if time.monotonic() > ends:
                        raise StoreBusy(self.too_slow(seconds))
        except httpx.ConnectTimeout as error:
            raise StoreError(
                f"{self.name}: cannot be reached (no connection within {limits.connect:g} s); check LOG_STORE_URL and the server"
            ) from error
        except httpx.TimeoutException as error:
            raise StoreBusy(self.too_slow(seconds)) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise StoreError(
                f"{self.name}: cannot be reached ({type(error).__name__}); check LOG_STORE_URL and the server"
            ) from error
        return Answer(response.status_code, bytes(body))

    def too_slow(self, seconds: float) -> str:
        """What is said where no answer came within ``seconds``."""
        return f"{self.name}: took longer than {seconds:g} s to answer; ask for less time, or see what keeps it busy"

    def close(self) -> None:
        """Close its connections."""
        self._client.close()
