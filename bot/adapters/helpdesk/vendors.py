"""The helpdesks that are known, as data: what each needs of the settings, how it signs its webhooks, which ticket a webhook is about.

A new one is a module with the port ``Helpdesk``, and one entry here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from bot.adapters.helpdesk.http import Api
from bot.adapters.helpdesk.rt import RequestTracker
from bot.errors import SettingsError
from bot.ports import Helpdesk
from bot.settings import Settings


@dataclass(frozen=True, slots=True)
class Vendor:
    """One kind of helpdesk. ``needs``: the settings without which it cannot be used."""

    make: Callable[[Settings], Helpdesk]
    needs: tuple[str, ...] = ("url", "token")


def _rt(settings: Settings) -> Helpdesk:
    token = settings.helpdesk_token or ""
    return RequestTracker(Api("RT", settings.helpdesk_url or "", {"Authorization": f"token {token}"}), me=settings.helpdesk_user or "", queue=settings.helpdesk_account or "")


VENDORS: Final[Mapping[str, Vendor]] = MappingProxyType({
    "rt": Vendor(_rt, ("url", "token", "user")),
})


def helpdesk_of(settings: Settings) -> Helpdesk | None:
    """The configured helpdesk; None where there is none. Raises SettingsError naming the variable that is missing or wrong."""
    kind = settings.helpdesk_kind
    if kind is None:
        if settings.helpdesk_url or settings.helpdesk_token:
            raise SettingsError(f"HELPDESK_KIND: is not set; use one of {', '.join(VENDORS)}")
        return None
    vendor = VENDORS.get(kind)
    if vendor is None:
        raise SettingsError(f"HELPDESK_KIND: {kind[:40]!r} is not known; use one of {', '.join(VENDORS)}")
    for name in vendor.needs:
        if not getattr(settings, f"helpdesk_{name}"):
            raise SettingsError(f"HELPDESK_{name.upper()}: is not set; {kind} needs it (docs/helpdesks.md)")
    return vendor.make(settings)
