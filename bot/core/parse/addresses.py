"""E-mail addresses in a ticket, each with the role it plays, and the one that the ticket is about.

An address is first a shape (RFC 5321 dot-atom and domain, internationalised ones too), then a role decided by
where it stands: inside an error text it is the login, after "to" a recipient, below "-- " a contact, in the
host's own domain a member of staff. Roles never come from an address's mere presence.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import regex

from bot.core.model import AddressMention, Reading, Segment, Span
from bot.core.parse import address_words as words
from knowledge.host import Settings
from knowledge.matcher import fold

PATTERN_SECONDS = 0.2
MAX_ADDRESSES = 200

_ADDRESS = regex.compile(
    r"(?<![\w.+%-])(?P<local>[\p{L}\p{N}_][\p{L}\p{N}._+%'&=~-]{0,63})@"
    r"(?P<domain>(?:[\p{L}\p{N}](?:[\p{L}\p{N}-]{0,62})\.){1,8}[\p{L}\p{N}][\p{L}\p{N}-]{0,62})(?![\w@])"
)
REACH = 80
"""What is said of an address stands at most this far (characters) behind it."""
SHORTEST = 3
"""Letters of a local part that stands for its address."""
_MACHINE = regex.compile(r"(?<![\w.+%-])(?P<local>[\w][\w.+-]{0,63})@(?P<domain>[\w][\w-]{1,62})(?![\w.@-])")
_REDACTED = regex.compile(
    r"(?<![\w@])[\w.]{0,12}(?:\*{2,}|[xX]{3,}|…|\.{3}|#{3,})[\w.*…]{0,20}@[\w*.…-]{2,60}|"
    r"(?<![\w@])[\w.+-]{1,64}@(?:\*{2,}|[xX]{2,}|…)[\w.*…-]{0,60}|<\s*(?:e-?mail|address|user(?:name)?)\s*>"
)


@dataclass(frozen=True, slots=True)
class Addressed:
    """The addresses of a ticket and what follows from them."""

    mentions: tuple[AddressMention, ...]
    mailbox: str | None
    domain: str | None
    assumed: bool = False
    """True where ``mailbox`` is only the requester's address, named nowhere in the text."""


def is_public_provider(domain: str) -> bool:
    """True for the domain of a large public mail provider, where a domain says nothing of a customer."""
    return words.PUBLIC_DOMAIN.fullmatch(domain.lower()) is not None


def find_addresses(
    reading: Reading, settings: Settings, *, requester: str | None, error_spans: Sequence[Span], own_words: bool = True
) -> Addressed:
    """All addresses with roles, the mailbox that the ticket is about, and the customer's domain.

    ``error_spans``: the error texts found, where an address is mostly the login. ``own_words`` False says that
    the ticket is not about the writer's own mail (an application, colleagues): then the requester's address
    is not taken for the mailbox. The mailbox is None rather than a guess between equals.
    """
    requester = requester.lower() if requester else None
    requester_domain = requester.rpartition("@")[2] if requester else None
    mentions: list[AddressMention] = []
    scores: dict[str, float] = {}
    first_at: dict[str, int] = {}
    working: set[str] = set()
    folded = fold(reading.text)
    shapes = _shapes(reading.text)
    fine = {name for name in {local.lower() for local, _, _ in shapes} if _works_by_half(folded, name)}
    for local, domain, span in shapes:
        address = f"{local}@{domain}".lower()
        role, score = _role(folded, address, span, settings, requester, reading.segments, error_spans)
        mentions.append(AddressMention(address, role, span))
        if role in ("mailbox", "login", "requester", "mentioned"):
            if requester_domain and domain.lower() == requester_domain:
                score += 1.0
            elif is_public_provider(domain) or domain.lower() in words.SHARED_DOMAINS:
                score -= 2.5
            if local.lower() in fine or _works(folded, span[1]):
                working.add(address)
            if words.ONLY_BEFORE.search(folded[max(0, span[0] - 24) : span[0]], timeout=PATTERN_SECONDS):
                score += 1.5
            scores[address] = max(scores.get(address, -9.0), score) + 0.4 * (address in scores)
            first_at.setdefault(address, span[0])
    for address in {m.address for m in mentions if m.role == "recipient"} & {
        m.address for m in mentions if m.role == "login"
    }:
        # a refusal often names its recipient twice, and only one of the two places shows that it is one
        mentions = [replace(m, role="recipient") if m.address == address and m.role == "login" else m for m in mentions]
        if address not in {m.address for m in mentions if m.role in ("mailbox", "requester")}:
            scores.pop(address, None)
    if scores.keys() - working:
        # of several addresses those that are said to work are not the one in question
        scores = {a: s - (2.2 if a in working else 0.0) for a, s in scores.items()}
    mailbox = _best(scores, first_at)
    assumed = mailbox is None and requester is not None and own_words and _may_be_mailbox(requester, settings)
    if assumed:
        mailbox = requester
    customer = _domain(mailbox, requester, settings)
    return Addressed(tuple(mentions), mailbox, customer, assumed)


