"""The support mailbox against real Dovecot and Postfix: TLS verified, STARTTLS and implicit, connections that break, kill -9."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.lab.namespaces import LabFailed, command
from tests.mail.post import ANNA, OWN

ROOT = Path(__file__).resolve().parents[2]
KILLS = 12
pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of everything. What cannot run is a failure, never a skip."""
    path = "/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
    missing = sorted(name for name in ("dovecot", "postfix", "unshare", "openssl", "ip") if not shutil.which(name, path=path))
    if missing:
        pytest.fail(f"missing {', '.join(missing)}: run bash tests/lab/packages.sh", pytrace=False)
    out = tmp_path_factory.mktemp("mailbox") / "seen.json"
    try:
        prefix = command()
    except LabFailed as error:
        pytest.fail(str(error), pytrace=False)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1", "TZ": "UTC", "LC_ALL": "C.UTF-8", "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
    diary = out.with_name("diary.txt")
    with diary.open("w") as words:
        done = subprocess.run([*prefix, sys.executable, "-m", "tests.mail.inside", str(out), str(KILLS)], stdin=subprocess.DEVNULL, stdout=words, stderr=words, env=env, cwd="/",
                              timeout=280, check=False)
    if done.returncode:
        pytest.fail(f"the mail servers' run ended with {done.returncode}:\n{diary.read_text('utf-8', 'replace')[-4000:]}", pytrace=False)
    found: dict[str, Any] = json.loads(out.read_text())
    return found


def test_doctor_says_what_is_right_and_what_is_wrong(seen: dict[str, Any]) -> None:
    good = [line for line in seen["doctor"].splitlines() if "MAILBOX_" in line]
    assert len(good) == 5 and all(line.startswith("ok") for line in good) and "IDLE" in seen["doctor"] and "Sent Messages" in seen["doctor"]
    wrong = seen["doctor_wrong"]
    assert "the certificate is not trusted" in wrong and "no TLS there" in wrong and "Traceback" not in wrong


def test_a_mail_is_picked_up_within_seconds_and_answered_once(seen: dict[str, Any]) -> None:
    head = dict(seen["head"])
    assert seen["to_note_s"] < 10, "from the customer's mail to the note in the agents' mailbox, triage and two deliveries included"
    assert head["From"] == OWN and head["To"] == ANNA and head["Subject"].startswith("Re: [mail-") and head["In-Reply-To"] == "<first@example.com>"
    assert head["References"].split() == ["<root@example.com>", "<first@example.com>"] and head["X-Auto-Response-Suppress"] == "All" and head["X-Triage-Delivery"]
    assert "Auto-Submitted" not in head and head["Return-Path"] == f"<{OWN}>" and len(seen["body"]) > 100


def test_it_goes_on_after_the_server_was_restarted_under_it(seen: dict[str, Any]) -> None:
    assert seen["after_break_s"] < 15 and seen["answers"] == 2 and len(seen["subjects"]) == 1


def test_kill_9_between_accept_and_mark_makes_one_case(seen: dict[str, Any]) -> None:
    assert seen["between_status"] == -9 and seen["again_status"] == [0, 0] and seen["between_jobs"] == 1


def test_killed_again_and_again_nothing_is_lost_or_doubled(seen: dict[str, Any]) -> None:
    print(f"mailbox: kills {seen['kills']}, accepted {seen['accepted']}, answered {seen['answered']}, doubled {seen['doubled']}, parked {seen['parked']}")
    assert seen["doubled"] == 0 and seen["answered"] + seen["parked"] == seen["accepted"], seen["troubled"]
