"""The tree of our exceptions.

TriageError
└── InputError      what was given to us cannot be read; the message names file, line or key
"""

from __future__ import annotations


class TriageError(Exception):
    """Anything this program reports in one line instead of a traceback."""


class InputError(TriageError):
    """Input that cannot be read: the message names the file, line or key and what to do."""