def _works(folded: str, end: int) -> bool:
    """True where the words behind an address that ends at ``end`` say that it works."""
    return words.WORKING_AFTER.match(folded[end : end + REACH], timeout=PATTERN_SECONDS) is not None


def _works_by_half(folded: str, local: str) -> bool:
    """True where an address that is named once more by its local part alone is said to work: "hello@ came up fine",
    'the "info" works'."""
    for shape in (f" {local}@", *(f"{quote}{local}{quote}" for quote in "\"'")) if len(local) >= SHORTEST else ():
        at = folded.find(shape)
        while at >= 0:
            end = at + len(shape)
            if not folded[end : end + 1].isalnum() and _works(folded, end):
                return True
            at = folded.find(shape, end)
    return False


def _shapes(text: str) -> list[tuple[str, str, Span]]:
    found: list[tuple[str, str, Span]] = []
    taken: list[Span] = []
    try:
        for match in _REDACTED.finditer(text, timeout=PATTERN_SECONDS):
            taken.append(match.span())
        for match in _ADDRESS.finditer(text, timeout=PATTERN_SECONDS):
            if any(a < match.end() and match.start() < b for a, b in taken):
                continue
            # "smtp_login=anna@firm.example": RFC 5321 allows "=" in a local part, people only in settings
            local, domain = match["local"].rpartition("=")[2].strip("'"), match["domain"].rstrip("-")
            if domain.rpartition(".")[2].isdigit():
                continue
            # "inbox@firm.example@imap.host" (fetchmail): the first address is one, the rest is a server
            start = match.start() + match["local"].index(local) if local else match.start()
            end = start + len(local) + 1 + len(domain)
            found.append((local, domain, (start, end)))
            taken.append((start, end))
            if len(found) >= MAX_ADDRESSES:
                break
        for match in regex.finditer(r"([\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+)@[\w.-]+", text, timeout=PATTERN_SECONDS):
            local, _, domain = match[1].partition("@")
            found.append((local, domain, match.span(1)))
            taken.append(match.span())
        for match in _MACHINE.finditer(text, timeout=PATTERN_SECONDS):
            if not any(a < match.end() and match.start() < b for a, b in taken):
                found.append((match["local"], match["domain"], match.span()))
    except TimeoutError:
        pass
    return sorted(found, key=lambda item: item[2])


