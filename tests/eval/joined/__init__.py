"""A made-up mail host for two days: tickets, the right answers, accounts and the logs of four servers."""
