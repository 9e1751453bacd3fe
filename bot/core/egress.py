"""The last look at a customer's text before it leaves: does it hold what must never be in it?"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterator
from functools import lru_cache

import regex

from bot.core.egress_patterns import ACROSS_LINES, IN_A_LINE, Kind
from bot.core.parse.secrets import find_secrets
from knowledge.host import Settings

PATTERN_SECONDS = 0.2
MAX_CHARS = 20_000
"""A draft is far shorter; what is longer is no draft and does not leave."""
_INVISIBLE = regex.compile(r"\p{Cf}+")
_BLANK = "\ufffc"
"""Stands where a permitted text was: joins nothing, matches nothing."""


def leaks(
    text: str, allowed_addresses: Collection[str], settings: Settings, *, names: Collection[str] = ()
) -> list[str]:
    """What in ``text`` must not leave, as kinds with the offending part; empty where it may go.

    Allowed are the addresses given, the public host names and links of the settings (the services', the
    webmail's and the article's), the brand and its support's name, and ``names``: programs' names of our own
    table (some look like hosts). Everything else that looks like an address, a host, an identifier of the
    logs or a secret is a leak, whoever put it there. Look-alike characters (full width) and invisible ones
    are seen through. A text that cannot be looked through in time is a leak as well.
    """
    if len(text) > MAX_CHARS:
        return ["length: longer than any draft"]
    seen = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    try:
        lowered = seen.lower()
        for permitted, is_link in _permitted(allowed_addresses, settings, names):
            if unicodedata.normalize("NFKC", permitted).lower() in lowered:
                seen = _whole(permitted, link=is_link).sub(_BLANK, seen, timeout=PATTERN_SECONDS)
                lowered = seen.lower()
        found = [f"{kind}: {part[:60]}" for kind, part in _found(seen)]
        # what a ticket is masked for (passwords in a sentence, one-time codes of third parties, card numbers) must not
        # stand in a reply either
        return found + [f"secret: a {kind}" for _, _, kind in find_secrets(seen)]
    except TimeoutError:
        return ["time: the text could not be looked through in time"]


def _found(text: str) -> Iterator[tuple[str, str]]:
    for line in text.split("\n"):
        yield from _in_line(line)
    yield from _of_kinds(ACROSS_LINES, text)


@lru_cache(maxsize=1024)
def _in_line(line: str) -> tuple[tuple[str, str], ...]:
    """Our sentences come again in every draft, and what was permitted in them is blanked: each is looked through
    once."""
    return tuple(_of_kinds(IN_A_LINE, line))


def _of_kinds(kinds: tuple[Kind, ...], text: str) -> Iterator[tuple[str, str]]:
    for kind, pattern, confirms in kinds:
        for match in pattern.finditer(text, timeout=PATTERN_SECONDS):
            part = match[0].strip(".,")
            if confirms(part):
                yield kind, part


def _permitted(allowed: Collection[str], settings: Settings, names: Collection[str]) -> Iterator[tuple[str, bool]]:
    """Texts that may stand, the longest first (a link before the host inside it); True for links."""
    links = [url for url in (settings.webmail_url, settings.article_url) if url]
    hosts = [settings.imap_host, settings.smtp_host, settings.pop3_host]
    hosts += [*settings.customer_hosts, *settings.own_domains]
    hosts += [url.partition("//")[2].partition("/")[0] for url in links]
    dotted = [name for name in names if "." in name or "::" in name]
    yield from ((link, True) for link in sorted(links, key=len, reverse=True))
    others = {t for t in (*allowed, *hosts, *dotted, settings.brand, settings.support_name) if t}
    yield from ((t, False) for t in sorted(others, key=lambda t: (-len(t), t)))


@lru_cache(maxsize=256)
def _whole(permitted: str, *, link: bool) -> regex.Pattern[str]:
    """Stretches that are exactly ``permitted``: not a part of a longer name or address.

    A link may be followed by a fragment of plain words (an article's anchor) and by nothing else.
    """
    needle = unicodedata.normalize("NFKC", permitted)
    after = r"(?![a-z0-9_@-]|\.[a-z0-9_]|:\d{1,3}\.)"
    if link:
        after = r"/?(?:\#[a-z][a-z0-9-]{0,60})?(?![\w/?&=%@:#+-]|\.\w)"
    return regex.compile(rf"(?<![a-z0-9_@.%+-]){regex.escape(needle)}{after}", regex.IGNORECASE | regex.ASCII)
