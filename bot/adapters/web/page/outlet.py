"""Tickets that came in on the page have nobody outside: their cards are the page itself, and a reply is copied by
hand."""

from __future__ import annotations

from datetime import timedelta

from bot.core.desk.values import Delivery, Found
from bot.errors import SendPointless


class PageOutlet:
    """The port ``Outlet`` for the channel ``page``."""

    gap = timedelta(0)

    def send(self, delivery: Delivery) -> str:
        """Nothing leaves the house. Raises SendPointless, so that the delivery says why nothing was sent."""
        if delivery.send.kind == "reply":
            raise SendPointless("this ticket was pasted in on the page; copy the reply from there")
        return "page"

    def find(self, delivery: Delivery) -> Found:
        """Nothing is ever outside."""
        return Found(None)
