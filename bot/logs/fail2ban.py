"""fail2ban's own log: which address was banned or let go, and by which jail.

Source: fail2ban server/actions.py and server/filter.py (``[jail] Ban IP``, ``[jail] Unban IP``,
``[jail] Restore Ban IP``, ``[jail] IP already banned``, ``[jail] Found IP - time``) and observer.py
(``[jail] Increase Ban IP (n # time -> until)``).
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.draft import Draft
from bot.logs.session import canonical

_LINE: Final = re.compile(
    r"(?:[A-Z]+ +)?\[([^\]\s]{1,64})\] +(?:(Ban|Unban|Restore Ban|Found|Increase Ban|Ignore)"
    r" +([0-9A-Fa-f:.]+)(?:/[0-9]+)?(?![\w:.])(.*)"
    r"|([0-9A-Fa-f:.]+)(?:/[0-9]+)? (already banned)(.*))$",
    re.S,
)
_BANS: Final = frozenset({"Ban", "Restore Ban", "Increase Ban", "already banned"})


def parse(draft: Draft, message: str) -> None:
    """Fill ``draft`` from one line of fail2ban; lines without an address are ``other``."""
    draft.event = "other"
    draft.service = "ban"
    found = _LINE.match(message)
    if found is None:
        return
    verb = found[2] or found[6]
    draft.remote_ip = canonical(found[3] or found[5])
    draft.detail = f"[{found[1]}] {verb}"
    if draft.remote_ip is None:
        return
    if verb in _BANS:
        draft.fail("ban")
    elif verb == "Unban":
        draft.event = "unban"
