"""The marks that what we send carries, so that nobody answers it by itself and we know it again."""

from __future__ import annotations

from typing import Final

DELIVERY_HEADER: Final = "X-Triage-Delivery"
"""Our own loop header; its value is the token of the delivery's key (:func:`bot.core.desk.keys.token_of`)."""
AUTO_SUBMITTED: Final = "Auto-Submitted"
AUTO_REPLIED: Final = "auto-replied"
"""RFC 3834 5: an answer that no human has seen."""
AUTO_GENERATED: Final = "auto-generated"
"""RFC 3834 5: a message that answers nothing, such as a note to agents."""
SUPPRESS_HEADER: Final = "X-Auto-Response-Suppress"
"""Exchange's own mark ([MS-OXCMAIL] 2.1.3.2.20): no receipts, absence notes or automatic replies."""
SUPPRESS: Final = "All"
