"""Slack: listeners that only translate, blocks as pure functions, one escaping function, and the outlet that sends."""
