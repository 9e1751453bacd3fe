"""The helpdesks that are known, as data: what each needs of the settings, how it signs its webhooks, which ticket a
webhook is about.

A new one is a module with the port ``Helpdesk``, and one entry here.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

import httpx

from bot.adapters.helpdesk.answers import the
from bot.adapters.helpdesk.chatwoot import Chatwoot
from bot.adapters.helpdesk.freshdesk import STORES as FRESHDESK_FILES
from bot.adapters.helpdesk.freshdesk import Freshdesk
from bot.adapters.helpdesk.front import Front
from bot.adapters.helpdesk.helpscout import HelpScout
from bot.adapters.helpdesk.http import Api
from bot.adapters.helpdesk.intercom import STORES as INTERCOM_FILES
from bot.adapters.helpdesk.intercom import VERSION, Intercom
from bot.adapters.helpdesk.rt import RequestTracker
from bot.adapters.helpdesk.standard import StandardWebhook
from bot.adapters.helpdesk.zammad import Zammad
from bot.adapters.helpdesk.zendesk import STORES as ZENDESK_FILES
from bot.adapters.helpdesk.zendesk import Zendesk
from bot.core.desk.helpdesk import TICKET_ID
from bot.core.desk.signature import STANDARD, Scheme
from bot.core.desk.ticket_links import TicketLinks
from bot.errors import SettingsError
from bot.ports import Helpdesk
from bot.settings import Settings

Path = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Vendor:
    """One kind of helpdesk. ``needs``: the settings without which it cannot be used; ``url``: where its API is
    unless HELPDESK_URL says otherwise."""

    make: Callable[[Settings, str], Helpdesk]
    needs: tuple[str, ...] = ("url", "token")
    url: str = ""
    scheme: Scheme | None = None
    """How its webhooks are signed; None: it has none, it is polled."""
    tickets: tuple[Path, ...] = ()
    """Where a webhook's body names the ticket: the first that is there."""
    delivery: tuple[Path, ...] = ()
    """Where the body names the delivery, for vendors without a header for it."""
    whole: bool = False
    """The body holds the ticket itself."""
    pages: tuple[str, ...] = ()
    """Hosts on which agents read tickets, where that is not the API's."""
    every: int = 15
    """Seconds between two sweeps without webhooks: one's own server may be asked oftener than a vendor that counts
    requests."""


def _rt(settings: Settings, url: str) -> Helpdesk:
    api = Api("RT", url, {"Authorization": f"token {settings.helpdesk_token}"})
    return RequestTracker(api, me=settings.helpdesk_user or "", queue=settings.helpdesk_account or "")


def _zendesk(settings: Settings, url: str) -> Helpdesk:
    """An API token with the address of its agent, or an OAuth token alone."""
    if settings.helpdesk_user:
        return Zendesk(
            Api(
                "Zendesk",
                url,
                auth=(f"{settings.helpdesk_user}/token", settings.helpdesk_token or ""),
                stores=ZENDESK_FILES,
            )
        )
    return Zendesk(Api("Zendesk", url, {"Authorization": f"Bearer {settings.helpdesk_token}"}, stores=ZENDESK_FILES))


def _zammad(settings: Settings, url: str) -> Helpdesk:
    return Zammad(Api("Zammad", url, {"Authorization": f"Token token={settings.helpdesk_token}"}))


def _freshdesk(settings: Settings, url: str) -> Helpdesk:
    return Freshdesk(Api("Freshdesk", url, auth=(settings.helpdesk_token or "", "X"), stores=FRESHDESK_FILES))


def _helpscout(settings: Settings, url: str) -> Helpdesk:
    return HelpScout(
        Api("Help Scout", url, wait_of=_seconds("x-ratelimit-retry-after")),
        settings.helpdesk_user or "",
        settings.helpdesk_token or "",
    )


def _front(settings: Settings, url: str) -> Helpdesk:
    return Front(
        Api("Front", url, {"Authorization": f"Bearer {settings.helpdesk_token}"}), settings.helpdesk_account or ""
    )


def _intercom(settings: Settings, url: str) -> Helpdesk:
    return Intercom(
        Api(
            "Intercom",
            url,
            {"Authorization": f"Bearer {settings.helpdesk_token}", "Intercom-Version": VERSION},
            wait_of=_until("x-ratelimit-reset"),
            stores=INTERCOM_FILES,
        )
    )


def _chatwoot(settings: Settings, url: str) -> Helpdesk:
    return Chatwoot(
        Api("Chatwoot", url, {"api_access_token": settings.helpdesk_token or ""}), settings.helpdesk_account or ""
    )


def _webhook(settings: Settings, url: str) -> Helpdesk:
    return StandardWebhook(Api("webhook", url), settings.helpdesk_webhook_secrets)


def _seconds(name: str) -> Callable[[httpx.Headers], float | None]:
    return lambda headers: float(headers[name]) if headers.get(name, "").isdigit() else None


def _until(name: str) -> Callable[[httpx.Headers], float | None]:
    """A moment in seconds since 1970, at which the limit ends."""
    return lambda headers: float(headers[name]) - time.time() if headers.get(name, "").isdigit() else None


