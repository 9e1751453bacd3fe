"""What an error text is about, by the concepts that it names: reaching a mail server, or something beside it.

The same programs that fail to connect fail to save drafts, to import contacts and to decrypt, in the same words:
"error", "failed", "could not". What tells the two apart is the act that failed and its object. To reach a server is
to find it, connect, negotiate, log in, send or fetch (RFC 5321 section 3, RFC 9051 section 2, RFC 1939 section 3 know
no other stages), and what a server or a certificate check says is a judgement: wrong, expired, refused. Making,
changing and keeping things (a folder, a filter, a key) is none of these, and what a program adds to such a failure
("Decryption failed. Invalid password.") is about the thing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence, Set

ELSEWHERE, MAIL, SIGNING = "elsewhere", "mail", "signing"
"""Concepts that say what a line is about."""
ASIDE, HANDLED, CHOSEN = "aside", "handled", "chosen"
"""Concepts of the things beside the connection, of an act that makes, changes or keeps a thing, and of choosing a
password: no server need have been asked."""
SUPPOSED, SUCCESS = "supposed", "success"
"""Concepts of a sentence that asks or explains, and of one that reports that all is well, unless it denies it."""
_DENIED = frozenset({"negated", "failed"})
_NEVERTHELESS = frozenset(
    {"protocol", "too-large", "sent-mail", "issuer", "cert-signature", "offline-state", "token", "oauth"}
)
"""A sentence that names one of these is read although it is about an attachment or the like."""
ABOUT = frozenset({ELSEWHERE, MAIL, SIGNING, ASIDE, HANDLED, CHOSEN, SUPPOSED, SUCCESS}) | _NEVERTHELESS
"""Concepts that no wording has to name."""
_JUDGEABLE = frozenset({"secret", "certificate", "issuer", "cert-signature", "quota", "sender"})
"""Things that a server or a program judges: a certificate that is ordered has nothing to do with reaching a server, one
that is wrong has."""
_THINGS = _JUDGEABLE | {"host", "login", "mailbox", "timeout"}
"""What an act may be done to: a mailbox is created, an alias of a domain is changed."""
_STAGES = frozenset({"protocol", "send", "network", "connection", "tls", "too-large", "no-space", "offline-state"})
"""What belongs to reaching a server, whatever else a sentence names."""
_REACHING = _STAGES | {"host", "login", "secret", "certificate", "recipient", "sender", "timeout", "quota"}
_SAID = (_STAGES | _NEVERTHELESS | {"account", "recipient", "fetched", "response", "command", "handshake"}) - _THINGS
"""What makes even an act upon a thing one that a server took part in."""
_JUDGED = frozenset(
    [
        "wrong",
        "unknown",
        "expired",
        "refused",
        "required",
        "checked",
        "untrusted",
        "self-signed",
        "not-yet",
        "mismatch",
        "revoked",
        "cert-signature",
        "issuer",
        "algorithm",
        "exhausted",
        "unsupported",
    ]
)
"""How certificates, passwords, addresses are judged."""
_PARTIES = frozenset({"sender", "recipient"})
"""Whom a rule or a list is about as well."""
_HANDLING = frozenset({HANDLED, "add"})
_LOGGING_IN = (_REACHING - {"secret", "certificate"}) | {
    "expired",
    "required",
    "must",
    "app-password",
    "oauth",
    "token",
}
"""What makes a sentence about choosing a password one about logging in."""
_ADVISED = frozenset({"full-address", "app-password"})
"""What a program advises where it says which row of the table is meant."""
_FAILING = frozenset({"failed", "refused", "wrong", "unknown", "unsupported", "timeout"})
Named = Sequence[frozenset[str]]
"""The concepts of a sentence, by language."""


def is_elsewhere(concepts: Set[str]) -> bool:
    """True for a line that names a service that is not mail (a database, a calendar, a web page) and no mail, or keys
    of messages."""
    return (ELSEWHERE in concepts and MAIL not in concepts) or (SIGNING in concepts and "protocol" not in concepts)


def is_beside(concepts: Set[str]) -> bool:
    """True for a line about a draft, a contact or the like that names nothing that has to do with reaching a
    server."""
    return ASIDE in concepts and concepts.isdisjoint(_REACHING)


def is_aside(concepts: Set[str]) -> bool:
    """True for a sentence that reports no failure of reaching a server: all is well, or it asks or explains, or it
    is about a draft, a contact or the like."""
    if SUCCESS in concepts and concepts.isdisjoint(_DENIED):
        return True
    return SUPPOSED in concepts or (ASIDE in concepts and _NEVERTHELESS.isdisjoint(concepts))


def fails_aside(sentences: Iterable[Named]) -> bool:
    """True where the first sentence of a text that reports a failure says that something else failed than reaching a
    server: what follows it is its reason or advice. So is a text that begins with a condition or an offer, or that
    is about choosing a password."""
    begun_aside = False
    for number, named in enumerate(sentences):
        concepts = frozenset[str]().union(*named)
        if CHOSEN in concepts and concepts.isdisjoint(_LOGGING_IN):
            return True
        if number == 0 and SUPPOSED in concepts and concepts.isdisjoint(_ADVISED):
            return True
        if not concepts.isdisjoint(_FAILING):
            says_little = concepts.isdisjoint(_REACHING | {"addresses"})
            return (begun_aside and says_little) or any(_failed_aside(own, concepts) for own in named)
        begun_aside = number == 0 and is_beside(concepts)
    return False


def _failed_aside(own: Set[str], concepts: Set[str]) -> bool:
    """True where what failed is an act upon a thing, or a draft, a file or the like: by the words of one language
    (``own``), and by none of any language (``concepts``) that have to do with reaching a server."""
    if own.isdisjoint(_FAILING):
        return False
    if not own.isdisjoint(_HANDLING) and concepts.isdisjoint(_SAID):
        return concepts.isdisjoint(_JUDGEABLE) or concepts.isdisjoint(_JUDGED)
    return ASIDE in own and concepts.isdisjoint((_REACHING | _NEVERTHELESS) - _PARTIES)
