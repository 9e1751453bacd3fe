"""Block Kit's limits, checked before anything is sent (Slack: Reference, Block Kit, blocks, elements and composition
objects)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

MAX_BLOCKS = {"message": 50, "modal": 100, "home": 100}
MAX_TEXT = 40_000
MAX_METADATA = 8_000
MAX_PRIVATE = 3_000
_TEXT_LIMITS = {
    "header": 150,
    "section": 3000,
    "context": 2000,
    "button": 75,
    "title": 24,
    "submit": 24,
    "close": 24,
    "label": 2000,
    "placeholder": 150,
    "option": 75,
}
_ELEMENTS = {"actions": 25, "context": 10}


def faults(
    blocks: Sequence[Mapping[str, Any]], *, surface: str = "message", text: str = "", metadata: str = ""
) -> list[str]:
    """What Slack would refuse, in words, each with its place; empty where all is well."""
    return list(_faults(blocks, surface, text, metadata))


def view_faults(view: Mapping[str, Any]) -> list[str]:
    """The same for a modal or a home page as a whole (Slack: Reference, Views)."""
    kind = str(view.get("type"))
    wrong = faults(view.get("blocks") or (), surface=kind)
    if kind == "modal":
        for name in ("title", "submit", "close"):
            wrong += _text(view.get(name), _TEXT_LIMITS[name], name, required=name == "title")
        if "submit" not in view and any(block.get("type") == "input" for block in view.get("blocks") or ()):
            wrong.append("a modal with a field to fill in needs a button to submit")
    if len(str(view.get("private_metadata") or "")) > MAX_PRIVATE:
        wrong.append(f"private_metadata longer than {MAX_PRIVATE}")
    return wrong


def _faults(blocks: Sequence[Mapping[str, Any]], surface: str, text: str, metadata: str) -> Iterator[str]:
    if len(blocks) > MAX_BLOCKS[surface]:
        yield f"{len(blocks)} blocks, at most {MAX_BLOCKS[surface]}"
    if len(text) > MAX_TEXT:
        yield f"fallback text of {len(text)} characters, at most {MAX_TEXT}"
    if len(metadata) > MAX_METADATA:
        yield f"metadata of {len(metadata)} characters, at most {MAX_METADATA}"
    block_ids: set[str] = set()
    for number, block in enumerate(blocks):
        where = f"block {number} ({block.get('type')})"
        block_id = block.get("block_id")
        if block_id is not None:
            if len(block_id) > 255 or block_id in block_ids:
                yield f"{where}: block_id too long or twice"
            block_ids.add(block_id)
        yield from _block(block, where)


def _block(block: Mapping[str, Any], where: str) -> Iterator[str]:
    kind = str(block.get("type"))
    if kind in ("section", "header"):
        yield from _text(block.get("text"), _TEXT_LIMITS[kind], where, required=not block.get("fields"))
        if len(block.get("fields") or ()) > 10:
            yield f"{where}: more than 10 fields"
        for field in block.get("fields") or ():
            yield from _text(field, 2000, where)
    elements = list(block.get("elements") or ())
    elements += [e for e in (block.get("accessory"), block.get("element")) if e]
    if kind in _ELEMENTS:
        if not 1 <= len(elements) <= _ELEMENTS[kind]:
            yield f"{where}: {len(elements)} elements, 1 to {_ELEMENTS[kind]}"
        if kind == "context":
            for element in elements:
                if element.get("type") in ("mrkdwn", "plain_text"):
                    yield from _text(element, _TEXT_LIMITS["context"], where)
            return
    if kind == "input":
        yield from _text(block.get("label"), _TEXT_LIMITS["label"], where)
    action_ids = [e.get("action_id") for e in elements if e.get("action_id")]
    if len(action_ids) != len(set(action_ids)):
        yield f"{where}: an action_id stands twice"
    for element in elements:
        yield from _element(element, where)


def _element(element: Mapping[str, Any], where: str) -> Iterator[str]:
    kind = element.get("type")
    if len(element.get("action_id") or "") > 255:
        yield f"{where}: action_id longer than 255"
    if kind == "button":
        yield from _text(element.get("text"), _TEXT_LIMITS["button"], where)
        if len(element.get("value") or "") > 2000:
            yield f"{where}: value longer than 2000"
    if kind == "plain_text_input" and len(element.get("initial_value") or "") > 3000:
        yield f"{where}: initial_value longer than 3000"
    options = element.get("options")
    if options is not None:
        if not 1 <= len(options) <= 100:
            yield f"{where}: {len(options)} options, 1 to 100"
        for option in options:
            yield from _text(option.get("text"), _TEXT_LIMITS["option"], where)
            if len(option.get("value") or "") > 150:
                yield f"{where}: option value longer than 150"


def _text(value: Mapping[str, Any] | None, limit: int, where: str, *, required: bool = True) -> Iterator[str]:
    if value is None:
        if required:
            yield f"{where}: text is missing"
        return
    if not 1 <= len(value.get("text", "")) <= limit:
        yield f"{where}: text of {len(value.get('text', ''))} characters, 1 to {limit}"
