"""The reading of a ticket -> its facts. Each part is found by its own module; this one lays them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import lru_cache

import regex

from bot.core.model import ClientMention, Cue, Endpoint, ErrorText, Facts, Reading, Ticket
from bot.core.parse.addresses import find_addresses
from bot.core.parse.cues import listen
from bot.core.parse.endpoints import find_endpoints
from bot.core.parse.errors import find_errors
from bot.core.parse.logins import find_login
from bot.core.parse.times import find_time
from knowledge.gated import Gated
from knowledge.host import Plan
from knowledge.matcher import Hit, Matcher, fold
from knowledge.model import Knowledge

PATTERN_SECONDS = 0.1
_OWN_IP = regex.compile(
    r"(?:ip(?:\s*-?\s*address(?:e)?|v[46])?|adresse\s+ip|dirección\s+ip|indirizzo\s+ip|ip-adres|endereço\s+ip|adres\s+ip|ip-адрес|ipアドレス|ip地址)\W*(?:is|ist|est|es|è|jest|of\s+ours|:|=|：)*\s*"
    r"(?P<ip>(?:\d{1,3}\.){3}\d{1,3}|[0-9a-f]{1,4}(?::[0-9a-f]{0,4}){2,7})"
    r"|(?:from|von|depuis|desde|da|vanaf|z|с)\s+(?P<ip>(?:\d{1,3}\.){3}\d{1,3})(?!\d|:\d)"
)
_OTHERS_MAIL = Gated(
    r"\b(?:our|the|unser\w*|notre|nuestr\w+|nostr\w+|onze|noss\w+|nasz\w*|наш\w*)\s+(?:\w+\s+){0,3}?(?:worker|server|script|app(?:lication)?|service|job|container|container|instance|website|cms|shop|system|docker|backend|cron|"
    r"integration|staff|users?|customers?|employees|colleagues|mitarbeiter\w*|kollegen|kunden)\b|\b(?:a|one\s+of\s+(?:my|our)|mein\w*|eine[rn]?|un(?:e|a)?)\s+(?:client|customer|kunde|colleague|user|employee|kollegin|collègue)\b"
)


_WORD = {protocol: Gated(rf"\b{protocol}\b") for protocol in ("smtp", "imap")}
A_BADGE = 40
"""Characters that the state of a mailbox or a domain takes in a customer area, at most."""
_NOT_ONE_PERSON = frozenset({"everyone-affected", "webmail-and-all-clients-down", "thanks-only"})
"""Cues of tickets that are about more, or less, than the writer's own mailbox."""


def parse(
    ticket: Ticket, reading: Reading, hits: Sequence[Hit], clients: tuple[ClientMention, ...], knowledge: Knowledge
) -> Facts:
    """All facts of a ticket. ``hits`` is the decoded-error table's scan of the whole reading, :func:`without_versions`
    of ``clients``, the programs found in it."""
    errors = find_errors(reading, hits)
    spans = [e.span for e in errors]
    endpoints = find_endpoints(reading, knowledge.settings, spans)
    heard = listen(_own_words(reading, errors, hits), knowledge.cues, knowledge.lexicons)
    cues = heard.cues
    folded = fold(reading.text)
    addressed = find_addresses(
        reading,
        knowledge.settings,
        requester=ticket.requester,
        error_spans=spans,
        own_words=not _is_service(clients, knowledge)
        and not any(c.id in _NOT_ONE_PERSON for c in cues)
        and _OTHERS_MAIL.search(folded, timeout=PATTERN_SECONDS) is None,
    )
    login = find_login(reading, spans, [a for a in (addressed.mailbox, ticket.requester) if a])
    if login and addressed.mailbox and login.lower() == addressed.mailbox:
        login = None
    said = _said(cues, knowledge)
    webmail, plan = said.get("webmail_works"), said.get("plan")
    return Facts(
        mailbox=addressed.mailbox,
        mailbox_assumed=addressed.assumed,
        mailboxes=addressed.mentions,
        login=login,
        clients=clients,
        errors=errors,
        endpoints=endpoints,
        cues=cues,
        traits=heard.traits,
        webmail_works=webmail if isinstance(webmail, bool) else None,
        plan=plan if isinstance(plan, str) else _plan(folded, knowledge),
        occurred=find_time(ticket, reading, _zones(reading.language, knowledge)),
        protocols=_protocols(hits, errors, endpoints, said.get("protocol"), folded, knowledge),
        ips=_ips(folded, ticket),
        domain=addressed.domain,
        language=reading.language,
        requester=ticket.requester,
    )


