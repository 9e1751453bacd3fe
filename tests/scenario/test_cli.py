"""The console command as people and scripts meet it: help, bad input, batches, pipes, hostile texts, secrets."""

from __future__ import annotations

import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli import app
from bot.commands import logs as logs_command
from bot.core.model import Ticket
from bot.core.output import to_json
from bot.core.parse.tickets import read_tickets
from bot.triage import Triager
from tests.commands import OURS, Result, Run

ANNA = "anna@firm.example"
TICKET = f"Thunderbird says: 535 5.7.8 Error: authentication failed. Mailbox {ANNA}"
LOGIN = "2026-11-20T08:00:01+00:00 imap1 dovecot: imap-login: Login: user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, mpid=1, TLS, session=<a>"
REFUSED = (
    "2026-11-20T09:13:50+00:00 imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
    "user=<anna@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.2, TLS, session=<b>"
)


def one_line(result: Result, *words: str) -> None:
    """Status 2 and exactly one line on standard error that names what is wrong."""
    assert result.status == 2, result
    assert result.err.count("\n") == 1 and result.err.endswith("\n"), result.err
    assert "Traceback" not in result.err and all(word in result.err for word in words), result.err


# -- help ------------------------------------------------------------------------------------------------


def _leaves(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, child in getattr(command, "commands", {}).items():
        yield from _leaves(child, (*path, name))
    if not hasattr(command, "commands"):
        yield path, command


LEAVES = list(_leaves(typer.main.get_command(app)))


def test_the_contracts_commands_are_there() -> None:
    names = {" ".join(path) for path, _ in LEAVES}
    assert names >= {
        "ticket",
        "eval",
        "logs ingest",
        "logs decode",
        "logs search",
        "logs status",
        "accounts import",
        "accounts show",
        "knowledge check",
        "knowledge list",
        "knowledge show",
        "knowledge explain",
    }


@pytest.mark.parametrize("path", [path for path, _ in LEAVES], ids=" ".join)
def test_help_says_what_a_command_does_and_what_each_option_means(run: Run, path: tuple[str, ...]) -> None:
    result = run(*path, "--help")
    assert result.status == 0 and result.err == "" and "Usage: triage " + " ".join(path) in result.out
    command = dict(LEAVES)[path]
    assert command.help and all(getattr(p, "help", None) for p in command.params if p.name not in ("help",)), path


def test_every_help_ends_with_an_example() -> None:
    assert [" ".join(path) for path, command in LEAVES if "xample" not in (command.epilog or "")] == []


def test_python_dash_m_is_the_same_and_help_is_quick(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bot", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert done.returncode == 0 and done.stderr == "" and done.stdout.startswith("Usage: triage ")


# -- bad input -------------------------------------------------------------------------------------------


def write(tmp_path: Path, name: str, content: str | bytes) -> str:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.txt", b"", ("empty.txt", "empty")),
        ("blank.txt", b" \n\t\n" * 500, ("blank.txt", "empty")),
        ("photo.txt", b"\x89PNG\r\n\x1a\n\x00\x00\x01\x02" * 90, ("photo.txt", "binary")),
        ("photo.eml", b"\x00\x01\x02\x03" * 90, ("photo.eml", "binary")),
        ("sjis.txt", "メールが届きません".encode("shift-jis"), ("sjis.txt", "UTF-8")),
        ("half.json", b'{"body": "x"', ("half.json", "JSON")),
        ("list.json", b"[]", ("list.json", "empty")),
        ("nobody.json", b'{"id": "7", "subject": "x"}', ("nobody.json", "body")),
        ("number.json", b'{"body": 5}', ("number.json", "body")),
        ("when.json", b'{"body": "x", "received_at": "yesterday"}', ("when.json", "received_at")),
        ("deep.json", b"[" * 100_000, ("deep.json", "JSON")),
        ("lines.jsonl", b"not json\n", ("lines.jsonl", "line 1")),
    ],
)
def test_a_ticket_file_that_cannot_be_used(
    run: Run, tmp_path: Path, name: str, content: bytes, words: tuple[str, ...]
) -> None:
    one_line(run("ticket", write(tmp_path, name, content)), *words)


