"""Dovecot session ids: round trip, known values, and ids that Dovecot never made."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.logs import session

MOMENTS = st.datetimes(min_value=datetime(2005, 1, 1), max_value=datetime(2060, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis adds the zone


@given(MOMENTS, st.integers(1, 65535), st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_what_is_encoded_is_decoded(
    moment: datetime, port: int, address: ipaddress.IPv4Address | ipaddress.IPv6Address
) -> None:
    text = session.encode(moment, port, str(address))
    assert len(text) == (16 if address.version == 4 else 32)
    made = session.decode(text)
    assert made is not None
    assert made.remote_port == port
    assert session.same_address(made, str(address))
    assert made.moment(moment + timedelta(days=1000)) == moment
    assert made.moment(moment - timedelta(days=1000)) == moment


def test_a_known_id() -> None:
    # 19 December 2016, 06:19:15 UTC, as Dovecot packs it: six bytes of microseconds, then port and address.
    made = session.decode("wH4c5vxDQpzGM2QY")
    assert made is not None
    assert made.moment(datetime(2017, 1, 1, tzinfo=UTC)) == datetime(2016, 12, 19, 6, 19, 15, tzinfo=UTC)
    assert (made.remote_ip, made.remote_port) == ("198.51.100.24", 40002)


@pytest.mark.parametrize(
    "text", ["", "abc", "0quta3PR317+FrRPURzPqw", "not base64 at a!", "aaaaaaaaaaaaaaa=", "é" * 16]
)
def test_other_shapes_are_no_ids(text: str) -> None:
    assert session.decode(text) is None


@given(st.text(max_size=40))
def test_no_text_breaks_it(text: str) -> None:
    made = session.decode(text)
    if made is not None:
        assert made.plausible(datetime(2026, 11, 16, tzinfo=UTC)) in (True, False)
        made.moment(datetime(2026, 11, 16, tzinfo=UTC))


def test_an_id_of_another_decade_is_not_plausible() -> None:
    made = session.decode(session.encode(datetime(2026, 11, 16, tzinfo=UTC), 40000, "192.0.2.7"))
    assert made is not None
    assert made.plausible(datetime(2026, 11, 20, tzinfo=UTC))
    assert not made.plausible(datetime(2026, 10, 1, tzinfo=UTC))
    assert not made.plausible(datetime(2027, 10, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("written", "spelled"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8::0:7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("192.0.2", None),
        ("192.0.2.256", None),
        ("unknown", None),
        ("", None),
        ("2001:db8:", None),
    ],
)
def test_addresses_are_spelled_one_way(written: str, spelled: str | None) -> None:
    assert session.canonical(written) == spelled
