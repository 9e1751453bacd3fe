"""What a report is made from (:class:`Rows`) and what it says (:class:`Report`, docs/schema/report.json)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from typing import Any

from bot.core.report.clusters import UnknownError
from bot.core.report.tally import Tally

SCHEMA = "report/1"


@dataclass(frozen=True, slots=True)
class Filter:
    """Of which tickets the report speaks; both None: of all."""

    domain: str | None = None
    plan: str | None = None


@dataclass(frozen=True, slots=True)
class FixRecord:
    """What was done against a cause; ``before`` and ``after`` are tickets and days on either side of it."""

    cause: str
    owner: str
    since: datetime
    note: str
    before: int = 0
    before_days: float = 0.0
    after: int = 0
    after_days: float = 0.0


@dataclass(frozen=True, slots=True)
class IncidentRecord:
    """An incident as the report lists it."""

    id: int
    since: datetime
    until: datetime | None
    said: str
    mailboxes: int
    tickets: int
    state: str


@dataclass(frozen=True, slots=True)
class HostQuality:
    """How much of the period one host's log of one program family covers."""

    host: str
    program: str
    covered: float
    gaps: tuple[tuple[datetime, datetime], ...] = ()


@dataclass(frozen=True, slots=True)
class Rows:
    """Counts of a period, as the adapters hand them over."""

    tally: Tally = field(default_factory=Tally)
    """The period itself."""
    weeks: tuple[Mapping[str, int], ...] = ()
    """cause -> tickets of the periods before it, the latest first; not_ours among them."""
    mailboxes: int | None = None
    mailboxes_of: str = ""
    """What was counted as mailboxes: the imported accounts, or who has logged in."""
    examples: Mapping[str, str] = field(default_factory=dict)
    silent: Mapping[str, int] = field(default_factory=dict)
    """cause -> mailboxes that fail in the logs from an address of their own and wrote no ticket."""
    unproven: Mapping[str, int] = field(default_factory=dict)
    """cause -> mailboxes and networks whose failures may be strangers'."""
    logs_asked: bool = False
    unknown: tuple[tuple[str, str | None, int], ...] = ()
    month_tickets: tuple[str, ...] = ()
    incidents: tuple[IncidentRecord, ...] = ()
    fixes: tuple[FixRecord, ...] = ()
    hosts: tuple[HostQuality, ...] = ()
    versions: tuple[str, ...] = ()
    """Knowledge versions that the period's tickets were triaged by."""
    shadows: tuple[str, ...] = ()
    """What shadow runs of versions found, in sentences."""


@dataclass(frozen=True, slots=True)
class CauseLine:
    """One cause in the ranking. ``share`` is of the tickets about connecting, with its 95 % interval."""

    cause: str
    title: str
    tickets: int
    share: float
    low: float
    high: float
    last_week: int
    median: float | None
    mark: str
    silent: int
    unproven: int
    clients: tuple[tuple[str, int], ...] = ()
    plans: tuple[tuple[str, int], ...] = ()
    hosts: tuple[tuple[str, int], ...] = ()
    networks: tuple[tuple[str, int], ...] = ()
    example: str = ""


@dataclass(frozen=True, slots=True)
class Precision:
    """Of the decisions on a cause that name right or wrong, how many said right."""

    cause: str
    title: str
    right: int
    judged: int
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class FixVerdict:
    """Whether a fix lowered what it was made against: lower, higher, no change beyond noise, too early."""

    cause: str
    title: str
    owner: str
    since: date
    note: str
    before_per_week: float
    after_per_week: float
    verdict: str


@dataclass(frozen=True, slots=True)
class Report:
    """One page. Times in UTC, durations in seconds, shares from 0 to 1."""

    label: str
    since: datetime
    until: datetime
    zone: str
    only: Filter
    tickets: int
    not_ours: int
    mailboxes: int | None
    mailboxes_of: str
    per_thousand: float | None
    trend: tuple[int, ...]
    """Tickets about connecting of the earlier periods and this one, oldest first."""
    causes: tuple[CauseLine, ...]
    test: str
    first_response_p50: float | None
    first_response_p90: float | None
    answered: int
    verified: int
    silent: int
    again: int
    open: int
    """Answered less than two days before the report was made: nobody can tell yet."""
    logs_asked: bool
    funnel: tuple[tuple[str, int], ...]
    precision: tuple[Precision, ...]
    regrade: tuple[str, ...]
    abstained: tuple[tuple[str, int], ...]
    automatic: int
    automatic_corrected: int
    unknown: tuple[UnknownError, ...]
    incidents: tuple[IncidentRecord, ...]
    fixes: tuple[FixVerdict, ...]
    hosts: tuple[HostQuality, ...]
    coverage: tuple[tuple[str, int], ...]
    versions: tuple[str, ...]
    shadows: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """The contract's JSON object (schema ``report/1``)."""
        plain: dict[str, Any] = _plain(asdict(self))
        return {"schema": SCHEMA, **plain}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    return round(value, 6) if isinstance(value, float) else value
