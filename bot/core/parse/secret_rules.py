"""What secrets look like: the expressions that :mod:`bot.core.parse.secrets` searches.

Every expression is linear: runs are bounded or possessive, and no two neighbours can share a character.
"""

from __future__ import annotations

from typing import Final

import regex

from bot.core.parse import secret_words as words
from bot.core.parse.secret_shapes import PLACEHOLDER, Rule, firm, long_key, loose, luhn, mod97, no_prose


def _any(alternatives: tuple[str, ...]) -> str:
    return "|".join(sorted(set(alternatives), key=len, reverse=True))


_I: Final = regex.IGNORECASE
LABEL: Final = (
    f"(?:(?:{_any(words.LONG_LABELS)})|"
    rf"(?<![\p{{L}}\p{{M}}])(?:{_any(words.SHORT_LABELS)}))\d?(?![\p{{L}}\p{{M}}\p{{N}}])"
)
"""A word for a password; what follows it is looked at by :data:`TAILS`."""
_OPEN: Final = "[\"'`“”„‚‘«»「『]"
_CLOSE: Final = "[\"'`“”‘’«»」』]"
_VALUE: Final = (
    f"(?:(?P<q>{_OPEN})(?P<v>[^\"'`“”„‘’«»「」『』\\n]{{1,80}}+){_CLOSE}|"
    f"(?P<v>[^\\s\"'`“”„«»「」『』，。；、<>]{{1,128}}+))"
)
_WEAK_LABEL: Final = "[\"'’`\\]*_]{0,3}(?:\\s?\\([^()\\n]{0,60}\\))?"
_FOR: Final = (
    f"(?:[ \\t]{{1,3}}(?:{_any(words.LINKERS)})[ \\t](?:[^\\s:=]{{1,80}}[ \\t]){{0,3}}?[^\\s:=]{{1,80}})?"
)
LABEL_STEMS: Final = (
    "pass", "pw", "kenn", "contra", "wacht", "woord", "has", "senha", "парол", "lösen", "kode", "salas",
    "hesl", "jelsz", "şifre", "parol", "κωδ", "mdp", "clave", "pin", "kw", "secret", "geheim",
    "zugangscode", "codice", "psw", "mot",
)
"""Parts of all labels: where none occurs, no label does."""

