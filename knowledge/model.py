"""The frozen types of what we know. Every field's meaning is stated here; files are checked against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from knowledge.host import Plan, Settings
from knowledge.other_topics import OtherTopics
from knowledge.tendencies import Tendencies

Shares = Mapping[str, float]
"""cause id -> its share (0..1) among tickets that show a piece of evidence; what is left over is spread over
all other causes in proportion to their priors."""


@dataclass(frozen=True, slots=True)
class Check:
    """One of the numbered checks of the help article."""

    id: str
    number: int
    title: str
    summary: str
    """What the check says, in one or two sentences of our own."""
    source: str
    prior: float
    """Share of this cause among connection tickets before anything is read."""
    anchor: str = ""
    """Fragment that leads to the check inside the article."""
    steps: tuple[str, ...] = ()
    """What the customer does, first things first (English; replies/ has them per language)."""
    questions: tuple[str, ...] = ()
    """Ids of questions (questions.toml) that help to decide this check."""
    rivals: tuple[str, ...] = ()
    """Causes that are easily mistaken for it."""


@dataclass(frozen=True, slots=True)
class OtherCause:
    """A cause that is none of the numbered checks (a closed list)."""

    id: str
    title: str
    summary: str
    source: str
    prior: float
    ours: bool = False
    """True where the fault is the host's: the customer is told so and nothing is asked of them."""
    answer: str = "reply"
    """reply: a reviewed reply exists. escalate: a human decides. none: no reply at all."""
    questions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """Texts that one client (or server) shows for an error row.

    A text is literal but for placeholders in braces ({host}, {user}, {server_reply}, {n}, {any} …): each
    stands for a short run of characters inside one line. White space, quotes, dashes, case, and a final full
    stop never matter. Every text is also a sample: filled with example values it must be claimed by its row.
    """

    client: str
    source: str
    by_language: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class DecodedError:
    """One row of the decoded-error table."""

    id: str
    title: str
    meaning: str
    source: str
    protocol: str = "any"
    """imap, smtp, pop3 or any: the protocol that this text proves to be the failing one."""
    role: str = "specific"
    """specific: says what is wrong. generic: one of several things (shares are flat). wrapper: only says that
    something failed, and counts only where nothing else was found."""
    checks: Shares = field(default_factory=dict)
    others: Shares = field(default_factory=dict)
    refutes: Shares = field(default_factory=dict)
    """cause -> factor (0..1) by which this text thins it out beyond its share."""
    rivals: tuple[str, ...] = ()
    """Rows that may claim the same text; the more specific one is preferred."""
    yields: tuple[str, ...] = ()
    """Rows that explain better what both claim within one error text: a program says "recipients rejected" of
    every refusal after RCPT, and the server's words behind it say why."""
    patterns: tuple[str, ...] = ()
    """Regular expressions (module regex, IGNORECASE, searched in normalised text: straight quotes, plain
    dashes, single spaces; use \\s+ for white space all the same)."""
    texts: tuple[Texts, ...] = ()
    must_match: tuple[str, ...] = ()
    must_not_match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Concept:
    """Something that programs' texts name, with its words; concepts.toml says how a word is written."""

    id: str
    words: Mapping[str, tuple[str, ...]]
    """language -> words; ``any`` for those of every language."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Which concepts, together in one sentence, speak of a row of the table."""

    id: str
    """The row's id, or a name of its own where a row has several wordings."""
    sets: tuple[tuple[str, ...], ...]
    """The sentence has all concepts of one of these."""
    row: str = ""
    """The row's id where ``id`` is not."""
    unless: tuple[str, ...] = ()
    """The sentence has none of these, in any language."""
    refines: tuple[str, ...] = ()
    """Rows that say less: where only they claim a program's text, this reading takes their place."""
    must_match: tuple[str, ...] = ()

    @property
    def error_id(self) -> str:
        """The row of errors/ that this wording speaks of."""
        return self.row or self.id


