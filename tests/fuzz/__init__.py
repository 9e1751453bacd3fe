"""Fuzzing: many hostile inputs, and what must hold for each."""
