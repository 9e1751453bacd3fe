"""A plain support mailbox as a channel: IMAP in (IDLE and a sweep), SMTP submission out, threads by Message-ID.
docs/mailbox.md."""
