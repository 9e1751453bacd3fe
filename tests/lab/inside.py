"""What runs inside the namespaces: boot, let everybody fail, wait for quiet, stop, write the cases down.

``python -m tests.lab.inside OUT EACH [PROGRAM ...]``. Ends with its standard input: whoever started it may die in
any way.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path

from tests.lab.accounts import Person
from tests.lab.cases import Case, lines_of, stamp_of, write_cases
from tests.lab.holding import hold
from tests.lab.places import BAN_LOG, LOGS, MAIL_LOG, PROGRAMS, ROOT
from tests.lab.programs import BY_ID
from tests.lab.programs.settings import Settings, right
from tests.lab.runs import SLOW, Run, plan
from tests.lab.scenarios import BY_NAME, Scenario, own_lines
from tests.lab.seats import UID, Seat, take_seat
from tests.lab.servers import boot, stop, stop_dovecot, wait_until_quiet

AT_ONCE, AT_ONCE_SLOW = 14, 3
LONGEST, LONGEST_SLOW = 40, 100
"""Seconds that one program may take."""
DRIVER_FAILED = 3
"""A driver's own fault, which is nothing that a user reads."""
PAUSE = 2.5
"""Seconds between the tries of a program that polls."""
SETTLE = 2.2
"""Seconds between an earlier success and the failure, so that its lines are told apart by time."""
BAN_TRIES = 9


def main(out: Path, each: int, only: frozenset[str]) -> None:
    """Run the lab once and leave log, cases and versions in ``out``. Whatever goes wrong is raised."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    runs = plan(each, only=only)
    people = [r.person for r in runs] + [Person(f"office@{r.person.domain}", r.person.plan) for r in runs]
    began = time.monotonic()
    boot(people)
    if (PROGRAMS / "node_modules").is_dir():
        shutil.copytree(PROGRAMS / "node_modules", ROOT / "node_modules")
    print(f"booted in {time.monotonic() - began:.1f} s", flush=True)
    versions = {
        name: _version(name)
        for name in {r.program for r in runs} | {r.scenario.second[1] for r in runs if r.scenario.second[1]}
    }
    print(f"versions {time.monotonic() - began:.1f} s {versions}", flush=True)
    with ThreadPoolExecutor(AT_ONCE_SLOW if only else AT_ONCE) as pool:
        played = [pool.submit(_played, run, versions) for run in sorted(runs, key=_slowest_first)]
        wait(played)
    broken = [str(f.exception()) for f in played if f.exception()]
    cases = [f.result() for f in played if not f.exception()]
    print(f"played in {time.monotonic() - began:.1f} s", flush=True)
    wait_until_quiet(3.0, 30)
    stop()
    wait_until_quiet(0.5, 10)
    for log in LOGS.iterdir():
        shutil.copyfile(log, out / log.name)
    lines = (out / MAIL_LOG).read_text("utf-8").splitlines()
    bans = (out / BAN_LOG).read_text("utf-8").splitlines()
    write_cases(out / "cases.jsonl", (_with_lines(case, lines, bans) for case in sorted(cases, key=lambda c: c.id)))
    print(f"done in {time.monotonic() - began:.1f} s", flush=True)
    if broken:
        raise RuntimeError(f"{len(broken)} runs could not be played:\n" + "\n".join(broken))


def _slowest_first(run: Run) -> tuple[bool, int]:
    s = run.scenario
    return not (s.hook or s.block[0] or s.times > 1 or "993" in s.name or "465" in s.name), run.number


def _version(program: str) -> str:
    row = BY_ID[program]
    done = subprocess.run(
        row.version, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=30, check=False
    )
    found = re.search(row.version_pattern, done.stdout + done.stderr)
    if not found:
        raise RuntimeError(f"{program}: no version in {(done.stdout + done.stderr)[:300]!r}")
    return found[1]


def _played(run: Run, versions: dict[str, str]) -> Case:
    scenario, person = run.scenario, run.person
    seat = take_seat(run.number, run.address, run.names)
    try:
        if scenario.before:
            _before(run, seat)
        if scenario.block[0]:
            seat.block(*scenario.block)
        settings = settings_of(run, scenario)
        with hold(seat, person.mailbox, *scenario.hold):
            if scenario.hook == "ban":
                _get_banned(run, seat)
            if scenario.hook == "restart":
                threading.Timer(2.0, stop_dovecot, ("imap5",)).start()
            started = datetime.now(UTC)
            code, text = _repeated(run, seat, settings)
            second = _second(run, seat)
            ended = datetime.now(UTC)
    finally:
        seat.leave()
    shown = {
        k: v
        for k, v in asdict(settings).items()
        if k in ("protocol", "host", "port", "tls", "user", "oldest_tls", "login")
    }
    return Case(
        run.id,
        scenario.name,
        scenario.check,
        scenario.cause,
        BY_ID[run.program].name,
        versions[run.program],
        person.mailbox,
        run.address,
        person.plan,
        person.state,
        shown,
        code != 0,
        text,
        started.isoformat(),
        ended.isoformat(),
        (),
        (),
        (),
        BY_ID[scenario.second[1]].name if second else "",
        second,
    )


def settings_of(run: Run, scenario: Scenario) -> Settings:
    """What the person has typed in: the article's settings and what the scenario changes."""
    change = {k: run.filled(v) if isinstance(v, str) else v for k, v in scenario.change.items()}
    return replace(right(scenario.protocol, run.person.mailbox), **change)  # type: ignore[arg-type]


