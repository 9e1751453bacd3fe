"""No password that a daemon wrote down survives decoding."""

from __future__ import annotations

import json

import pytest

from bot.logs.decode import Decoder
from bot.logs.secrets import mask

SECRET = "Tr0ub4dor&3"


@pytest.mark.parametrize(
    "line",
    [
        f"dovecot: auth: sql(anna@example.com,192.0.2.7): Password mismatch (given password: {SECRET})",
        f"dovecot: auth: sql(anna,192.0.2.7): Password mismatch (given password: a) {SECRET}) - trying the next passdb",
        f"dovecot: auth: sql(anna,192.0.2.7): Password mismatch (SHA1 of given password: {SECRET})",
        f"dovecot: auth: Debug: client passdb out: OK 1 user=anna pass={SECRET}",
        f"dovecot: auth: Debug: client in: AUTH\t1\tPLAIN\tservice=imap\tresp={SECRET}",
        f"dovecot: auth-worker: Debug: PASSV\t1\tx\t{SECRET}",
        f"dovecot: auth: Debug: client in: CONT 1 {SECRET}",
        f"dovecot: auth: Debug: password={{PLAIN}}{SECRET} user=anna",
    ],
)
def test_daemons_words_are_masked(line: str) -> None:
    event = Decoder(year=2026).decode(f"Nov 16 09:14:02 imap1 {line}")
    assert SECRET not in json.dumps(event.to_json())
    assert "***" in event.raw


@pytest.mark.parametrize("said", ["AUTH PLAIN AGFubmEAc2VjcmV0", "c2VjcmV0MTIz", "c2VjcmV0cw=="])
def test_a_dialogue_that_smtpd_wrote_down_is_masked(said: str) -> None:
    event = Decoder(year=2026).decode(f"Nov 16 09:14:02 smtp1 postfix/smtpd[31]: < unknown[192.0.2.7]: {said}")
    assert said.split()[-1] not in json.dumps(event.to_json())


def test_a_byte_array_hides_nothing() -> None:
    message = f"auth: sql(anna,192.0.2.7): Password mismatch (given password: {SECRET})"
    line = json.dumps({"MESSAGE": list(message.encode()), "SYSLOG_IDENTIFIER": "dovecot", "_HOSTNAME": "imap1"})
    event = Decoder().decode(line)
    assert event.event == "auth_failed" and event.format == "journald"
    kept = json.loads(event.raw)
    assert kept["MESSAGE"].endswith("(given password: ***)") and kept["_HOSTNAME"] == "imap1"


@pytest.mark.parametrize(
    "line",
    [
        "imap-login: Login: user=<anna@example.com>, method=PLAIN",
        "Password mismatch",
        "passwd-file(anna,192.0.2.7): unknown user",
        "lost connection after AUTH from unknown[192.0.2.7]",
        "disconnect from unknown[192.0.2.7] ehlo=1 auth=0/1",
    ],
)
def test_lines_without_secrets_stay_the_same_object(line: str) -> None:
    assert mask(line) == line
