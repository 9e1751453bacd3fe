"""A mail server in this process, as small as the mailbox channel's tests allow: IMAP of our own, SMTP by aiosmtpd."""