@pytest.mark.parametrize(
    ("arguments", "environment", "words"),
    [
        (("ticket", "nowhere.txt"), {}, ("nowhere.txt", "check the path")),
        (("ticket", "."), {}, (".", "cannot be read")),
        (("ticket", "t.txt", "--lang", "xx"), {}, ("--lang", "xx", "en")),
        (("ticket", "t.txt"), {"LOG_ZONE": "Mars/Olympus"}, ("LOG_ZONE", "Mars/Olympus")),
        (("ticket", "t.txt"), {"KNOWLEDGE_DIR": "nowhere"}, ("KNOWLEDGE_DIR", "nowhere")),
        (("ticket", "t.txt"), {"KNOWLEDGE_DIR": "theirs"}, ("settings.toml", "line 1")),
        (("knowledge", "check"), {"KNOWLEDGE_DIR": "theirs"}, ("settings.toml", "line 1")),
        (("ticket", "t.txt", "--save"), {"DATABASE_URL": "sqlite:///broken.db"}, ("broken.db",)),
        (("ticket", "t.txt", "--save"), {"DATABASE_URL": "mongodb://x"}, ("DATABASE_URL", "mongodb")),
        (("accounts", "show", ANNA), {"DATABASE_URL": "sqlite:///broken.db"}, ("broken.db",)),
        (("accounts", "import", "good.csv"), {"DATABASE_URL": "sqlite:///broken.db"}, ("broken.db",)),
        (("accounts", "import", "bad.csv"), {}, ("bad.csv", "line 1", "e-post")),
        (("accounts", "import", "row.csv"), {}, ("row.csv", "line 3", "paused")),
        (("accounts", "import", "nowhere.csv"), {}, ("nowhere.csv",)),
        (("logs", "status"), {"LOG_STORE_URL": "sqlite:///broken.db"}, ("broken.db",)),
        (("logs", "search", "--mailbox", ANNA), {"LOG_STORE_URL": "sqlite:///broken.db"}, ("broken.db",)),
        (("logs", "ingest", "t.txt"), {"LOG_STORE_URL": "sqlite:///broken.db"}, ("broken.db",)),
        (("logs", "status"), {"LOG_STORE_URL": "carrier-pigeon"}, ("LOG_STORE_URL", "carrier-pigeon")),
        (("logs", "status"), {}, ("logs.db", "ingest")),
        (("logs", "search"), {}, ("--mailbox",)),
        (("logs", "search", "--mailbox", ANNA, "--since", "yesterdayish"), {}, ("--since", "yesterdayish")),
        (("logs", "search", "--mailbox", ANNA, "--until", "25:99"), {}, ("--until", "25:99")),
        (("logs", "decode", "nowhere.log"), {}, ("nowhere.log",)),
        (("logs", "decode", "torn.gz"), {}, ("torn.gz",)),
        (("logs", "ingest", "nowhere.log"), {}, ("nowhere.log",)),
        (("logs", "ingest", "torn.gz"), {}, ("torn.gz",)),
        (("knowledge", "show", "gremlins"), {}, ("gremlins", "knowledge list")),
        (("knowledge", "explain", "  "), {}, ("empty",)),
        (("eval", "nowhere.jsonl", "gold.jsonl"), {}, ("nowhere.jsonl",)),
        (("eval", "t.txt", "nowhere.jsonl"), {}, ("nowhere.jsonl",)),
        (("eval", "t.txt", "bad.csv"), {}, ("bad.csv", "line 1")),
    ],
    ids=lambda value: "-".join(value)[:60] if isinstance(value, tuple) else None,
)
def test_bad_input_ends_in_one_line_and_status_2(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], environment: dict[str, str], words: tuple[str, ...]
) -> None:
    write(tmp_path, "t.txt", TICKET)
    write(tmp_path, "broken.db", b"this is no database\n" * 400)
    write(tmp_path, "theirs/settings.toml", "brand = \nx = 1\n")
    write(tmp_path, "good.csv", f"mailbox,plan\n{ANNA},pro\n")
    write(tmp_path, "bad.csv", f"e-post,plan\n{ANNA},pro\n")
    write(tmp_path, "row.csv", f"mailbox,paused\n{ANNA},no\nbea@firm.example,perhaps\n")
    write(tmp_path, "torn.gz", b"\x1f\x8b\x08\x00torn")
    write(tmp_path, "gold.jsonl", "")
    one_line(run(*arguments, **environment), *words)
    assert (tmp_path / "broken.db").read_bytes() == b"this is no database\n" * 400


@pytest.mark.parametrize(
    "arguments",
    [
        ("ticket", "--nonsense"),
        ("ticket", "--format", "docx", "t.txt"),
        ("gremlins",),
        ("logs", "ingest", "x", "--year", "12"),
    ],
)
def test_bad_usage_ends_in_one_line_too(run: Run, arguments: tuple[str, ...]) -> None:
    one_line(run(*arguments))


