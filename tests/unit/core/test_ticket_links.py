"""A helpdesk's page -> the ticket it shows."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from bot.adapters.helpdesk.vendors import VENDORS, ticket_links_of
from bot.core.desk.ticket_links import MAX_PARTS, TicketLinks
from bot.settings import Settings

PAGES = (
    ("rt", "https://rt.firm.example/Ticket/Display.html?id=4711"),
    ("rt", "https://rt.firm.example/rt/Ticket/Display.html?id=4711&results=ab12#txn-9"),
    ("zendesk", "https://firm.zendesk.com/agent/tickets/4711"),
    ("zammad", "https://help.firm.example/#ticket/zoom/4711"),
    ("freshdesk", "https://firm.freshdesk.com/a/tickets/4711?current_tab=details"),
    ("helpscout", "https://secure.helpscout.net/conversation/4711/1234"),
    ("front", "https://app.frontapp.com/open/cnv_4711"),
    ("intercom", "https://app.intercom.com/a/inbox/ab12cd/inbox/all/conversation/4711?view=List"),
    ("chatwoot", "https://chat.firm.example/app/accounts/1/conversations/4711"),
)
OWN = {"helpscout", "front", "intercom"}
"""Their API lies on a host of its own, which is known."""


@pytest.mark.parametrize(("kind", "page"), PAGES)
def test_each_vendors_page_names_its_ticket(kind: str, page: str) -> None:
    url = None if kind in OWN else f"https://{urlsplit(page).hostname}/api"
    links = ticket_links_of(Settings(helpdesk_kind=kind, helpdesk_url=url))
    assert links is not None
    ticket = "cnv_4711" if kind == "front" else "4711"
    assert f"{kind}/{ticket}" in list(links.conversations(f"Look at {page} please"))


def test_every_vendor_with_pages_has_an_example() -> None:
    assert {kind for kind, _ in PAGES} == set(VENDORS) - {"webhook"}


def test_pages_of_other_hosts_name_nothing_and_a_long_address_is_cut() -> None:
    links = TicketLinks("rt", frozenset({"rt.firm.example"}))
    for text in ("", "https://rt.firm.example.evil.example/7", "https://[rt.firm.example/7", "rt.firm.example/7"):
        assert not list(links.conversations(text)), text
    assert len(list(links.conversations("https://rt.firm.example/" + "a/" * 900))) == MAX_PARTS


def test_no_helpdesk_no_links() -> None:
    assert ticket_links_of(Settings()) is None