def without_versions(hits: Sequence[Hit], text: str, clients: Sequence[ClientMention]) -> list[Hit]:
    """``hits`` without those that took a program's version ("WP Mail SMTP 4.3.0") for an enhanced status (RFC 3463)."""
    versions = {client.version for client in clients}
    return [hit for hit in hits if not (hit.bare_code and text[slice(*hit.span)] in versions)]


def _own_words(reading: Reading, errors: Sequence[ErrorText], hits: Sequence[Hit]) -> Reading:
    """The reading with pasted error texts blanked out, offsets kept: a program's words are no customer's. The full stop
    that ends one stays: it ends the customer's sentence too. A few words that no row of the table claims stay: they
    may be what the customer area shows beside a mailbox ("awaiting verification")."""
    text = reading.text
    for error in errors:
        unclaimed = not any(hit.span[0] < error.span[1] and error.span[0] < hit.span[1] for hit in hits)
        if error.pasted and not (unclaimed and error.span[1] - error.span[0] <= A_BADGE):
            start, end = error.span
            kept = text[end - 1] if text[end - 1] in ".!?\u3002" else " "
            text = text[:start] + " " * (end - start - 1) + kept + text[end:]
    return replace(reading, text=text)


def _is_service(clients: Sequence[ClientMention], knowledge: Knowledge) -> bool:
    """True where a library, a server or a device fails: it logs in with a mailbox of its own."""
    failing = [knowledge.family_named.get(c.name) for c in clients if c.failing is not False]
    suspects = ["app" if family is None else family.kind for family in failing]
    return "server" in suspects or suspects[:1] in (["library"], ["device"], ["webmail"])


def _zones(language: str, knowledge: Knowledge) -> tuple[int, ...]:
    return next((entry.zones for entry in knowledge.languages if entry.id == language), ())


def _said(cues: Iterable[Cue], knowledge: Knowledge) -> dict[str, object]:
    out: dict[str, object] = {}
    for cue in cues:
        for name, value in knowledge.cues[cue.id].sets.items():
            out.setdefault(name, value)
    return out


def _plan(folded: str, knowledge: Knowledge) -> str | None:
    """A plan named beside the word for it ("plan Starter", "Paket (Nano)"), or by one of its other names. Of a change
    ("from Starter to Nano") it is the second."""
    for plan in knowledge.plans.values():
        if _changed_to(plan).search(folded, timeout=PATTERN_SECONDS):
            return plan.id
    return next(
        (plan.id for plan in knowledge.plans.values() if _plan_pattern(plan).search(folded, timeout=PATTERN_SECONDS)),
        None,
    )


@lru_cache(maxsize=64)
def _changed_to(plan: Plan) -> Gated:
    """A verb of changing, and this plan behind the word for "to"; "to" itself is short and common, so both are
    wanted."""
    change = (
        r"(?:(?:down|up)grad\w*|chang\w+|switch\w*|mov\w+|dropp\w+|went|gewechselt|gestuft|umgestellt|rétrograd\w*|pass[éa]\w*|descend\w*|cambi\w*|baj\w+|pas\w+|"
        r"mud\w+|overgestapt|gewijzigd|zmien\w+|przesz\w+|переш\w+|смени\w+|понизи\w+|変更|下げ|降|改|升)"
    )
    return Gated(
        rf"{change}[^.!?\n]{{0,40}}?(?:\b(?:to|auf|zu|à|au|a|para|naar|na|на|do)\s+|->\s*|から|到|为|成)\W{{0,2}}{regex.escape(plan.name.lower())}\b"
    )


@lru_cache(maxsize=64)
def _plan_pattern(plan: Plan) -> Gated:
    word = r"(?:plan|package|paket|tarif|abo(?:nnement)?|formule|piano|pakket|plano|pakiet|тариф\w*|план\w*|プラン|套餐|方案|subscription|account|tier)"
    name = regex.escape(plan.name.lower())
    shapes = [
        rf"{word}\W{{0,4}}(?:\w+\W{{1,3}}){{0,2}}?{name}\b",
        rf"\b{name}\W{{0,3}}(?:\w+\W{{1,3}})?{word}",
        rf"(?:on|auf|im|bei|sur|en|su|op|na|на)\s+(?:the\s+)?[\"'(]?{name}\b",
        *plan.names,
    ]
    return Gated("|".join(shapes))


