"""Two hundred header sets that try to make an answer go to, or disclose, somebody else: each with the requester that
a careless parser would read."""

from __future__ import annotations

from collections.abc import Iterator

VICTIM, MALLORY = "anna@kunde.example", "mallory@evil.example"
ALIGNED = ("Authentication-Results", "mx.host.example; dmarc=pass header.from=evil.example")
"""Mallory's own mail is properly signed: that proves Mallory, and nobody else."""
Header = tuple[tuple[str, str], ...]

_FROMS: tuple[tuple[str, ...], ...] = (
    (VICTIM, MALLORY),
    (MALLORY, VICTIM),
    (f"Anna <{VICTIM}>", f"<{MALLORY}>"),
    (f"<{MALLORY}>", f"Anna <{VICTIM}>"),
    (MALLORY, MALLORY),
    (f"{VICTIM} <{MALLORY}>",),
    (f'"{VICTIM}" <{MALLORY}>',),
    (f"'{VICTIM}' <{MALLORY}>",),
    (f"{VICTIM}<{MALLORY}>",),
    (f"<{VICTIM}> <{MALLORY}>",),
    (f"<{VICTIM}><{MALLORY}>",),
    (f"{VICTIM}, {MALLORY}",),
    (f"{MALLORY}, {VICTIM}",),
    (f"<{VICTIM}>, <{MALLORY}>",),
    (f"{VICTIM}; {MALLORY}",),
    (f"{VICTIM} {MALLORY}",),
    (f"({VICTIM}) <{MALLORY}>",),
    (f"<{MALLORY}> ({VICTIM})",),
    (f"{MALLORY} ({VICTIM})",),
    (f"({VICTIM}) {MALLORY}",),
    (f"(comment (nested {VICTIM})) {MALLORY}",),
    (f"=?utf-8?q?anna=40kunde=2Eexample?= <{MALLORY}>",),
    (f"=?utf-8?b?YW5uYUBrdW5kZS5leGFtcGxl?= <{MALLORY}>",),
    ("=?utf-8?b?YW5uYUBrdW5kZS5leGFtcGxl?=",),
    (f"=?utf-8?q?{VICTIM}?=",),
    (f"=?utf-8?q?anna=40kunde=2Eexample_=3Cx=3E?= <{MALLORY}>",),
    (f"=?iso-8859-1?q?=3Canna=40kunde.example=3E?= <{MALLORY}>",),
    (f"Group: {VICTIM};",),
    (f"Group: {VICTIM}, {MALLORY};",),
    (f"Group: <{VICTIM}>; <{MALLORY}>",),
    (f"{VICTIM}: {MALLORY};",),
    (f"undisclosed:; {VICTIM}",),
    ("undisclosed-recipients:;",),
    (f"{VICTIM}\r\nFrom: {MALLORY}",),
    (f"{VICTIM}\nBcc: {MALLORY}",),
    (f"{MALLORY}\r\n\r\n{VICTIM}",),
    (f"{VICTIM}\r{MALLORY}",),
    (f"{VICTIM}\x00{MALLORY}",),
    (f"{VICTIM}\x00",),
    (f"{VICTIM}\u200b",),
    (f"\u202e{VICTIM} <{MALLORY}>",),
    (f"anna\uff20kunde.example <{MALLORY}>",),
    ("anna\uff20kunde.example",),
    ("\u0430nna@kunde.example",),
    (f"ann\u0430@kunde.example <{MALLORY}>",),
    (f"anna @kunde.example <{MALLORY}>",),
    ("anna@kunde.example@evil.example",),
    ("anna%kunde.example@evil.example",),
    ('"anna@kunde.example"@evil.example',),
    ("@evil.example:anna@kunde.example",),
    ("<@evil.example:anna@kunde.example>",),
    ("anna@kunde.example.evil.example",),
    ("anna@[192.0.2.1]",),
    ("anna@localhost",),
    ("anna",),
    ("",),
    ("<>",),
    ("<anna@kunde.example",),
    ("anna@kunde.example>",),
    (f'"Anna <{VICTIM}>" <{MALLORY}>',),
    (f'"\\"{VICTIM}\\"" <{MALLORY}>',),
    (f"Anna\\<{VICTIM}\\> <{MALLORY}>",),
    (f"<{MALLORY}>{VICTIM}",),
    (f"{MALLORY}>{VICTIM}",),
    ("x" * 1200 + f" <{VICTIM}>",),
    (f"<{VICTIM}>\t,\t<{MALLORY}>",),
    (f"mailto:{VICTIM}",),
    (f"{VICTIM}%0d%0aBcc:{MALLORY}",),
)


def header_sets() -> Iterator[tuple[Header, str]]:
    """(header, the requester that the channel read). The victim as requester must never be answered on the strength
    of these; Mallory may be, as Mallory."""
    for froms in _FROMS:
        fields = tuple(("From", value) for value in froms)
        yield (ALIGNED, *fields), VICTIM
        yield (ALIGNED, *fields, ("Reply-To", VICTIM), ("Sender", VICTIM), ("Cc", VICTIM)), MALLORY
        yield (
            (*fields, ("Authentication-Results", "mx.host.example; dmarc=pass header.from=kunde.example"))
            if froms != (VICTIM,)
            else (ALIGNED,),
            VICTIM,
        )
