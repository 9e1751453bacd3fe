"""What runs inside the namespaces: boot, let everybody fail at once, wait for quiet, stop, hand the logs over.

``python -m maillab.inside OUT``. Ends with its standard input: whoever started it may die in any way.
"""

from __future__ import annotations

import os
import shutil
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

from maillab.clients import PATIENCE, Seat, imap, smtp
from maillab.places import DOMAIN, LOGS
from maillab.recording import Visit, save
from maillab.scenarios import SCENARIOS, Scenario
from maillab.servers import boot, stop, wait_until_quiet

AT_ONCE = 16
BACKGROUND = 6
ROUNDS = 3


def main(out: Path) -> None:
    """Run the lab once and leave logs and recording in ``out``. Whatever goes wrong is raised."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    seats = {s.name: Seat(f"198.51.100.{n}", s.mailbox) for n, s in enumerate(SCENARIOS, 11)}
    crowd = [Seat(f"203.0.113.{n}", f"crowd{n}@{DOMAIN}") for n in range(1, BACKGROUND + 1)]
    mailboxes = [s.mailbox for s in SCENARIOS if not s.removed] + [seat.mailbox for seat in crowd]
    began = time.monotonic()
    boot([*mailboxes, f"owner@{DOMAIN}"], [seat.address for seat in [*seats.values(), *crowd]])
    print(f"booted in {time.monotonic() - began:.1f} s", flush=True)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in range(ROUNDS):
            list(pool.map(_live, crowd))
        for person in [pool.submit(_early, s, seats[s.name]) for s in SCENARIOS]:
            person.result()
        visits = list(pool.map(lambda s: _visit(s, seats[s.name]), SCENARIOS))
        wait_until_quiet(1.5, 2 * PATIENCE)
        list(pool.map(_live, crowd))
    wait_until_quiet(1.0, PATIENCE)
    stop()
    wait_until_quiet(0.3, PATIENCE)
    for log in LOGS.iterdir():
        shutil.copyfile(log, out / log.name)
    save(out, visits, [seat.address for seat in crowd])
    print(f"done in {time.monotonic() - began:.1f} s", flush=True)


def _live(seat: Seat) -> None:
    """Somebody of the background: reads, sends, and once mistypes the password."""
    number = int(seat.address.rpartition(".")[2])
    text = smtp(465 if number % 2 else 587)(seat) + imap(ident=True)(seat)
    if text:
        raise RuntimeError(f"{seat.mailbox}: {text}")
    if number == 1:
        imap(password="slip of the finger")(seat)


def _early(scenario: Scenario, seat: Seat) -> None:
    """What the customer did before it failed; it must have gone well."""
    text = scenario.before(seat) if scenario.before else ""
    if text:
        raise RuntimeError(f"{scenario.name}, before: {text}")


def _visit(scenario: Scenario, seat: Seat) -> Visit:
    started = datetime.now(UTC)
    said = scenario.client(seat)
    return Visit(scenario.name, seat.address, said, started, datetime.now(UTC))


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(3)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
