"""The frozen values of the answer: evidence, the diagnosis, the reply, and the whole triage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.core.model import Facts, Finding, Match, Reading, Ticket
from bot.core.observed import AccountView, ServerView

WHICH_SERVICE = "which-service"
"""The question (knowledge/questions.toml) that a ticket is asked first which may be about something else."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One reason for or against causes, in words. ``kind``: error, setting, words, server, account, probe.

    ``ref`` points back: an error id, a finding id, a cue id, a log line's raw text.
    """

    kind: str
    text: str
    ref: str
    supports: Mapping[str, float] = field(default_factory=dict)
    """cause -> its share among tickets that show this evidence."""
    refutes: Mapping[str, float] = field(default_factory=dict)
    """cause -> factor below 1 by which this evidence thins it out."""


@dataclass(frozen=True, slots=True)
class RankedCause:
    """A cause with its probability and the evidence that speaks for and against it."""

    cause: str
    number: int | None
    probability: float
    evidence: tuple[tuple[Evidence, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The ranked causes. ``other`` is set where a cause that is no numbered check leads."""

    verdict: str
    confidence: str
    causes: tuple[RankedCause, ...] = ()
    other: str | None = None
    missing: tuple[str, ...] = ()
    also: tuple[str, ...] = ()
    """Further causes that hold at the same time (two faults in one ticket)."""
    undecided: tuple[str, ...] = ()
    """Causes that no evidence at hand can tell apart from the leading one."""
    question: str | None = None
    """Id of the one question that decides between ``undecided``."""
    other_topic: float = 0.0
    """Probability that the ticket is about something else than mail with us."""
    leanings: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    """What each kind of evidence says of the causes (bot/core/posterior.py): what weights are learned from."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A check as the customer may look it up."""

    check: str
    number: int
    title: str
    url: str | None


@dataclass(frozen=True, slots=True)
class Reply:
    """What the customer may read."""

    language: str
    text: str
    citations: tuple[Citation, ...] = ()


@dataclass(frozen=True, slots=True)
class Triage:
    """The whole answer for one ticket."""

    ticket: Ticket
    reading: Reading
    facts: Facts
    findings: tuple[Finding, ...]
    matches: tuple[Match, ...]
    server: ServerView
    account: AccountView
    diagnosis: Diagnosis
    reply: Reply | None
    note: str
    knowledge_version: str
