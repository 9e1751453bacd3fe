"""Where lines are taken in over the network: syslog on UDP and TCP, JSON over HTTP. One thread serves all of them."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Final

import uvicorn

from bot.adapters.logstore.follow.feed import Say
from bot.adapters.logstore.follow.http import http_server
from bot.adapters.logstore.follow.pushed import Parcel, PushedFeed
from bot.adapters.logstore.follow.stream import Stream
from bot.errors import SettingsError
from bot.logs.syslog import Framing, line_of

Address = tuple[str, int]
DATAGRAMS: Final = 8 << 20
"""Bytes of datagrams that the kernel is asked to hold while we are busy."""
BLOCK: Final = 1 << 16
CONNECTIONS: Final = 512
FULL: Final = 0.05
"""Seconds until a sender that had to wait is heard again."""


class Listeners:
    """The listeners that are configured, and the feeds that they fill. Sockets are opened when the last feed is."""

    def __init__(
        self,
        udp: Address | None,
        tcp: Address | None,
        http: Address | None,
        token: str,
        stream: Callable[[], Stream],
        now: Callable[[], datetime],
        say: Say,
    ) -> None:
        self._udp, self._tcp, self._http, self._token, self._now, self._say = udp, tcp, http, token, now, say
        self._syslog = PushedFeed("syslog", stream(), say)
        self._records = PushedFeed("http", stream(), say)
        self.feeds = [feed for feed, used in ((self._syslog, udp or tcp), (self._records, http)) if used]
        self.feeds[-1].on_open, self.feeds[-1].on_end = self._start, self._halt
        self.addresses: dict[str, Address] = {}
        """Where each listens: udp, tcp, http. A port 0 has become one that was free."""
        self._ready = threading.Event()
        self._fault: Exception | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._over: asyncio.Event | None = None
        self._senders: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _start(self) -> None:
        """Listen. Raises SettingsError naming the setting whose address cannot be listened on."""
        self._thread.start()
        self._ready.wait()
        if self._fault is not None:
            raise self._fault
        if not self.addresses:
            raise RuntimeError("the listeners ended at once")
        for name, (host, port) in self.addresses.items():
            self._say(f"listening for {name} on {host} port {port}")

    def _halt(self) -> bool:
        if self._loop is not None and self._over is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._over.set)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        server: asyncio.Server | None = None
        transport: asyncio.DatagramTransport | None = None
        web: asyncio.Task[None] | None = None
        running: uvicorn.Server | None = None
        try:
            if self._udp is not None:
                taken = _bound("LOG_SYSLOG_UDP", self._udp, socket.SOCK_DGRAM)
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, DATAGRAMS)
                transport, _ = await self._loop.create_datagram_endpoint(
                    lambda: _Datagrams(self._syslog, self._now), sock=taken
                )
                self.addresses["syslog over UDP"] = taken.getsockname()[:2]
            if self._tcp is not None:
                taken = _bound("LOG_SYSLOG_TCP", self._tcp, socket.SOCK_STREAM)
                server = await asyncio.start_server(self._connected, sock=taken)
                self.addresses["syslog over TCP"] = taken.getsockname()[:2]
            if self._http is not None:
                taken = _bound("LOG_HTTP", self._http, socket.SOCK_STREAM)
                taken.listen(128)
                running = http_server(self._records, self._token, self._now)
                web = asyncio.create_task(running.serve(sockets=[taken]))
                self.addresses["HTTP"] = taken.getsockname()[:2]
        except (SettingsError, OSError) as error:
            self._fault = error
        self._ready.set()
        if self._fault is None:
            await self._over.wait()
        if transport is not None:
            transport.close()
        if server is not None:
            server.close()
        for sender in list(self._senders):
            sender.cancel()  # it hands over what it has read
        if running is not None and web is not None:
            running.should_exit = True
            await web
        await asyncio.gather(*self._senders)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One sender's TCP connection; while too much waits nothing is read from it, and TCP makes the sender wait."""
        sender = str((writer.get_extra_info("peername") or ("-",))[0])
        framing = Framing()
        task = asyncio.current_task()
        if task is not None:
            self._senders.add(task)
        messages: list[bytes] = []
        try:
            while len(self._senders) <= CONNECTIONS and (data := await reader.read(BLOCK)):
                messages = framing.feed(data)
                await self._take(messages, sender)
                messages = []
            messages = framing.end()
        except ConnectionError:
            messages = framing.end()
        except asyncio.CancelledError:  # the follower ends
            messages += framing.end()
        await self._take(messages, sender)
        if task is not None:
            self._senders.discard(task)
        writer.close()

    async def _take(self, messages: list[bytes], sender: str) -> None:
        text = _lines(messages, self._now(), sender)
        while text and not self._syslog.offer(Parcel(text)):
            await asyncio.sleep(FULL)


class _Datagrams(asyncio.DatagramProtocol):
    """Syslog over UDP: a datagram is a message (RFC 5426). Nobody can be asked to wait, so what has no room is lost,
    and said."""

    def __init__(self, feed: PushedFeed, now: Callable[[], datetime]) -> None:
        self._feed, self._now = feed, now

    def datagram_received(self, data: bytes, addr: tuple[str | int, ...]) -> None:
        if data.strip(b"\r\n\0 ") and not self._feed.offer(Parcel(_lines([data], self._now(), str(addr[0])))):
            self._feed.missing(
                "syslog over UDP: messages came faster than they could be stored and are lost, which counts as a gap; send over TCP or HTTP"
            )


def _lines(messages: list[bytes], received: datetime, sender: str) -> str:
    return "".join(line_of(message, received, sender) + "\n" for message in messages)


def _bound(setting: str, address: Address, kind: socket.SocketKind) -> socket.socket:
    """A socket at ``address``. Raises SettingsError."""
    host, port = address
    try:
        family, _, _, _, place = socket.getaddrinfo(host, port, type=kind)[0]
        made = socket.socket(family, kind)
        try:
            if kind == socket.SOCK_STREAM:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.setblocking(False)
            made.bind(place)
        except OSError:
            made.close()
            raise
    except OSError as error:
        raise SettingsError(
            f"{setting}: cannot listen on {host} port {port} ({error.strerror or error}); choose another address or port"
        ) from error
    return made