def test_a_line_of_bad_input_is_shown_harmless(run: Run, tmp_path: Path) -> None:
    result = run("ticket", "x\x1b[31m\u202ey.txt")
    assert result.status == 2 and "Traceback" not in result.err and result.err.count("\n") == 1


def test_a_damaged_log_store_is_told_in_the_triage(run: Run, tmp_path: Path) -> None:
    write(tmp_path, "broken.db", b"this is no database\n" * 400)
    result = run("ticket", write(tmp_path, "t.txt", TICKET), "--json", LOG_STORE_URL="sqlite:///broken.db")
    assert result.status == 2 or "broken.db" in (result.objects[0]["log"]["failed"] or "")


# -- what was stored before is unharmed --------------------------------------------------------------------


def test_a_bad_import_leaves_the_accounts_as_they_were(run: Run, tmp_path: Path) -> None:
    assert (
        run(
            "accounts", "import", write(tmp_path, "good.csv", f"mailbox,plan\n{ANNA},pro\nbea@firm.example,nano\n")
        ).status
        == 0
    )
    before = run("accounts", "show", ANNA, "--json").objects[0]["account"]
    one_line(
        run(
            "accounts",
            "import",
            write(tmp_path, "row.csv", f"mailbox,plan\n{ANNA},nano\nbea@firm.example,unheard-of\n"),
        ),
        "row.csv",
        "line 3",
    )
    assert run("accounts", "show", ANNA, "--json").objects[0]["account"] == before
    shown = run("accounts", "show", ANNA)
    assert shown.status == 0 and "pro" in shown.out
    absent = run("accounts", "show", "nobody@firm.example")
    assert absent.status == 1 and "no such address" in absent.out and absent.err == ""


def test_logs_are_read_once_and_a_bad_file_harms_nothing(run: Run, tmp_path: Path) -> None:
    log = write(tmp_path, "mail.log", f"{LOGIN}\n{REFUSED}\n")
    write(tmp_path, "torn.gz", b"\x1f\x8b\x08\x00torn")
    first = run("logs", "ingest", log)
    assert first.status == 0 and "2 lines read" in first.out
    search = (
        "logs",
        "search",
        "--mailbox",
        ANNA,
        "--since",
        "2026-11-20T00:00Z",
        "--until",
        "2026-11-21T00:00Z",
        "--json",
    )
    found = run(*search).objects
    assert [e["raw"] for e in found] == [REFUSED]
    status = run("logs", "status", "--json").objects
    again = run("logs", "ingest", log, "torn.gz")
    assert again.status == 2 and "torn.gz" in again.err and " 0 lines read" in again.out
    assert run("logs", "ingest", log).status == 0
    assert run(*search).objects == found and run("logs", "status", "--json").objects == status
    assert status[0]["host"] == "imap1" and status[0]["lines"] == 2
    plain = run(*search[:-1])
    assert REFUSED in plain.out and "1 logged in" in plain.out and "\x1b" not in plain.out


def test_a_last_line_waits_where_the_file_is_being_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    log = tmp_path / "mail.log"
    monkeypatch.setenv("LOG_STORE_URL", f"sqlite:///{tmp_path / 'log.sqlite'}")
    log.write_text(f"{LOGIN}\n{REFUSED[:70]}", encoding="utf-8")

    def go_on(_: float) -> None:
        log.write_text(f"{LOGIN}\n{REFUSED[:90]}", encoding="utf-8")

    monkeypatch.setattr(logs_command.time, "sleep", go_on)
    logs_command.ingest([str(log)], None)
    assert "1 lines read" in (said := capsys.readouterr().out) and "mail.log: is being written to" in said
    monkeypatch.setattr(logs_command.time, "sleep", lambda _: None)  # a second in which nothing comes
    log.write_text(f"{LOGIN}\n{REFUSED}", encoding="utf-8")
    logs_command.ingest([str(log)], None)
    assert capsys.readouterr().out.startswith("1 files, 1 lines read, 1 kept")
    logs_command.ingest([str(log)], None)
    assert capsys.readouterr().out.startswith("0 files, 0 lines read")


# -- batches, json, pipes ----------------------------------------------------------------------------------


