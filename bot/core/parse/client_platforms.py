"""On what a client runs: operating systems with their versions, and devices that imply one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import regex

from bot.core.parse.client_search import PATTERN_SECONDS, all_of

Span = tuple[int, int]
WINDOWS, MACOS, LINUX, ANDROID, IOS = "Windows", "macOS", "Linux", "Android", "iOS"
_CASE = r"(?:u|a|em|iem|ie|om|owi|dzie)?"
"""Endings that Polish and its neighbours give to a foreign name ("na Samsungu")."""
_VERSION = r"\d{1,2}(?:\.\d{1,2}){0,2}(?!\d)(?!\.\d)"
_PATTERNS: tuple[tuple[str, str], ...] = (
    (
        WINDOWS,
        r"(?<![\w-])(?:microsoft )?win(?:dows)?[ -]?(?:server(?: 20\d\d(?: ?r2)?)?|xp|vista|nt|me|rt|8\.1|7|"
        r"8|1[01])"
        r"(?!\w|\.\d)(?:[ ,(]{1,2}(?:home|pro|professional|enterprise|education|[12]\dh[12]|64[ -]?bit))*",
    ),
    (WINDOWS, r"(?<![\w-])windows(?![\w-]| live| mail| defender| firewall)"),
    (WINDOWS, r"(?<![\w.])w(?:10|11)(?!\w)"),
    (MACOS, r"(?<!\w)(?:big sur|catalina|monterey|ventura|sonoma|sequoia|tahoe|mojave|high sierra) " + _VERSION),
    (
        MACOS,
        r"(?<!\w)(?:mac ?os(?: x)?|os ?x)(?: (?:high sierra|el capitan|snow leopard|big sur|mountain lion|"
        r"sierra|"
        r"catalina|monterey|ventura|sonoma|sequoia|tahoe|mojave|yosemite|mavericks))?(?:[ ,(-]{1,2}v?"
        + _VERSION
        + r")?(?![a-z])",
    ),
    (MACOS, r"(?<!\w)(?:macbook(?: (?:pro|air))?|imac|mac ?mini|mac ?studio|mac)" + _CASE + r"(?![\w-]|\.app)"),
    (IOS, r"(?<!\w)(?:ios|ipados)(?:[ =:-]{0,2}(?:version[ :]{1,2})?" + _VERSION + r")?(?!\w)"),
    (IOS, r"(?<!\w)i(?:phon|pad)(?:es|e|s)?" + _CASE + r"(?!\w*mail)"),
    (IOS, r"айфон\w{0,3}|айпад\w{0,3}|アイフォン|苹果手机"),
    (
        ANDROID,
        r"(?<![\w.])android(?:[ =:-]{0,2}(?:(?:version|os)[ :]{1,2})?(?:"
        + _VERSION
        + r")|[ ,(]{1,2}api(?: level)? \d{2})?(?!\w)",
    ),
    (ANDROID, r"(?<!\w)(?:android|samsung|xiaomi|huawei)" + _CASE + r"(?![\w-])"),
    (ANDROID, r"андроид\w{0,2}|安卓|アンドロイド"),
    (
        ANDROID,
        r"(?<!\w)(?:google )?pixel(?: \d\w?)?(?!\w)|(?<!\w)(?:samsung|galaxy)(?: (?:galaxy |"
        r"[asmz])\w{0,9})?(?![\w-])|"
        r"(?<!\w)(?:moto(?:rola)?|huawei|xiaomi|redmi|oneplus|oppo|fairphone|nokia|honor|realme|"
        r"poco)(?! \w*mail)(?!\w)|"
        r"(?<!\w)(?:lineageos|graphene ?os|calyxos|/e/os)(?: \d+(?:\.\d+)?)?(?!\w)|小米|华为",
    ),
    (
        LINUX,
        r"(?<![\w-])(?:linux mint|mint|(?:k|l|x)?ubuntu|debian|fedora|(?:open)?suse(?: leap| tumbleweed)?|"
        r"centos|rhel|"
        r"red hat(?: enterprise linux)?|arch(?: linux)|manjaro|gentoo|alpine linux|rocky linux|alma ?linux|"
        r"pop!?_?os|"
        r"zorin(?: os)?|slackware|raspbian|raspberry pi os|nixos|elementary os|freebsd|openbsd|mx linux)"
        r"(?: (?:gnu/linux )?v?\d{1,2}(?:\.\d{1,2}){0,2}(?:[ .]?lts)?(?!\d))?"
        r"(?: ?\((?:buster|stretch|jessie|bullseye|bookworm|trixie|jammy|focal|noble|wilma|faye)\)"
        r"| (?:buster|stretch|jessie|bullseye|bookworm|trixie|jammy|focal|noble))?(?![\w-])",
    ),
    (LINUX, r"(?<![\w-])(?:gnu/)?linux(?! mint)(?![\w-])|линукс\w*"),
)
_COMPILED = tuple(
    # of Latin letters alone: "Mac上" is a Mac, though both are letters
    (system, regex.compile(source, regex.IGNORECASE | (regex.ASCII if source.isascii() else regex.UNICODE)))
    for system, source in _PATTERNS
)
_DIGIT = regex.compile(r"\d")
_WORD = regex.compile(r"[A-Za-z]+")
_ENDINGS = tuple(_CASE[3:-2].split("|"))
_FIRST_WORDS = frozenset(
    """
    big catalina monterey ventura sonoma sequoia tahoe mojave high microsoft win windows w mac macos os
    osx macbook imac macmini macstudio ios ipados iphone iphones iphon ipad ipads android google pixel samsung
    galaxy moto motorola huawei xiaomi redmi oneplus oppo fairphone nokia honor realme poco lineageos
    graphene grapheneos calyxos linux mint ubuntu kubuntu lubuntu xubuntu debian fedora suse opensuse
    centos rhel red arch manjaro gentoo alpine rocky alma almalinux pop zorin slackware raspbian
    raspberry nixos elementary freebsd openbsd mx gnu
    """.split()  # noqa: SIM905 - a list of words reads best as words
)
"""A platform in Latin letters begins with one of these: only there are the patterns tried."""
_OTHER_SCRIPTS = regex.compile(
    r"айфон|айпад|アイフォン|苹果手机|андроид|安卓|アンドロイド|小米|华为|линукс", regex.IGNORECASE
)
_DEVICES = regex.compile(
    r"mac\b|macbook|imac|i ?phone|i ?pad|айф|айп|アイフォン|苹果|"
    r"pixel|samsung|galaxy|moto|huawei|xiaomi|redmi|"
    r"oneplus|oppo|"
    r"fairphone|nokia|honor|realme|poco|小米|华为|安卓|андроид|アンド|линукс",
    regex.IGNORECASE,
)
_WORDED = regex.compile(r"(?:version|os)[ :]{1,2}", regex.IGNORECASE)
_SHORT = regex.compile(r"win(?:dows)?[ -]?(?=\d|xp|vista)|w(?=1[01])", regex.IGNORECASE)
_MOST = 60
_APART = 400
"""Further away than this (characters) a platform without a version is not said of the client."""


@dataclass(frozen=True, slots=True)
class Platform:
    """A platform as written, its system, and where."""

    system: str
    label: str
    start: int
    end: int


def find_platforms(text: str) -> tuple[Platform, ...]:
    """Platforms named in ``text`` (already plain), in order; the longest where two overlap."""
    places = [m.start() for m in _WORD.finditer(text) if not _FIRST_WORDS.isdisjoint(_stems(m.group().lower()))]
    if not text.isascii():
        places += [m.start() for m in all_of(_OTHER_SCRIPTS, text)]
    found: list[Platform] = []
    for place in places[:_MOST]:
        for system, pattern in _COMPILED:
            match = pattern.match(text, place, timeout=PATTERN_SECONDS)
            if match is not None:
                found.append(Platform(system, _label(system, match.group()), match.start(), match.end()))
    kept: list[Platform] = []
    for one in sorted(found, key=lambda p: p.start - p.end):
        if not any(one.start < other.end and other.start < one.end for other in kept):
            kept.append(one)
    return tuple(sorted(kept, key=lambda p: p.start))


def _stems(word: str) -> Iterator[str]:
    """``word``, and what is left of it without an ending."""
    yield word
    for ending in _ENDINGS:
        if word.endswith(ending):
            yield word.removesuffix(ending)


def _label(system: str, written: str) -> str:
    written = " ".join(written.replace("=", " ").split())
    if _DEVICES.match(written) and system != LINUX:
        return system
    if system == WINDOWS:
        return str(_SHORT.sub("Windows ", written)).strip(" (,")
    if system in (ANDROID, IOS):
        tail = (
            _WORDED.sub("", written[len(system) :]).strip(" :=-(,")
            if written.lower().startswith(system.lower())
            else ""
        )
        return f"{system} {tail}".strip() if tail else (written if _DIGIT.search(written) else system)
    if system == MACOS and not _DIGIT.search(written) and " " not in written.strip():
        return MACOS
    return LINUX if written.lower() in ("linux", "gnu/linux", "линукс") else written


def neighbours(platforms: Sequence[Platform], named: Sequence[tuple[int, int]]) -> list[tuple[Span, int] | None]:
    """For each platform the client that is named nearest to it, and how far away (characters)."""
    nearest: list[tuple[Span, int] | None] = []
    for one in platforms:
        away = [(min(abs(one.start - end), abs(start - one.end)), (start, end)) for start, end in named]
        best = min(away, default=None)
        nearest.append(None if best is None else (best[1], best[0]))
    return nearest


def platform_of(
    mention: Span, runs_on: Sequence[str], platforms: Sequence[Platform], nearest: Sequence[tuple[Span, int] | None]
) -> str | None:
    """The platform said of a mention: the nearest that the family can run on.

    One with a version is worth more than one without, one after the mention more than one before it; a
    platform that stands next to another client (``nearest``, of :func:`neighbours`) is that one's. Falls back
    to the family's only platform.
    """
    start, end = mention
    allowed = {system for name in runs_on for system in (WINDOWS, MACOS, LINUX, ANDROID, IOS) if name == system}
    best: tuple[float, str] | None = None
    for one, neighbour in zip(platforms, nearest, strict=True):
        if allowed and one.system not in allowed:
            continue
        away = one.start - end if one.start >= end else start - one.end if one.end <= start else 0
        versioned = _DIGIT.search(one.label) is not None
        if away > _APART and not versioned:
            continue
        nearer = neighbour is not None and neighbour[0] != mention and neighbour[1] < min(away, 60)
        cost = away + (0 if versioned else 150) + (40 if one.end <= start else 0) + (300 if nearer else 0)
        if best is None or cost < best[0]:
            best = (cost, one.label)
    if best is not None:
        return best[1]
    return next(iter(allowed)) if len(allowed) == 1 else None
