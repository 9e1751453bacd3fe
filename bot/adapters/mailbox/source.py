"""The mailbox as a source: whatever arrives is handed in at the door within seconds, once, and nothing is lost between.

How far the folder has been read is kept in our own database, as a UID that grows with each mail that the door has
taken (RFC 9051 2.3.1.1: UIDs ascend). A crash between the two means that the mail is found again, and the door knows
it by its delivery id, which depends neither on folder nor UID. So the mailbox itself is never changed, and people
may read and move its mail as they like.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from bot.adapters.mailbox.imap import FAULTS, MAX_FETCH, Connection, Fetched, connect
from bot.adapters.mailbox.intake import CHANNEL, id_key, inbound_of, place_of, ticket_in, unread
from bot.adapters.mailbox.letter import Letter, letter_of
from bot.adapters.mailbox.words import carries, code_of, decision_in
from bot.core.desk.values import Case, Decision, Inbound, Send
from bot.core.parse.segments import cut
from bot.decide import Decisions
from bot.door import Door
from bot.errors import StoreBusy
from bot.failpoints import reach
from bot.ports import AttachmentReader, Desk
from bot.settings_areas import MailboxSettings

WATCH_SECONDS: Final = 60.0
"""How long one IDLE lasts (RFC 2177 allows 29 minutes): a dead connection is noticed, and the Sent folder looked at,
that often."""
LONGEST_PAUSE: Final = 60.0
REMEMBERED: Final = timedelta(days=7)
"""Under a new UIDVALIDITY all UIDs are new: mail of so many days is offered to the door again, which knows what it
has had."""
MAX_TRIES: Final = 3
"""Begun so often and never finished, a mail is handed in unread, so that the next ones get their turn."""
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a folder has been read. ``tries``: how often the mail ``next`` has been begun."""

    validity: int
    next: int
    began: str
    """When this folder was first looked at (ISO): what had arrived before is nobody's new ticket."""
    since: str = ""
    """The moment (ISO) from which mail is offered again, where UIDs have changed."""
    tries: int = 0


