"""Mail programs of the command line: curl, openssl, swaks, msmtp, isync, mutt, neomutt, s-nail, fetchmail,
offlineimap."""

from __future__ import annotations

from urllib.parse import quote

from tests.lab.programs.settings import PATIENCE, Command, Program, Settings


def _curl(s: Settings) -> Command:
    scheme = s.protocol + ("s" if s.tls == "implicit" else "")
    words = ["curl", "-sS", "--max-time", str(PATIENCE), "--cacert", str(s.ca), f"{scheme}://{s.host}:{s.port}/"]
    if s.tls == "starttls":
        words.append("--ssl-reqd")
    if s.oldest_tls:
        words += ["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"]
    if s.login:
        words += ["-u", f"{s.user}:{s.password}"]
    if s.mechanism:
        words += ["--login-options", f"AUTH={s.mechanism}"]
    if s.protocol == "smtp" or s.size > 200:
        words += ["-T", "mail.eml"]
    if s.protocol == "smtp":
        words += ["--mail-from", s.address, "--mail-rcpt", s.to]
    elif s.size > 200:
        words[words.index(f"{scheme}://{s.host}:{s.port}/")] += "INBOX"
    return Command(words, {"mail.eml": s.message})


def _openssl(s: Settings) -> Command:
    words = [
        "timeout",
        str(PATIENCE),
        "openssl",
        "s_client",
        "-brief",
        "-CAfile",
        str(s.ca),
        "-verify_return_error",
        "-connect",
        f"{s.host}:{s.port}",
        "-servername",
        s.host,
        "-verify_hostname",
        s.host,
    ]
    if s.tls == "starttls":
        words += ["-starttls", s.protocol]
    if s.oldest_tls:
        words += ["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]
    return Command(words, stdin="a LOGOUT\n" if s.protocol == "imap" else "QUIT\n")


def _swaks(s: Settings) -> Command:
    words = [
        "swaks",
        "--server",
        s.host,
        "--port",
        str(s.port),
        "--from",
        s.address,
        "--to",
        s.to,
        "--timeout",
        f"{PATIENCE}s",
        "--helo",
        "client.local",
        "--tls-verify",
        "--tls-ca-path",
        str(s.ca),
        "--data",
        "@mail.eml",
        "--hide-informational",
        "--hide-send",
    ]
    words += {"implicit": ["--tls-on-connect"], "starttls": ["--tls"], "none": []}[s.tls]
    if s.login:
        words += ["--auth", "--auth-user", s.user, "--auth-password", s.password, "--auth-hide-password"]
    if s.oldest_tls:
        words += ["--tls-protocol", "tlsv1_1", "--tls-cipher", "ALL:@SECLEVEL=0"]
    return Command(words, {"mail.eml": s.message})


def _msmtp(s: Settings) -> Command:
    lines = [
        "account default",
        f"host {s.host}",
        f"port {s.port}",
        f"from {s.address}",
        f"auth {'on' if s.login else 'off'}",
        f"user {s.user}",
        f"password {s.password}",
        f"tls {'off' if s.tls == 'none' else 'on'}",
        f"tls_starttls {'on' if s.tls == 'starttls' else 'off'}",
        f"tls_trust_file {s.ca}",
        f"timeout {PATIENCE}",
    ]
    return Command(["msmtp", s.to], {".msmtprc": "\n".join(lines) + "\n"}, stdin=s.message)


def _mbsync(s: Settings) -> Command:
    kind = {"implicit": "IMAPS", "starttls": "STARTTLS", "none": "None"}[s.tls]
    lines = [
        "IMAPAccount work",
        f"Host {s.host}",
        f"Port {s.port}",
        f'User "{s.user}"',
        f"Pass {s.password}",
        f"SSLType {kind}",
        f"CertificateFile {s.ca}",
        "SystemCertificates no",
        f"Timeout {PATIENCE}",
        "AuthMechs LOGIN" if s.tls == "none" else "",
        "",
        "IMAPStore far",
        "Account work",
        "",
        "MaildirStore near",
        "Path ~/mail/",
        "Inbox ~/mail/INBOX",
        "",
        "Channel work",
        "Far :far:",
        "Near :near:",
        "Patterns INBOX",
        "Create Near",
    ]
    return Command(["mbsync", "-q", "work"], {".mbsyncrc": "\n".join(lines) + "\n", "mail/.keep": ""})


def _mutt_common(s: Settings) -> list[str]:
    return [
        f"set ssl_starttls={'yes' if s.tls == 'starttls' else 'no'}",
        f"set ssl_force_tls={'yes' if s.tls == 'starttls' else 'no'}",
        f'set ssl_ca_certificates_file="{s.ca}"',
        f"set connect_timeout={PATIENCE}",
        f'set from="{s.address}"',
        "set use_from=yes",
        "set copy=no",
        'set record=""',
        'set certificate_file="~/.certs"',
    ]


def _mutt(s: Settings) -> Command:
    scheme = "smtps" if s.tls == "implicit" else "smtp"
    user = f"{quote(s.user, safe='')}@" if s.login else ""
    lines = [*_mutt_common(s), f'set smtp_url="{scheme}://{user}{s.host}:{s.port}/"', f'set smtp_pass="{s.password}"']
    return Command(
        ["mutt", "-n", "-s", "Hello", "--", s.to],
        {".muttrc": "\n".join(lines) + "\n", ".certs": ""},
        stdin=s.message.partition("\r\n\r\n")[2],
    )


def _neomutt(s: Settings) -> Command:
    scheme = "imaps" if s.tls == "implicit" else "imap"
    lines = [
        *_mutt_common(s),
        f'set folder="{scheme}://{s.host}:{s.port}/"',
        "set spoolfile=+INBOX",
        f'set imap_user="{s.user}"',
        f'set imap_pass="{s.password}"',
        'set header_cache=""',
        "set sleep_time=0",
        "set net_inc=0",
    ]
    return Command(
        [
            "script",
            "-qec",
            "stty rows 24 cols 200; timeout --foreground 30 neomutt -n -d 2 -l neomutt.log -e 'set quit=yes' -e 'push q'",
            "/dev/null",
        ],
        {".neomuttrc": "\n".join(lines) + "\n", ".certs": ""},
    )


def _snail(s: Settings) -> Command:
    options = [
        "-n",
        "-Sv15-compat=yes",
        f"-Stls-ca-file={s.ca}",
        "-Stls-verify=strict",
        f"-Ssocket-connect-timeout={PATIENCE}",
        "-Stls-ca-no-defaults",
    ]
    login = f"{quote(s.user, safe='')}:{quote(s.password, safe='')}@" if s.login else ""
    if s.tls == "starttls":
        options += ["-Ssmtp-use-starttls", "-Simap-use-starttls"]
    if s.protocol == "imap":
        scheme = "imaps" if s.tls == "implicit" else "imap"
        return Command(
            [
                "timeout",
                "30",
                "s-nail",
                *options,
                "-Simap-auth=login",
                f"-Sfolder={scheme}://{login}{s.host}:{s.port}",
                "-f",
                "+INBOX",
            ],
            stdin="q\n",
        )
    scheme = "smtps" if s.tls == "implicit" else "smtp"
    auth = "plain" if s.login else "none"
    words = [
        "timeout",
        "30",
        "s-nail",
        *options,
        f"-Ssmtp-auth={auth}",
        f"-Smta={scheme}://{login}{s.host}:{s.port}",
        f"-Sfrom={s.address}",
        "-Ssendwait",
        "-s",
        "Hello",
        s.to,
    ]
    return Command(words, stdin=s.message.partition("\r\n\r\n")[2])


def _fetchmail(s: Settings) -> Command:
    tls = {"implicit": "ssl sslproto tls1.2+", "starttls": "sslproto tls1.2+", "none": "sslproto ''"}[s.tls]
    line = f'poll {s.host} protocol imap service {s.port} timeout {PATIENCE} username "{s.user}" password "{s.password}" {tls} sslcertck sslcertfile {s.ca}\n'
    return Command(["fetchmail", "--check", "--nosyslog", "--pidfile", "fetchmail.pid"], {".fetchmailrc": line})


def _offlineimap(s: Settings) -> Command:
    tls = {"implicit": "ssl=yes\nstarttls=no", "starttls": "ssl=no\nstarttls=yes", "none": "ssl=no\nstarttls=no"}[s.tls]
    text = (
        f"[general]\naccounts=work\nmaxsyncaccounts=1\nsocktimeout={PATIENCE}\n[Account work]\nlocalrepository=near\nremoterepository=far\n[Repository near]\ntype=Maildir\n"
        f"localfolders=~/mail\n[Repository far]\ntype=IMAP\nremotehost={s.host}\nremoteport={s.port}\nremoteuser={s.user}\nremotepass={s.password}\n{tls}\nsslcacertfile={s.ca}\n"
        "folderfilter=lambda name: name == 'INBOX'\n"
    )
    return Command(["offlineimap", "-o", "-u", "basic"], {".offlineimaprc": text})


TOOLS = (
    Program(
        "curl",
        "curl",
        _curl,
        _curl,
        ["curl", "--version"],
        r"curl (\S+)",
        can=frozenset({"no-login", "old-tls", "mechanism", "file", "starttls"}),
    ),
    Program(
        "openssl",
        "openssl",
        _openssl,
        _openssl,
        ["openssl", "version"],
        r"OpenSSL (\S+)",
        noise=r"^(Connecting to|CONNECTION ESTABLISHED|Protocol version|Ciphersuite|Peer certificate|Hash used|Signature type|Verification: OK|Server Temp Key|DONE|250 |\* |Verified peername|Supported|Peer)",
        can=frozenset({"no-login", "old-tls", "tls-only", "starttls"}),
    ),
    Program(
        "swaks",
        "swaks",
        None,
        _swaks,
        ["swaks", "--version"],
        r"version (\S+)",
        noise=r"^ ?<[~-]  (220|221|235|250|334|354)",
        can=frozenset({"no-login", "old-tls"}),
    ),
    Program(
        "msmtp", "msmtp", None, _msmtp, ["msmtp", "--version"], r"msmtp version (\S+)", can=frozenset({"no-login"})
    ),
    Program(
        "mbsync",
        "mbsync",
        _mbsync,
        None,
        ["mbsync", "--version"],
        r"isync (\S+)",
        noise=r"^(C: |Maildir notice|Warning: requested SSL)",
        can=frozenset({"starttls"}),
    ),
    Program("mutt", "Mutt", None, _mutt, ["mutt", "-v"], r"Mutt (\S+)", can=frozenset({"no-login"})),
    Program(
        "neomutt",
        "NeoMutt",
        _neomutt,
        None,
        ["neomutt", "-v"],
        r"NeoMutt (\S+)",
        output="neomutt.log0",
        keep=r"^\[[^]]+\]<[EP]> \w+\(\) (.*)",
        quiet_exit=".",
        can=frozenset({"starttls"}),
    ),
    Program(
        "s-nail",
        "s-nail",
        _snail,
        _snail,
        ["s-nail", "-n", "--version"],
        r"s-nail v(\d[\w.]*\w)",
        can=frozenset({"no-login"}),
    ),
    Program(
        "fetchmail",
        "fetchmail",
        _fetchmail,
        None,
        ["fetchmail", "--version"],
        r"release (\d[\d.]*\d)",
        noise=r"^(fetchmail: (No mail for|Loaded OpenSSL|--check mode)|\d+ messages? |.* \(\d+ seen\)|Authorization OK)",
        quiet_exit=".",
        can=frozenset({"starttls"}),
    ),
    Program(
        "offlineimap",
        "OfflineIMAP",
        _offlineimap,
        None,
        ["offlineimap", "--version"],
        r"(\d\S*)",
        noise=r"^(OfflineIMAP \d|Copyright|Licensed under|imaplib2 v|\s+Free|Folder |Traceback|  File|    |Copy |Syncing|Account sync work)",
        can=frozenset({"starttls"}),
    ),
)
