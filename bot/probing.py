"""Our own servers looked at by the clock: what is wrong is told once where escalations go, and once that it is over."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.core.desk.values import Send
from bot.core.probe import STANDING, ProbeResult, Tell, standing_of, step
from bot.ports import Desk


@dataclass(frozen=True)
class ProbeWatch:
    """The look that the worker takes. ``probe`` takes twenty seconds at most, outside of any transaction."""

    desk: Desk
    probe: Callable[[], Sequence[ProbeResult]]

    def look(self, now: datetime) -> list[Tell]:
        """Look, remember, tell; returns what was to be told. Where nobody is set to be told, it is told once somebody is."""
        results = self.probe()
        told = []
        with self.desk.step("probe.looked") as write:
            place = write.people.setting("escalate-to")
            for result in results:
                before = standing_of(write.people.setting(STANDING + result.target))
                after, tell = step(before, result, now)
                if tell is not None and not place:
                    after = replace(after, told=before.told)
                elif tell is not None:
                    write.queues.send(Send(tell.key, place.partition("/")[0], "alarm", place, {"text": tell.text}, priority=1))
                    told.append(tell)
                write.people.set(STANDING + result.target, after.to_text())
            for gone in write.people.settings(STANDING).keys() - {result.target for result in results}:
                write.people.set(STANDING + gone, "")  # no server of ours any more: forgotten
        return told
