"""The plain text of a ticket cut into what the customer wrote now and what came along with it.

Own rules rather than mail-parser-reply: it knows no Portuguese and no Russian, cuts no signature behind a
German or English formula, loses offsets, and searches foreign text with unbounded expressions. Ours go line
by line, so that the cost is linear and every stretch keeps its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from bot.core.parse import mail_phrases as phrases
from bot.core.parse.lines import MAX_LINE, Line, next_text
from bot.core.parse.signatures import mark_disclaimers, mark_signatures

_CONTENT: Final = frozenset({"body", "code"})


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of text (whole lines, each with its line end) and what it is (see :class:`Segment`)."""

    kind: str
    text: str


def cut(text: str, subject: str = "") -> list[Piece]:
    """``text`` (plain, ``\\n`` line ends) in pieces, in order; joined they are the text without "> " marks.

    Kinds: body, quoted, forwarded, header, signature, disclaimer, code. A ticket that holds nothing but a
    quotation or a forward keeps it as its content: its kind is then ``forwarded``. ``subject`` helps to tell
    a forward from a reply. Never raises; linear in the text's length.
    """
    lines = _unquote(text)
    _mark_dialogues(lines)
    _mark_fences(lines)
    _mark_quotes(lines)
    _mark_tail(lines, bool(phrases.FORWARD_SUBJECT.match(subject[:MAX_LINE])))
    _mark_code(lines)
    mark_disclaimers(lines)
    mark_signatures(lines)
    for line in lines:
        line.kind = line.kind or "body"
    _keep_content(lines)
    return _joined(lines)


def _unquote(text: str) -> list[Line]:
    lines: list[Line] = []
    for raw in text.split("\n"):
        at = depth = 0
        while at < len(raw) and raw[at] in "> \t":
            if raw[at] == ">":
                depth += 1
            elif raw[at : at + 1] == "\t" or raw[at : at + 2] == "  ":
                break
            at += 1
        if not depth or (at and raw[: at + 1].lstrip(" >").startswith("-")):
            depth = (raw.lstrip(" \t").startswith(">") and depth) or 0
        while at and depth and raw[at - 1] == " " and at > 1 and raw[at - 2] == " ":
            at -= 1
        lines.append(Line(raw[at:] if depth else raw, depth))
    return lines


def _mark_dialogues(lines: Sequence[Line]) -> None:
    """Dialogues whose client side begins with ">", and Python's ">>>", are logs, not quotations."""
    for at, line in enumerate(lines):
        if line.depth == 3 and phrases.PYTHON_PROMPT.match(line.head):
            line.kind, line.depth, line.text = "code", 0, ">>> " + line.text
        elif line.depth == 1 and phrases.DIALOGUE_CLIENT.match("> " + line.head):
            near = lines[max(0, at - 4) : at + 5]
            if any(not other.depth and phrases.DIALOGUE_SERVER.match(other.head) for other in near):
                line.kind, line.depth, line.text = "code", 0, "> " + line.text


def _mark_fences(lines: Sequence[Line]) -> None:
    opened: int | None = None
    for at, line in enumerate(lines):
        if line.text.lstrip().startswith(("```", "~~~")) and not line.depth:
            if opened is None:
                opened = at
                if line.text.strip().count("```") > 1:
                    line.kind, opened = "code", None
            else:
                for inner in lines[opened : at + 1]:
                    inner.kind = "code"
                opened = None


def _mark_quotes(lines: Sequence[Line]) -> None:
    """ "> " blocks: an earlier mail, or, after a colon without a name and a day, what a program showed."""
    at = 0
    while at < len(lines):
        if not lines[at].depth or lines[at].kind:
            at += 1
            continue
        end = at
        while end < len(lines) and (
            lines[end].depth or (lines[end].blank and end + 1 < len(lines) and lines[end + 1].depth)
        ):
            end += 1
        before = at - 1
        while before >= 0 and lines[before].blank:
            before -= 1
        introduced = before >= 0 and not lines[before].kind and _attribution_at(lines, before) is None
        shown = introduced and lines[before].text.rstrip()[-1:] in {":", "："} and end - at <= 40
        kind = "code" if shown and max(line.depth for line in lines[at:end]) == 1 else "quoted"
        for line in lines[at:end]:
            line.kind = kind
        if kind == "quoted":
            _mark_headers(lines, at, end)
            if before >= 0 and (start := _attribution_at(lines, before)) is not None:
                for line in lines[start:at]:
                    line.kind = "header"
        at = end


def _attribution_at(lines: Sequence[Line], last: int) -> int | None:
    """First line of the attribution ("On … wrote:", wrapped twice at most) ending at ``last``, else None."""
    depth = lines[last].depth
    closing = lines[last].head.strip()
    if len(closing) < 4 or not closing.endswith((":", "：")):
        return None
    for start in range(last, max(-1, last - 3), -1):
        if lines[start].depth != depth or lines[start].blank or lines[start].kind not in {"", "quoted"}:
            return None
        joined = " ".join(line.head.strip() for line in lines[start : last + 1])[:MAX_LINE]
        if not phrases.HAS_WHEN.search(joined) or not phrases.ATTRIBUTION_VERB.search(joined):
            continue
        if phrases.ATTRIBUTION.fullmatch(joined) and (start == last or phrases.ATTRIBUTION_START.match(joined)):
            wrapped = start > 0 and not lines[start - 1].blank and not phrases.ATTRIBUTION_START.match(joined)
            if not wrapped or start == max(0, last - 2):
                return start
    return None


