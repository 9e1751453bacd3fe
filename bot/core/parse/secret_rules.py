"""What secrets look like: the expressions that :mod:`bot.core.parse.secrets` searches.

Every expression is linear: runs are bounded or possessive, and no two neighbours can share a character.
"""

from __future__ import annotations

from typing import Final

import regex

from bot.core.parse import secret_words as words
from bot.core.parse.secret_shapes import PLACEHOLDER, Rule, any_of, firm, loose, no_prose

_I: Final = regex.IGNORECASE
LABEL: Final = (
    f"(?:(?:{any_of(words.LONG_LABELS)})|"
    rf"(?<![\p{{L}}\p{{M}}])(?:{any_of(words.SHORT_LABELS)}))\d?(?![\p{{L}}\p{{M}}\p{{N}}])"
)
"""A word for a password; what follows it is looked at by :data:`TAILS`."""
_OPEN: Final = "[\"'`“”„‚‘«»「『]"
_CLOSE: Final = "[\"'`“”‘’«»」』]"
_VALUE: Final = (
    f"(?:(?P<q>{_OPEN})(?P<v>[^\"'`“”„‘’«»「」『』\\n]{{1,80}}+){_CLOSE}|"
    f"(?P<v>[^\\s\"'`“”„«»「」『』，。；、<>]{{1,128}}+))"
)
_WEAK_LABEL: Final = "[\"'’`\\]*_]{0,3}(?:\\s?\\([^()\\n]{0,60}\\))?"
_FOR: Final = f"(?:[ \\t]{{1,3}}(?:{any_of(words.LINKERS)})[ \\t](?:[^\\s:=]{{1,80}}[ \\t]){{0,3}}?[^\\s:=]{{1,80}})?"
LABEL_STEMS: Final = (
    "pass",
    "pw",
    "kenn",
    "contra",
    "wacht",
    "woord",
    "hasł",
    "hasl",
    "senha",
    "парол",
    "lösen",
    "kode",
    "salas",
    "hesl",
    "jelsz",
    "şifre",
    "parol",
    "κωδ",
    "mdp",
    "clave",
    "pin",
    "kw",
    "secret",
    "geheim",
    "zugangscode",
    "codice",
    "psw",
    "mot de",
    "mots de",
)
"""Parts of all labels: where none occurs, no label does."""

TAILS: Final = (
    Rule("password", rf"{_WEAK_LABEL}{_FOR}[ \t]{{0,10}}(?:=>|:=|[:=：＝])[ \t>]{{0,10}}{_VALUE}", _I, "v", loose),
    Rule(
        "password",
        rf"{_WEAK_LABEL}{_FOR}[ \t]{{1,4}}(?:{any_of(words.COPULAS)})[ \t]{{1,4}}(?:(?:now|jetzt|still|"
        rf"noch)[ \t])?(?:[:：] ?)?{_VALUE}",
        _I,
        "v",
        firm,
    ),
    Rule("password", rf"[\"'’)\]]?(?:[ \t]?[-–—→|(/][ \t]?|[ \t]{{1,40}}){_VALUE}", _I, "v", firm),
    Rule("password", rf"{_WEAK_LABEL}[ \t]*[:=：][ \t]*\n(?:[> \t]*\n)?[> \t]*{_VALUE}[ \t]*(?=\n|$)", _I, "v", firm),
    Rule(
        "password",
        rf"{_WEAK_LABEL}[ \t]?(?:[:=]|is|ist|est|es|è|"
        rf"é)?[ \t]?{_OPEN}?(?P<v>[a-z]{{4}}(?:[ -][a-z]{{4}}){{3}})(?![\w-])",
        _I,
        "v",
        no_prose,
    ),
)
"""What may follow a label and hold the password; matched at the label's end."""

