"""Several messages, one ticket: how they are put together, what is no ticket, and when a human takes over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import regex

from bot.core.model import Ticket
from bot.core.parse.segments import cut
from bot.core.parse.ticket_json import ticket_from_json

MAX_ROUNDS = 2
"""Answers of ours that did not help; the next message goes to a human."""
MAX_BODY = 200_000
"""Characters of a case's text; a reading takes a third of that."""
_PATTERN_SECONDS = 0.2

_SMALL_TALK = regex.compile(
    r"""(?:[\p{P}\p{S}\p{M}\s]|\b(?:
        hi|hello|hey|hiya|good\s(?:morning|afternoon|evening)|morning|thanks?|thank\syou|thx|ty|cheers|much\sappreciated|great|perfect|ok|okay|all|
        very\smuch|so\smuch|a\slot|many|again|team|everyone|folks|bye|got\sit|will\sdo|nice|cool|yes|no|you(?:'re|\sare)\swelcome|no\sproblem|
        hallo|moin|servus|guten\s(?:tag|morgen|abend)|danke|dankeschön|vielen|dank|schön|super|alles\sklar|passt|tschüss|bitte|gern(?:e|\sgeschehen)?|
        bonjour|bonsoir|salut|merci|beaucoup|parfait|d'accord|au\srevoir|
        hola|buen[oa]s?\s(?:d[ií]as?|tardes|noches)|gracias|much[ao]s|perfecto|vale|adi[óo]s|
        ciao|buon\s?giorno|buona\s?sera|salve|grazie|mille|perfetto|va\sbene|
        goede(?:morgen|middag|navond)|dag|dank\s(?:je|u)(?:\swel)?|bedankt|prima|top|
        ol[áa]|bom\sdia|boa\s(?:tarde|noite)|obrigad[oa]|muito|perfeito|tchau|
        cześć|dzień\sdobry|dobry\swieczór|dziękuj[eę]|dzięki|bardzo|świetnie|
        привет|здравствуйте|добрый\s(?:день|вечер)|доброе\sутро|спасибо|большое|отлично|хорошо)\b|
        こんにちは|おはよう(?:ございます)?|こんばんは|ありがとう(?:ございま(?:す|した))?|了解(?:です|しました)?|お疲れ様です|
        你好|您好|早上好|下午好|谢谢|謝謝|感谢|好的|收到)+""",
    regex.IGNORECASE | regex.VERBOSE,
)
"""Whole messages made of greetings and thanks alone, in the eleven languages (general knowledge of each)."""
_SLACK_CODES = regex.compile(r":[a-z0-9_+-]{1,40}:|<[@!#][^>]{1,80}>")


def is_small_talk(text: str) -> bool:
    """True where a message holds nothing but greetings, thanks, emoji and mentions. Never true of a long one."""
    if len(text) > 200:
        return False
    try:
        rest = _SLACK_CODES.sub(" ", text).strip()
        return not rest or _SMALL_TALK.fullmatch(rest, timeout=_PATTERN_SECONDS) is not None
    except TimeoutError:
        return False


def ticket_of(case_id: str, messages: Sequence[Mapping[str, Any]]) -> Ticket:
    """All messages of a case as the one ticket that is triaged: the first with its headers and subject, the later
    texts below it.

    A later message that is formatted otherwise than the first is taken as it stands. Raises InputError naming the case.
    """
    first = messages[0]
    later = [str(m.get("body", "")) for m in messages[1:]]
    whole = [str(first.get("body", "")), *later]
    joint = _joint(whole) if later and first.get("format") != "html" else "\n\n".join(whole)[:MAX_BODY]
    attachments = [a for m in messages for a in m.get("attachments") or []]
    merged = {
        **first,
        "id": case_id,
        "body": joint,
        "received_at": messages[-1].get("received_at"),
        "attachments": attachments,
    }
    return ticket_from_json(merged, where=case_id, fallback_id=case_id)


def _joint(bodies: Sequence[str]) -> str:
    """What was written in each message, one below the other; what each drags along comes last, or the signature or
    the quotation at the end of one would swallow the next."""
    own: list[str] = []
    signed: list[str] = []
    quoted: list[str] = []
    forwarded: list[str] = []
    for body in bodies:
        pieces = cut(body[:MAX_BODY])
        own.append("".join(p.text for p in pieces if p.kind in ("body", "code")).strip("\n"))
        signed.append("".join(p.text for p in pieces if p.kind == "signature").strip("\n"))
        dragged = [p for p in pieces if p.kind in ("header", "quoted", "forwarded")]
        text = "".join(p.text for p in dragged).strip("\n")
        if any(p.kind == "forwarded" for p in dragged):
            forwarded.append(text)
        elif text:
            quoted.append("\n".join(f"> {line}" for line in text.split("\n")))
    return "\n\n".join(part for part in [*own, *dict.fromkeys(signed), *quoted, *forwarded] if part)[:MAX_BODY]


def takes_over(round_: int) -> bool:
    """True where the bot has answered often enough and a human goes on."""
    return round_ > MAX_ROUNDS
