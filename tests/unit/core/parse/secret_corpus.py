"""Generated secrets (kinds x languages) and clean sentences, for the figures of threats row 11."""

from __future__ import annotations

import base64
import random
import string
from collections.abc import Callable, Iterator

LETTERS, DIGITS = string.ascii_letters, string.digits


def password(rng: random.Random) -> str:
    """As people choose them: a word with digits, with a symbol, random, a date, all digits."""
    words = [
        "hunter",
        "Sommer",
        "soleil",
        "Verano",
        "kotek",
        "Geheim",
        "qwerty",
        "Liverpool",
        "maison",
        "Gattino",
        "blume",
    ]
    shapes: list[Callable[[], str]] = [
        lambda: rng.choice(words) + str(rng.randrange(10, 9999)),
        lambda: rng.choice(words) + str(rng.randrange(10, 99)) + rng.choice("!?$%&*#"),
        lambda: "".join(rng.choice(LETTERS + DIGITS) for _ in range(rng.randrange(8, 16))) + "7",
        lambda: rng.choice(words).replace("e", "3").replace("a", "@").replace("o", "0") + "_x1",
        lambda: "".join(rng.choice(LETTERS + DIGITS + "!$%&*+-_") for _ in range(12)) + "q9",
    ]
    return rng.choice(shapes)()


def letters(rng: random.Random, alphabet: str, count: int) -> str:
    return "".join(rng.choice(alphabet) for _ in range(count))


def card(rng: random.Random) -> str:
    prefix, length = rng.choice(
        [("4", 16), ("51", 16), ("55", 16), ("2221", 16), ("37", 15), ("6011", 16), ("36", 14), ("35", 16)]
    )
    digits = [int(char) for char in prefix]
    while len(digits) < length - 1:
        digits.append(rng.randrange(10))
    total = sum(sum(divmod(d * 2, 10)) if i % 2 == 0 else d for i, d in enumerate(reversed(digits)))
    digits.append(-total % 10)
    plain = "".join(map(str, digits))
    if length == 15:
        return rng.choice([plain, f"{plain[:4]} {plain[4:10]} {plain[10:]}"])
    if length == 14:
        return plain
    sep = rng.choice(["", " ", "-", "."])
    return sep.join(plain[i : i + 4] for i in range(0, 16, 4))


PASSWORD_SENTENCES = {
    "en": [
        "My password is {}",
        "Password: {}",
        "pw={}",
        "I log in with password {} every day",
        "passwd: '{}'",
        'the password is "{}" since May',
        "User name anna@example.com, password {}.",
        "Pass: {}",
        "PASSWORD = {}",
        "Password for anna@example.com: {}",
        "given password: {}",
    ],
    "de": [
        "Passwort: {}",
        "Mein Passwort lautet {}",
        "Das Kennwort ist {}",
        "mit dem Passwort {} geht es",
        "E-Mail-Passwort: {}",
        "PW: {}",
        "Passwort = {}",
    ],
    "fr": ["Mot de passe : {}", "mon mot de passe est {}", "mdp: {}", "avec le mot de passe {}", "Mot de passe = {}"],
    "es": ["Contraseña: {}", "mi contraseña es {}", "clave: {}", "con la contraseña {} no entra", "Contraseña = {}"],
    "it": ["Password: {}", "la mia password è {}", "la password: {}", "con password {}", "Parola chiave: {}"],
    "nl": ["Wachtwoord: {}", "mijn wachtwoord is {}", "met wachtwoord {}", "ww / wachtwoord = {}"],
    "pt": ["Senha: {}", "a minha senha é {}", "Palavra-passe: {}", "com a senha {}", "senha = {}"],
    "pl": ["Hasło: {}", "moje hasło to {}", "haslo: {}", "z hasłem {} nie działa", "Hasło = {}"],
    "ru": ["Пароль: {}", "мой пароль {}", "пароль - {}", "с паролем {} не пускает", "пароль это {}"],
    "ja": ["パスワード：{}", "パスワードは{}です", "パスワード: {}", "パスワード「{}」で試しました"],
    "zh": ["密码：{}", "我的密码是{}", "密码: {}", "密碼為{}", "口令：{}"],
}


def _plain_payload(rng: random.Random) -> str:
    return base64.b64encode(f"\0anna@example.com\0{password(rng)}".encode()).decode()


