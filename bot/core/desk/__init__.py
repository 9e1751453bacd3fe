"""The agents' desk, pure: what a case, a card and a delivery are, and who may do what in which state."""