@dataclass(frozen=True)
class MailboxSource:
    """Takes in what arrives in one folder, and what colleagues write themselves."""

    settings: MailboxSettings
    desk: Desk
    reader: AttachmentReader
    checks: dict[str, str] = field(default_factory=dict)
    """Ids of causes by number and by id, as colleagues name them."""
    imap: Callable[[MailboxSettings], Connection] = connect
    watch_seconds: float = WATCH_SECONDS

    def run(self) -> None:
        """Go on until the process ends: connect, take in, wait; after a fault connect again, later each time."""
        pause = 1.0
        while True:
            try:
                with self.imap(self.settings) as box:
                    while True:
                        self.sweep(box)
                        pause = 1.0
                        box.wait(self.watch_seconds)
            except (*FAULTS, StoreBusy) as error:
                _log.warning("mailbox %s: %s; trying again in %.0f s", self.settings.address, str(error)[:300], pause)
                time.sleep(pause)
                pause = min(2 * pause, LONGEST_PAUSE)

    def sweep(self, box: Connection) -> int:
        """Take in all that is new, first what colleagues have sent; how many mails were handed in. Raises one of
        FAULTS, StoreBusy."""
        sent = self.settings.sent or box.sent_folder()
        taken = self._folder(box, sent, self._of_colleague) if sent in box.folders() else 0
        return taken + self._folder(box, self.settings.folder, self._of_customer)

    # -- a folder ------------------------------------------------------------------------------------------------

    def _folder(self, box: Connection, folder: str, take: Callable[[Connection, int, Mark], bool]) -> int:
        mark = self._mark(folder, *box.status(folder))
        box.select(folder)
        taken = 0
        since = f" SINCE {datetime.fromisoformat(mark.since):%d-%b-%Y}" if mark.since else ""
        for uid in box.uids(f"UID {mark.next}:*{since}"):
            if uid < mark.next:  # RFC 9051 6.4.9: "*" is the last mail, even where that is an old one
                continue
            mark = replace(mark, next=uid, tries=mark.tries + 1 if uid == mark.next else 1)
            self._set(folder, mark)
            taken += take(box, uid, mark)
            reach("mailbox.accepted")
            mark = replace(mark, next=uid + 1, tries=0)
            self._set(folder, mark)
        return taken

    def _mark(self, folder: str, validity: int, following: int) -> Mark:
        """Where to go on. The first time it is behind all that is there: a mailbox's past is nobody's new ticket."""
        with self.desk.look() as view:
            kept = view.people.setting(self._name(folder))
        now = datetime.now(UTC)
        if not kept:
            mark = Mark(validity, following, now.isoformat())
        elif (mark := Mark(**json.loads(kept))).validity == validity:
            return mark
        else:
            _log.warning(
                "mailbox %s: the folder %s was made anew (UIDVALIDITY); mail of %d days is offered again",
                self.settings.address,
                folder,
                REMEMBERED.days,
            )
            mark = Mark(validity, 1, mark.began, max(mark.began, (now - REMEMBERED).isoformat()))
        self._set(folder, mark)
        return mark

    def _set(self, folder: str, mark: Mark) -> None:
        with self.desk.step("mailbox.mark") as step:
            step.people.set(self._name(folder), json.dumps(asdict(mark)))

    def _name(self, folder: str) -> str:
        return f"mailbox:{self.settings.address}/{folder}"

    # -- a mail --------------------------------------------------------------------------------------------------

    def _of_customer(self, box: Connection, uid: int, mark: Mark) -> bool:
        fetched = box.fetch(uid)
        if fetched is None or (mark.since and fetched.arrived < datetime.fromisoformat(mark.since)):
            return (
                False  # somebody has moved it, so it is a human's now; or it is older than the day that was asked for
            )
        letter = letter_of(fetched.raw, self.settings.address)
        if letter.ours:
            return False
        case_id = None if letter.automatic else self._case_of(letter)
        if (
            case_id is None
            and letter.envelope.requester in self.settings.agents
            and (case := self._named(letter)) is not None
        ):
            self._heed(fetched, letter, case)
            return False
        inbound = self._inbound(fetched, letter, case_id, mark)
        reach("mailbox.accept.before")
        accepted = Door(self.desk).accept(inbound)
        if accepted is not None and letter.id and not letter.automatic:
            self._keep(letter.id, accepted.case_id)
        return accepted is not None

    def _inbound(self, fetched: Fetched, letter: Letter, case_id: str | None, mark: Mark) -> Inbound:
        colleague = case_id is not None and letter.envelope.requester in (self.settings.address, *self.settings.agents)
        if mark.tries > MAX_TRIES:
            ticket = unread(fetched.arrived, letter, "whoever read it died each time")
        else:
            ticket = self.reader.read(ticket_in(fetched.raw, letter, fetched.arrived, larger=fetched.size > MAX_FETCH))
        return inbound_of(ticket, letter, self.settings.address, case_id, fetched.arrived, from_agent=colleague)

    def _of_colleague(self, box: Connection, uid: int, _mark: Mark) -> bool:
        """What lies in the Sent folder and is not ours: on a case that we know, a human has answered."""
        fetched = box.fetch(uid)
        letter = letter_of(fetched.raw, self.settings.address) if fetched else None
        case_id = self._case_of(letter) if letter and not letter.ours else None
        if fetched is None or letter is None or case_id is None:
            return False
        Door(self.desk).accept(
            inbound_of(
                ticket_in(fetched.raw, letter, fetched.arrived),
                letter,
                self.settings.address,
                case_id,
                fetched.arrived,
                from_agent=True,
            )
        )
        if letter.id:
            self._keep(letter.id, case_id)
        return True

    def _heed(self, fetched: Fetched, letter: Letter, case: Case) -> None:
        """A colleague has answered a note: that is between us, never a ticket, and where it holds a command it is
        carried out once."""
        fresh = "".join(
            piece.text
            for piece in cut(ticket_in(fetched.raw, letter, fetched.arrived).body)
            if piece.kind not in ("quoted", "header")
        )
        subject = _subject(letter)
        with self.desk.look() as view:
            card = view.cases.card(f"{case.id}#{case.round}")
        if letter.automatic or card is None:
            return
        asked = decision_in(fresh, card, f"mailbox:{letter.envelope.requester}", self.checks)
        if isinstance(asked, Decision):
            if not carries(subject, code_of(self.desk, card)):
                asked = "The subject of that mail is not the one of the newest note; please answer that note."
            else:
                outcome = Decisions(self.desk).decide(asked)
                asked = None if outcome.done else outcome.said
        if asked is None:
            return
        with self.desk.step("mailbox.word") as step:
            step.queues.send(
                Send(
                    f"say:{letter.delivery_id}",
                    CHANNEL,
                    "notice",
                    place_of(self.settings.address),
                    {"text": asked},
                    case.id,
                    priority=1,
                )
            )

    # -- threads -------------------------------------------------------------------------------------------------

    def _case_of(self, letter: Letter) -> str | None:
        """The case of the nearest mail that this one refers to and that we have had or sent; else the one whose
        number is in its subject, where the same person writes."""
        with self.desk.look() as view:
            for message_id in letter.references:
                if (case_id := view.cases.belongs(id_key(message_id))) is not None:
                    return case_id
        case = self._named(letter)
        return case.id if case is not None and case.author and case.author == letter.envelope.requester else None

    def _named(self, letter: Letter) -> Case | None:
        """The case whose number stands in a mail's subject."""
        numbers = [word.strip("[]()") for word in _subject(letter).split() if word.startswith("[mail-")]
        with self.desk.look() as view:
            cases = [view.cases.case(number) for number in numbers[:3]]
        return next((case for case in cases if case is not None and case.channel == CHANNEL), None)

    def _keep(self, message_id: str, case_id: str) -> None:
        with self.desk.step("mailbox.thread") as step:
            if step.cases.belongs(id_key(message_id)) is None:
                step.cases.conversation(id_key(message_id))
                step.cases.converse(id_key(message_id), case_id)


def _subject(letter: Letter) -> str:
    return next((value for name, value in letter.envelope.headers if name.lower() == "subject"), "")