OTHERS: dict[str, Callable[[random.Random], tuple[str, str]]] = {
    "auth plain": lambda r: (p := _plain_payload(r), f"C: AUTH PLAIN {p}")[::1],
    "authenticate plain": lambda r: (p := _plain_payload(r), f"a1 AUTHENTICATE PLAIN {p}"),
    "bare plain": lambda r: (p := _plain_payload(r), f"334\n{p}\n235 ok"),
    "auth login": lambda r: (p := base64.b64encode(password(r).encode()).decode(), f"334 UGFzc3dvcmQ6\n{p}\n535 no"),
    "smtplib": lambda r: (
        p := base64.b64encode(password(r).encode()).decode(),
        f"reply: b'334 UGFzc3dvcmQ6\\r\\n'\nsend: '{p}\\r\\n'",
    ),
    "imap login": lambda r: (p := password(r), f"a1 LOGIN anna@example.com {p}"),
    "imap quoted login": lambda r: (p := password(r), f'A0001 LOGIN "anna@example.com" "{p}"'),
    "pop3": lambda r: (p := password(r), f"USER anna\nPASS {p}\n-ERR no"),
    "url": lambda r: (p := letters(r, LETTERS + DIGITS, 10), f"imaps://anna:{p}@imap.example.net/INBOX"),
    "curl": lambda r: (
        p := letters(r, LETTERS + DIGITS, 10),
        f"curl -v imaps://imap.example.net -u anna@example.com:{p}",
    ),
    "swaks": lambda r: (p := letters(r, LETTERS + DIGITS, 10), f"swaks --to a@example.com -au anna -ap {p} --tls"),
    "option": lambda r: (p := letters(r, LETTERS + DIGITS, 10), f"mailer --password={p} --host x"),
    "json": lambda r: (p := password(r), f'{{"user": "anna", "password": "{p}"}}'),
    "php": lambda r: (p := password(r), f"$mail->Password = '{p}';"),
    "php array": lambda r: (p := password(r), f"'password' => '{p}',"),
    "env": lambda r: (p := password(r), f"MAIL_PASSWORD={p}"),
    "xml": lambda r: (p := letters(r, LETTERS + DIGITS, 9), f"<password>{p}</password>"),
    "netrc": lambda r: (
        p := letters(r, LETTERS + DIGITS, 9) + "1",
        f"machine imap.example.net login anna password {p}",
    ),
    "dump": lambda r: (p := letters(r, LETTERS + DIGITS, 10) + "4", f"anna@example.com:{p}:imap.example.net:143"),
    "app password": lambda r: (
        p := " ".join(letters(r, string.ascii_lowercase, 4) for _ in range(4)),
        f"app password: {p}",
    ),
    "slack": lambda r: (p := "xoxb-" + letters(r, DIGITS, 12) + "-" + letters(r, LETTERS, 24), f"I use {p} for it"),
    "github": lambda r: (p := "ghp_" + letters(r, LETTERS + DIGITS, 36), f"token {p}"),
    "openai": lambda r: (p := "sk-" + letters(r, LETTERS + DIGITS, 40), f"export KEY={p}"),
    "aws": lambda r: (p := "AKIA" + letters(r, string.ascii_uppercase + DIGITS, 16), f"access {p} is set"),
    "jwt": lambda r: (
        p := "eyJ" + letters(r, LETTERS, 20) + ".eyJ" + letters(r, LETTERS, 30) + "." + letters(r, LETTERS, 30),
        f"Cookie: s={p}",
    ),
    "bearer": lambda r: (p := letters(r, LETTERS + DIGITS, 30) + "1", f"Authorization: Bearer {p}"),
    "basic": lambda r: (p := base64.b64encode(f"anna:{password(r)}1x".encode()).decode(), f"Authorization: Basic {p}"),
    "api key": lambda r: (p := letters(r, "0123456789abcdef", 31) + "7", f"API key: {p}"),
    "api-schlüssel": lambda r: (p := letters(r, LETTERS + DIGITS, 33) + "7", f"API-Schlüssel: {p}"),
    "token": lambda r: (p := letters(r, LETTERS + DIGITS, 23) + "7", f"token={p}"),
    "secret": lambda r: (p := letters(r, LETTERS + DIGITS, 23) + "7", f"client_secret: {p}"),
    "webhook": lambda r: (
        p := "T" + letters(r, DIGITS, 8) + "/B" + letters(r, DIGITS, 8) + "/" + letters(r, LETTERS, 24),
        f"https://hooks.slack.com/services/{p}",
    ),
    "google": lambda r: (p := "AIza" + letters(r, LETTERS + DIGITS, 35), f"key {p}"),
    "pem": lambda r: (
        p := letters(r, LETTERS, 64),
        f"-----BEGIN RSA PRIVATE KEY-----\n{p}\n{letters(r, LETTERS, 64)}\n-----END RSA PRIVATE KEY-----",
    ),
    "otp": lambda r: (p := letters(r, DIGITS, 6), f"verification code: {p}"),
    "tan": lambda r: (p := letters(r, DIGITS, 6), f"Bestätigungscode: {p}"),
    "stripe": lambda r: (p := "sk_live_" + letters(r, LETTERS + DIGITS, 24), f"with {p}"),
    "sendgrid": lambda r: (p := "SG." + letters(r, LETTERS, 22) + "." + letters(r, LETTERS, 43), f"key {p} fails"),
    "iban": lambda r: (
        p := r.choice(["DE89370400440532013000", "GB82 WEST 1234 5698 7654 32", "FR14 2004 1010 0505 0001 3M02 606"]),
        f"IBAN {p}",
    ),
}