PASSWORD_RULES: Final = (
    Rule(
        "key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|"
        r"-(?!----)){0,20000}+(?:-----END [A-Z0-9 ]{0,40}-----)?",
        0,
        needs=("private key",),
    ),
    Rule(
        "password",
        rf"(?:{any_of(words.CJK_LABELS)})[\"'”」』\]]?(?:[^\n:：=＝!-~]{{0,8}}?[:：=＝]|は|是|为|為|이|은|"
        rf"는)?[ \t\u3000]{{0,4}}"
        r"(?:(?P<q>[\"'“”「『])(?P<v>[^\"'“”「」『』\n]{3,60}+)[\"'”」』]|(?P<v>[!-~]{4,80}+))",
        _I,
        "v",
        firm,
        tuple(label.lower() for label in words.CJK_LABELS),
    ),
    Rule(
        "password",
        rf"(?:{any_of(words.CJK_LABELS)})[ \t]?[:：=＝][ \t\u3000]{{0,4}}(?P<v>[!-~]{{3,80}}+)",
        _I,
        "v",
        loose,
        tuple(label.lower() for label in words.CJK_LABELS),
    ),
    Rule(
        "password",
        rf"(?:user(?: ?name)?|login|benutzer(?:name)?|utilisateur|identifiant|usuario|utente|"
        rf"gebruiker(?:snaam)?|usuário|логин)"
        rf"[ \t]?(?:/|\||&|\+|and|und|et|y|e|en|i|и)[ \t]?{LABEL}[ \t]?[:=][ \t]?[^\s/,|"
        rf"]{{1,100}}[ \t]?[/,|: ][ \t]?{_VALUE}",
        _I,
        "v",
        loose,
        LABEL_STEMS,
    ),
    Rule(
        "password",
        r"<(?P<t>\w{0,20}(?:password|passwd|pwd|"
        r"pass))\b[^<>\n]{0,100}>(?P<v>[^<>\n]{1,128})</(?P=t)>",
        _I,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"]),
        ("pass", "pwd"),
    ),
    Rule(
        "password",
        r"\b[a-z][a-z0-9+.-]{1,15}://[^\s:/@]{1,100}:(?P<v>[^\s/\"'<>]{1,128})@",
        _I,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"]),
        ("://",),
    ),
    Rule(
        "password",
        r"(?<=[\w.+-])@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}:(?P<v>[^\s:]{3,100}):(?:[\w-]{1,63}\.)"
        r"{1,8}[a-z]{2,20}\b",
        _I,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"]),
        ("@",),
    ),
    Rule(
        "password",
        r"(?<=[\w.+-])@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?::|"
        r"[ \t]/[ \t])(?P<v>[^\s:/]{6,100})(?=\s|$)",
        _I,
        "v",
        firm,
        ("@",),
    ),
    Rule(
        "password",
        r"(?m)^[^\n]{0,40}?(?<!\w)[A-Za-z.?$][\w.]{0,10}[ ]LOGIN[ ](?:\"[^\"\n]{0,200}\"|"
        r"[^\s\"]{1,200})[ ](?P<v>\"(?:[^\"\\\n]|\\.){0,200}+\"|[^\s\"]{1,200})"
        r"(?=[ ]*(?:$|[\"'\\]))",
        0,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"].strip('"')),
        ("login",),
    ),
    Rule(
        "password",
        r"(?m)^[^\w\n]{0,10}[a-z][\w.]{0,10}[ ]login[ ](?:\"[^\"\n]{1,200}\"|"
        r"[^\s\"]{0,100}[@\d][^\s\"]{0,100})[ ](?P<v>\"[^\"\n]{1,200}\"|[^\s\"]{3,200})[ ]*$",
        0,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"].strip('"')),
        ("login",),
    ),
    Rule(
        "password",
        r"(?m)^(?:[^\w\n]{0,10}|C: ?|send: ?['\"]|"
        r"\w{1,20}>[ ]?)PASS[ ](?P<v>[^\s]{1,128})[ ]*$",
        0,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"]),
        ("pass ",),
    ),
    Rule(
        "password",
        r"UGFzc3dvcmQ6[^\n]{0,20}\n(?:[^\n]{0,60}?(?:[:>~]|->)[ ]?b?['\"]?|"
        r"[^\w\n]{0,10})(?P<v>[A-Za-z0-9+/]{4,400}={0,2})"
        r"(?=(?:\\r\\n)?['\"]?[ \t]*(?:\n|$))",
        0,
        "v",
        lambda match: not match["v"].isdigit() and match["v"].upper() not in {"AUTH", "LOGIN", "QUIT"},
        ("ugfzc3dvcmq6",),
    ),
    Rule(
        "password",
        r"(?<![\w-])(?:--?(?:auth-?)?pass(?:word|wd)?|-ap|--smtp-pass|--pw|sshpass[ ]-p)(?:=|"
        r"[ ]+)(?P<q>[\"'])?(?P<v>[^\s\"']{1,128})",
        _I,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"]) and not match["v"].startswith("-"),
        ("-p", "-ap"),
    ),
    Rule(
        "password",
        r"(?<![\w-])(?:-u|--user|--userpwd|--proxy-user|-U)(?:=|"
        r"[ ]*)[\"']?[^\s:\"']{1,120}:(?P<v>[^\s\"']{1,128})",
        0,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"]) and not match["v"].isdigit(),
        ("-u",),
    ),
    Rule(
        "password",
        r"\b(?:login|user)[ ]+\S{1,100}[ ]+(?:password|pass|"
        r"passwd)[ ]+(?P<q>[\"'])?(?P<v>[^\s\"']{3,128})",
        _I,
        "v",
        loose,
        ("pass",),
    ),
    Rule("password", r"\bmysql\b[^\n]{0,60}[ ]-p(?P<v>[^\s-]\S{2,60})", 0, "v", None, ("mysql",)),
)
