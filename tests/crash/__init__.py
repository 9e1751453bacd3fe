"""Crash runs: processes that are killed at fail-points and at random moments while tickets come in and answers go
out."""
