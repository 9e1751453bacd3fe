"""Looks at servers and names from outside, as a customer's program would, without logging in."""
