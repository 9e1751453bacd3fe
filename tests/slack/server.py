"""A small Slack: the Web API methods that we call, its rate limits, its accidents, and Socket Mode, in this process
or its own.

Behaviour as Slack documents it: one message a second and channel with a short burst, 429 with Retry-After, metadata
that comes back with ``include_all_metadata``, reads that take no JSON. Accidents on demand: a connection that is
dropped after the message was accepted, a 500, a plain refusal.
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import socket
import struct
import threading
import time
import urllib.parse
from collections import Counter, defaultdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from bot.adapters.slack.lint import view_faults

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
READS = {
    "auth.test",
    "conversations.history",
    "conversations.info",
    "conversations.replies",
    "users.info",
    "usergroups.users.list",
}


class Refused(Exception):
    """An answer with ok false."""


class FakeSlack:
    """The state of the workspace. ``drop_after``: the share of posts whose connection is dropped after they were
    accepted; ``errors``: of 500s before; ``limited``: of 429s at random; ``per_second``: False switches the limit
    off; ``keep_metadata``: as some servers do not."""

    def __init__(
        self,
        *,
        seed: int = 1,
        drop_after: float = 0.0,
        errors: float = 0.0,
        limited: float = 0.0,
        per_second: bool = False,
        keep_metadata: bool = True,
        latency: float = 0.0,
    ) -> None:
        self.drop_after, self.errors, self.limited, self.per_second, self.keep_metadata, self.latency = (
            drop_after,
            errors,
            limited,
            per_second,
            keep_metadata,
            latency,
        )
        self.messages: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.calls: list[tuple[float, str, dict[str, Any]]] = []
        self.groups: dict[str, list[str]] = {}
        self.members = {"C1", "C2", "C9"}
        self.files: dict[str, dict[str, Any]] = {}
        """Uploads: name, length, the bytes once they are there, and whether they were shared."""
        self.scopes = "app_mentions:read,channels:history,chat:write,commands,groups:history,im:history,reactions:write,channels:read,groups:read,im:read"
        self.openid = ""
        """The id_token that openid.connect.token gives out; empty: the code is refused."""
        self.forbids_editing = self.forbids_deleting = False
        self.shared: set[str] = set()
        """Channels in which another company reads along."""
        self.refuses: dict[str, str] = {}
        """Methods that are refused, and how."""
        self.faults: list[str] = []
        """What was wrong with the views that were refused."""
        self.early = 0
        """Calls that came inside a Retry-After."""
        self._random = random.Random(seed)
        self._lock = threading.RLock()
        self._count = 0
        self._last: dict[str, float] = {}
        self._held: dict[str, float] = {}
        self._sockets: list[socket.socket] = []
        self.acknowledged: dict[str, Any] = {}
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, format: str, *args: Any) -> None:
                """Silence."""

            def do_GET(self) -> None:
                if self.path.startswith("/socket"):
                    outer._socket(self)
                else:
                    outer._answer(self, b"")

            def do_POST(self) -> None:
                outer._answer(self, self.rfile.read(int(self.headers.get("Content-Length") or 0)))

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: Any, client_address: Any) -> None:
                """A client that was killed in mid-sentence is what we are here for."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def __enter__(self) -> FakeSlack:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for held in self._sockets:
            held.close()
        self._server.shutdown()
        self._server.server_close()

    # -- what a test asks ----------------------------------------------------------------------------------------

    def forget(self, kept: int) -> None:
        """Drop what was called so far, and all but the newest messages of each channel."""
        with self._lock:
            self.calls.clear()
            for messages in self.messages.values():
                del messages[:-kept]

    def posts(self, channel: str | None = None) -> list[dict[str, Any]]:
        """Messages that stand in the channels, by whoever posted them through us."""
        with self._lock:
            return [dict(m) for c, all_ in self.messages.items() if channel in (None, c) for m in all_]

    @property
    def count(self) -> int:
        """How many messages have been posted so far."""
        return self._count

    def called(self, method: str) -> list[dict[str, Any]]:
        """The arguments of every call of a method."""
        with self._lock:
            return [arguments for _, name, arguments in self.calls if name == method]

    def times(self, method: str) -> list[tuple[float, str]]:
        """(when, channel) of every call of a method."""
        with self._lock:
            return [(when, str(a.get("channel"))) for when, name, a in self.calls if name == method]

    def doubled(self) -> Counter[str]:
        """Keys that stand in more than one message."""
        keys = Counter(_key(m) for m in self.posts())
        return Counter({k: n for k, n in keys.items() if n > 1})

    # -- Web API -------------------------------------------------------------------------------------------------

    def _answer(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        method = urllib.parse.urlparse(handler.path).path.rsplit("/", 1)[-1]
        if handler.path.startswith("/upload/"):
            with self._lock:
                self.files[method]["data"] = body
            self._write(handler, 200, {"ok": True})
            return
        arguments = _arguments(handler, body, method)
        if method == "response":  # a payload's response_url
            with self._lock:
                self.calls.append((time.monotonic(), method, json.loads(body)))
            self._write(handler, 200, {"ok": True})
            return
        if self.latency:
            time.sleep(self.latency * self._random.random() * 2)
        with self._lock:
            self.calls.append((time.monotonic(), method, arguments))
            chance = self._random.random()
            channel = str(arguments.get("channel", ""))
            wait = self._wait(method, channel)
            if wait:
                self._write(handler, 429, {"ok": False, "error": "ratelimited"}, {"Retry-After": str(wait)})
                return
            if method == "chat.postMessage" and chance < self.errors:
                self._write(handler, 500, {"ok": False, "error": "internal_error"})
                return
            try:
                answer = {"ok": True, **self._do(method, arguments, handler)}
            except Refused as error:
                answer = {"ok": False, "error": str(error)}
            drop = (
                method in ("chat.postMessage", "files.completeUploadExternal")
                and self.errors <= chance < self.errors + self.drop_after
            )
        if drop:
            handler.close_connection = True
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        self._write(handler, 200, answer, {"X-OAuth-Scopes": self.scopes} if method == "auth.test" else {})

    def _wait(self, method: str, channel: str) -> int:
        """Seconds to wait: one message a second and channel, and some 429s at random."""
        now = time.monotonic()
        if self._held.get(channel, 0) > now:
            self.early += method == "chat.postMessage"
            return 1
        if method != "chat.postMessage":
            return 0
        if self.limited and self._random.random() < self.limited:
            self._held[channel] = now + 1
            return 1
        if self.per_second and now - self._last.get(channel, 0) < 0.9:
            self._held[channel] = now + 1
            return 1
        self._last[channel] = now
        return 0

    def _do(self, method: str, arguments: dict[str, Any], handler: BaseHTTPRequestHandler) -> dict[str, Any]:
        if method in self.refuses:
            raise Refused(self.refuses[method])
        if method == "auth.test":
            return {
                "team": "Test",
                "team_id": "T1",
                "user": "triage",
                "user_id": "UBOT",
                "bot_id": "BBOT",
                "url": "https://test.example/",
            }
        if method == "chat.postMessage":
            return self._post(arguments)
        if method == "chat.update":
            return self._update(arguments)
        if method == "chat.delete":
            return self._delete(arguments)
        if method in ("conversations.history", "conversations.replies"):
            return self._history(arguments)
        if method == "conversations.info":
            return {
                "channel": {
                    "id": arguments["channel"],
                    "name": str(arguments["channel"]).lower(),
                    "is_member": arguments["channel"] in self.members,
                    "is_ext_shared": arguments["channel"] in self.shared,
                }
            }
        if method == "openid.connect.token":
            if not self.openid:
                raise Refused("invalid_code")
            return {"access_token": "xoxp-x", "token_type": "Bearer", "id_token": self.openid}
        if method == "usergroups.users.list":
            return {"users": self.groups.get(str(arguments.get("usergroup")), [])}
        if method == "apps.connections.open":
            return {"url": f"ws://127.0.0.1:{self._server.server_port}/socket"}
        if method == "files.getUploadURLExternal":
            file = f"F{len(self.files) + 1}"
            self.files[file] = {
                "id": file,
                "name": arguments["filename"],
                "length": int(arguments["length"]),
                "data": b"",
            }
            return {"file_id": file, "upload_url": f"http://127.0.0.1:{self._server.server_port}/upload/{file}"}
        if method == "files.completeUploadExternal":
            return self._share(arguments)
        if method == "test.dump":  # for a driver in another process
            return {"messages": self.posts()}
        if method in ("views.open", "views.publish"):
            wrong = view_faults(arguments["view"])
            if wrong:
                self.faults += wrong
                raise Refused("invalid_arguments")
            return {}
        if method in ("reactions.add", "chat.postEphemeral"):
            return {}
        raise Refused("unknown_method")

    def _post(self, arguments: dict[str, Any]) -> dict[str, Any]:
        channel = str(arguments["channel"])
        if channel not in self.members and not channel.startswith("D"):
            raise Refused("channel_not_found")
        self._count += 1
        ts = f"{int(time.time())}.{self._count:06d}"
        message = {
            "ts": ts,
            "text": arguments.get("text", ""),
            "blocks": arguments.get("blocks") or [],
            "bot_id": "BBOT",
            "channel": channel,
        }
        if arguments.get("thread_ts"):
            message["thread_ts"] = arguments["thread_ts"]
        if self.keep_metadata and arguments.get("metadata"):
            message["metadata"] = arguments["metadata"]
        self.messages[channel].append(message)
        return {"ts": ts, "channel": channel, "message": message}

    def _share(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The third step: only whole uploads become a message in the thread."""
        shared = []
        for given in json.loads(str(arguments["files"])):
            file = self.files.get(given["id"])
            if file is None or len(file["data"]) != file["length"]:
                raise Refused("file_not_found")
            shared.append({"id": file["id"], "name": file["name"], "title": given.get("title", "")})
        answer = self._post({"channel": arguments["channel_id"], "thread_ts": arguments.get("thread_ts"), "text": ""})
        answer["message"]["files"] = shared
        return {"files": shared}

    def _delete(self, arguments: dict[str, Any]) -> dict[str, Any]:
        there = [m for m in self.messages[str(arguments["channel"])] if m["ts"] == arguments["ts"]]
        if self.forbids_deleting or not there:
            raise Refused("cant_delete_message" if there else "message_not_found")
        self.messages[str(arguments["channel"])].remove(there[0])
        return {"ts": arguments["ts"], "channel": arguments["channel"]}

    def _update(self, arguments: dict[str, Any]) -> dict[str, Any]:
        if self.forbids_editing:
            raise Refused("edit_window_closed")
        for message in self.messages[str(arguments["channel"])]:
            if message["ts"] == arguments["ts"]:
                message.update({"text": arguments.get("text", ""), "blocks": arguments.get("blocks") or []})
                return {"ts": message["ts"], "channel": arguments["channel"]}
        raise Refused("message_not_found")

    def _history(self, arguments: dict[str, Any]) -> dict[str, Any]:
        thread = arguments.get("ts")
        found = [
            m
            for m in self.messages[str(arguments["channel"])]
            if m["ts"] >= str(arguments.get("oldest", "0"))
            and (thread in (m["ts"], m.get("thread_ts")) if thread else "thread_ts" not in m)
        ]
        start = int(arguments.get("cursor") or 0)
        size = int(arguments.get("limit") or 100)
        page = found[start : start + size]
        more = start + size < len(found)
        return {
            "messages": page,
            "has_more": more,
            "response_metadata": {"next_cursor": str(start + size) if more else ""},
        }

    def _write(
        self,
        handler: BaseHTTPRequestHandler,
        status: int,
        answer: dict[str, Any],
        headers: dict[str, str] | None = None,
    ) -> None:
        data = json.dumps(answer).encode()
        try:
            handler.send_response(status)
            for name, value in {
                "Content-Type": "application/json",
                "Content-Length": str(len(data)),
                **(headers or {}),
            }.items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(data)
        except OSError:
            handler.close_connection = True

    # -- Socket Mode (RFC 6455, text frames only) -------------------------------------------------------------------

    def _socket(self, handler: BaseHTTPRequestHandler) -> None:
        accept = base64.b64encode(
            hashlib.sha1((handler.headers["Sec-WebSocket-Key"] + GUID).encode()).digest()
        ).decode()
        handler.wfile.write(
            f"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n".encode()
        )
        held = handler.connection
        _send_frame(held, json.dumps({"type": "hello", "num_connections": 1}).encode())
        with self._lock:
            self._sockets.append(held)
        handler.close_connection = True
        while True:
            opcode, data = _read_frame(handler.rfile)
            if opcode is None or opcode == 8:
                break
            if opcode == 9:
                _send_frame(held, data, opcode=10)
            if opcode == 1:
                answer = json.loads(data)
                with self._lock:
                    self.acknowledged[answer.get("envelope_id", "")] = answer.get("payload")
        with self._lock:
            if held in self._sockets:
                self._sockets.remove(held)

    @property
    def connected(self) -> int:
        """Open Socket Mode connections."""
        return len(self._sockets)

    def push(self, kind: str, payload: dict[str, Any], envelope: str) -> bool:
        """Send an envelope to one connection; False where none is open."""
        with self._lock:
            sockets = list(self._sockets)
        for held in sockets:
            try:
                _send_frame(
                    held,
                    json.dumps(
                        {
                            "type": kind,
                            "envelope_id": envelope,
                            "payload": payload,
                            "accepts_response_payload": kind != "events_api",
                        }
                    ).encode(),
                )
                return True
            except OSError:
                continue
        return False


def _key(message: dict[str, Any]) -> str:
    first = next(iter(message["blocks"]), {})
    return str(first.get("block_id") or message["ts"])


def _arguments(handler: BaseHTTPRequestHandler, body: bytes, method: str) -> dict[str, Any]:
    query = dict(urllib.parse.parse_qsl(urllib.parse.urlparse(handler.path).query))
    if body and "json" in (handler.headers.get("Content-Type") or ""):
        assert method not in READS, f"{method} takes no JSON"
        return {**query, **json.loads(body)}
    return {**query, **dict(urllib.parse.parse_qsl(body.decode()))}


def _send_frame(held: socket.socket, data: bytes, *, opcode: int = 1) -> None:
    size = len(data)
    head = bytes([0x80 | opcode])
    head += (
        bytes([size])
        if size < 126
        else b"\x7e" + struct.pack("!H", size)
        if size < 65536
        else b"\x7f" + struct.pack("!Q", size)
    )
    held.sendall(head + data)


def _read_frame(stream: Any) -> tuple[int | None, bytes]:
    try:
        head = stream.read(2)
        if len(head) < 2:
            return None, b""
        size = head[1] & 0x7F
        if size == 126:
            size = struct.unpack("!H", stream.read(2))[0]
        elif size == 127:
            size = struct.unpack("!Q", stream.read(8))[0]
        mask = stream.read(4) if head[1] & 0x80 else b"\0\0\0\0"
        data = stream.read(size)
    except (OSError, ValueError):
        return None, b""
    return head[0] & 0x0F, bytes(b ^ mask[i % 4] for i, b in enumerate(data))
