"""Where plans, pauses and domains are looked up: an imported CSV table, a SQL query, an HTTP service."""