def test_a_batch_goes_on_past_a_bad_ticket_and_says_so_at_the_end(run: Run, tmp_path: Path) -> None:
    batch = "\n".join(
        [
            json.dumps({"id": "a", "body": TICKET}),
            "not json",
            json.dumps({"id": "c"}),
            json.dumps({"id": "d", "ticket": {"body": "Hilfe"}}),
        ]
    )
    result = run("ticket", "--json", write(tmp_path, "b.jsonl", batch), "nowhere.txt", write(tmp_path, "t.txt", TICKET))
    assert result.status == 2
    assert [o["ticket_id"] for o in result.objects] == ["a", "d", "t.txt"]
    assert len(result.err.splitlines()) == 3
    assert [
        re.search(word, line) is not None
        for word, line in zip(("line 2", "body", "nowhere.txt"), result.err.splitlines(), strict=True)
    ] == [True] * 3


def test_tickets_are_kept_and_the_same_one_only_once(run: Run, tmp_path: Path) -> None:
    name = write(
        tmp_path,
        "t.json",
        json.dumps(
            {"id": "t", "body": TICKET + "\nmy password is Hunter2-geheim!", "received_at": "2026-11-20T09:14:00Z"}
        ),
    )
    for _ in range(2):
        result = run("ticket", name, "--save", "--json", DATABASE_URL="sqlite:///new/kept.db")
        assert result.status == 0 and len(result.objects) == 1
    with sqlite3.connect(tmp_path / "new" / "kept.db") as database:
        assert database.execute("SELECT count(*) FROM triage").fetchone() == (1,)
        assert json.loads(database.execute("SELECT document FROM triage").fetchone()[0]) == result.objects[0]
    stored = b"".join(path.read_bytes() for path in (tmp_path / "new").iterdir())
    assert b"Hunter2" not in stored and ANNA.encode() in stored


def test_the_language_of_the_reply_can_be_set(run: Run, tmp_path: Path) -> None:
    result = run("ticket", "--json", "--lang", "de", "-", stdin=TICKET.encode())
    assert result.objects[0]["reply"]["language"] == "de" and result.objects[0]["facts"]["language"] == "en"
    assert result.objects[0]["ticket_id"] == "stdin"


def test_in_a_pipe_there_are_no_colours_and_no_bars(tmp_path: Path) -> None:
    """A real process, a real pipe: nothing but the answer."""
    (tmp_path / "t.txt").write_text(TICKET)
    (tmp_path / "mail.log").write_text(f"{LOGIN}\n{REFUSED}\n")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(OURS)} | {
        "PYTHONPATH": str(Path(__file__).parents[2])
    }
    for arguments in (["logs", "ingest", "mail.log"], ["ticket", "t.txt"]):
        done = subprocess.run(
            [sys.executable, "-m", "bot", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            timeout=100,
            check=False,
        )
        assert (
            done.returncode == 0 and done.stderr == b"" and b"\x1b" not in done.stdout and b"\r" not in done.stdout
        ), done
    assert ANNA.encode() in done.stdout


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "many.log").write_text(f"{LOGIN}\n" * 20_000)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-m", "bot", "logs", "decode", "many.log"],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()


# -- decode ------------------------------------------------------------------------------------------------


def test_decode_keeps_order_and_count(run: Run, tmp_path: Path) -> None:
    lines = [
        LOGIN,
        "nothing anybody knows",
        "",
        REFUSED,
        "\x00\x01\x02",
        "é \u202e 日本",
        "{{7*7}} %s",
        LOGIN[:60],
        "x" * 100_000,
    ]
    data = "\n".join(lines).encode() + b"\n\xff\xfe broken bytes\nlast line without an end"
    for result in (run("logs", "decode", write(tmp_path, "a.log", data)), run("logs", "decode", "-", stdin=data)):
        assert result.status == 0 and result.err == ""
        assert len(result.objects) == len(lines) + 2
        assert result.objects[0]["event"] == "login" and result.objects[3]["event"] == "auth_failed"
        assert result.objects[1]["event"] == "unknown" and result.objects[1]["raw"] == lines[1]
        assert result.objects[-1]["raw"] == "last line without an end"


def test_decode_masks_a_password_that_the_server_logged(run: Run) -> None:
    line = "Nov 20 09:13:50 imap1 dovecot: auth: passwd-file(anna@firm.example,192.0.2.7,<b>): Password mismatch (given password: Hunter2-geheim!)"
    result = run("logs", "decode", "-", stdin=line.encode())
    assert "Hunter2" not in result.out + result.err and result.objects[0]["event"] == "auth_failed"


