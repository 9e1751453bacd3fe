"""Looks into the inbox, as a user's own script does: HOST PORT TLS USER PASSWORD [MECHANISM] [CAFILE] [put]."""

import imaplib
import ssl
import sys

host, port, tls, user, password, mechanism, ca, act = sys.argv[1:9]
context = ssl.create_default_context(cafile=ca)
if tls == "implicit":
    server = imaplib.IMAP4_SSL(host, int(port), ssl_context=context, timeout=12)
else:
    server = imaplib.IMAP4(host, int(port), timeout=12)
    if tls == "starttls":
        server.starttls(context)
if mechanism:
    server.authenticate(mechanism, lambda challenge: b"")
else:
    server.login(user, password)
server.select("INBOX")
if act == "file":
    status, answer = server.append("INBOX", None, None, sys.stdin.buffer.read())
    if status != "OK":
        raise server.error(answer[0].decode())
if act == "idle":
    server.send(b"A9 IDLE\r\n")
    while line := server.readline():
        if not line.startswith((b"+", b"* OK")):
            print(line.decode().strip())
    raise server.abort("socket error: EOF")
server.logout()
