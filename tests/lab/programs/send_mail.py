"""Sends the mail on standard input, as a user's own script does: HOST PORT TLS LOGIN USER PASSWORD CAFILE FROM TO."""

import smtplib
import ssl
import sys

host, port, tls, login, user, password, ca, sender, to = sys.argv[1:10]
context = ssl.create_default_context(cafile=ca)
if tls == "implicit":
    server = smtplib.SMTP_SSL(host, int(port), timeout=12, context=context)
else:
    server = smtplib.SMTP(host, int(port), timeout=12)
    if tls == "starttls":
        server.starttls(context=context)
if login == "yes":
    server.login(user, password)
server.sendmail(sender, [to], sys.stdin.read())
server.quit()