# -- knowledge ---------------------------------------------------------------------------------------------


def test_explain_says_what_a_text_means_and_status_1_where_nothing_does(run: Run) -> None:
    known = run("knowledge", "explain", "554 5.7.1 <x@y.example>: Relay access denied", "--json")
    assert (
        known.status == 0
        and known.objects[0]["error_id"] == "relay-access-denied"
        and "smtp_auth_off" in known.objects[0]["causes"]
    )
    unknown = run("knowledge", "explain", "zebra crossing ahead", "--json")
    assert (unknown.status, unknown.out, unknown.err) == (1, "", "")


def test_every_entry_that_is_listed_can_be_shown(run: Run) -> None:
    entries = run("knowledge", "list", "--json").objects
    assert {e["kind"] for e in entries} >= {"check", "cause", "error"}
    for entry in (entries[0], entries[12], entries[-1]):
        assert run("knowledge", "show", entry["id"], "--json").objects[0]["id"] == entry["id"]


# -- eval --------------------------------------------------------------------------------------------------


def test_eval_prints_its_figures_and_holds_its_bar(run: Run, tmp_path: Path) -> None:
    tickets = write(
        tmp_path,
        "t.jsonl",
        json.dumps({"id": "a", "body": f'"554 5.7.1 <x@y.example>: Relay access denied" for mailbox {ANNA}'}),
    )
    gold = write(tmp_path, "g.jsonl", json.dumps({"id": "a", "mailbox": ANNA, "check": None, "cause": "smtp_auth_off"}))
    result = run("eval", tickets, gold, "--json", "--bar", "0.9")
    assert result.status == 0 and result.objects[0]["tickets"] == 1 and result.objects[0]["mailbox"] == 1.0
    wrong = write(
        tmp_path, "w.jsonl", json.dumps({"id": "a", "mailbox": "bea@firm.example", "check": 3, "cause": "hostnames"})
    )
    assert run("eval", tickets, wrong, "--json", "--bar", "0.9").status == 1
    plain = run("eval", tickets, gold)
    assert json.loads(plain.out.splitlines()[-1].removeprefix("figures "))["tickets"] == 1
    stranger = write(tmp_path, "s.jsonl", json.dumps({"id": "z", "check": 3}))
    one_line(run("eval", tickets, stranger, "--json"), "t.jsonl", "a")


# -- hostile texts -----------------------------------------------------------------------------------------

SAID = f"\n\nanna@firm.example: login failed\n{TICKET}"
HOSTILE: dict[str, bytes] = {
    "blanks": b" " * 100_000 + SAID.encode(),
    "newlines": b"\n" * 100_000 + SAID.encode(),
    "one line of a megabyte": b"x" * 1_000_000,
    "words of a megabyte": b"login failed " * 80_000,
    "deep html": b"<html>" + b"<div><b>" * 20_000 + b"login failed" + b"</b></div>" * 20_000,
    "ten megabytes": b"535 5.7.8 authentication failed anna@firm.example\n" * 200_000,
    "quotes": b'"' * 100_000 + SAID.encode(),
    "quoted a thousand times": b"".join(b">" * n + b" login failed\n" for n in range(1, 1000)),
    "addresses": b"".join(b"user%d@firm.example, " % n for n in range(20_000)),
    "at signs": b"a@" * 50_000,
    "dots": b"a." * 100_000 + b"com",
    "colons and numbers": b"12:34 993 " * 20_000,
    "hosts and ports": b"imap.trekmial.net:993 STARTTLS " * 10_000,
    "bidi and zero width": ("\u202e\u200b\u2066" * 30_000).encode() + SAID.encode(),
    "combining marks": ("a" + "\u0301" * 50_000).encode() + SAID.encode(),
    "cjk without a blank": ("接続できません" * 15_000).encode(),
    "entities": b"<p>" + b"&lt;&amp;&#x41;" * 20_000 + b"</p>",
    "backslashes": b"\\" * 100_000 + SAID.encode(),
    "base64": b"QUFBQUFBQUFBQUFB" * 20_000,
    "templates": b"Hi {{7*7}} {% for x in y %} ${jndi:ldap://x.example} %s %n {0} " * 2_000 + SAID.encode(),
    "dates": b"yesterday at 9:14 am CET since Monday " * 5_000,
    "nul and controls": ("\x0b\x0c\x1f" * 20_000).encode() + SAID.encode(),
    "mail headers": b"From: a@b.example\nSubject: x\n" + b"X-A: " + b"b" * 500_000 + b"\n\n" + SAID.encode(),
    "nested mime": b"From: a@b.example\nSubject: x\n"
    + b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(300))
    + b"\nlogin failed",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_texts_cost_little_and_still_get_a_triage(triager: Triager, name: str) -> None:
    triager.triage(Ticket("warm", TICKET))
    began = time.process_time()
    items = list(read_tickets(HOSTILE[name], name="-"))
    assert len(items) == 1 and isinstance(items[0], Ticket), items
    out = to_json(triager.triage(items[0]))
    spent = time.process_time() - began
    assert out["diagnosis"]["verdict"] in ("answer", "ask", "escalate", "none") and out["note"]["text"]
    assert spent < 2.0, f"{spent:.1f} s"


