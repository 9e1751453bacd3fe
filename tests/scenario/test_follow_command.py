"""``triage logs follow`` as people start it: a process with settings, signals and messages."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.logstore.sqlite import SqliteLogStore
from bot.bootstrap import follow_of
from bot.core.observed import LogQuery
from bot.errors import TriageError
from bot.settings import read_settings

ROOT = Path(__file__).resolve().parents[2]


def line(number: int, moment: datetime) -> str:
    return (
        f"{moment.isoformat()} imap1 dovecot: imap-login: Disconnected: Connection closed (auth failed, 1 attempts in 2 secs): "
        f"user=<n{number}@firm.example>, method=PLAIN, rip=192.0.2.7, lip=198.51.100.1, TLS, session=<s{number}>\n"
    )


class Place:
    def __init__(self, folder: Path) -> None:
        self.folder, self.log = folder, folder / "mail.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("LOG_")}
        self.environment = kept | {
            "LOG_STORE_URL": f"sqlite:///{folder}/logs.db",
            "DATABASE_URL": f"sqlite:///{folder}/triage.db",
            "PYTHONPATH": str(ROOT),
        }

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "logs", *words],
            cwd=self.folder,
            env=self.environment | settings,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: str, **settings: str) -> tuple[int, str, str]:
        process = self.start(*words, **settings)
        out, err = process.communicate(timeout=60)
        return process.returncode, out, err

    def stored(self) -> int:
        """Lines that can be found."""
        end = datetime.now(UTC) + timedelta(days=1)
        return len(
            SqliteLogStore(self.folder / "logs.db")
            .search(LogQuery(end - timedelta(days=2), end, domains=("firm.example",)))
            .lines
        )


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_it_reads_what_is_new_and_status_tells_of_the_feed(place: Place) -> None:
    began = datetime.now(UTC) - timedelta(minutes=5)
    place.log.write_text("".join(line(number, began + timedelta(seconds=number)) for number in range(50)))
    assert place.run("follow", "--once", str(place.log)) == (0, "50 lines read\n", "")
    assert place.run("follow", "--once", LOG_FOLLOW=f"{place.log}:") == (0, "0 lines read\n", "")
    status, out, _ = place.run("status", "--json")
    covered = json.loads(out)
    assert status == 0 and (covered["host"], covered["lines"], covered["gaps"], covered["skew_seconds"]) == (
        "imap1",
        50,
        [],
        None,
    )
    assert 200 < covered["lag_seconds"] < 400 and covered["seen"] > covered["last"]
    _, out, _ = place.run("status")
    assert "newest line stored" in out


def test_killed_and_started_again_and_told_to_stop(place: Place) -> None:
    place.log.write_text(line(0, datetime.now(UTC)))
    for number in range(1, 3):
        process = place.start("follow", str(place.log))
        place.log.open("a").write(line(number, datetime.now(UTC)))
        ends = time.monotonic() + 40
        while place.stored() <= number:
            assert time.monotonic() < ends, process.communicate()
            time.sleep(0.05)
        process.send_signal(signal.SIGKILL if number == 1 else signal.SIGTERM)
        out, err = process.communicate(timeout=20)
        assert process.returncode == (-signal.SIGKILL if number == 1 else 0)
    assert (out, err) == ("1 lines read\n", "")
    assert place.stored() == 3


@pytest.mark.parametrize(
    ("words", "settings", "said"),
    [
        ((), {}, "LOG_FOLLOW: is not set and no PATH is given"),
        (("-",), {}, "-: standard input cannot be followed"),
        ((), {"LOG_HTTP": ":5080"}, "LOG_HTTP_TOKEN: is not set"),
        ((), {"LOG_HTTP": "here"}, "LOG_HTTP: 'here' is no address and port"),
        ((), {"LOG_SYSLOG_TCP": ":99999"}, "LOG_SYSLOG_TCP: ':99999' is no address and port"),
        (("mail.log",), {"LOG_KEEP_DAYS": "-3"}, "LOG_KEEP_DAYS: '-3' is no whole number above zero"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(
    words: tuple[str, ...], settings: dict[str, str], said: str, tmp_path: Path
) -> None:
    with pytest.raises(TriageError) as caught:
        follow_of(read_settings(settings, tmp_path / "none"), words, lambda _: None)
    assert str(caught.value).startswith(said)


def test_a_port_that_is_taken_ends_it_with_one_line(place: Place) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        status, _, err = place.run("follow", LOG_SYSLOG_TCP=f"127.0.0.1:{taken.getsockname()[1]}")
    assert status == 2 and err.startswith("triage: LOG_SYSLOG_TCP: cannot listen") and err.count("\n") == 1
