"""A ticket's address as a helpdesk's own pages show it -> the conversation it stands for. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import regex

from bot.core.desk.helpdesk import TICKET_ID, conversation_of

_URL: Final = regex.compile(r"https?://[^\s<>|\"]{1,2000}", regex.IGNORECASE)
_SECONDS: Final = 0.2
MAX_LINKS: Final = 5
MAX_PARTS: Final = 20


@dataclass(frozen=True, slots=True)
class TicketLinks:
    """Whose pages show the tickets of ``channel``: those on one of ``hosts``."""

    channel: str
    hosts: frozenset[str]

    def conversations(self, text: str) -> Iterator[str]:
        """The conversations that a link in ``text`` may mean, likeliest first.

        Vendors put the ticket's id anywhere in an address (``/Ticket/Display.html?id=7``, ``/agent/tickets/7``,
        ``/#ticket/zoom/7``, ``/conversation/7/1234``) and nearly always towards its end: who asks takes the first that
        is a ticket.
        """
        for link in list(_URL.finditer(text, timeout=_SECONDS))[:MAX_LINKS]:
            try:
                address = urlsplit(link[0])
                host = address.hostname
            except ValueError:  # no address at all, as "http://[::1"
                continue
            if host not in self.hosts:
                continue
            parts = TICKET_ID.findall(" ".join((address.path, address.query, address.fragment)), timeout=_SECONDS)
            for part in reversed(parts[-MAX_PARTS:]):
                yield conversation_of(self.channel, part)