@pytest.mark.parametrize("name", ["blanks", "newlines", "bidi and zero width"])
def test_what_stands_behind_the_flood_is_still_read(triager: Triager, name: str) -> None:
    ticket = next(iter(read_tickets(HOSTILE[name], name="-")))
    assert isinstance(ticket, Ticket)
    assert triager.triage(ticket).facts.mailbox == ANNA


# -- secrets -----------------------------------------------------------------------------------------------

SECRETS = (
    "Hunter2-geheim!",
    "s3cr3t-Zebra-77",
    "xoxb-1234567890-abcdefghijklmnop",
    "AKIAIOSFODNN7EXAMPLE",
    "Tr0ub4dor&3x",
)
PLANTED = f"""Hi, login fails for {ANNA}. My password is {SECRETS[0]} and it works in webmail.
Passwort: {SECRETS[1]}
token={SECRETS[2]}
aws_access_key_id = {SECRETS[3]}
smtp://anna:{SECRETS[4]}@smtp.trekmail.net:465
535 5.7.8 Error: authentication failed
"""


def test_no_secret_of_a_ticket_is_shown_or_kept(run: Run, tmp_path: Path) -> None:
    name = write(
        tmp_path,
        "t.json",
        json.dumps(
            {
                "id": "t",
                "subject": f"password {SECRETS[0]}",
                "body": PLANTED,
                "requester": ANNA,
                "headers": {"x-note": SECRETS[1]},
                "attachments": [{"name": "a.txt", "text": f"password: {SECRETS[0]}"}],
            }
        ),
    )
    shown = run("ticket", name, "--save", DATABASE_URL="sqlite:///k/kept.db")
    plain = run("ticket", name, "--save", "--json", "--lang", "de", DATABASE_URL="sqlite:///k/kept.db")
    assert shown.status == plain.status == 0
    stored = b"".join(path.read_bytes() for path in (tmp_path / "k").iterdir()).decode("utf-8", "replace")
    for secret in SECRETS:
        for place in (shown.out, shown.err, plain.out, plain.err, stored):
            assert secret not in place, secret
    assert "password" in plain.objects[0]["note"]["text"].lower()


def test_no_password_that_a_server_logged_is_kept(run: Run, tmp_path: Path) -> None:
    line = f"2026-11-20T09:13:50+00:00 imap1 dovecot: auth: passwd-file({ANNA},192.0.2.7,<b>): Password mismatch (given password: {SECRETS[0]})"
    assert run("logs", "ingest", write(tmp_path, "mail.log", f"{LOGIN}\n{line}\n")).status == 0
    stored = b"".join(path.read_bytes() for path in (tmp_path / "var").rglob("*") if path.is_file())
    found = run(
        "logs", "search", "--mailbox", ANNA, "--since", "2026-11-20T00:00Z", "--until", "2026-11-21T00:00Z", "--json"
    )
    assert SECRETS[0].encode() not in stored and SECRETS[0] not in found.out + found.err
    assert datetime.fromisoformat(found.objects[0]["time"]) == datetime(2026, 11, 20, 9, 13, 50, tzinfo=UTC)


def test_a_reader_that_goes_away_is_no_fault_of_the_file(tmp_path: Path) -> None:
    log = tmp_path / "mail.log"
    log.write_text((REFUSED + "\n") * 2_000, "utf-8")
    command = [sys.executable, "-m", "bot", "logs", "decode", str(log)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stderr is not None
        assert process.stdout.readline().startswith(b"{")
        process.stdout.close()
        assert process.stderr.read() == b"" and process.wait(30) == 1  # as click ends a closed pipe
