"""A small Slack of our own for tests, and payloads as Slack signs them."""
