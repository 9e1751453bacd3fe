"""The report's charts as Vega-Lite specifications (v5): values stand in them, nothing is fetched."""

from __future__ import annotations

from typing import Any

from bot.core.note import visible
from bot.core.report.values import Report
from bot.core.report.wording import title_of_report

_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
TOP = 10
_MARKS = {"NEW": "#8e44ad", "UP": "#c0392b", "DOWN": "#1e8449", "": "#2e6da4"}


def chart(report: Report) -> dict[str, Any]:
    """Causes ranked with their intervals, above the tickets week by week."""
    return {
        "$schema": _SCHEMA,
        "title": {"text": title_of_report(report), "anchor": "start"},
        "background": "white",
        "config": {"font": "sans-serif", "view": {"stroke": None}},
        "vconcat": [_causes(report), _trend(report)],
    }


def _causes(report: Report) -> dict[str, Any]:
    values = [
        {
            "cause": visible(c.title, 60) + (f"  {c.mark}" if c.mark else ""),
            "tickets": c.tickets,
            "low": round(c.low * report.tickets, 1),
            "high": round(c.high * report.tickets, 1),
            "mark": c.mark,
        }
        for c in report.causes[:TOP]
    ]
    y = {"field": "cause", "type": "nominal", "sort": None, "title": None, "axis": {"labelLimit": 380}}
    colour = {
        "field": "mark",
        "type": "nominal",
        "legend": None,
        "scale": {"domain": list(_MARKS), "range": list(_MARKS.values())},
    }
    return {
        "width": 420,
        "height": {"step": 24},
        "data": {"values": values},
        "layer": [
            {
                "mark": "bar",
                "encoding": {
                    "y": y,
                    "x": {"field": "tickets", "type": "quantitative", "title": "tickets, with the 95 % interval"},
                    "color": colour,
                },
            },
            {
                "mark": {"type": "rule", "color": "black"},
                "encoding": {"y": y, "x": {"field": "low", "type": "quantitative"}, "x2": {"field": "high"}},
            },
        ],
    }


def _trend(report: Report) -> dict[str, Any]:
    size = len(report.trend)
    values = [
        {"week": "this" if place == size - 1 else f"{place - size + 1}", "tickets": count}
        for place, count in enumerate(report.trend)
    ]
    return {
        "width": 420,
        "height": 90,
        "data": {"values": values},
        "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "week", "type": "ordinal", "sort": None, "title": "weeks before"},
            "y": {"field": "tickets", "type": "quantitative", "title": "tickets"},
        },
    }
