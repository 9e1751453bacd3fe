"""An HTML body as plain text whose lines, lists and tables can still be read.

inscriptis lays the text out (it keeps table rows on one line, "Server  imap.example.net"); before that the
tree loses what the reader of the mail never saw, and cited mails are marked with "> " as in plain text, so
that one set of rules finds quotations in both. Hostile or huge input takes a linear way without a tree.
"""

from __future__ import annotations

from html import unescape
from typing import Final

import lxml.html  # type: ignore[import-untyped]
import regex
from inscriptis.css_profiles import CSS_PROFILES  # type: ignore[import-untyped]
from inscriptis.html_engine import Inscriptis  # type: ignore[import-untyped]
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped]
from lxml import etree

MAX_HTML: Final = 1_000_000
"""Characters of HTML that are looked at; the rest is cut (threats row 26)."""
MAX_TREE: Final = 120_000
"""Longer HTML (after style and script are gone) is stripped without a tree: laying out costs 1 s a MB."""
MAX_DEPTH: Final = 200
"""libxml2 gives up at 256 and drops what lies deeper; tags left open count as well."""
MAX_TABLES: Final = 12
"""Tables inside tables: each level is laid out again, so deep nests cost more than they tell."""

_OPEN, _CLOSE, _SIGNATURE = "\ue000", "\ue001", "\ue002"
_MARKS: Final = regex.compile(f"[{_OPEN}{_CLOSE}{_SIGNATURE}]")
_UNSEEN_TAGS: Final = ("style", "script", "head", "title", "template", "noscript", "object", "svg", "math")
_HIDDEN: Final = regex.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all|"
    r"font-size\s*:\s*0*(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:;|!|$)|opacity\s*:\s*0(?:\.0+)?\s*(?:;|!|$)",
    regex.IGNORECASE,
)
_EMBEDDED: Final = regex.compile(r"""["']data:[a-z]{1,20}/[^"'<>]*+""", regex.IGNORECASE)
_TAG: Final = regex.compile(r"<(/?)([A-Za-z][A-Za-z0-9:]{0,20})([^<>]*+)>|<[!?][^>]*+>")
_BREAKS: Final = frozenset(
    {
        "address",
        "article",
        "blockquote",
        "br",
        "dd",
        "div",
        "dl",
        "dt",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "ol",
        "p",
        "pre",
        "section",
        "table",
        "tr",
        "ul",
    }
)
_CITE: Final = regex.compile(r"gmail_quote|yahoo_quoted|protonmail_quote|zmail_extra|cite", regex.IGNORECASE)
_SIGNED: Final = regex.compile(r"gmail_signature|moz-signature|protonmail_signature_block|\bsignature\b", regex.I)
_CONFIG: Final = ParserConfig(css=CSS_PROFILES["strict"], display_links=False, display_images=False)


def looks_like_html(text: str) -> bool:
    """True where ``text`` starts as an HTML document does (used only where nobody said what it is)."""
    start = text[:200].lstrip("\ufeff \t\r\n").lower()
    return start.startswith(("<!doctype html", "<html", "<head", "<body"))


def html_to_text(html: str) -> str:
    """The text that a reader of ``html`` sees.

    Left out: style, script, comments, hidden elements (``display:none``, zero font, ``hidden``), images,
    and the addresses behind links (a host name typed as a link's text stays). A cited mail's lines begin with
    "> ", one for each level. Never raises; what is longer than MAX_HTML is cut.
    """
    html = _MARKS.sub("", _EMBEDDED.sub('"', html[: 4 * MAX_HTML])[:MAX_HTML])
    html = _without(_without(html, "<!--", "-->"), "<![", "]>")
    for tag in ("style", "script"):
        html = _without_element(html, tag)
    if not html.strip():
        return ""
    text = None
    if len(html) <= MAX_TREE and not _too_deep(html):
        text = _laid_out(html)
    return _quoted(_stripped(html) if text is None else text)


def _laid_out(html: str) -> str | None:
    """``html`` through a tree and inscriptis; None where there is no tree to be had."""
    try:
        parser = lxml.html.HTMLParser(
            encoding="utf-8", recover=True, no_network=True, remove_comments=True, remove_pis=True, huge_tree=False
        )
        tree = lxml.html.document_fromstring(html.encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, AssertionError):
        return None
    for element in list(tree.iter(etree.Element)):
        _prepare(element)
    try:
        return str(Inscriptis(tree, _CONFIG).get_text())
    except (RecursionError, IndexError, ValueError, ZeroDivisionError):
        return None


