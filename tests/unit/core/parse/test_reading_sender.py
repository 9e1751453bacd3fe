"""Who sent it: only a From that cannot be read in two ways is believed (threats rows 4, 8 and 23)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.core.parse.sender import sender, single_address

BELIEVED = {
    "anna@example.com": "anna@example.com",
    "<anna@example.com>": "anna@example.com",
    "Anna Example <Anna@Example.COM>": "anna@example.com",
    '"Example, Anna" <anna@example.com>': "anna@example.com",
    "anna@example.com (Anna Example)": "anna@example.com",
    "=?utf-8?q?J=C3=B6rg?= <joerg@example.org>": "joerg@example.org",
    "Jörg Müller <joerg@example.org>": "joerg@example.org",
    '"anna@example.com" <anna@example.com>': "anna@example.com",
    "anna@example.com <anna@example.com>": "anna@example.com",
    "Anna\r\n Example <anna@example.com>": "anna@example.com",
    "a.b+tag@mail.sub.example.net": "a.b+tag@mail.sub.example.net",
    '"O\'Neil \\"Bob\\"" <bob@example.com>': "bob@example.com",
}

DOUBTED = [
    "victim@example.com <attacker@example.net>",
    '"victim@example.com" <attacker@example.net>',
    "=?utf-8?q?victim=40example=2Ecom?= <attacker@example.net>",
    "=?utf-8?b?dmljdGltQGV4YW1wbGUuY29t?= <attacker@example.net>",
    "victim＠example.com <attacker@example.net>",
    "anna@example.com, bert@example.com",
    "<anna@example.com> <bert@example.com>",
    "Anna <anna@example.com> bert@example.com",
    "undisclosed-recipients:;",
    "Group: anna@example.com;",
    "Group: anna@example.com, bert@example.com;",
    "anna@example.com (bert@example.net)",
    "Example, Anna <anna@example.com>",
    "=?utf-8?q?anna=40example.com?=",
    "<=?utf-8?q?anna?=@example.com>",
    "anna@example.com\r\nBcc: bert@example.net",
    "anna@example.com\nbert@example.net",
    "anna@exa\x00mple.com",
    "anna@example",
    "anna",
    "anna@@example.com",
    "anna@b@example.com",
    "@example.com",
    "anna@",
    "<>",
    "",
    '"anna"@example.com',
    "аnna@example.com",
    "anna@exаmple.com",
    "anna@exam\u200bple.com",
    "Anna \u202emoc.elpmaxe@anna <x@example.net>",
    "anna@[192.0.2.1]",
    "Anna <anna@example.com",
    'Anna" <anna@example.com>',
    "(unclosed <anna@example.com>",
    "anna@-example.com",
    "anna..b@example.com",
    ".anna@example.com",
    "x" * 2000 + " <anna@example.com>",
    "<@relay.example:anna@example.com>",
    "anna@example.com; bert@example.com",
    '"anna@example.com <anna@example.com>" <attacker@example.net>',
]


@pytest.mark.parametrize(("field", "address"), BELIEVED.items())
def test_plain_senders_are_believed(field: str, address: str) -> None:
    assert sender([field]) == address


@pytest.mark.parametrize("field", DOUBTED)
def test_ambiguous_senders_are_unknown(field: str) -> None:
    assert sender([field]) is None


def test_no_or_two_from_fields_are_unknown() -> None:
    assert sender([]) is None
    assert sender(["anna@example.com", "anna@example.com"]) is None


@given(st.text(max_size=80), st.text(max_size=40))
def test_whatever_stands_around_it_another_address_never_wins(name: str, tail: str) -> None:
    """Property: a believed sender is the only address-like thing in the field."""
    found = sender([f"{name} <anna@example.com>{tail}"])
    assert found in {None, "anna@example.com"}
    if found and "@" in name:
        assert "anna@example.com" in name.lower().replace("\\", "")


@given(st.text(max_size=200))
def test_never_raises_and_yields_plain_ascii(field: str) -> None:
    found = sender([field])
    assert found is None or (found.isascii() and found.count("@") == 1 and single_address(found) == found)
