"""One follower at a time: a lock on a file, which the operating system lets go of when its process ends, however it
ends."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from bot.errors import StoreBusy, StoreError


class FileClaim:
    """A claim by the file ``place``, which is made where it is missing and stays when the claim is given up."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self._handle: int | None = None

    def take(self, *, held: str, cannot: str) -> None:
        """Claim it. Raises StoreBusy with ``held`` where another process has it, StoreError that ends with
        ``cannot`` (what to do) where the file can't be made."""
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            handle = os.open(self._place, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise StoreError(f"{self._place}: cannot be made ({error.strerror}); {cannot}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise StoreBusy(held) from error
        self._handle = handle

    def give_up(self) -> None:
        """Let others have it."""
        handle, self._handle = self._handle, None
        if handle is not None:
            os.close(handle)
