"""Helpdesks for tests: a real Request Tracker, and look-alikes of the others."""
