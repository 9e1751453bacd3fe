"""The support mailbox against real Dovecot and Postfix: TLS verified, STARTTLS and implicit, connections that break,
kill -9."""

from __future__ import annotations

from typing import Any

import pytest

from tests.distribution import need
from tests.lab.namespaces import LabFailed
from tests.mail.post import ANNA, OWN
from tests.mail.run import play

KILLS = 4
"""`make crash` has the long form."""
pytestmark = pytest.mark.timeout(420)


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One run of everything. What cannot run is a failure, never a skip."""
    need("dovecot", "postfix", "unshare", "openssl", "ip")
    try:
        return play(tmp_path_factory.mktemp("mailbox"), KILLS)
    except LabFailed as error:
        pytest.fail(str(error), pytrace=False)


def test_doctor_says_what_is_right_and_what_is_wrong(seen: dict[str, Any]) -> None:
    good = [line for line in seen["doctor"].splitlines() if "MAILBOX_" in line]
    assert (
        len(good) == 5
        and all(line.startswith("ok") for line in good)
        and "IDLE" in seen["doctor"]
        and "Sent Messages" in seen["doctor"]
    )
    other = [line for line in seen["doctor_other"].splitlines() if "MAILBOX_IMAP" in line or "MAILBOX_SMTP" in line]
    assert (
        [line[:4].strip() for line in other] == ["ok", "ok"]
        and "143, STARTTLS: logged in" in other[0]
        and "465, implicit TLS: logged in" in other[1]
    )
    wrong = seen["doctor_wrong"]
    assert "the certificate is not trusted" in wrong and "no TLS there" in wrong and "Traceback" not in wrong


def test_a_mail_is_picked_up_within_seconds_and_answered_once(seen: dict[str, Any]) -> None:
    head = dict(seen["head"])
    assert seen["to_note_s"] < 10, (
        "from the customer's mail to the note in the agents' mailbox, triage and two deliveries included"
    )
    assert (
        head["From"] == OWN
        and head["To"] == ANNA
        and head["Subject"].startswith("Re: [mail-")
        and head["In-Reply-To"] == "<first@example.com>"
    )
    assert (
        head["References"].split() == ["<root@example.com>", "<first@example.com>"]
        and head["X-Auto-Response-Suppress"] == "All"
        and head["X-Triage-Delivery"]
    )
    assert "Auto-Submitted" not in head and head["Return-Path"] == f"<{OWN}>" and len(seen["body"]) > 100


def test_it_goes_on_after_the_server_was_restarted_under_it(seen: dict[str, Any]) -> None:
    assert seen["after_break_s"] < 15 and seen["answers"] == 2 and len(seen["subjects"]) == 1


def test_kill_9_between_accept_and_mark_makes_one_case(seen: dict[str, Any]) -> None:
    assert seen["between_status"] == -9 and seen["again_status"] == [0, 0] and seen["between_jobs"] == 1


def test_killed_again_and_again_nothing_is_lost_or_doubled(seen: dict[str, Any]) -> None:
    print(
        f"mailbox: kills {seen['kills']}, accepted {seen['accepted']}, answered {seen['answered']}, doubled {seen['doubled']}, parked {seen['parked']}"
    )
    assert seen["doubled"] == 0 and seen["lost"] == 0, seen["troubled"]
