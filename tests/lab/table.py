"""docs/lab.md, made from the cases: ``python -m tests.lab.table`` writes it, ``--check`` says whether it is current."""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

from tests.lab.cases import Case, read_cases
from tests.lab.places import CASES, DENYING, DOWN, HERE, IMAP_HOST, RESTARTED, SMTP_HOST, SMTP_TERSE, TERSE
from tests.lab.replay.letters import SECURITY, telling
from tests.lab.scenarios import BY_NAME, SCENARIOS, Scenario

PAGE = HERE.parents[1] / "docs" / "lab.md"
WIDEST = 150
BLOCKED = {
    "drop": "packets vanish",
    "reset": "a firewall resets",
    "prohibited": "a firewall prohibits (ICMP)",
    "eat": "the connection opens, data vanishes",
}
STATES = {
    "nologin": "passdb field nologin",
    "denied": "deny passdb",
    "networks": "allow_nets",
    "hash": "password hash locked",
    "removed": "not in the user database",
    "refused-sender": "check_sender_access",
    "refused-login": "check_sasl_access",
    "hourly": "policy daemon",
    "daily": "policy daemon",
    "account": "policy daemon",
    "full": "over quota",
}
INSTANCES = {
    TERSE: "auth_verbose off",
    SMTP_TERSE: "auth_verbose off",
    DOWN: "password database down",
    DENYING: "a deny passdb comes first",
    RESTARTED: "the server stops meanwhile",
}
_STAMP = re.compile(r"^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\s*")
HEAD = """# What each failure looks like, from both sides

Real mail programs failed in these ways at a real {dovecot} and {postfix}; on the left what the program said, on the right what the
servers wrote. Names, addresses and ids of the run are left as they were. The page is made from the recorded cases
(`python -m tests.lab.table`); `make lab` plays a sample of them afresh and says where a newer server or program differs.

{cases} cases of {scenarios} ways to fail, {programs}.

A line in *italics* is all that the servers wrote where nothing names the failure; **none** is no line at all. Where two checks are named, no
line and no text tells them apart: the account's state, or one question to the customer, decides.
"""


def page(cases: list[Case]) -> str:
    """The whole page."""
    failed = [c for c in cases if c.cause and c.failed and c.text]
    programs = Counter(f"{c.program} {c.version}" for c in cases)
    parts = [
        HEAD.format(
            dovecot="Dovecot 2.3",
            postfix="Postfix 3.7",
            cases=len(failed),
            scenarios=len({c.scenario for c in failed}),
            programs=", ".join(sorted(programs, key=str.lower)),
        )
    ]
    titles = {}
    for path in sorted((HERE.parents[1] / "knowledge" / "checks").glob("*.toml")):
        row = tomllib.loads(path.read_text("utf-8"))
        titles[row["number"]] = row["title"]
    for check in (*range(1, 11), None):
        parts.append(
            f"\n## {f'Check {check}: {titles[check]}' if check else 'Other causes'}\n\n| what was wrong | what programs say | what the servers write |\n|---|---|---|"
        )
        for scenario in SCENARIOS:
            mine = [c for c in failed if c.scenario == scenario.name]
            if scenario.cause and scenario.check == check and mine:
                parts.append(_row(scenario.name, mine))
    return "\n".join(parts) + "\n"


def _row(name: str, cases: list[Case]) -> str:
    scenario = BY_NAME[name]
    also = (
        f" (or check {', '.join(str(n) for n in scenario.either if n != scenario.check)}: not to be told apart)"
        if scenario.either
        else ""
    )
    said: dict[str, str] = {}
    for case in sorted(cases, key=lambda c: c.program != "Thunderbird"):  # what customers quote most comes first
        said.setdefault(_STAMP.sub("", telling(case.text)), case.program)
    texts = "<br>".join(f"{program}: `{_cell(text)}`" for text, program in list(said.items())[:4])
    best = max(cases, key=lambda c: len(c.right))
    lines = list(dict.fromkeys(_short(line) for line in best.right_lines))[:3]
    wrote = (
        "<br>".join(f"`{_cell(line)}`" for line in lines)
        if lines
        else "**none**"
        if not best.lines
        else f"*`{_cell(_short(best.lines[-1]))}`*"
    )
    return f"| **{name.replace('-', ' ')}**{also}<br>{_wrong(scenario, cases[0])} | {texts} | {wrote} |"


def _wrong(scenario: Scenario, case: Case) -> str:
    """What differed from the article's settings, in words."""
    told = case.settings
    parts = []
    if told["user"] != case.mailbox:
        parts.append(f"user name `{told['user']}`")
    if "password" in scenario.change:
        parts.append("another password")
    usual = (told["port"], told["tls"]) in ((993, "implicit"), (465, "implicit"), (587, "starttls"))
    if told["host"] not in (IMAP_HOST, SMTP_HOST) or not usual:
        parts.append(f"`{told['host']}` port {told['port']} {SECURITY[told['tls']]}")
    parts += [
        words
        for flag, words in (
            (told["oldest_tls"], "nothing above TLS 1.1"),
            (not told["login"], "no SMTP login"),
            ("ca" in scenario.change, "an old provider's authority pinned"),
            (scenario.block[0], BLOCKED.get(scenario.block[0], "")),
            (scenario.hold[0], "ten connections from the same address"),
            (scenario.hold[1], "fifteen connections in all"),
            (scenario.state, STATES.get(scenario.state, "")),
            (not scenario.verified, "domain not verified"),
            (scenario.times > 1, "tries again and again"),
            (scenario.second[0], f"and {scenario.second[0].replace('-', ' ')}"),
            ("sender" in scenario.change, "From is a colleague's address"),
        )
        if flag and words
    ]
    parts += [INSTANCES[ip] for ip in scenario.hosts.values() if ip in INSTANCES]
    return ", ".join(parts)


def _short(line: str) -> str:
    return re.sub(r"^\S+ (\w+) (?:dovecot: |postfix/)?", "", line)


def _cell(text: str) -> str:
    flat = " ".join(text.replace("`", "'").replace("|", "\\|").split())
    return flat if len(flat) <= WIDEST else flat[: WIDEST - 1] + "…"


def main() -> None:
    """Write the page, or compare it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--out", type=Path, default=PAGE)
    options = parser.parse_args()
    made = page(read_cases(CASES))
    if options.check:
        sys.exit(
            0
            if options.out.read_text("utf-8") == made
            else f"{options.out}: not what the cases say; run python -m tests.lab.table"
        )
    options.out.write_text(made, "utf-8")


if __name__ == "__main__":
    main()
