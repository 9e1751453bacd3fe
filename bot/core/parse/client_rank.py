"""Which of the programs found in a ticket comes first, and which are dropped.

A library known only from a stack trace gives way to the program that the customer names (the application that
uses it); one that the customer names is their code and comes before the application around it. Tools that
only test a connection come last, as does webmail in passing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.core.model import ClientMention
from knowledge.model import ClientFamily

WORKS, _BEHIND, _TRACE, _OWN_CODE, _TRACED = -25.0, 20.0, -9.0, 8.0, 4.0
WEBMAIL = "webmail"
_PROBES = frozenset({"openssl", "telnet", "netcat"})
"""Tools with which people test a connection: what they say is about the server, not about the program."""
_PLUGINS: dict[str, frozenset[str]] = {
    "wordpress": frozenset(
        {
            "wp-mail-smtp",
            "fluentsmtp",
            "post-smtp",
            "easy-wp-smtp",
            "gravity-smtp",
            "suremail",
            "contact-form-7",
            "woocommerce",
            "mailpoet",
            "mailster",
            "gravity-forms",
            "wpforms",
            "ninja-forms",
            "fluent-forms",
            "formidable",
        }
    ),
    "joomla": frozenset({"acymailing", "acymailing2", "rsform"}),
    "nextcloud": frozenset({"nextcloud-mail"}),
    "woocommerce": frozenset({"wp-mail-smtp", "fluentsmtp", "post-smtp", "easy-wp-smtp", "gravity-smtp", "suremail"}),
}
"""Plugins that send the mail of the program they sit in."""
_IN_HOST = -16.0
_USERS = frozenset({"service", "server", "device", "command", "webmail"})
"""Kinds of programs that bring a library with them."""


@dataclass(frozen=True, slots=True)
class Found:
    """A client found in a text, with what it is worth."""

    mention: ClientMention
    score: float
    kind: str
    """name, weak or error, as in :class:`bot.core.parse.client_index.Hit`."""
    family: ClientFamily | None
    cleared: bool = False
    """Named once without a verdict, and said to work elsewhere in the ticket."""
    traced: bool = False
    """Named, and seen in a trace as well."""
    spare: str | None = None
    """The version named where it is said to work."""


def settle(found: list[Found]) -> list[Found]:
    """One entry a program, in order of rank; what only a nickname or an error suggests gives way."""
    merged: list[Found] = []
    for one in sorted(found, key=lambda f: -f.score):
        same = next((i for i, kept in enumerate(merged) if _same(kept, one)), None)
        if same is None:
            merged.append(one)
        else:
            merged[same] = _merge(merged[same], one)
    open_ = [f for f in merged if f.mention.failing is not False and not _is_generic_webmail(f)]
    if len(open_) > 1:
        merged = [_works(f) if f.cleared and f.mention.failing is None else f for f in merged]
    merged = [_with_spare(f) for f in _given_back(merged)]
    better = [f for f in merged if f.kind != "weak" and f.mention.failing is not False and not _is_generic_webmail(f)]
    merged = [f for f in merged if f.kind != "weak" or f.mention.failing is False or not better]
    merged = [f for f in merged if not _is_generic_webmail(f) or f.mention.failing]
    return sorted(merged, key=lambda f: -(f.score + _place(f, merged)))


def _place(one: Found, others: list[Found]) -> float:
    """What the programs beside it add to, or take from, a program's worth."""
    if _is_generic_webmail(one) or (one.family is not None and one.family.id in _PROBES):
        return -_BEHIND
    if one.family is not None and one.mention.failing is not False and _hosts_one_of(one.family.id, others):
        return _IN_HOST
    if one.family is None or one.family.kind != "library" or one.mention.failing is False:
        return 0.0
    users = [f for f in others if f.kind == "name" and f.mention.failing is not False and f is not one]
    users = [f for f in users if f.family is None or (f.family.kind in _USERS and f.family.id not in _PROBES)]
    if not users:
        return 0.0
    return _TRACE if one.kind == "error" else _OWN_CODE + (_TRACED if one.traced else 0.0)


def _hosts_one_of(host: str, others: list[Found]) -> bool:
    """True where a plugin of the program ``host`` is named that may be the failing one."""
    plugins = _PLUGINS.get(host, frozenset())
    return any(
        f.family is not None and f.family.id in plugins and f.kind == "name" and f.mention.failing is not False
        for f in others
    )


def _given_back(merged: list[Found]) -> list[Found]:
    """ "X logs in, the test mail works", then a library's trace: the trace is that of the only program named."""
    named = [f for f in merged if f.kind != "weak" and not _is_generic_webmail(f)]
    users = [f for f in named if f.kind == "name" and f.family is not None and f.family.kind in _USERS]
    users = [f for f in users if f.family is not None and f.family.id not in _PROBES]
    traces = [f for f in named if f.kind == "error" and f.family is not None and f.family.kind == "library"]
    if len(users) != 1 or users[0].mention.failing is not False or len(named) != 1 + len(traces):
        return merged
    one = users[0]
    back = replace(one, score=one.score - WORKS, mention=replace(one.mention, failing=None))
    return [back if f is one else f for f in merged]


def _with_spare(one: Found) -> Found:
    if one.spare is None or one.mention.version is not None or one.mention.failing is False:
        return one
    return replace(one, mention=replace(one.mention, version=one.spare))


def _same(one: Found, two: Found) -> bool:
    if one.mention.name != two.mention.name:
        return False
    apart = (
        one.mention.platform
        and two.mention.platform
        and one.mention.platform.split()[0] != two.mention.platform.split()[0]
    )
    return not (apart and (one.mention.failing is False) != (two.mention.failing is False))


def _merge(best: Found, other: Found) -> Found:
    mention = best.mention
    if other.mention.failing is False and mention.failing is not False and other.mention.version:
        return replace(best, cleared=True, spare=other.mention.version)
    return replace(
        best,
        traced=best.traced or {best.kind, other.kind} == {"name", "error"},
        cleared=best.cleared or other.mention.failing is False,
        kind="name" if "name" in (best.kind, other.kind) else best.kind,
        mention=replace(
            mention,
            version=mention.version or other.mention.version,
            platform=mention.platform or other.mention.platform,
            failing=True if other.mention.failing and mention.failing is None else mention.failing,
        ),
    )


def _works(one: Found) -> Found:
    return replace(one, score=one.score + WORKS, mention=replace(one.mention, failing=False))


def _is_generic_webmail(one: Found) -> bool:
    """Webmail in passing ("webmail works", "see it in webmail") is no client, and it ranks behind any "
    "other."""
    return one.family is not None and one.family.id == WEBMAIL