def _prepare(element: lxml.html.HtmlElement) -> None:
    """Drop what is not seen, mark what is cited; styles go, so that no author can ask for wide margins."""
    if not isinstance(element.tag, str):
        return
    style = str(element.attrib.pop("style", "")) if "style" in element.attrib else ""
    if element.tag in _UNSEEN_TAGS or "hidden" in element.attrib or (style and _HIDDEN.search(style[:2000])):
        if element.getparent() is not None and element.tag not in {"body", "html"}:
            _drop(element)
        return
    css_class = str(element.attrib.get("class", ""))[:200]
    cites = element.tag == "blockquote" and (element.attrib.get("type") == "cite" or _CITE.search(css_class))
    if cites or (element.tag == "div" and "yahoo_quoted" in css_class):
        _mark(element, _OPEN, _CLOSE)
    elif element.tag in {"div", "pre"} and css_class and _SIGNED.search(css_class):
        _mark(element, _SIGNATURE, "")


def _drop(element: lxml.html.HtmlElement) -> None:
    parent, tail = element.getparent(), element.tail or ""
    before = element.getprevious()
    if before is not None:
        before.tail = (before.tail or "") + tail
    else:
        parent.text = (parent.text or "") + tail
    parent.remove(element)


def _mark(element: lxml.html.HtmlElement, opening: str, closing: str) -> None:
    """Put a line of its own that holds a mark at the start (and one at the end) of ``element``."""
    first = lxml.html.Element("div")
    first.text, first.tail = opening, element.text
    element.text = None
    element.insert(0, first)
    if closing:
        last = lxml.html.Element("div")
        last.text = closing
        element.append(last)


def _quoted(text: str) -> str:
    """Turn marks into "> " at the start of every line between them, tidy blanks."""
    lines: list[str] = []
    depth = 0
    for line in text.split("\n"):
        if _OPEN in line or _CLOSE in line:
            depth = max(0, depth + line.count(_OPEN) - line.count(_CLOSE))
            line = line.replace(_OPEN, "").replace(_CLOSE, "")
            if not line.strip():
                continue
        if _SIGNATURE in line:
            line = "-- "
        line = line.rstrip() if line != "-- " else line
        if not line and lines and not lines[-1].strip("> "):
            continue
        lines.append("> " * min(depth, 9) + line if depth else line)
    return "\n".join(lines).strip("\n")


def _stripped(html: str) -> str:
    """``html`` without its tags, one pass from left to right, so that the cost is linear."""
    out: list[str] = []
    at = 0
    for tag in _TAG.finditer(html):
        out.append(html[at : tag.start()].replace("\n", " "))
        at = tag.end()
        name = (tag.group(2) or "").lower()
        if name == "blockquote":
            cited = tag.group(1) or _CITE.search(tag.group(3)[:300])
            out.append("\n" + ((_CLOSE if tag.group(1) else _OPEN) if cited else "") + "\n")
        elif name in _BREAKS:
            out.append("\n")
        elif name in {"td", "th"}:
            out.append("  ")
    out.append(html[at:].replace("\n", " "))
    text = unescape("".join(out))
    return "\n".join(" ".join(line.split()) for line in text.split("\n"))


def _too_deep(html: str) -> bool:
    depth = deepest = tables = most_tables = 0
    for tag in _TAG.finditer(html):
        name = (tag.group(2) or "").lower()
        if not name or name in {"br", "img", "hr", "meta", "link", "input", "col", "wbr"}:
            continue
        step = -1 if tag.group(1) else 1
        depth = max(0, depth + step)
        deepest = max(deepest, depth)
        if name == "table":
            tables += step
            most_tables = max(most_tables, tables)
        if most_tables > MAX_TABLES or deepest > MAX_DEPTH:
            return True
    return False


def _without(text: str, opening: str, closing: str) -> str:
    """``text`` without every stretch from ``opening`` to the next ``closing`` (to the end where none is)."""
    if opening not in text:
        return text
    out: list[str] = []
    at = 0
    while (start := text.find(opening, at)) >= 0:
        out.append(text[at:start])
        end = text.find(closing, start + len(opening))
        if end < 0:
            return "".join(out)
        at = end + len(closing)
    out.append(text[at:])
    return "".join(out)


def _without_element(html: str, tag: str) -> str:
    lowered = html.lower()
    if f"<{tag}" not in lowered or len(lowered) != len(html):
        return html
    out: list[str] = []
    at = 0
    while (start := lowered.find(f"<{tag}", at)) >= 0:
        out.append(html[at:start])
        end = lowered.find(f"</{tag}", start)
        end = lowered.find(">", end) if end >= 0 else -1
        if end < 0:
            return "".join(out)
        at = end + 1
    out.append(html[at:])
    return "".join(out)