def _mark_tail(lines: Sequence[Line], forwarded: bool) -> None:
    """Everything behind a separator, an Outlook head or an attribution without "> " is an earlier mail."""
    for at, line in enumerate(lines):
        if line.kind or line.blank or line.depth:
            continue
        end = _tail_head(lines, at)
        if end is None:
            continue
        is_forward = forwarded or any(phrases.IS_FORWARD.search(one.head) for one in lines[at:end])
        for inner in lines[at:end]:
            inner.kind = "header"
        for inner in lines[end:]:
            inner.kind = inner.kind if inner.kind in {"header", "code"} else ("forwarded" if is_forward else "quoted")
        _mark_headers(lines, end, len(lines))
        return


def _tail_head(lines: Sequence[Line], at: int) -> int | None:
    """Index behind the head of an earlier mail that starts at ``at``; None where none does."""
    line = lines[at].head
    if _may_introduce(line) and phrases.FORWARD.fullmatch(line):
        return _header_end(lines, at + 1, least=0)
    if phrases.RULE.fullmatch(line):
        following = next_text(lines, at + 1)
        return None if following is None else _header_end(lines, following, least=3)
    if (":" in line or "：" in line) and phrases.HEADER_FROM.fullmatch(line):
        return _header_end(lines, at, least=3)
    for last in range(at, min(at + 3, len(lines))):
        if lines[last].blank:
            break
        if _attribution_at(lines, last) == at:
            return last + 1
    return None


def _may_introduce(line: str) -> bool:
    """A cheap test before :data:`phrases.FORWARD`."""
    return "--" in line or "__" in line or "==" in line or line.rstrip()[-1:] in {":", "："} or not line.isascii()


def _header_end(lines: Sequence[Line], at: int, *, least: int) -> int | None:
    """Index behind a block of From:/Date:/To:/Subject: lines; None where there are fewer than ``least``."""
    start, count, has_from = at, 0, False
    following = next_text(lines, at)
    if following is not None and following - at <= 2:
        at = following
    while at < len(lines) and count < 12:
        head = lines[at].head
        if phrases.HEADER_FROM.fullmatch(head):
            has_from = True
        elif not phrases.HEADER_OTHER.fullmatch(head):
            folded = count and head[:1] in {" ", "\t"} and head.strip()
            gap = (
                lines[at].blank and count and at + 1 < len(lines) and phrases.HEADER_OTHER.fullmatch(lines[at + 1].head)
            )
            if not folded and not gap:
                break
            at += 1
            continue
        count += 1
        at += 1
    if count >= least and (has_from or not least):
        return at if count else start
    return None if least else start


def _mark_headers(lines: Sequence[Line], start: int, end: int) -> None:
    """The From:/Date: lines, separators and attributions of mails inside mails."""
    at = start
    while at < end:
        line = lines[at].head
        stop: int | None = None
        if _may_introduce(line) and phrases.FORWARD.fullmatch(line):
            stop = _header_end(lines, at + 1, least=0)
        elif phrases.HEADER_FROM.fullmatch(line):
            stop = _header_end(lines, at, least=2)
        elif line.rstrip().endswith((":", "：")) and _attribution_at(lines, at) is not None:
            stop = at + 1
        if stop is None:
            at += 1
            continue
        stop = max(at + 1, min(stop, end))
        for inner in lines[at:stop]:
            inner.kind = "header"
        at = stop


def _mark_code(lines: Sequence[Line]) -> None:
    for at, line in enumerate(lines):
        if line.kind or line.blank:
            continue
        indented = line.text.startswith(("    ", "\t")) and (
            at == 0 or lines[at - 1].blank or lines[at - 1].kind == "code"
        )
        bullet = line.text.lstrip()[:2] in {"* ", "- ", "• ", "o "}
        if phrases.CODE_LINE.fullmatch(line.head) or (indented and not bullet):
            line.kind = "code"


def _keep_content(lines: Sequence[Line]) -> None:
    """Where the customer wrote nothing but a greeting, the quotation is what the ticket is about."""
    if not any(line.kind == "quoted" for line in lines):
        return
    own = 0
    for line in lines:
        if line.kind in _CONTENT and not line.blank and not phrases.GREETING.fullmatch(line.head):
            own += len(line.text.strip())
    if own < 12:
        for line in lines:
            if line.kind == "quoted":
                line.kind = "forwarded"


def _joined(lines: Sequence[Line]) -> list[Piece]:
    """Lines of one kind in a row are one piece; blank lines stay with what precedes them."""
    pieces: list[tuple[str, list[str]]] = []
    for at, line in enumerate(lines):
        text = line.text + ("\n" if at + 1 < len(lines) else "")
        kind = pieces[-1][0] if pieces and line.blank and line.kind in {"body", pieces[-1][0]} else line.kind
        if pieces and pieces[-1][0] == kind:
            pieces[-1][1].append(text)
        else:
            pieces.append((kind, [text]))
    return [Piece(kind, "".join(texts)) for kind, texts in pieces]