_HUB: Final = Scheme("x-hub-signature", "sha1", "hex", "sha1=")
VENDORS: Final[Mapping[str, Vendor]] = MappingProxyType(
    {
        "rt": Vendor(_rt, ("url", "token", "user"), every=5),
        # Zendesk, "Verifying webhook authenticity": base64(HMAC-SHA256(timestamp + body)); the time is ISO 8601
        "zendesk": Vendor(
            _zendesk,
            scheme=Scheme(
                "x-zendesk-webhook-signature",
                stamp="x-zendesk-webhook-signature-timestamp",
                stamp_unit=0,
                id="x-zendesk-webhook-invocation-id",
            ),
            tickets=(("detail", "id"), ("ticket", "id"), ("ticket_id",), ("id",)),
        ),
        # Zammad, "Webhook: request headers": sha1=hex(HMAC-SHA1(body))
        "zammad": Vendor(
            _zammad,
            scheme=Scheme("x-hub-signature", "sha1", "hex", "sha1=", id="x-zammad-delivery"),
            tickets=(("ticket", "id"),),
            every=5,
        ),
        # Freshdesk signs nothing; a header of its automation rule holds the secret
        "freshdesk": Vendor(
            _freshdesk,
            scheme=Scheme("x-triage-secret", ""),
            tickets=(("freshdesk_webhook", "ticket_id"), ("ticket_id",), ("ticket", "id")),
        ),
        # Help Scout, "Webhooks": base64(HMAC-SHA1(body))
        "helpscout": Vendor(
            _helpscout,
            ("user", "token"),
            "https://api.helpscout.net",
            Scheme("x-helpscout-signature", "sha1"),
            pages=("secure.helpscout.net",),
            tickets=(("id",),),
        ),
        # Front, "Application webhooks": base64(HMAC-SHA256(timestamp in milliseconds + ":" + body))
        "front": Vendor(
            _front,
            ("token",),
            "https://api2.frontapp.com",
            pages=("app.frontapp.com",),
            scheme=Scheme("x-front-signature", stamp="x-front-request-timestamp", stamp_unit=0.001, joint=b":"),
            tickets=(("payload", "conversation", "id"), ("conversation", "id")),
            delivery=(("payload", "id"), ("id",)),
        ),
        # Intercom, "Webhooks: signed notifications": sha1=hex(HMAC-SHA1(client secret, body))
        "intercom": Vendor(
            _intercom,
            ("token",),
            "https://api.intercom.io",
            _HUB,
            pages=("app.intercom.com",),
            tickets=(("data", "item", "id"),),
            delivery=(("id",),),
        ),
        # Chatwoot (chatwoot/chatwoot#13573): sha256=hex(HMAC-SHA256(timestamp + "." + body))
        "chatwoot": Vendor(
            _chatwoot,
            ("url", "token", "account"),
            scheme=Scheme(
                "x-chatwoot-signature",
                encoding="hex",
                prefix="sha256=",
                stamp="x-chatwoot-timestamp",
                joint=b".",
                id="x-chatwoot-delivery",
            ),
            tickets=(("conversation", "id"), ("id",)),
            every=5,
        ),
        "webhook": Vendor(_webhook, ("url",), scheme=STANDARD, tickets=(("data", "id"),), whole=True),
    }
)


def helpdesk_of(settings: Settings) -> Helpdesk | None:
    """The configured helpdesk; None where there is none. Raises SettingsError naming the variable that is missing or
    wrong."""
    vendor = vendor_of(settings)
    if vendor is None:
        return None
    for name in vendor.needs:
        if not getattr(settings, f"helpdesk_{name}"):
            raise SettingsError(
                f"HELPDESK_{name.upper()}: is not set; {settings.helpdesk_kind} needs it (docs/helpdesks.md)"
            )
    if settings.helpdesk_kind == "webhook" and not settings.helpdesk_webhook_secrets:
        raise SettingsError(
            "HELPDESK_WEBHOOK_SECRET: is not set; webhook needs it to sign and to verify (docs/helpdesks.md)"
        )
    return vendor.make(settings, settings.helpdesk_url or vendor.url)


def vendor_of(settings: Settings) -> Vendor | None:
    """The kind that is configured; None where none is. Raises SettingsError for one that is not known."""
    kind = settings.helpdesk_kind
    if kind is None:
        if settings.helpdesk_url or settings.helpdesk_token:
            raise SettingsError(f"HELPDESK_KIND: is not set; use one of {', '.join(VENDORS)}")
        return None
    if kind not in VENDORS:
        raise SettingsError(f"HELPDESK_KIND: {kind[:40]!r} is not known; use one of {', '.join(VENDORS)}")
    return VENDORS[kind]


def ticket_links_of(settings: Settings) -> TicketLinks | None:
    """Where agents read the configured helpdesk's tickets; None without a helpdesk. Raises SettingsError as
    :func:`vendor_of`."""
    vendor = vendor_of(settings)
    if vendor is None or settings.helpdesk_kind is None:
        return None
    host = urlsplit(settings.helpdesk_url or vendor.url).hostname
    return TicketLinks(settings.helpdesk_kind, frozenset({*vendor.pages, *([host] if host else [])}))


def arrival_of(vendor: Vendor, document: Any) -> tuple[str | None, str | None, Any]:
    """(ticket, the sender's id of the delivery, the document where the ticket comes with it) of a webhook's body; no
    ticket where it concerns none."""
    ticket = _named(document, vendor.tickets)
    if ticket is None or not TICKET_ID.fullmatch(ticket):
        return None, None, None
    return ticket, _named(document, vendor.delivery), document if vendor.whole else None


def _named(document: Any, paths: tuple[Path, ...]) -> str | None:
    """The first of ``paths`` that holds a number or a text."""
    for path in paths:
        found = the(document, *path)
        if isinstance(found, str | int) and not isinstance(found, bool) and str(found):
            return str(found)
    return None
