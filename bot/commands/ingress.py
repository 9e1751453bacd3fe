"""``triage web``: what other systems call. Webhooks of the helpdesk, health, metrics."""

from __future__ import annotations

from bot.bootstrap import desk_of, ingress_of
from bot.settings import read_settings

PORT = 8080


def run(*, port: int | None) -> None:
    """Serve until told to stop."""
    import uvicorn
    from starlette.applications import Starlette

    settings = read_settings()
    app = Starlette(routes=ingress_of(settings, desk_of(settings)))
    uvicorn.run(app, host="0.0.0.0", port=port or PORT, log_level="warning")
