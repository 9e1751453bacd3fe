"""Postfix after a message was taken in: cleanup, queue manager and the delivery agents.

Sources: global/log_adhoc.c (``to=<>, relay=, … status=…``), *qmgr/qmgr_active.c, cleanup/cleanup_message.c.
"""

from __future__ import annotations

import re
from typing import Final

from bot.logs.draft import Draft
from bot.logs.postfix_client import QUEUE_ID

_QUEUE_ID: Final = re.compile(rf"({QUEUE_ID}): ")
_STATUS: Final = re.compile(r", dsn=([0-9]\.[0-9]+\.[0-9]+), status=([\w-]+)(?: \((.*)\))?$", re.S)
# An address that is not one word stands in quotes (info_log_addr_form, since 3.5): whoever made it up forges nothing.
_ADDRESS: Final = r'("(?:[^"\\]|\\.)*"@[^<>]*|[^<>"]*)'
_TO: Final = re.compile(rf"to=<{_ADDRESS}>, (?:orig_to=<{_ADDRESS}>, )?relay=[^\s,]+, ", re.S)
_RAW_TO: Final = re.compile(r"to=<(.*?)>, (?:orig_to=<(.*?)>, )?relay=", re.S)
_FROM: Final = re.compile(
    r"from=<(.*?)>, (size=[0-9]+, nrcpt=[0-9]+ \(queue active\)|status=(expired|force-expired))", re.S
)
_SAID: Final = re.compile(r"(?:^| said: )([245][0-9]{2})[ -]")
_EVENTS: Final = {
    "sent": ("sent", "success"),
    "deferred": ("deferred", "failure"),
    "bounced": ("bounced", "failure"),
    "expired": ("bounced", "failure"),
    "force-expired": ("bounced", "failure"),
    "undeliverable": ("other", "neutral"),
    "deliverable": ("other", "neutral"),
}
_HEADER_CHECK: Final = re.compile(r"(reject|milter-reject): (?:header|body|mime|nested) ", re.S)


def parse(draft: Draft, daemon: str, message: str) -> bool:
    """Fill ``draft`` from a queue daemon's line; False where the line is none about a message's fate."""
    found = _QUEUE_ID.match(message)
    if found is None:
        return False
    if found[1] != "NOQUEUE":
        draft.queue_id = found[1]
    text = message[found.end() :]
    head = text[:3]
    if head == "rem" or head == "mes" or head == "res":
        draft.detail = text if head != "mes" else None
        return True
    if head == "to=":
        _delivered(draft, text)
        return True
    if head == "fro":
        taken = _FROM.match(text)
        if taken is not None:
            draft.sender = taken[1] or None
            if taken[3]:
                draft.fail("bounced", detail="expired, returned to sender")
            else:
                draft.event = "message_accepted"
                draft.outcome = "success"
            return True
    if _HEADER_CHECK.match(text) is not None:
        # header_checks quote what the sender wrote before the client's address: the address is not believed.
        draft.fail("client_rejected", detail=text.partition(": ")[0])
        return True
    if "reject: " in text[:24]:
        draft.queue_id = None
        return False
    draft.detail = text
    return True


def _delivered(draft: Draft, text: str) -> None:
    to = _TO.match(text) or _RAW_TO.match(text)
    if to is not None:
        draft.recipient = to[1] or None
    status = _STATUS.search(text, to.end() - 2 if to is not None else 0)
    if status is None:
        return
    draft.enhanced_status = status[1]
    draft.event, draft.outcome = _EVENTS.get(status[2], ("other", "neutral"))
    draft.detail = status[3]
    if status[3]:
        said = _SAID.search(status[3])
        draft.reply_code = int(said[1]) if said is not None else None
