"""Programs that are a library and ten lines of somebody's script: Python's, Node's and PHP's."""

from __future__ import annotations

from tests.lab.places import PROGRAMS, ROOT
from tests.lab.programs.settings import Command, Program, Settings

NODE = {"NODE_PATH": str(ROOT / "node_modules"), "NODE_NO_WARNINGS": "1"}


def _script(name: str) -> dict[str, str]:
    return {name: (PROGRAMS / name).read_text("utf-8")}


def _sending(s: Settings) -> list[str]:
    return [s.host, str(s.port), s.tls, "yes" if s.login else "no", s.user, s.password, str(s.ca), s.address, s.to]


def _imaplib(s: Settings) -> Command:
    act = "file" if s.size > 200 else s.mechanism if s.mechanism == "idle" else "look"
    mechanism = "" if s.mechanism == "idle" else s.mechanism
    words = [
        "/usr/bin/python3",
        "check_mail.py",
        s.host,
        str(s.port),
        s.tls,
        s.user,
        s.password,
        mechanism,
        str(s.ca),
        act,
    ]
    return Command(words, _script("check_mail.py"), stdin=s.message if act == "file" else "")


def _smtplib(s: Settings) -> Command:
    return Command(["/usr/bin/python3", "send_mail.py", *_sending(s)], _script("send_mail.py"), stdin=s.message)


def _imapflow(s: Settings) -> Command:
    return Command(
        ["/usr/bin/node", "check_mail.cjs", s.host, str(s.port), s.tls, s.user, s.password, str(s.ca)],
        _script("check_mail.cjs"),
        NODE,
    )


def _nodemailer(s: Settings) -> Command:
    return Command(["/usr/bin/node", "send_mail.cjs", *_sending(s)], _script("send_mail.cjs"), NODE, s.message)


def _phpmailer(s: Settings) -> Command:
    return Command(
        ["/usr/bin/php", "send_mail.php", *_sending(s)],
        _script("send_mail.php"),
        stdin=s.message.partition("\r\n\r\n")[2],
    )


SCRIPTS = (
    Program(
        "imaplib",
        "Python imaplib",
        _imaplib,
        None,
        ["/usr/bin/python3", "--version"],
        r"Python (\S+)",
        can=frozenset({"mechanism", "file", "idle", "starttls"}),
    ),
    Program(
        "smtplib",
        "Python smtplib",
        None,
        _smtplib,
        ["/usr/bin/python3", "--version"],
        r"Python (\S+)",
        can=frozenset({"no-login"}),
    ),
    Program(
        "imapflow",
        "ImapFlow",
        _imapflow,
        None,
        ["/usr/bin/node", "-p", f"require('{PROGRAMS}/node_modules/imapflow/package.json').version"],
        r"(\S+)",
        can=frozenset({"starttls"}),
    ),
    Program(
        "nodemailer",
        "nodemailer",
        None,
        _nodemailer,
        ["/usr/bin/node", "-p", f"require('{PROGRAMS}/node_modules/nodemailer/package.json').version"],
        r"(\S+)",
        can=frozenset({"no-login"}),
    ),
    Program(
        "phpmailer",
        "PHPMailer",
        None,
        _phpmailer,
        ["/bin/cat", "/usr/share/php/libphp-phpmailer/src/PHPMailer.php"],
        r"const VERSION = '([^']+)'",
        noise="CLIENT -> SERVER",
        can=frozenset({"no-login"}),
    ),
)