def _role(
    folded: str,
    address: str,
    span: Span,
    settings: Settings,
    requester: str | None,
    segments: Sequence[Segment],
    error_spans: Sequence[Span],
) -> tuple[str, float]:
    local, _, domain = address.partition("@")
    if "." not in domain:
        return "machine", 0.0
    if domain in settings.own_domains or any(domain.endswith("." + own) for own in settings.own_domains):
        return "host_staff", 0.0
    before, after = folded[max(0, span[0] - 80) : span[0]], folded[span[1] : span[1] + 60]
    kind = next((s.kind for s in segments if s.span[0] <= span[0] < s.span[1]), "body")
    in_error = any(a <= span[0] and span[1] <= b for a, b in error_spans)
    if words.OWNED_BY.search(before, timeout=PATTERN_SECONDS):
        return "login", 4.0
    if words.RECIPIENT_AFTER.match(after, timeout=PATTERN_SECONDS):
        # others cannot write to whoever asks, or they write to themselves
        return ("requester", 1.0) if address == requester else ("recipient", 0.0)
    if words.SENDER_AFTER.match(after, timeout=PATTERN_SECONDS):
        return ("mailbox", 2.2) if _hex_host(domain) is False else ("machine", 0.0)
    if (
        address != requester
        and (words.EXAMPLE_BEFORE.search(before, timeout=PATTERN_SECONDS) or local in words.EXAMPLE_LOCAL)
        and not words.LABEL.search(before, timeout=PATTERN_SECONDS)
        and not in_error
    ):
        return "example", 0.0
    if kind == "header":
        if local in words.MACHINE_LOCAL and requester and domain != requester.rpartition("@")[2]:
            return "contact", 0.0  # a forwarded notice: nobody's mailbox here, and often a forgery
        writer = regex.search(
            r"(?:^|\n)\W*(?:from|von|de|da|van|od|от|från|fra|差出人|发件人|寄件者)\s*[:：][^\n]*$",
            before,
            timeout=PATTERN_SECONDS,
        )
        if not writer or address == requester:
            return "mentioned", -1.0
        # whoever wrote the forwarded mail that holds the error is the one it happened to
        return "mailbox", 3.4 if any(a > span[0] for a, _ in error_spans) else 1.6
    if kind in ("signature", "disclaimer"):
        return ("requester", 0.2) if address == requester else ("contact", 0.0)
    if in_error and words.SENDER_BEFORE.search(before, timeout=PATTERN_SECONDS):
        return "mailbox", 2.2
    if address != requester and words.CONTACT_BEFORE.search(before, timeout=PATTERN_SECONDS):
        return "contact", 0.0
    if (
        requester
        and domain != requester.rpartition("@")[2]
        and not is_public_provider(requester.rpartition("@")[2])
        and words.COMES_FROM.search(before, timeout=PATTERN_SECONDS)
    ):
        return "contact", 0.0
    if words.KEY.search(before, timeout=PATTERN_SECONDS):
        return "mailbox", 3.6
    if words.LABEL.search(before, timeout=PATTERN_SECONDS) and not words.RECIPIENT_BEFORE.search(
        before, timeout=PATTERN_SECONDS
    ):
        return "mailbox", 3.5 if kind != "quoted" else 2.0
    if words.RECIPIENT_BEFORE.search(before, timeout=PATTERN_SECONDS):
        if address == requester:
            return "requester", 1.0
        if words.LOGIN_TO.search(before[: before.rstrip(" \"'<([").rfind(" ") + 1], timeout=PATTERN_SECONDS):
            return "mailbox", 2.0
        same = requester is not None and domain == requester.rpartition("@")[2]
        if same and not in_error and not words.SENDING.search(before[-50:], timeout=PATTERN_SECONDS):
            return "mailbox", 0.6
        return "recipient", 0.0
    if in_error:
        return "login", 3.0
    if words.ABOUT.search(before, timeout=PATTERN_SECONDS):
        return "mailbox", 2.0
    if address == requester:
        return "requester", 1.5
    return "mentioned", 1.0 if kind != "quoted" else 0.2


def _hex_host(domain: str) -> bool:
    first = domain.partition(".")[0]
    return len(first) >= 10 and all(c in "0123456789abcdef" for c in first)


def _best(scores: dict[str, float], first_at: dict[str, int]) -> str | None:
    if not scores:
        return None
    ranked = sorted(scores, key=lambda a: (-scores[a], first_at[a]))
    return ranked[0] if scores[ranked[0]] >= 1.0 else None


def _may_be_mailbox(requester: str, settings: Settings) -> bool:
    local, _, domain = requester.partition("@")
    return not (
        domain in words.SHARED_DOMAINS
        or domain in settings.own_domains
        or is_public_provider(domain)
        or local in words.ROLE_LOCAL
    )


def _domain(mailbox: str | None, requester: str | None, settings: Settings) -> str | None:
    for address in (mailbox, requester):
        if address:
            domain = address.rpartition("@")[2]
            if (
                domain not in settings.own_domains
                and not is_public_provider(domain)
                and domain not in words.SHARED_DOMAINS
            ):
                return domain
    return None
