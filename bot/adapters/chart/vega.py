"""Vega-Lite specifications to PNG and SVG by vl-convert: an embedded engine with its own fonts; no browser, and no
network since no URL is allowed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import vl_convert

VERSION = "5.20"
SCALE = 2.0


def png_of(spec: Mapping[str, Any]) -> bytes:
    """The chart as a picture, at twice the size of its points."""
    return bytes(vl_convert.vegalite_to_png(json.dumps(spec), vl_version=VERSION, scale=SCALE, allowed_base_urls=[]))


def svg_of(spec: Mapping[str, Any]) -> str:
    """The chart as SVG, to be put into a page."""
    return str(vl_convert.vegalite_to_svg(json.dumps(spec), vl_version=VERSION, allowed_base_urls=[]))
