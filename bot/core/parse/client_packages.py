"""Versions in the notation of package managers and container images: ``nodemailer@6.9.16``, ``img:1.2.3``."""

from __future__ import annotations

import regex

from bot.core.parse.client_search import at_start

_REACH = 70
"""A version stands at most this far (characters) behind the name."""
_PACKAGE = regex.compile(
    r"(?:/[\w.-]{1,30})?(?:@[~^]?|:(?=\d)|[\"']\s?(?::|=>|,)\s?[\"'](?:[~^]|[<>=~]{1,2} ?)?|:? [~^]|"
    r" ?(?:==|~=|>=)\s?|\s=\s\"|"
    r"-(?=\d[\d.]*-\d[\w.~+]*\.(?:fc\d|el\d|x86_64|noarch|amd64|arm))|"
    r"[\"']\s{1,2}version=[\"']| \(~?>?=? ?(?=\d+\.\d+\.\d+\)))(?!\d{3}(?:\.\d{1,3}){3}(?!\d))(?P<version>v?\d{1,4}(?:\.\d{1,5}){1,3}"
    r"(?:-(?!\d+\.[a-z])[a-z0-9.]{1,12})?)(?![\w@]|\.\d)",
    regex.IGNORECASE,
)


def package_version(text: str, end: int) -> str | None:
    """The version in a package's own notation behind its name, as npm, Composer, pip, Bundler, Cargo, Maven,
    NuGet and container images write it: ``name@1.2``, ``"vendor/name": "^1.2"``, ``name==1.2``, ``img:1.2``."""
    match = at_start(_PACKAGE, text[end : end + _REACH])
    return str(match["version"]) if match is not None else None