def secrets(count: int, seed: int = 7) -> Iterator[tuple[str, str, str]]:
    """(kind, the secret, a text that holds it), over all kinds and languages in turn."""
    rng = random.Random(seed)
    kinds = list(OTHERS)
    sentences = [(language, sentence) for language, all_of in PASSWORD_SENTENCES.items() for sentence in all_of]
    for number in range(count):
        if number % 2:
            kind = kinds[number // 2 % len(kinds)]
            secret, text = OTHERS[kind](rng)
            yield kind, secret, text
        else:
            language, sentence = sentences[number // 2 % len(sentences)]
            secret = password(rng)
            yield f"password {language}", secret, "Hello,\n" + sentence.format(secret) + "\nThanks"


CLEAN = [
    "Password mismatch",
    "auth failed: password incorrect",
    "password: normal",
    "Authentication: Normal password",
    "Password: your mailbox password",
    "Passwort normal",
    "The password is correct.",
    "my password is right, the other programs run with it",
    "Das Passwort ist richtig.",
    "Passwort: falsch",
    "Mein Passwort ist seit Mai unverändert",
    "Le mot de passe est correct",
    "mot de passe incorrect",
    "La contraseña es correcta",
    "contraseña incorrecta",
    "La password è giusta",
    "password errata",
    "Het wachtwoord is juist",
    "wachtwoord onjuist",
    "Hasło jest poprawne",
    "hasło nieprawidłowe",
    "A senha está certa",
    "senha incorreta",
    "Пароль верный",
    "неверный пароль",
    "パスワードが正しくありません",
    "パスワードは合っています",
    "密码错误",
    "密码是正确的",
    "334 UGFzc3dvcmQ6",
    "334 VXNlcm5hbWU6",
    "535 5.7.8 Error: authentication failed: UGFzc3dvcmQ6",
    "Username and password not accepted",
    "I typed the password again (535 again)",
    "password/encryption: SSL/TLS on {port}",
    "Port {port}, SSL/TLS, password normal",
    "Password reset {n} days ago",
    "The user name or password for {address} is incorrect.",
    "Login to server {host} with username {address} failed.",
    "User {address} password expired",
    "Please enter the password for {address}",
    "Password for {address}:",
    "password: ****",
    "password=<hidden>",
    "pass: {n} of 20 tests",
    "SPF: pass",
    "dkim=pass",
    "Thunderbird {version} on Windows 11",
    "K-9 Mail {version}",
    "version {version} ({n}{n}{n})",
    "order {n}{n}{n}{n}",
    "call me on +49 30 {n} {n}",
    "session=<Ab3dEf{n}gH+>",
    "queue id 4XyZ{n}abc",
    "Message-ID: <{n}.{n}@example.com>",
    "error 0x800CCC0E",
    "0x8004210B {n}",
    "ticket #{n}-{n}",
    "TLS handshake error:1408F10B:SSL routines",
    "certificate fingerprint SHA256 AB:CD:EF:{n}",
    "imap-login: Aborted login (auth failed, 1 attempts in 2 secs)",
    "method=PLAIN, rip=192.0.2.{b}, lip=198.51.100.7, TLS",
    "Invoice {n} of 2026-11-20 09:14:02",
    "ping 192.0.2.{b} time={n} ms",
    "Login disabled for this user",
    "Key usage: digital signature",
    "The token of the app has expired",
    "invalid_grant: token expired",
    "API key missing",
    "no secret was changed here",
    "The login is not possible since {n} minutes",
    "a login attempt failed {n} times",
    "K9 login screen appears",
    "basic authentication is off",
    "AUTH PLAIN LOGIN CRAM-MD5",
    "AUTHENTICATE PLAIN",
    "passwords in the safe",
    "I changed my password on the {b}th",
    "password since 2019",
    "passwordless",
    "Passwort vergessen?",
    "Passwort 2x eingegeben",
    "new password set at {b}:30",
    "Passwort-Manager",
    "password manager 1Password 8",
    "Kennwort gespeichert: ja",
    "the password (same as for webmail) works",
    "contraseña guardada: sí",
    "Clave pública RSA",
    "the pin of the SIM is asked",
    "code 535",
    "error code: {n}",
    "tan lines in the picture",
    "security code invalid",
    "the card reader {n} works",
    "Windows 10 22H2 build 19045.{n}",
    "https://webmail.example.net/?_task=mail&_mbox=INBOX",
    "smtp.example.net:{port}",
    "{address}:***:{host}:{port}",
    "Cookie settings",
    "cookies are on",
    "Password: see the letter",
    "Passwort: siehe Brief",
]


def clean(count: int, seed: int = 11) -> Iterator[str]:
    """Sentences without a secret, many of which talk about one."""
    rng = random.Random(seed)
    for _ in range(count):
        yield rng.choice(CLEAN).format(
            n=rng.randrange(100, 99999),
            b=rng.randrange(2, 29),
            port=rng.choice([143, 465, 587, 993, 995]),
            host="imap.example.net",
            address=rng.choice(["anna@example.com", "bert.b2@mail.example.org", "x1y2z3@example.net"]),
            version=rng.choice(["128.5.0", "16.89.1 (24091630)", "5.723-SNAPSHOT", "115.18.0", "6.4.37"]),
        )
