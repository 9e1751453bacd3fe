"""Charts drawn by Vega-Lite, in this process and offline."""
