"""Every exception of ours. Each carries one line that names the file, line, key or ticket and what to do.

    TriageError                 the root: whoever catches this shows the line and leaves with ``exit_status``
    ├── InputError              what was handed in cannot be used: a file, a ticket, an argument
    │   ├── TableError          a table that was to be imported: file, line and column
    │   └── LogFileError        a server log that cannot be read
    ├── SettingsError           a setting of the environment is missing or makes no sense
    ├── KnowledgeFault          a file of knowledge/ or of the overlay breaks a law
    ├── WorkerLost              a process of a batch was killed from outside
    ├── SendError               something could not be sent outside
    │   ├── SendLater           it surely did not arrive; again later
    │   ├── SendRefused         it surely did not arrive and never will as it is
    │   ├── SendUnsure          it may have arrived
    │   └── SendPointless       nobody needs it any more
    └── StoreError              a database of ours cannot be used
        ├── StoreMissing        it is not there yet
        ├── StoreCorrupt        it is there and is no database, a damaged one, or one of another version
        └── StoreBusy           another process holds it; trying again helps

Bad input never ends in a traceback; a programming error always does.
"""

from __future__ import annotations

from typing import ClassVar


class TriageError(Exception):
    """Anything this program reports in one line instead of a traceback. ``str(error)`` is that line."""

    exit_status: ClassVar[int] = 2

    def __init__(self, message: str = "") -> None:
        super().__init__(" ".join(message.split()))


class InputError(TriageError):
    """Input that cannot be used: the message names the file, line or key and what to do."""


class TableError(InputError):
    """A table that was to be imported is wrong; the message names file, line and column."""


class LogFileError(InputError):
    """A server log cannot be read."""


class SettingsError(TriageError):
    """A setting is missing or makes no sense; the message names the variable."""


class KnowledgeFault(TriageError):
    """A file of knowledge breaks a law; the message names file and key."""


class WorkerLost(TriageError):
    """A process of a batch was killed from outside; what it had not answered is missing."""


class StoreError(TriageError):
    """A database of ours cannot be used; the message names its file and what to do."""


class StoreMissing(StoreError):
    """The database is not there yet; the message says what makes it."""


class StoreCorrupt(StoreError):
    """The file is no database, a damaged one, or of a version that this program does not know."""


class StoreBusy(StoreError):
    """Another process holds the database; trying again helps."""


class SendError(TriageError):
    """Something could not be sent; the message names the service and what it said."""


class SendLater(SendError):
    """It surely did not arrive. ``seconds``: how long to wait, for everything that goes to that place where
    ``whole_place``."""

    def __init__(self, message: str, *, seconds: float, whole_place: bool = False) -> None:
        super().__init__(message)
        self.seconds, self.whole_place = seconds, whole_place


class SendRefused(SendError):
    """It surely did not arrive, and sending it again would not help: a human has to look."""


class SendUnsure(SendError):
    """It may have arrived (the connection broke after it was written): search before sending again."""


class SendPointless(SendError):
    """Nobody needs it any more."""
