"""The HTTP endpoint that takes lines: ``POST /logs`` with a bearer token (RFC 6750), JSON lines, a JSON array or
plain lines, also gzip or zstd. 204 is said only once the lines are committed; a sender that was not told sends the
same body again, and it is not stored again."""

from __future__ import annotations

import asyncio
import hmac
import zlib
from collections.abc import Callable
from datetime import datetime
from hashlib import blake2b
from typing import Final

import uvicorn
import zstandard
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bot.adapters.logstore.follow.pushed import Parcel, PushedFeed
from bot.logs.jsonline import MESSAGES
from bot.logs.records import lines_of

SENT: Final = 8 << 20
"""Bytes of a body as it is sent."""
OPENED: Final = 32 << 20
"""Bytes of a body once it is unpacked."""
READ_WITHIN: Final = 30.0
STORED_WITHIN: Final = 20.0
"""Seconds until a sender is told to come back later."""
AT_ONCE: Final = 64
"""Requests that are served at a time."""
MSGPACK: Final = frozenset({"application/msgpack", "application/x-msgpack", "application/vnd.msgpack"})
LATER: Final = {"Retry-After": "5"}


def http_server(feed: PushedFeed, token: str, now: Callable[[], datetime]) -> uvicorn.Server:
    """The server; it is run in the listeners' loop."""

    async def take(request: Request) -> Response:
        return await _take(request, feed, token, now)

    async def alive(_: Request) -> Response:
        return PlainTextResponse("ok\n")

    app = Starlette(
        routes=[Route("/logs", take, methods=["POST"]), Route("/", take, methods=["POST"]), Route("/healthz", alive)]
    )
    return uvicorn.Server(
        uvicorn.Config(
            app,
            log_level="warning",
            access_log=False,
            limit_concurrency=AT_ONCE,
            timeout_keep_alive=75,
            lifespan="off",
            h11_max_incomplete_event_size=16_384,
        )
    )


async def _take(request: Request, feed: PushedFeed, token: str, now: Callable[[], datetime]) -> Response:
    given = request.headers.get("authorization", "")
    if not hmac.compare_digest(given.encode("utf-8", "replace"), f"Bearer {token}".encode()):
        return PlainTextResponse("the bearer token is missing or wrong\n", 401, {"WWW-Authenticate": "Bearer"})
    # what Fluent Bit sends where nothing is said
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() in MSGPACK:
        return PlainTextResponse("MessagePack is not read; send JSON lines (Fluent Bit: Format json_lines)\n", 415)
    try:
        packed = await asyncio.wait_for(_body(request), READ_WITHIN)
        body = _unpacked(packed, request.headers.get("content-encoding", "identity").strip().lower())
        text = "".join(line + "\n" for line in lines_of(body.decode("utf-8", "replace"), now()))
    except TimeoutError:
        return PlainTextResponse("the body took too long\n", 408)
    except ClientDisconnect:
        return Response(status_code=400)
    except OverflowError:
        return PlainTextResponse(
            f"the body is too large: {SENT} bytes as sent and {OPENED} unpacked are the most; send smaller batches\n",
            413,
        )
    except LookupError:
        return PlainTextResponse("the Content-Encoding is not known; use gzip, zstd or none\n", 415)
    except (ValueError, RecursionError, zlib.error, zstandard.ZstdError):
        return PlainTextResponse("the body is neither JSON lines nor a JSON array, or is packed wrongly\n", 400)
    if not text and body.strip():
        return PlainTextResponse(f"no record holds a message; its field must be called {', '.join(MESSAGES)}\n", 400)
    if not text:
        return Response(status_code=204)
    return await _stored(request, feed, text, blake2b(packed, digest_size=16).digest())


async def _stored(request: Request, feed: PushedFeed, text: str, digest: bytes) -> Response:
    loop, stored = asyncio.get_running_loop(), asyncio.Event()

    def tell() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stored.set)

    if not feed.offer(Parcel(text, digest), tell):
        return PlainTextResponse("too much waits to be stored; send it again later\n", 503, LATER)
    try:
        await asyncio.wait_for(stored.wait(), STORED_WITHIN)
    except TimeoutError:
        return PlainTextResponse("the lines could not be stored yet; send them again later\n", 503, LATER)
    if await request.is_disconnected():
        return Response(status_code=204)  # nobody hears it: the same body will come again
    return Response(status_code=204, background=BackgroundTask(feed.told, digest))


async def _body(request: Request) -> bytes:
    """The body as it was sent. Raises OverflowError beyond :data:`SENT`, ClientDisconnect."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > SENT:
            raise OverflowError
        parts.append(part)
    return b"".join(parts)


def _unpacked(packed: bytes, coding: str) -> bytes:
    """The body without its Content-Encoding. Raises LookupError for one that is not known, OverflowError beyond
    :data:`OPENED`."""
    if coding in ("", "identity"):
        body = packed
    elif coding in ("gzip", "x-gzip", "deflate"):
        opened = zlib.decompressobj(31 if coding != "deflate" else 15)
        body = opened.decompress(packed, OPENED + 1)
        if not opened.eof and len(body) <= OPENED:
            raise ValueError("cut short")
    elif coding == "zstd":
        with zstandard.ZstdDecompressor(max_window_size=1 << 25).stream_reader(
            packed, read_across_frames=True
        ) as reader:
            body = reader.read(OPENED + 1)
    else:
        raise LookupError(coding)
    if len(body) > OPENED:
        raise OverflowError
    return body
