"""What the bot knows: checks and other causes, rows of the decoded-error table with their samples, and which tickets
matched."""

from __future__ import annotations

from starlette.responses import Response

from bot.adapters.web.page.site import Ask, Site, page, said
from bot.core.desk.shown import name_of

RECENT = 10
SAMPLES = 40
ROLES = {
    "specific": "says what is wrong",
    "generic": "one of several things",
    "wrapper": "only says that something failed",
}


def knowledge(site: Site, ask: Ask) -> Response:
    """Everything at a glance, and when it last changed."""
    known = site.triager.knowledge
    with site.desk.look() as view:
        versions, now = view.views.versions(limit=8), view.now
    words = ask.query.get("words", "").strip()[:2_000]
    explained = site.triager.explain(words) if words else []
    errors = sorted(known.errors.values(), key=lambda e: e.title.lower())
    return page(
        "knowledge.html",
        ask,
        checks=sorted(known.checks.values(), key=lambda c: c.number),
        others=sorted(known.others.values(), key=lambda o: o.title),
        errors=errors,
        version=known.version,
        versions=versions,
        now=now,
        words=words,
        explained=explained,
        roles=ROLES,
    )


def cause(site: Site, ask: Ask) -> Response:
    """One check or other cause: what it says, its steps, the errors that speak for it, its latest tickets."""
    known = site.triager.knowledge
    wanted = ask.query.get("id", "")
    found = known.checks.get(wanted) or known.others.get(wanted)
    if found is None:
        return said(ask, "No such cause", "The knowledge has no check or cause of that name.", 404)
    speaking = sorted(
        (
            (e, e.checks.get(wanted, e.others.get(wanted, 0.0)))
            for e in known.errors.values()
            if wanted in e.checks or wanted in e.others
        ),
        key=lambda p: -p[1],
    )
    with site.desk.look() as view:
        lines, now = view.views.tickets(cause=wanted, limit=RECENT), view.now
    check = known.checks.get(wanted)
    return page(
        "cause.html",
        ask,
        cause=found,
        check=check,
        title=name_of(wanted, known),
        errors=speaking,
        lines=lines,
        now=now,
        rivals=[(r, name_of(r, known)) for r in (check.rivals if check else ())],
        questions=[known.questions[q] for q in found.questions if q in known.questions],
    )


def error(site: Site, ask: Ask) -> Response:
    """One row of the decoded-error table: what it means, texts that it claims, what it speaks for, its latest
    tickets."""
    known = site.triager.knowledge
    found = known.errors.get(ask.query.get("id", ""))
    if found is None:
        return said(ask, "No such error", "The table of decoded errors has no row of that name.", 404)
    samples = [("", text) for text in found.must_match] + [
        (f"{t.client}, {lang}", text) for t in found.texts for lang, texts in t.by_language.items() for text in texts
    ]
    shares = sorted({**found.checks, **found.others}.items(), key=lambda p: -p[1])
    with site.desk.look() as view:
        lines, now = view.views.tickets(error=found.id, limit=RECENT), view.now
    return page(
        "error.html",
        ask,
        error=found,
        samples=samples[:SAMPLES],
        left=max(0, len(samples) - SAMPLES),
        lines=lines,
        now=now,
        roles=ROLES,
        shares=[(c, name_of(c, known), round(s * 100)) for c, s in shares],
        named={line.cause: name_of(line.cause, known) for line in lines if line.cause},
    )
