"""The ticket a customer writes about a recorded case, and the right answer."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.eval.joined.letters import LANGUAGES
from tests.eval.joined.prose import DISCLAIMER, TALK, as_html, since, slip, when
from tests.lab.cases import Case
from tests.lab.replay.moved import Persona
from tests.lab.scenarios import Scenario, one_of

FRAME = re.compile(
    r"^\s|^Traceback|^\^|https?://|could not send mail|^Could not send the message|dead\.letter|message not sent|^\*\*\* (Processing|Finished)|^Establishing"
)
"""Lines around an error that do not state it."""
TELLING = re.compile(r"(?i)error|fail|refus|denied|reject|timed|certificate|login|\b[45]\d\d\b")
SECURITY = {"implicit": "SSL/TLS", "starttls": "STARTTLS", "none": "no encryption"}
VAGUE = 0.08
VAGUE_CHECKS = frozenset({1, 2, 6, 7, 8, 9})
"""Checks whose line names the mailbox: a ticket without an error text can still be answered."""


@dataclass(frozen=True)
class Occasion:
    """When it failed (first and last), when the ticket came, and how the customer saw it."""

    failed: datetime
    last: datetime
    received: datetime
    steady: bool
    told_address: bool


def write(
    rng: random.Random,
    case: Case,
    scenario: Scenario,
    persona: Persona,
    said: str,
    second: str,
    settings: dict[str, Any],
    occasion: Occasion,
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A ticket (without id) and its gold answer (the contract's Eval section), matching lines left to the caller."""
    lang = rng.choice(LANGUAGES)
    talk = TALK[lang]
    spoken, version = case.program, None
    if rng.random() < 0.3:
        version = case.version
        spoken = f"{spoken} {version}"
    vague = rng.random() < VAGUE and case.check in VAGUE_CHECKS and not scenario.second[0]
    stating = stated(said)
    shown = telling(said) if "\n" in said and rng.random() < 0.3 else said
    body = [_quoted(rng, talk, spoken, shown, vague, case.settings["protocol"])]
    if second:
        body.append(_quoted(rng, talk, case.second_program, second, False, "smtp").strip())
    hosts, ports = [], []
    if scenario.told:
        host, port, tls = settings["host"], settings["port"], SECURITY[settings["tls"]]
        body.append(rng.choice(talk["set"]).format(s=f"{host} {port} {tls}"))
        hosts, ports = [host], [port]
    if scenario.story in talk:
        body.append(rng.choice(talk[scenario.story]))
    body.append(
        since(rng, lang, occasion.failed)
        if occasion.steady
        else when(rng, lang, occasion.last, sharp=rng.random() < 0.7)[0]
    )
    if rng.random() < 0.5:
        body.append(rng.choice(talk["extra"]))
    if occasion.told_address:
        body.append(f"Our public IP is {persona.address}.")
    ticket = _ticket(rng, lang, body, persona, occasion.received)
    gold = {
        "mailbox": persona.mailbox,
        "mailbox_acceptable": [persona.mailbox],
        "client": case.program,
        "client_version": version,
        "os": None,
        "error_texts": [] if vague else stating if shown == said else [shown],
        "hosts": hosts,
        "ports": ports,
        "check": case.check,
        "cause": case.cause,
        "acceptable_checks": list(scenario.acceptable or scenario.either or ([case.check] if case.check else [])),
        "either": list(scenario.either),
        "one_of": one_of(scenario),
        "should_ask": False,
        "hard_negative": False,
        "scenario": case.scenario,
        "lang": lang,
    }
    return ticket, gold


def stated(said: str) -> list[str]:
    """The lines of a program's text that state the error, not what stands around it."""
    return [line.strip() for line in said.splitlines() if line.strip() and not FRAME.search(line)] or said.splitlines()[
        -1:
    ]


def telling(said: str) -> str:
    """The one line that people pick: the last of a traceback, else the first that speaks of an error."""
    lines = stated(said)
    spoken = [line for line in lines if TELLING.search(line)] or lines
    return spoken[-1 if "  File " in said else 0]


def _quoted(
    rng: random.Random, talk: dict[str, tuple[str, ...]], spoken: str, shown: str, vague: bool, protocol: str
) -> str:
    if vague:
        return rng.choice(talk["receive" if protocol == "imap" else "send"]).format(c=spoken)
    fitting = [t for t in talk["quoted"] if "\n" in t] if "\n" in shown else list(talk["quoted"])
    if not fitting:
        return f"{spoken}:\n\n{shown}\n"
    return rng.choice(fitting).format(c=spoken, q=shown)


def _ticket(
    rng: random.Random, lang: str, sentences: list[str], persona: Persona, received: datetime
) -> dict[str, Any]:
    talk = TALK[lang]
    local, _, domain = persona.mailbox.partition("@")
    own = rng.random() < 0.75
    head, rest = (
        sentences[0],
        [slip(rng, s) if rng.random() < 0.1 and not any(ch.isdigit() for ch in s) else s for s in sentences[1:]],
    )
    gap = "\n\n" if "\n" in head else " "
    name = local.split(".")[0].capitalize()
    parts = [head.rstrip("\n") + gap + " ".join(rest), f"{rng.choice(talk['bye'])}, {name}"]
    if rng.random() < 0.2:
        parts.append(
            f"-- \n{name}\nTel. +00 555 0404 | www.{domain}" + (f"\n{DISCLAIMER}" if rng.random() < 0.4 else "")
        )
    if not own:
        parts.append(f"({rng.choice(('Mailbox', 'Mailbox concerned'))}: {persona.mailbox})")
    body, is_html = "\n\n".join(parts), rng.random() < 0.3
    return {
        "subject": rng.choice(talk["subject"]),
        "body": as_html(body, lang) if is_html else body,
        "format": "html" if is_html else "text",
        "requester": persona.mailbox
        if own
        else rng.choice((f"it@{domain}", f"{local.replace('.', '')}77@freemail.example")),
        "channel": rng.choice(("email", "email", "portal")),
        "received_at": received.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
