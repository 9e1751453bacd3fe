"""Text that was read off a picture, with the slips mended that change an error's meaning.

Only shapes that leave one reading are touched: a code of a known form, a reply code with its enhanced status, one of
IMAP's response codes, a number behind "port". Names, addresses and hosts stay as they were read: a guess there would
be a wrong fact. The slips are those that tesseract 5 makes on screenshots (tests/real/test_real_ocr.py draws some).
"""

from __future__ import annotations

from typing import Final

import regex

MAX_PICTURE_TEXT: Final = 20_000
"""Characters taken from one picture; a screen full of text has some 5,000."""

_D: Final = r"[0-9OoQDlI|SsZG]"
_H: Final = r"[0-9A-Fa-fOoQlI|SsZG]"
_DIGITS: Final = str.maketrans(
    {"O": "0", "o": "0", "Q": "0", "D": "0", "l": "1", "I": "1", "|": "1", "S": "5", "s": "5", "Z": "2", "G": "6"}
)
_HEX_DIGITS: Final = str.maketrans(
    {"O": "0", "o": "0", "Q": "0", "l": "1", "I": "1", "|": "1", "S": "5", "s": "5", "Z": "2", "G": "6"}
)
_LETTERS: Final = str.maketrans({"l": "I", "|": "I", "1": "I", "0": "O", "5": "S"})
_LIGATURES: Final = str.maketrans({"\ufb00": "ff", "\ufb01": "fi", "\ufb02": "fl", "\ufb03": "ffi", "\ufb04": "ffl"})

_HEX: Final = regex.compile(rf"(?<![\p{{L}}\p{{N}}])[0OoQ] ?[xX×] ?((?:{_H} ?){{7}}{_H})(?![\p{{L}}\p{{N}}])([}}\]])?")
_REPLY: Final = regex.compile(
    rf"(?<![\p{{L}}\p{{N}}.])([245])([0-5OoQlI|S])({_D})([ -]?)([245])[., ] ?({_D}{{1,3}})[.,] ?({_D}{{1,3}})(?![\p{{L}}\p{{N}}])"
)
_STATUS: Final = regex.compile(rf"(?<![\p{{L}}\p{{N}}.])([245])\.({_D}{{1,3}})\.({_D}{{1,3}})(?![\p{{L}}\p{{N}}])")
_CAPITALS: Final = regex.compile(r"(?<![\p{L}\p{N}])[A-Z][A-Z0-9l|]{4,21}(?![\p{L}\p{N}])")
_CODES: Final = frozenset(
    [
        "AUTHENTICATIONFAILED",
        "AUTHORIZATIONFAILED",
        "UNAVAILABLE",
        "EXPIRED",
        "PRIVACYREQUIRED",
        "CONTACTADMIN",
        "NOPERM",
        "INUSE",
        "SERVERBUG",
        "CLIENTBUG",
        "LIMIT",
        "OVERQUOTA",
        "ALREADYEXISTS",
        "NONEXISTENT",
        "LOGINDISABLED",
    ]
)
"""IMAP's response codes (RFC 5530 3, RFC 9051)."""
_PORT: Final = regex.compile(rf"(?<!\p{{L}})(port\W{{1,3}})({_D}{{2,5}})(?![\p{{L}}\p{{N}}])", regex.IGNORECASE)
_RN_WORDS: Final = {
    w.replace("rn", "m"): w
    for w in (
        "internet",
        "internal",
        "external",
        "return",
        "returned",
        "warning",
        "alternate",
        "alternative",
        "modern",
        "extern",
        "intern",
    )
}
_RN: Final = regex.compile(r"\b(" + "|".join(sorted(_RN_WORDS, key=len, reverse=True)) + r")\b", regex.IGNORECASE)


def repaired(text: str) -> str:
    """``text`` from a picture with codes mended ("Ox800CCCOF" is 0x800CCC0F) and a dialog's wrapped lines joined.
    Linear; never raises."""
    text = text[:MAX_PICTURE_TEXT].translate(_LIGATURES).replace("\r\n", "\n").replace("\f", "\n")
    text = _HEX.sub(_hex, text)
    text = _REPLY.sub(_reply, text)
    text = _STATUS.sub(lambda m: f"{m[1]}.{m[2].translate(_DIGITS)}.{m[3].translate(_DIGITS)}", text)
    text = _CAPITALS.sub(lambda m: read if (read := m[0].translate(_LETTERS)) in _CODES else m[0], text)
    text = _PORT.sub(_port, text)
    text = _RN.sub(_rn, text)
    return _joined([line.strip() for line in text.split("\n")])


def _hex(match: regex.Match[str]) -> str:
    """A code of eight hexadecimal digits. Of a failure's HRESULT the first digit is 8, and the next two are nought
    in all that mail programs show ([MS-ERREF] 2.1: severity, reserved bits, then a facility below 256): B and D
    there are misread."""
    digits = match[1]
    if digits.count(" ") > 1:
        return match[0]
    digits = digits.replace(" ", "").translate(_HEX_DIGITS).upper()
    if digits[0] in "8B" and digits[1:3].replace("D", "0") == "00":
        digits = "800" + digits[3:]
    closing = ")" if match[2] else ""
    return f"0x{digits}{closing}"


def _reply(match: regex.Match[str]) -> str:
    """A reply code and its enhanced status, whose classes must agree (RFC 3463 2)."""
    if match[1] != match[5]:
        return match[0]
    code, subject, detail = (
        (match[1] + match[2] + match[3]).translate(_DIGITS),
        match[6].translate(_DIGITS),
        match[7].translate(_DIGITS),
    )
    return f"{code}{'-' if match[4] == '-' else ' '}{match[5]}.{subject}.{detail}"


def _port(match: regex.Match[str]) -> str:
    number = match[2].translate(_DIGITS)
    sure = any(char.isdigit() for char in match[2]) and int(number) <= 65535
    return match[1] + number if sure else match[0]


def _rn(match: regex.Match[str]) -> str:
    word = _RN_WORDS[match[0].lower()]
    return word.capitalize() if match[0][0].isupper() else word


def _joined(lines: list[str]) -> str:
    """Lines without the empty ones between; a sentence that a narrow window has wrapped is one line again."""
    out: list[str] = []
    for line in lines:
        if not line:
            continue
        wrapped = out and len(out[-1].split()) >= 4 and out[-1][-1:].isalpha() and line[:1].islower()
        if wrapped:
            out[-1] += " " + line
        else:
            out.append(line)
    return "\n".join(out)
