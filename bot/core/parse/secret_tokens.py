"""What tokens, keys, codes, account and card numbers look like (prefixes: the makers' own documentation)."""

from __future__ import annotations

from typing import Final

import regex

from bot.core.parse import secret_words as words
from bot.core.parse.secret_shapes import PLACEHOLDER, Rule, any_of, long_key, luhn, mod97

_I: Final = regex.IGNORECASE
_OPEN: Final = "[\"'`“”„‚‘«»「『]"
KEY_STEMS: Final = (
    "key",
    "token",
    "secret",
    "schlüssel",
    "clé",
    "clave",
    "chiave",
    "klucz",
    "chave",
    "ключ",
    "токен",
    "session",
    "cookie",
    "キー",
    "トークン",
    "令牌",
    "密钥",
)

_ONE_TIME: Final = r"(?<![\w.,:+/-])(?:\d{3}[ -]?\d{3}|\d{4,8})(?![\w.:/-]*\d)(?!\w)"
"""A one-time code: six digits, often in two groups, or four to eight."""

TOKEN_RULES: Final = (
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
            "sk-",
            "k_live",
            "k_test",
            "xox",
            "xapp-",
            "ghp_",
            "gho_",
            "ghs_",
            "ghu_",
            "ghr_",
            "_pat_",
            "glpat-",
            "akia",
            "asia",
            "aiza",
            "ya29.",
            "1//",
            "sg.",
            "key-",
            "npm_",
            "dop_v1_",
            "hf_",
            "shp",
            "xkeysib-",
            "re_",
            "pypi-",
            ":aa",
            "pmak-",
            "eyj",
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
        rf"(?<![\p{{L}}])(?:{any_of(words.KEY_LABELS)})[\"'’`\]]?[ \t]{{0,4}}(?:=>|:=|[:=：＝]|is|ist|est|"
        rf"es|è|é|to|это|は|是)[ \t]{{0,4}}{_OPEN}?(?P<v>[A-Za-z0-9_+/.~=-]{{8,400}}+)",
        _I,
        "v",
        long_key,
        KEY_STEMS,
    ),
    Rule(
        "token",
        rf"(?<![\p{{L}}])(?:{any_of(words.KEY_LABELS)})"
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
        rf"(?<!\p{{L}})(?:{any_of(words.CODE_LABELS)})[ \t]?(?:[:：=]|is|ist|est|es|è|is|é|to|は|"
        rf"是)[ \t]?(?P<v>\d(?:[ -]?\d){{2,9}})(?!\d)",
        _I,
        "v",
        needs=("code", "otp", "2fa", "tan:", "tan ", "cvv", "cvc", "código", "codice", "kod", "код", "コード", "码"),
    ),
    # mails by which somebody else verifies an address: the code stands before, behind or below the words for it
    Rule(
        "code",
        rf"(?:{any_of(words.ONE_TIME)})[^\n\d]{{0,40}}\s{{0,4}}(?P<v>{_ONE_TIME})",
        _I,
        "v",
        needs=("code", "cód", "codi", "kod", "код", "コード", "验证码", "驗證碼", "otp"),
    ),
    Rule(
        "code",
        rf"(?P<v>{_ONE_TIME})[ \t]{{1,3}}(?:is|ist|est|es|è|é|jest|это)[ \t](?:your|the|ihr|dein|votre|ton|su|tu|il|uw|je|seu|ваш)[^\n\d]{{0,40}}(?:code|cód|codice|kod|код|pin|otp)",
        _I,
        "v",
        needs=("code", "cód", "codi", "kod", "код", "pin", "otp"),
    ),
    Rule(
        "code",
        rf"\b(?:use|enter|type)[ \t](?P<v>{_ONE_TIME})[ \t](?:to|as)\b",
        _I,
        "v",
        needs=("use ", "enter ", "type "),
    ),
    Rule(
        "token",
        r"https?://[^\s/]{1,100}/(?:[\w.-]{1,60}/){0,4}(?P<v>(?:confirm|verify|verification|activate|reset|magic|invite)[\w-]{0,30}[/?][^\s\"'<>]{4,400})",
        _I,
        "v",
        needs=("http",),
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