@dataclass(frozen=True, slots=True)
class CueRule:
    """Something customers say that bears on the cause, in any language."""

    id: str
    meaning: str
    source: str
    patterns: Mapping[str, tuple[str, ...]]
    """language -> regular expressions, as in :class:`DecodedError`; ``any`` for language-free ones."""
    supports: Shares = field(default_factory=dict)
    refutes: Shares = field(default_factory=dict)
    sets: Mapping[str, Any] = field(default_factory=dict)
    """Facts that it establishes: webmail_works, protocol, plan, ongoing."""
    kills: tuple[str, ...] = ()
    """Cues that do not count where this one was found (a negation, a more exact reading)."""
    says: tuple[str, ...] = ()
    """Thoughts in the concepts of knowledge/lexicon, for every language at once: "mobile-data works ; wifi fails".
    Names stand in one thought together, ``old+server`` side by side; ``-x`` must not be in it, ``!x`` must be denied
    in it, ``?`` lets it be a guess, ``=`` wants it in one clause; ``;`` parts thoughts, and a thought after ``~``
    must be nowhere in the ticket."""
    topic: str = "connection"
    """connection, or elsewhere: the words of a ticket that is not about connecting."""
    note: str = ""
    """How the agent's note puts it, in English, one clause."""
    must_match: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    must_not_match: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ClientFamily:
    """A mail program, library or device that people connect with."""

    id: str
    name: str
    """The name that triages show."""
    kind: str = "app"
    """app, webmail, library, command, device, server (software that fetches or relays), service."""
    names: tuple[str, ...] = ()
    """Regular expressions for how people write it, ``name`` itself included by the loader."""
    weak: tuple[str, ...] = ()
    """Patterns that mean it only where nothing better is named ("my iPhone")."""
    platforms: tuple[str, ...] = ()
    """Where it runs; a single one is inferred."""
    stock: str = ""
    """Regular expression of the systems that bring it with them ("the mail app of my Mac" means it)."""
    version: str | None = None
    """Regular expression of this family's own version shape where the general one does not do."""
    starttls_only: bool = False
    """True where it cannot speak TLS from the first byte (System.Net.Mail): port 465 hangs with it."""
    cloud: bool = False
    """True where it connects from its maker's servers: the address in a log is not the customer's."""
    cloud_networks: tuple[str, ...] = ()
    log_names: tuple[str, ...] = ()
    """How it calls itself in an IMAP ID."""
    errors: tuple[str, ...] = ()
    """Patterns of error shapes that give the program away (EAUTH: nodemailer)."""
    unlike: tuple[str, ...] = ()
    """Contexts in which the name means something else (patterns)."""
    source: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """Something to ask the customer, and what the answer decides."""

    id: str
    missing: str
    """The fact that it asks for, as the contract's ``missing`` names it."""
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class LogRule:
    """What a server event means for the causes."""

    id: str
    meaning: str
    source: str
    note: str
    """How the agent's note puts it; the fields of the event are filled in by name from an allow-list."""
    events: tuple[str, ...]
    reasons: tuple[str, ...] = ()
    """Empty: any reason."""
    services: tuple[str, ...] = ()
    detail: tuple[str, ...] = ()
    """Patterns over the event's detail; empty: any."""
    login: str = "any"
    """Shape of the login: any, bare, full, misspelt, foreign."""
    supports: Shares = field(default_factory=dict)
    refutes: Shares = field(default_factory=dict)
    decisive: bool = False
    """True where a line of the customer's own confirms the leading cause."""
    rank: int = 0
    """Among rules that fit a line, the highest rank counts."""


@dataclass(frozen=True, slots=True)
class FindingRule:
    """What a faulty setting in the ticket means; ``text`` may name {slots} of the finding."""

    id: str
    text: str
    source: str
    check: str | None = None
    supports: Shares = field(default_factory=dict)
    refutes: Shares = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AccountRule:
    """What a fact of the account, or of a probe, means for the causes."""

    id: str
    note: str
    source: str
    supports: Shares = field(default_factory=dict)
    refutes: Shares = field(default_factory=dict)
    decisive: bool = False


@dataclass(frozen=True, slots=True)
class Language:
    """How a language shows itself in a ticket."""

    id: str
    words: tuple[str, ...]
    """Frequent function words (lower case), for languages written with spaces."""
    scripts: tuple[str, ...] = ()
    """Unicode scripts that decide at once."""
    zones: tuple[int, ...] = ()
    """Hours east of UTC where most who write it live, summer time included; empty: any."""


GRAMMAR = frozenset(
    {"not", "neither", "without", "works", "fails", "does", "able", "and", "but", "maybe", "past", "skip"}
)
"""Concepts that are used up while a sentence is read: no thought holds them, and of them a saying can ask only whether
something works or fails."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The words by which one language says the concepts of knowledge/thoughts.toml."""

    id: str
    """The language."""
    negation: str
    """Where a "not" stands to what it denies: before (English), after (German, behind the verb), or both."""
    words: Mapping[str, tuple[str, ...]]
    """concept -> words, word groups, words with an open end."""


@dataclass(frozen=True, slots=True)
class Replies:
    """The reviewed sentences of one language: id -> template."""

    language: str
    complete: bool
    sentences: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Weights:
    """How much what is found counts (weights.toml). ``kinds``: place of evidence (error, setting, words, server,
    account) -> exponent of its likelihood ratios; ``causes``: cause -> factor on its odds. 1 where none stands."""

    kinds: Mapping[str, float] = field(default_factory=dict)
    causes: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that we know, loaded once and never changed."""

    version: str
    settings: Settings
    plans: Mapping[str, Plan]
    checks: Mapping[str, Check]
    others: Mapping[str, OtherCause]
    errors: Mapping[str, DecodedError]
    concepts: Mapping[str, Concept]
    wordings: tuple[Wording, ...]
    cues: Mapping[str, CueRule]
    clients: tuple[ClientFamily, ...]
    questions: Mapping[str, Question]
    log_rules: tuple[LogRule, ...]
    finding_rules: Mapping[str, FindingRule]
    account_rules: Mapping[str, AccountRule]
    probe_rules: Mapping[str, AccountRule]
    languages: tuple[Language, ...]
    replies: Mapping[str, Replies]
    thoughts: Mapping[str, str] = field(default_factory=dict)
    """concept -> what it means."""
    lexicons: Mapping[str, Lexicon] = field(default_factory=dict)
    """language -> its words."""
    weights: Weights = field(default_factory=Weights)
    tendencies: Tendencies = field(default_factory=Tendencies)
    other_topics: OtherTopics = field(default_factory=OtherTopics)
    family_named: Mapping[str, ClientFamily] = field(init=False, repr=False, compare=False)
    """Clients by name; of two with one name the first."""

    def __post_init__(self) -> None:
        named = {family.name: family for family in reversed(self.clients)}
        object.__setattr__(self, "family_named", MappingProxyType(named))

    def prior(self, cause: str) -> float:
        """Share of a cause before anything is read. Raises KeyError for a cause that does not exist."""
        return self.checks[cause].prior if cause in self.checks else self.others[cause].prior

    def number(self, cause: str) -> int | None:
        """The check's number, None for another cause."""
        return self.checks[cause].number if cause in self.checks else None
