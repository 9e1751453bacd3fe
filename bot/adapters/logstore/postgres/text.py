"""Texts as PostgreSQL can hold them, and back: its ``text`` has no NUL, and no half characters."""

from __future__ import annotations

from typing import Any, Final

_MARK: Final = "\U000f0000"
"""A private-use character that stands before what cannot be written as it is."""


def written(value: Any) -> Any:
    """``value`` as a column holds it; what is no text stays as it is."""
    if not isinstance(value, str):
        return value
    if not value.isascii():
        value = value.encode("utf-8", "replace").decode("utf-8").replace(_MARK, _MARK + "1")
    return value.replace("\0", _MARK + "0") if "\0" in value else value


def read(value: Any) -> Any:
    """The text that :func:`written` was given."""
    if isinstance(value, str) and _MARK in value:
        return value.replace(_MARK + "0", "\0").replace(_MARK + "1", _MARK)
    return value
