"""Which scenarios rules may be tuned on, and which are only measured: by scenario, never by row."""

from __future__ import annotations

import hashlib
from collections import defaultdict

from tests.lab.scenarios import SCENARIOS


def split() -> dict[str, str]:
    """``tuning`` or ``test`` for each scenario that people complain about: within a check every second one, in the
    order of a hash of the names, so that nobody chose."""
    groups: dict[str, list[str]] = defaultdict(list)
    for scenario in SCENARIOS:
        if scenario.cause:
            groups[str(scenario.check or "other")].append(scenario.name)
    out: dict[str, str] = {}
    for names in groups.values():
        ordered = sorted(names, key=lambda name: hashlib.sha256(name.encode()).hexdigest())
        out |= {name: ("tuning", "test")[n % 2] for n, name in enumerate(ordered)}
    return out
