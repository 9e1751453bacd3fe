"""ClickHouse's HTTP interface as its documentation describes it, with ClickHouse's own engine behind it (chDB).

What the documentation says and this does: the query is the parameter ``query`` followed by the body; every other
parameter is a setting; the database is the parameter ``database``; the user comes in headers; an error is a status that
is not 200, the code in the header X-ClickHouse-Exception-Code and in a text that begins with "Code: N.".
https://clickhouse.com/docs/en/interfaces/http

The engine is one for the process, so one server is, too.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import regex
from chdb import session

USER, PASSWORD = "triage", "s3cret:/@"
_NOT_SETTINGS = {"query", "database", "default_format"}


class Engine:
    """The engine, one query at a time; ``broken`` makes it refuse what a test names, ``killed`` counts the inserts that
    are still carried out before the client's process is as good as killed."""

    def __init__(self, folder: str) -> None:
        self._session: Any = session.Session(folder)
        self._lock = threading.Lock()
        self._used = ""
        self.seen: list[str] = []
        self.refuse_after: int | None = None
        """How many inserts are still taken."""

    def run(self, query: str, body: bytes, database: str | None, form: str, settings: dict[str, str]) -> bytes:
        """The answer to one request. Raises RuntimeError with the engine's message."""
        text = query if not body else f"{query}\n{body.decode()}" if query else body.decode()
        with self._lock:
            self.seen.append(text)
            if text.startswith("INSERT") and self.refuse_after is not None:
                if not self.refuse_after:
                    raise RuntimeError("Code: 210. DB::NetException: the plug was pulled")
                self.refuse_after -= 1
            if database is not None and database != self._used:
                self._session.query(f"USE {database}")
                self._used = database
            known = ", ".join(
                f"{name} = {value if value.lstrip('-').isdigit() else repr(value)}"
                for name, value in settings.items()
                if name != "wait_end_of_query"
            )
            if text.startswith("INSERT"):
                text = text.replace(" FORMAT JSONCompactEachRow", f" SETTINGS {known} FORMAT JSONCompactEachRow", 1)
            elif text.startswith("SELECT") and known:
                text += f" SETTINGS {known}"
            answer = self._session.query(text, form)
            return bytes(answer.bytes()) if hasattr(answer, "bytes") else b""

    def wipe(self, database: str) -> None:
        """Empty every table of a database that may not be there yet."""
        with self._lock:
            self._session.query(f"CREATE DATABASE IF NOT EXISTS {database}")
            found = self._session.query(
                f"SELECT name FROM system.tables WHERE database = '{database}' AND engine LIKE '%MergeTree' AND name <> 'log_meta'",
                "TSV",
            )
            for name in found.bytes().decode().split():
                self._session.query(f"TRUNCATE TABLE {database}.{name}")


class _Handler(BaseHTTPRequestHandler):
    engine: Engine
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if (self.headers.get("X-ClickHouse-User"), self.headers.get("X-ClickHouse-Key")) != (USER, PASSWORD):
            self._answer(403, b"Code: 516. DB::Exception: triage: Authentication failed. (AUTHENTICATION_FAILED)", 516)
            return
        settings = {name: value for name, value in given.items() if name not in _NOT_SETTINGS}
        try:
            found = self.engine.run(
                given.get("query", ""),
                body,
                given.get("database"),
                given.get("default_format", "TabSeparated"),
                settings,
            )
        except RuntimeError as error:
            text = str(error)
            code = regex.search(r"Code: (\d+)", text, timeout=1)
            self._answer(
                404 if code and code[1] in ("60", "81") else 500,
                text[text.find("Code:") :].encode(),
                int(code[1]) if code else 0,
            )
        else:
            self._answer(200, found)

    def _answer(self, status: int, body: bytes, code: int = 0) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if code:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        """Say nothing."""


@contextmanager
def clickhouse() -> Iterator[tuple[str, Engine]]:
    """Start a server; yields the beginning of its URL, to which a database is added, and the engine."""
    with tempfile.TemporaryDirectory(prefix="triage-ch-") as folder:
        engine = Engine(folder)
        handler = type("Handler", (_Handler,), {"engine": engine})
        with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
            server.daemon_threads = True
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            thread.start()
            try:
                yield f"clickhouse://{USER}:s3cret%3A%2F%40@127.0.0.1:{server.server_address[1]}/", engine
            finally:
                server.shutdown()
                thread.join()