def _protocols(
    hits: Sequence[Hit],
    errors: Sequence[ErrorText],
    endpoints: Sequence[Endpoint],
    said: object,
    folded: str,
    knowledge: Knowledge,
) -> tuple[str, ...]:
    """The failing side, the surest sign first: a row's own protocol, what the customer says, words in the errors,
    hosts in the errors, at last the settings."""
    found: list[str] = []
    for hit in hits:
        protocol = knowledge.errors[hit.error_id].protocol
        if protocol != "any" and protocol not in found:
            found.append(protocol)
    if isinstance(said, str) and said not in found:
        found.append(said)
    for error in errors:
        text = error.text.lower()
        for protocol, words in (
            ("imap", ("imap", "incoming", "posteingang", "entrant", "entrata", "inkomend")),
            ("smtp", ("smtp", "outgoing", "postausgang", "sortant", "uscita", "uitgaand", "5.7.", "rcpt", "relay")),
            ("pop3", ("pop3",)),
        ):
            if protocol not in found and any(word in text for word in words):
                found.append(protocol)
    if not found:
        for endpoint in endpoints:
            if endpoint.role == "setting" and endpoint.protocol and endpoint.protocol not in found:
                found.append(endpoint.protocol)
    if not found:
        for protocol in ("smtp", "imap"):
            if _WORD[protocol].search(folded, timeout=PATTERN_SECONDS):
                found.append(protocol)
    return tuple(found)


def _ips(folded: str, ticket: Ticket) -> tuple[str, ...]:
    out = [m["ip"] for m in _OWN_IP.finditer(folded, timeout=PATTERN_SECONDS) if m["ip"]]
    for name, value in ticket.headers.items():
        if name.lower() in ("x-originating-ip", "x-client-ip", "x-sender-ip"):
            out.append(value.strip(" []"))
    return tuple(dict.fromkeys(out))[:5]


def scan(reading: Reading, matcher: Matcher) -> list[Hit]:
    """The decoded-error table's hits in a reading, without those in signatures and disclaimers."""
    silent = [s.span for s in reading.segments if s.kind in ("signature", "disclaimer", "header")]
    return [
        h
        for h in matcher.scan(reading.text)
        if not any(a <= h.span[0] < b for a, b in silent)
        and not _asked(reading.text, h)
        and not _denied(reading.text, h)
    ]


_NO = regex.compile(
    r"(?:\bno|\bnot\s+an?|\bwithout(?:\s+an?y?)?|\bkein\w*|\bohne|\bpas\s+(?:de\s+|d['’])|\baucune?|\bsans|\bsin|\bning[uú]n\w*|\bsenza|\bnessun\w*|\bgeen|\bzonder|\bsem|\bnenhum\w*|\bbez|\bbrak|\bбез|\bникак\w+)\s*$",
    regex.IGNORECASE,
)
_SHORT_CLAIM = 40


def _denied(text: str, hit: Hit) -> bool:
    """True for a short match in the customer's prose that a "no" denies: "there is no connection problem" reports
    none. A program's own "No connection could be made" goes on otherwise, and what holds a number is a program's
    text."""
    start, end = hit.span
    claim = text[start:end]
    if len(claim) > _SHORT_CLAIM or any(c.isdigit() for c in claim):
        return False
    if _NO.match(claim.split(" ")[0], timeout=PATTERN_SECONDS) and _TROUBLE.match(text, end, timeout=PATTERN_SECONDS):
        return True
    return _NO.search(text[max(0, start - 16) : start], timeout=PATTERN_SECONDS) is not None


_TROUBLE = regex.compile(r"\s+(?:problems?|issues?|troubles?|faults?|errors?)\b", regex.IGNORECASE)


_QUESTION_END = regex.compile(r"[.!?。！？\n]")


def _asked(text: str, hit: Hit) -> bool:
    """True for a short match inside a question in the customer's own words ("is there a rate limit?"): asking
    about a thing is no report of it. Texts with a code or in quotes are reports all the same."""
    start, end = hit.span
    if end - start > 60 or regex.search(r"[\"“”„«»`]|\d\.\d\.\d|\b[45]\d\d\b|0x", text[max(0, start - 2) : end + 2]):
        return False
    stop = _QUESTION_END.search(text, end)
    if stop is None or stop[0] not in "?？":
        return False
    before = text[max(0, start - 160) : start]
    cut = max(before.rfind(mark) for mark in '.!?\n。！？:："“„«')
    return not regex.search(r"[\"“„«]", before[cut + 1 :])
