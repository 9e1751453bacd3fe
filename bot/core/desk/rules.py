"""Who may do what, and the states of a card. Pure: every combination is one call, and a test walks them all."""

from __future__ import annotations

from typing import Final

ROLES: Final = ("none", "agent", "lead")
"""In rising order: a lead may do all that an agent may."""
MODES: Final = ("off", "note", "draft", "auto")
RESTORED: Final = "restored"
"""What the setting ``pause`` says in a copy that came from a backup: nothing at all is sent, not even what somebody
clicked, until it is released."""

DECISIONS: Final = {
    "retry": "rewriting",
    "send": "decided",
    "edit": "decided",
    "other_check": "rewriting",
    "ask": "rewriting",
    "escalate": "decided",
    "not_ours": "decided",
}
"""What an agent decides, and the state that it leads to; in the order of a card's buttons, the most frequent first."""
LOOKS: Final = frozenset({"show_lines", "show_all", "copy", "test_now"})
"""What changes nothing and may be done in any state."""
_LEADS: Final = frozenset(
    {
        "mode",
        "role",
        "escalate_to",
        "cards_to",
        "abuse_to",
        "pause",
        "resume",
        "logs_any",
        "release",
        "audit",
        "replay",
        "incident",
    }
)
_AGENTS: Final = frozenset({*DECISIONS, *LOOKS, "triage", "explain", "logs", "report", "search", "home"})
_FROM: Final = {
    "send": {"open"},
    "edit": {"open"},
    "not_ours": {"open", "failed", "answered"},
    "escalate": {"open", "failed", "answered"},
    "other_check": {"open", "answered"},
    "ask": {"open"},
    "retry": {"failed"},
}
"""What the bot has answered by itself is corrected afterwards; the correction costs it trust."""


def may(role: str, action: str) -> bool:
    """Whether ``role`` may do ``action``; an action that nobody has listed is nobody's."""
    if action in _LEADS:
        return role == "lead"
    return action in _AGENTS and role in ("agent", "lead")


def highest(roles: set[str]) -> str:
    """The strongest of several roles; ``none`` of an empty set."""
    return max(roles & set(ROLES), key=ROLES.index, default="none")


def refusal(state: str, revision: int, mode: str, has_draft: bool, *, action: str, role: str, seen: int) -> str | None:
    """Why ``action`` on a card is refused: not_allowed, decided, answered, rewriting, failed, withdrawn, stale,
    no_draft, not_failed; None: it may be done.

    ``seen`` is the revision of the card that was clicked: a card that says something else by now is refused.
    """
    if action not in DECISIONS or not may(role, action):
        return "not_allowed"
    if state not in _FROM[action]:
        return state if state != "open" else "not_failed"
    if seen != revision:
        return "stale"
    if action in ("send", "edit") and (mode == "note" or (action == "send" and not has_draft)):
        return "no_draft"
    return None


def button_actions(state: str, mode: str, has_draft: bool) -> tuple[str, ...]:
    """The buttons of a card, in order: exactly the decisions that :func:`refusal` would let an agent take, then the
    looks."""
    decisions = tuple(a for a in DECISIONS if refusal(state, 0, mode, has_draft, action=a, role="lead", seen=0) is None)
    looks = (
        ("show_all", "show_lines", "test_now", "copy") if state in ("open", "rewriting") else ("show_all", "show_lines")
    )
    return decisions + (looks if state != "failed" else ())
