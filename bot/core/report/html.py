"""The report as one HTML file: no script, nothing fetched, every foreign text escaped by the template."""

from __future__ import annotations

from typing import Final, NamedTuple

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bot.core.report.values import Report
from bot.core.report.wording import Section, duration, sections, share, title_of_report

_MARKS: Final = ("NEW", "UP", "DOWN", "RETIRED")
_WHOLE: Final = ("contacts", "causes", "details", "lines", "unknown", "incidents", "fixes")
"""Sections as wide as the page; two of the others stand side by side."""
_FOLDED: Final = ("details", "lines", "regrade")
"""Sections whose table opens on a click: who looks for them finds them, and the page stays one page."""
_SHOWN: Final = 10
"""Rows before the rest is folded."""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --quiet: GrayText; }
* { box-sizing: border-box; } html { background: Canvas; color: CanvasText; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 80rem; margin: 0 auto; padding: 1rem 1.25rem 3rem; }
h1 { font-size: 1.5rem; margin: 0; } h2 { font-size: 1.05rem; margin: 0 0 .5rem; }
p { margin: .25rem 0 .5rem; } .when { color: var(--quiet); }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.8rem, 1fr)); gap: .6rem; margin: 1rem 0; padding: 0; list-style: none; }
.figures li { background: var(--soft); border-radius: .5rem; padding: .5rem .8rem; }
.figures b { display: block; font-size: 1.45rem; line-height: 1.3; }
.figures span { color: var(--quiet); font-size: .87rem; }
.page { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; }
section, figure { border: 1px solid var(--line); border-radius: .5rem; padding: .8rem 1rem; margin: 0; min-width: 0; }
.whole, figure { grid-column: 1 / -1; }
figure { background: white; text-align: center; overflow-x: auto; } svg { max-width: 100%; min-width: 34rem; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .93rem; }
th, td { text-align: left; vertical-align: top; padding: .2rem .5rem; border-bottom: 1px solid var(--line); }
thead th { color: var(--quiet); font-weight: normal; font-size: .87rem; } tbody th { font-weight: 600; }
td.number, th.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums; }
.mark { border-radius: .6rem; padding: .05rem .5rem; font-size: .8rem; font-weight: 600; color: white; background: #555; }
.NEW { background: #8e44ad; } .UP { background: #c0392b; } .DOWN { background: #1e7a3e; }
.note { color: var(--quiet); font-size: .87rem; }
summary { cursor: pointer; padding: .25rem 0; } pre { white-space: pre-wrap; overflow-wrap: anywhere; border: 1px solid var(--line); padding: .6rem; font-size: .87rem; }
@media (max-width: 45rem) { .page { grid-template-columns: minmax(0, 1fr); } body { padding: .75rem; } }
@media print { details::details-content { content-visibility: visible; } section { break-inside: avoid; } }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p class="when">{{ since }} to {{ until }} UTC, days of {{ zone }}</p>
<ul class="figures">{% for value, name in figures %}<li><b>{{ value }}</b><span>{{ name }}</span></li>{% endfor %}</ul>
<div class="page">
{% if svg %}<figure tabindex="0" aria-label="Causes ranked, and tickets by week; the same figures stand in the tables below.">{{ svg }}</figure>{% endif %}
{% macro table(section, rows, label) %}<div class="wide" tabindex="0" role="region" aria-label="{{ label }}"><table>
<thead><tr>{% for column in section.columns %}<th scope="col"{% if loop.index0 in section.numbers %} class="number"{% endif %}>{{ column }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in rows %}<tr>{% for cell in row %}{% if loop.first %}<th scope="row">{{ cell }}</th>{% elif cell in marks %}<td><span class="mark {{ cell }}">{{ cell }}</span></td>{% else %}<td{% if loop.index0 in section.numbers %} class="number"{% endif %}>{{ cell }}</td>{% endif %}{% endfor %}</tr>
{% endfor %}</tbody></table></div>{% endmacro %}
{% for section in sections %}
<section aria-labelledby="{{ section.key }}"{% if section.key in whole %} class="whole"{% endif %}>
<h2 id="{{ section.key }}">{{ section.title }}</h2>
{% for sentence in section.sentences %}<p{% if section.key == "causes" %} class="note"{% endif %}>{{ sentence }}</p>
{% endfor %}
{% if section.rows and section.key in folded %}<details><summary>{{ section.rows | length }} lines</summary>{{ table(section, section.rows, section.title) }}</details>
{% elif section.rows %}{{ table(section, section.rows[:shown], section.title) }}
{% if section.rows | length > shown %}<details><summary>{{ section.rows | length - shown }} more</summary>{{ table(section, section.rows[shown:], section.title ~ ", the rest") }}</details>{% endif %}{% endif %}
{% if section.key == "unknown" %}{% for error in unknown %}<details><summary>Proposed entry: {{ error.id }}</summary><pre>{{ error.entry }}</pre></details>
{% endfor %}{% endif %}
</section>
{% endfor %}
</div>
</main>
</body>
</html>
"""


def to_html(report: Report, svg: str = "") -> str:
    """The page. ``svg``: a chart of ours, drawn by us from numbers and escaped titles."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(_PAGE)
    return page.render(
        title=title_of_report(report),
        since=f"{report.since:%Y-%m-%d %H:%M}",
        until=f"{report.until:%Y-%m-%d %H:%M}",
        zone=report.zone,
        figures=figures_of(report),
        svg=Markup(svg),
        sections=[_Drawn(s, _numbers(s)) for s in sections(report)],
        unknown=report.unknown,
        marks=_MARKS,
        whole=_WHOLE,
        folded=_FOLDED,
        shown=_SHOWN,
    )


def figures_of(report: Report) -> list[tuple[str, str]]:
    """(value, name) of what is looked at first."""
    judged, right = sum(p.judged for p in report.precision), sum(p.right for p in report.precision)
    asked = report.logs_asked and report.answered
    return [
        (str(report.tickets), "tickets about connecting"),
        (f"{report.per_thousand:.2f}" if report.per_thousand is not None else "-", "per 1,000 mailboxes"),
        (duration(report.first_response_p50) if report.answered else "-", "first response, half within"),
        (duration(report.first_response_p90) if report.answered else "-", "nine of ten within"),
        (share(report.verified / report.answered) if asked else "-", "of answers verified by a login"),
        (share(right / judged) if judged else "-", "of judged causes right"),
        (str(sum(c.silent for c in report.causes)), "mailboxes silent in the logs"),
        (str(len(report.incidents)), "incidents"),
    ]


class _Drawn(NamedTuple):
    """A section with the places of its columns that hold numbers."""

    section: Section
    numbers: frozenset[int]

    def __getattr__(self, name: str) -> object:
        return getattr(self.section, name)


def _numbers(section: Section) -> frozenset[int]:
    return frozenset(
        n for n in range(1, len(section.columns)) if all(not row[n] or row[n][0].isdigit() for row in section.rows)
    )
