"""Listeners: each reads a payload, calls one of ours, and answers. Nothing is decided here."""
