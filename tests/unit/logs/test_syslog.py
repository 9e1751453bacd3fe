"""Syslog over a stream, cut into messages however it arrives; messages and records as lines."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs.decode import Decoder
from bot.logs.records import lines_of
from bot.logs.syslog import LONGEST, Framing, line_of

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
MESSAGES = st.lists(
    st.tuples(
        st.booleans(),
        st.text(st.characters(codec="utf-8", exclude_characters="\n"), min_size=1, max_size=200).map(
            lambda text: f"<22>{text}".encode()
        ),
    ),
    max_size=12,
)


@given(MESSAGES, st.lists(st.integers(1, 50), min_size=1, max_size=30))
def test_messages_come_out_whole_in_either_framing_however_the_bytes_arrive(
    messages: list[tuple[bool, bytes]], sizes: list[int]
) -> None:
    data = b"".join(b"%d %s" % (len(message), message) if counted else message + b"\n" for counted, message in messages)
    framing, found, at, turn = Framing(), [], 0, 0
    while at < len(data):
        size = sizes[turn % len(sizes)]
        found += framing.feed(data[at : at + size])
        at, turn = at + size, turn + 1
    assert found + framing.end() == [message for _, message in messages]


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_no_bytes_break_it_and_little_is_held(parts: list[bytes]) -> None:
    framing = Framing()
    for part in parts:
        assert all(len(message) <= LONGEST for message in framing.feed(part))
    assert len(framing._rest) <= sum(map(len, parts))


def test_a_message_that_is_too_long_is_cut_and_the_next_is_whole() -> None:
    long = b"<22>" + b"x" * 1_000_000
    for data in (b"%d %s" % (len(long), long) + b"7 <22>abc", long + b"\n<22>abc\n"):
        framing, found = Framing(), []
        for at in range(0, len(data), 65_536):
            found += framing.feed(data[at : at + 65_536])
            assert len(framing._rest) <= 3 * 65_536
        assert [len(message) for message in found] == [LONGEST, 7]


@given(st.binary(max_size=400))
def test_a_message_is_one_line(message: bytes) -> None:
    assert "\n" not in line_of(message, NOW, "192.0.2.9")


@pytest.mark.parametrize(
    ("message", "line"),
    [
        ("<22>Nov 22 08:59:58 imap1 dovecot: imap-login: x", "Nov 22 08:59:58 imap1 dovecot: imap-login: x"),
        (
            "<22>2026-11-22T08:59:58+00:00 imap1 dovecot: imap-login: x",
            "2026-11-22T08:59:58+00:00 imap1 dovecot: imap-login: x",
        ),
        (
            "<22>1 2026-11-22T08:59:58Z imap1 dovecot 996 - - imap-login: x",
            "<22>1 2026-11-22T08:59:58Z imap1 dovecot 996 - - imap-login: x",
        ),
        ("<22>1 - imap1 dovecot 996 - - imap-login: x", f"<22>1 {NOW.isoformat()} imap1 dovecot 996 - - imap-login: x"),
        ("<22>dovecot: imap-login: x", f"{NOW.isoformat()} 192.0.2.9 dovecot: imap-login: x"),
        (
            "<22>Nov 22 08:59:58 imap1 dovecot: auth: x (given password: Geheim-4711)",
            "Nov 22 08:59:58 imap1 dovecot: auth: x (given password: ***)",
        ),
        ("<22>Nov 22 08:59:58 imap1 dovecot: a\nNov 22 08:59:58 imap1 dovecot: b", "Nov 22 08:59:58 imap1 dovecot: a"),
    ],
)
def test_messages_as_lines(message: str, line: str) -> None:
    assert line_of(message.encode(), NOW, "192.0.2.9") == line
    event = Decoder(reference=NOW).decode(line)
    assert event.program == "dovecot" and event.time is not None and event.host in ("imap1", "192.0.2.9")


@given(st.text(max_size=500))
def test_no_body_raises_anything_but_a_value_error(body: str) -> None:
    try:
        found = list(lines_of(body, NOW))
    except (ValueError, RecursionError):
        assert body.lstrip().startswith("[")
        return
    assert all("\n" not in line for line in found)


def test_a_record_without_any_time_gets_that_of_its_receipt_and_one_with_a_stamped_message_does_not() -> None:
    bare, stamped = lines_of(
        '{"message": "imap-login: x"}\n{"log": "2026-11-20T08:00:00Z imap1 dovecot: imap-login: x", "big": {"a": 1}}',
        NOW,
    )
    assert json.loads(bare) == {"message": "imap-login: x", "timestamp": NOW.isoformat()}
    assert Decoder().decode(stamped).time == datetime(2026, 11, 20, 8, tzinfo=UTC)