def _before(run: Run, seat: Seat) -> None:
    """The same person's earlier success, from the same place; it must have gone well."""
    wanted = right(run.scenario.protocol, run.person.mailbox)
    if run.scenario.change.get("port") == 465:
        wanted = replace(wanted, port=465, tls="implicit")
    program = "curl" if run.program in ("openssl", "neomutt", "thunderbird") else run.program
    seat.resolve({})
    code, text = _run(program, seat, wanted)
    seat.resolve(run.names)
    if code:
        raise RuntimeError(f"{run.id}, before: {text}")
    time.sleep(SETTLE)


def _repeated(run: Run, seat: Seat, settings: Settings) -> tuple[int, str]:
    """The program's last word after as many tries as the scenario wants; up to a refusal where a limit is
    approached."""
    tries = 8 if run.scenario.hook == "rate" else 1 if run.program in SLOW else run.scenario.times
    code, text = 0, ""
    for n in range(tries):
        if n and run.scenario.hook != "rate":
            time.sleep(PAUSE)
        code, text = _run(run.program, seat, settings)
        if run.scenario.hook == "rate" and code:
            break
    return code, text


def _second(run: Run, seat: Seat) -> str:
    name, program = run.scenario.second
    if not name:
        return ""
    return _run(program, seat, settings_of(run, BY_NAME[name]))[1]


def _get_banned(run: Run, seat: Seat) -> None:
    """Mistype until fail2ban shuts the address out."""
    wrong = replace(right("imap", run.person.mailbox), password="not-this-one")
    with ThreadPoolExecutor(BAN_TRIES) as pool:
        list(pool.map(lambda n: _run("curl", seat, wrong), range(BAN_TRIES)))
    for _ in range(100):
        if f"Ban {run.address}" in (LOGS / BAN_LOG).read_text():
            time.sleep(0.5)
            return
        time.sleep(0.2)
    raise RuntimeError(f"{run.address} was not banned within 20 s: {(LOGS / BAN_LOG).read_text()[-2000:]}")


def _run(program: str, seat: Seat, settings: Settings) -> tuple[int, str]:
    """Run a program once: its exit status (1 where it tells its user something went wrong) and what its user reads."""
    row = BY_ID[program]
    command = row.command(settings)
    for name, text in command.files.items():
        path = seat.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, newline="")
        path.chmod(0o600)
        for made in (path.parent, path):
            shutil.chown(made, UID, UID)
    process = seat.start(command.argv, env=command.env, stdin=command.stdin)
    try:
        printed = process.communicate(timeout=LONGEST_SLOW if program in SLOW else LONGEST)[0].decode(
            "utf-8", "replace"
        )
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        printed = process.communicate()[0].decode("utf-8", "replace")
    if row.output:
        printed = "\n".join(p.read_text("utf-8", "replace") for p in sorted(seat.folder.glob(row.output))[-1:])
    if process.returncode == DRIVER_FAILED and program in SLOW:
        raise RuntimeError(f"{seat.address}: {program}'s driver: {printed[-600:]}")
    text = row.text(printed)
    if row.quiet_exit:
        return int(bool(re.search(row.quiet_exit, text))), text
    return process.returncode, text


def _with_lines(case: Case, log: list[str], bans: list[str]) -> Case:
    """The case with its lines: those before it began, and those of the failure."""
    scenario = BY_NAME[case.scenario]
    own = list(lines_of(log, case.address, case.mailbox))
    began = datetime.fromisoformat(case.started)
    after = [line for line in own if stamp_of(line) >= began]
    if scenario.hook == "ban":
        after = own
    after += [line for line in bans if line.endswith(f" Ban {case.address}")]
    before = [line for line in own if line not in after]
    return replace(case, before=tuple(before), lines=tuple(after), right=own_lines(after, scenario))


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(3)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), frozenset(sys.argv[3:]))
