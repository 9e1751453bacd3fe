"""The report as one HTML file: no script, nothing fetched, every foreign text escaped by the template."""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from bot.core.report.values import Report
from bot.core.report.wording import sections, title_of_report

_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; }
html { background: Canvas; color: CanvasText; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 0 auto; padding: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem; }
caption { text-align: left; font-weight: bold; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid #8886; overflow-wrap: anywhere; }
.wide, figure { overflow-x: auto; }
figure { margin: 1rem 0; width: fit-content; max-width: 100%; box-sizing: border-box; background: #fff; border-radius: 8px; padding: .5rem; }
pre { white-space: pre-wrap; border: 1px solid #8886; padding: .6rem; }
svg { max-width: 100%; min-width: 34rem; height: auto; }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p>{{ since }} to {{ until }} UTC, days of {{ zone }}.</p>
{% if svg %}<figure tabindex="0" aria-label="Causes ranked, and tickets by week; the same figures stand in the tables below.">{{ svg }}</figure>{% endif %}
{% for section in sections %}
<section aria-labelledby="{{ section.key }}">
<h2 id="{{ section.key }}">{{ section.title }}</h2>
{% for sentence in section.sentences %}<p>{{ sentence }}</p>
{% endfor %}
{% if section.rows %}<div class="wide" tabindex="0" role="region" aria-labelledby="{{ section.key }}"><table>
<thead><tr>{% for column in section.columns %}<th scope="col">{{ column }}</th>{% endfor %}</tr></thead>
<tbody>
{% for row in section.rows %}<tr>{% for cell in row %}{% if loop.first %}<th scope="row">{{ cell }}</th>{% else %}<td>{{ cell }}</td>{% endif %}{% endfor %}</tr>
{% endfor %}</tbody></table></div>{% endif %}
{% if section.key == "unknown" %}{% for error in unknown %}<details><summary>Proposed entry: {{ error.id }}</summary><pre>{{ error.entry }}</pre></details>
{% endfor %}{% endif %}
</section>
{% endfor %}
</main>
</body>
</html>
"""


def to_html(report: Report, svg: str = "") -> str:
    """The page. ``svg``: a chart of ours, drawn by us from numbers and escaped titles."""
    page = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(_PAGE)
    return page.render(title=title_of_report(report), since=f"{report.since:%Y-%m-%d %H:%M}", until=f"{report.until:%Y-%m-%d %H:%M}", zone=report.zone,
                       svg=Markup(svg), sections=sections(report), unknown=report.unknown)