TAILS: Final = (
    Rule(
        "password",
        rf"{_WEAK_LABEL}{_FOR}[ \t]{{0,10}}(?:=>|:=|[:=：＝])[ \t>]{{0,10}}{_VALUE}",
        _I,
        "v",
        loose,
    ),
    Rule(
        "password",
        rf"{_WEAK_LABEL}{_FOR}[ \t]{{1,4}}(?:{_any(words.COPULAS)})[ \t]{{1,4}}(?:(?:now|jetzt|still|"
        rf"noch)[ \t])?(?:[:：] ?)?{_VALUE}",
        _I,
        "v",
        firm,
    ),
    Rule("password", rf"[\"'’)\]]?(?:[ \t]?[-–—→|(/][ \t]?|[ \t]{{1,40}}){_VALUE}", _I, "v", firm),
    Rule(
        "password",
        rf"{_WEAK_LABEL}[ \t]*[:=：][ \t]*\n(?:[> \t]*\n)?[> \t]*{_VALUE}[ \t]*(?=\n|$)",
        _I,
        "v",
        firm,
    ),
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

KEY_STEMS: Final = (
    "key", "token", "secret", "schlüssel", "clé", "clave", "chiave", "klucz", "chave", "ключ", "токен", "session",
    "cookie", "キー", "トークン", "令牌", "密钥",
)

RULES: Final = (
    Rule(
        "key",
        r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|"
        r"-(?!----)){0,20000}+(?:-----END [A-Z0-9 ]{0,40}-----)?",
        0,
        needs=("private key",),
    ),
    Rule(
        "password",
        rf"(?:{_any(words.CJK_LABELS)})[\"'”」』\]]?(?:[^\n:：=＝!-~]{{0,8}}?[:：=＝]|は|是|为|為|이|은|"
        rf"는)?[ \t\u3000]{{0,4}}"
        r"(?:(?P<q>[\"'“”「『])(?P<v>[^\"'“”「」『』\n]{3,60}+)[\"'”」』]|(?P<v>[!-~]{4,80}+))",
        _I,
        "v",
        firm,
        tuple(label.lower() for label in words.CJK_LABELS),
    ),
    Rule(
        "password",
        rf"(?:{_any(words.CJK_LABELS)})[ \t]?[:：=＝][ \t\u3000]{{0,4}}(?P<v>[!-~]{{3,80}}+)",
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
        r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}:(?P<v>[^\s:]{3,100}):(?:[\w-]{1,63}\.)"
        r"{1,8}[a-z]{2,20}\b",
        _I,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"]),
        ("@",),
    ),
    Rule(
        "password",
        r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}(?::|"
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
    Rule(
        "token",
        r"(?<![A-Za-z0-9])(?:sk-[A-Za-z0-9_-]{16,200}|[rsp]k_(?:live|test)_[A-Za-z0-9]{10,200}|"
        r"xox[abeoprs]-[A-Za-z0-9-]{8,200}|"
        r"xapp-[A-Za-z0-9-]{10,200}|gh[opsur]_[A-Za-z0-9]{16,200}|github_pat_[A-Za-z0-9_]{20,200}|"
        r"glpat-[A-Za-z0-9_-]{15,100}|"
        r"(?:AKIA|ASIA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,60}|ya29\.[A-Za-z0-9_-]{20,400}|"
        r"1//[A-Za-z0-9_-]{30,200}|"
        r"SG\.[A-Za-z0-9_-]{16,80}\.[A-Za-z0-9_-]{16,80}|key-[0-9a-f]{32}|npm_[A-Za-z0-9]{20,80}|"
        r"dop_v1_[0-9a-f]{30,100}|"
        r"hf_[A-Za-z0-9]{20,80}|shp(?:at|ss|ca)_[0-9a-fA-F]{20,80}|xkeysib-[0-9a-f-]{30,120}|"
        r"re_[A-Za-z0-9_]{20,60}|"
        r"pypi-[A-Za-z0-9_-]{30,300}|\d{8,10}:AA[A-Za-z0-9_-]{30,50}|"
        r"PMAK-[0-9a-f-]{30,80}|"
        r"eyJ[A-Za-z0-9_-]{8,2000}\.[A-Za-z0-9_-]{4,4000}(?:\.[A-Za-z0-9_-]{0,2000})?)(?![A-Za-z0-9])",
        needs=(
            "sk-", "k_live", "k_test", "xox", "xapp-", "ghp_", "gho_", "ghs_", "ghu_", "ghr_", "_pat_", "glpat-",
            "akia", "asia", "aiza", "ya29.", "1//", "sg.", "key-", "npm_", "dop_v1_", "hf_", "shp", "xkeysib-",
            "re_", "pypi-", ":aa", "pmak-", "eyj",
        ),
    ),
    Rule("token", r"(?<![A-Za-z0-9])(?:AC|SK)[0-9a-f]{32}(?![A-Za-z0-9])", needs=("account sid", "twilio", "api key")),
    Rule(
        "token",
        r"hooks\.slack\.com/(?:services|workflows)/(?P<v>[A-Za-z0-9/_-]{10,200})",
        0,
        "v",
        None,
        ("hooks.slack",),
    ),
    Rule(
        "token",
        r"\b(?:bearer|basic)[ ]+(?P<v>[A-Za-z0-9._~+/-]{12,4000}={0,2})",
        _I,
        "v",
        long_key,
        ("bearer", "basic"),
    ),
    Rule(
        "token",
        rf"(?<![\p{{L}}])(?:{_any(words.KEY_LABELS)})[\"'’`\]]?[ \t]{{0,4}}(?:=>|:=|[:=：＝]|is|ist|est|"
        rf"es|è|é|to|это|は|是)[ \t]{{0,4}}{_OPEN}?(?P<v>[A-Za-z0-9_+/.~=-]{{8,400}}+)",
        _I,
        "v",
        long_key,
        KEY_STEMS,
    ),
    Rule(
        "token",
        rf"(?<![\p{{L}}])(?:{_any(words.KEY_LABELS)})"
        rf"[^\n\p{{N}}]{{0,20}}?[\"' :=](?P<v>[0-9a-fA-F]{{32,128}}|"
        rf"[A-Za-z0-9+/_-]{{32,200}}={{0,2}})(?![A-Za-z0-9])",
        _I,
        "v",
        long_key,
        KEY_STEMS,
    ),
    Rule("token", r"otpauth://[^\s\"'<>]{5,300}", _I, 0, None, ("otpauth",)),
    Rule(
        "token",
        r"[?&](?:token|key|sig|signature|secret|code|password|pwd|"
        r"auth)=(?P<v>[^\s&#\"'<>]{6,400})",
        _I,
        "v",
        lambda match: not PLACEHOLDER.fullmatch(match["v"]),
        ("?", "&"),
    ),
    Rule(
        "code",
        rf"(?<!\p{{L}})(?:{_any(words.CODE_LABELS)})[ \t]?(?:[:：=]|is|ist|est|es|è|is|é|to|は|"
        rf"是)[ \t]?(?P<v>\d(?:[ -]?\d){{2,9}})(?!\d)",
        _I,
        "v",
        needs=("code", "otp", "2fa", "tan", "cvv", "cvc", "código", "codice", "kod", "код", "コード", "码", "碼"),
    ),
    Rule(
        "iban",
        r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ ]?[A-Z0-9]{4}){2,7}(?:[ ]?[A-Z0-9]{1,4})"
        r"?(?![A-Za-z0-9])",
        0,
        0,
        mod97,
    ),
    Rule(
        "card",
        r"(?<![\w+.:/@#=&<-])(?:\d{12,19}|\d{4}([ .-])\d{4}\1\d{4}\1\d{1,7}(?:\1\d{1,3})?|"
        r"\d{4}([ -])\d{6}\2\d{4,5}|\d{6}([ -])\d{6,13}|"
        r"\d{4}[ ]{1,3}\d{4}[ ]{1,3}\d{4}[ ]{1,3}\d{1,7})(?![\w@/:>]|[.-]\d)",
        0,
        0,
        luhn,
    ),
    Rule(
        "card",
        r"(?:card|karte|kartennummer|carte|tarjeta|carta|kaart|karta|kart[ay]|cartão|карт\p{L}{0,2}|カード|"
        r"卡号|卡號|visa|mastercard|amex)"
        r"[^\n\d]{0,30}(?P<v>\d(?:[ .\-_/]{0,2}\d){11,18})(?!\d)",
        _I,
        "v",
        luhn,
        ("card", "kart", "carte", "tarj", "carta", "kaart", "cart", "карт", "カード", "卡", "visa", "amex"),
    ),
)
