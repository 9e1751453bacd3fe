"""The user name as the customer typed it, where it is not a full address."""

from __future__ import annotations

from collections.abc import Sequence

import regex

from bot.core.model import Reading
from knowledge.gated import Gated
from knowledge.matcher import fold

PATTERN_SECONDS = 0.2

_LABELLED = Gated(
    r"(?:user\s?-?(?:name|id)|login(?:\s+name)?|log(?:s|ged|ging)?\s+in\s+(?:as|with)|sign(?:s|ed|ing)?\s+in\s+(?:as|with)|account\s+name|user|"
    r"benutzer(?:name)?n?|anmeldename|anmelden\s+(?:als|mit)|identifiant|nom\s+d'utilisateur|utilisateur|usuario|nombre\s+de\s+usuario|utente|nome\s+utente|"
    r"gebruikersnaam|usu[aá]rio|nome\s+de\s+(?:usu[aá]rio|utilizador)|utilizador|(?:nazwa\s+)?u[zż]ytkownika?|login|имя\s+пользователя|логин|пользователь|ユーザー?\s?(?:名|id)|用户(?:名|id)|帳號|账号|使用者名稱)(?![a-z])"
    r"\s*(?:(?:is|was|ist|est|es|è|jest|は|为|為|是|填的是|:|：|=|->)\s*)+(?:(?:just|only|simply|nur|einfach|juste|simplement|solo|sólo|alleen|gewoon|só|apenas|tylko|просто|только)\s+)?"
    r"[\"'`<(\[]?(?P<name>[a-z0-9][\w.\\/-]{1,40}?)[\"'`>)\]]?(?=[\s,;!?、。，；！？]|\.(?:\s|$)|$)"
)
_ENTERED = Gated(
    r"(?:user\s?-?(?:name|id)|benutzername|anmeldename|nom\s+d'utilisateur|identifiant|nombre\s+de\s+usuario|usuario|nome\s+utente|gebruikersnaam|nome\s+de\s+(?:usu[aá]rio|utilizador)|usu[aá]rio|utilizador|"
    r"nazw\w\s+u[zż]ytkownika|имя\s+пользователя|логин)\b[^.!?\n:@]{0,70}\b"
    r"(?:put|typed|entered|filled(?:\s+(?:in|it))?|eingetragen|eingegeben|mis|saisi|tap[ée]|puesto|escrito|inserito|messo|scritto|ingevuld|ingetypt|pus|coloquei|preenchi\w*|wpisa\w+|"
    r"вписал\w*|ввел\w*|подставил\w*|указал\w*)\s{0,2}:\s{0,2}[\"'`]?(?P<name>[a-z][\w.-]{1,40}?)[\"'`]?(?=[\s,;!?]|\.(?:\s|$)|$)"
)
"""A label, what was done, a colon: "as user name we have entered (twice) his first name: wessel"."""
_QUOTED = Gated(
    r"(?:user\s?-?name|login|log(?:s|ged|ging)?\s+in|sign(?:s|ed|ing)?\s+in|typ(?:e|ed|ing)|enter(?:ed|ing)?|benutzername\w*|anmeld\w+|eingegeben|eintrag\w*|identifiant|connect\w*|"
    r"usuario|entr[oa]\w*|utente|gebruik\w*|usu[aá]rio|u[zż]ytkownik\w*|логин\w*|пользовател\w+|ユーザー名|用户名)"
    r"(?:\W+\w+){0,3}?\W{1,3}[\"'`](?P<name>[a-z0-9][\w.\\-]{1,30})[\"'`]"
)
_LABEL_QUOTED = Gated(
    r"(?:user\s?-?name|benutzername\w*|nom\s+d'utilisateur|nombre\s+de\s+usuario|usuario|nome\s+utente|gebruikersnaam|nome\s+de\s+(?:usu[aá]rio|utilizador)|usu[aá]rio|utilizador|"
    r"nazwy?\s+u[zż]ytkownika|u[zż]ytkownika|именем\s+пользователя|пользователя|ユーザー名|用户名|使用者名稱)\s*[:：]?\s*[\"'`](?P<name>[a-z0-9][\w.\\-]{1,40})[\"'`]"
)
_JUST = Gated(
    r"(?:user\s?-?name|log(?:s|ged|ging)?\s*-?\s*in|sign(?:s|ed|ing)?\s+in|benutzername\w*|anmeld\w*|identifiant\w*|usuario|utente|gebruikersnaam|inlog\w*|usu[aá]rio|utilizador|login\w*|логин\w*|пользовател\w*)\b[^.!?\n]{0,40}?"
    r"\b(?:just|only|simply|nur|einfach|juste|seulement|solo|sólo|solamente|soltanto|alleen|só|apenas|somente|tylko|samo|только|просто)\s+[\"'`]?(?P<name>[a-z][\w.-]{1,30})[\"'`]?\s*"
    r"(?:\(|,|and|as|without|instead|rather|not|no\s+domain|und|als|ohne|statt|sans|au\s+lieu|sin|en\s+vez|senza|invece|zonder|sem|em\s+vez|bez|без|вместо)"
)
_LISTED = Gated(
    r"(?:^|[,;(\u3001\u30fb\u2022/|]|\n)[ \t*\-\u30fb]{0,6}(?:user\s?-?(?:name|id)?|login(?:\s+name)?|account\s+name|(?P<loose>name|account|id)|benutzer(?:name)?|kontoname|anmeldename|identifiant|utilisateur|nom\s+d'utilisateur|"
    r"usuario|utente|nome\s+utente|gebruiker(?:snaam)?|usu[a\u00e1]rio|utilizador|u[z\u017c]ytkownik|nazwa\s+u[z\u017c]ytkownika|login|имя(?:\s+пользователя)?|логин|пользователь|ユーザー?(?:名|\s?id)|用户名?|账号|帳號|使用者名稱)"
    r"(?P<colon>\s{0,3}[:=\uff1a]\s{0,3}|[ \t]+)[\"'`<\[\u00ab]?\s?(?P<name>[a-z0-9][\w.\\-]{1,40}?)\s?[\"'`>\]\u00bb]?[ \t]*(?=[,;)\u3001\u30fb|\n]|\.(?:\s|$)|$)"
)
"""One item of a list of settings ("server imap.mail.example, user buh, password saved"): the items part it from
prose."""
_SETTINGS_AROUND = Gated(
    r"(?:imap|smtp|mail)\.[a-z0-9-]+\.[a-z]|\b(?:993|465|587)\b|password|passwor[dt]|пароль|mot\s+de\s+passe|contrase|senha|has[l\u0142]o|wachtwoord|パスワード|密码|密碼"
)
_OUTPUT = Gated(
    r"user=<(?P<name>[^<>@\s]{1,64})>|\"(?P<name>[\w.-]{1,40})\"\s+is\s+not\s+(?:complete|a\s+(?:valid|full))|sasl_username=(?P<name>[\w.-]{1,64})(?![\w.@-])|"
    r"(?:login|auth)\s+(?:failed|error)\s+for\s+(?:user\s+)?[\"'<]?(?P<name>[\w.-]{1,40})(?![\w.@-])"
)
_NOT_A_NAME = frozenset(
    {
        "and",
        "or",
        "the",
        "is",
        "my",
        "full",
        "email",
        "e-mail",
        "mail",
        "address",
        "password",
        "correct",
        "right",
        "wrong",
        "same",
        "ok",
        "okay",
        "name",
        "normal",
        "imap",
        "smtp",
        "required",
        "incorrect",
        "invalid",
        "not",
        "complete",
        "unknown",
        "settings",
        "it",
        "that",
        "this",
        "a",
        "an",
        "volle",
        "ganze",
        "vollständige",
        "die",
        "der",
        "das",
        "adresse",
        "korrekt",
        "falsch",
        "richtig",
        "mit",
        "und",
        "ist",
        "auch",
        "ma",
        "mon",
        "votre",
        "complète",
        "correcto",
        "completo",
        "la",
        "el",
        "mi",
        "il",
        "mio",
        "completa",
        "het",
        "mijn",
        "volledige",
        "o",
        "meu",
        "minha",
        "failed",
        "error",
        "fails",
        "as",
        "in",
        "with",
        "to",
        "for",
        "of",
        "on",
        "does",
        "was",
        "but",
        "always",
        "again",
        "denied",
        "disabled",
        "accepted",
        "rejected",
        "now",
        "works",
        "work",
        "working",
        "page",
        "screen",
        "data",
        "details",
        "credentials",
        "information",
        "prompt",
        "dialog",
        "window",
        "button",
        "form",
        "attempted",
        "possible",
        "already",
        "exactly",
        "verified",
        "checked",
        "ssl",
        "tls",
        "none",
        "plain",
        "yes",
        "no",
        "true",
        "false",
        "i",
        "we",
        "you",
        "they",
        "he",
        "she",
    }
)


_LABEL_ONLY = regex.compile(
    r"(?:user\s?-?name|login(?:\s+name)?|log(?:s|ged|ging)?\s+in|sign(?:s|ed|ing)?\s+in|benutzername\w*|anmeldename|anmelden|identifiant|nom\s+d'utilisateur|usuario|nome\s+utente|utente|"
    r"gebruikersnaam|inloggen|usu[aá]rio|utilizador|u[zż]ytkownika?|имя\s+пользователя|логин\w*|ユーザー名|用户名|使用者名稱|帳號|账号)\W{1,4}(?:\w+\W+){0,2}?$"
)


def find_login(reading: Reading, error_spans: Sequence[tuple[int, int]] = (), known: Sequence[str] = ()) -> str | None:
    """The bare user name (no @) that the failing program was given, or None. ``known``: addresses of the
    customer; their local part right behind a label is a user name even without a colon. Outside a program's
    own output nothing inside ``error_spans`` counts.

    Only where the text says that it is a user name: behind a label, in quotes after a verb of logging in, or in
    a program's own output. ``DOMAIN\\name`` is returned as written.
    """
    folded = fold(reading.text[:30_000])
    for pattern in (_OUTPUT, _LABEL_QUOTED, _LABELLED, _ENTERED, _QUOTED, _JUST):
        try:
            for match in pattern.finditer(folded, timeout=PATTERN_SECONDS):
                start, end = match.span("name")
                if pattern not in (_OUTPUT, _LABEL_QUOTED) and any(a <= start < b for a, b in error_spans):
                    continue
                name = reading.text[start:end].strip(".")
                if folded[end : end + 1] == "@" or _VARIABLE.fullmatch(name) or not _plausible(name.lower()):
                    continue
                kind = next((s.kind for s in reading.segments if s.span[0] <= start < s.span[1]), "body")
                if kind not in ("signature", "disclaimer", "header"):
                    return name
        except TimeoutError:
            continue
    return (
        _listed(reading, folded, error_spans)
        or _local_part(folded, known)
        or _in_a_row(folded, known)
        or _full_name(reading, known)
    )


_FULL_NAME = regex.compile(
    r"(?i:\b(?:user\s?-?(?:name|id)|benutzer(?:name)?|anmeldename|kontoname|identifiant|nom\s+d'utilisateur|utilisateur|usuario|nome\s+utente|utente|gebruikersnaam|usu[aá]rio|"
    r"nazw\w+\s+u[zż]ytkownika|login|имя\s+пользователя|логин))\b"
    r"(?P<between>[^.!?\n@]{0,60}?[\s:=\"'“„«])"
    r"(?P<name>\p{Lu}[\p{Ll}'-]{1,20}(?:[ .]\p{Lu}[\p{L}'-]{1,20}){1,2})(?![\w@])"
)
_PASSWORD = regex.compile(r"(?i:pass|kennwort|contrase|clave|senha|wachtwoord|has[lł]|парол)")
"""Behind "user name or password for" stands what the account is called (Apple Mail), not what is typed as its user
name."""


def _full_name(reading: Reading, known: Sequence[str]) -> str | None:
    """A person's name in the field for the user name ("asks for a User Name, so I put Fiona Abernethy"): two capital
    words behind the label, of which one is part of a known address; other capital words are products and places."""
    locals_ = {
        part
        for address in known
        for part in regex.split(r"[._+-]", address.partition("@")[0].lower())
        if len(part) >= 3
    }
    for match in _FULL_NAME.finditer(reading.text[:30_000], timeout=PATTERN_SECONDS):
        words = {word.lower() for word in regex.split(r"[ .]", match["name"])}
        kind = next((s.kind for s in reading.segments if s.span[0] <= match.start("name") < s.span[1]), "body")
        if _PASSWORD.search(match["between"]):
            continue
        if kind not in ("signature", "disclaimer", "header") and any(
            word in part or part in word for word in words if len(word) >= 3 for part in locals_
        ):
            return str(match["name"])
    return None


def _listed(reading: Reading, folded: str, error_spans: Sequence[tuple[int, int]]) -> str | None:
    """A name in a list of settings; a loose label ("name", "account") wants a colon, and all want other settings
    near."""
    for match in _LISTED.finditer(folded, timeout=PATTERN_SECONDS):
        start, end = match.span("name")
        name = reading.text[start:end]
        if (
            any(a <= start < b for a, b in error_spans)
            or _VARIABLE.fullmatch(name)
            or not _plausible(name.lower())
            or (match["loose"] and not match["colon"].strip())
        ):
            continue
        around = folded[max(0, match.start() - 160) : match.start()] + folded[end : end + 160]
        kind = next((s.kind for s in reading.segments if s.span[0] <= start < s.span[1]), "body")
        if kind not in ("signature", "disclaimer", "header") and _SETTINGS_AROUND.search(
            around, timeout=PATTERN_SECONDS
        ):
            return name
    return None


_NEXT_ITEM = regex.compile(r"\s?[,;/]\s?(?P<item>[^\s,;/]{1,64})\s?[,;/]")


def _in_a_row(folded: str, known: Sequence[str]) -> str | None:
    """The part before the @ of a known address as an item of its own beside the address: "info@firm.example, info, the
    password, imap...": the fields of a form in their order."""
    for address in known:
        local = address.partition("@")[0]
        at = folded.find(address)
        item = _NEXT_ITEM.match(folded, at + len(address)) if at >= 0 and len(local) >= 3 else None
        if item is not None and item["item"] == local:
            return local
    return None


_QUOTE = frozenset("\"'`")
_TRIED = regex.compile(
    r"(?:user\s?-?(?:name|id)|login(?:\s+name)?|account\s+name|auth(?:entication)?\s+name|benutzername|anmeldename|identifiant|nom\s+d'utilisateur|nombre\s+de\s+usuario|nome\s+utente|"
    r"gebruikersnaam|nome\s+de\s+(?:usu[aá]rio|utilizador)|nazw\w+\s+u[zż]ytkownika|имя\s+пользователя)\b[^@\n]{0,80}?"
    r"\b(?:tr(?:y|ied)|put|typed?|enter(?:ed)?|us(?:e|ed)|left|probiert|versucht|eingegeben|essay[ée]|mis|tap[ée]|probad[oa]|puse|provat[oa]|messo|geprobeerd|tentei|pus|próbowa\w+|wpisa\w+|пробовал\w*|ввод\w+)\b[^@\n]{0,60}$"
)
"""A label of the user name, and then what was tried in it: "User name. I have tried Dorothy Pike, dorothy, dpike"."""
_SURNAME = regex.compile(r"\s+\p{L}{2,}\s*,")
_NAME_NEAR = regex.compile(
    r"\b(?:(?:user|login|account)?\s?-?names?|user|login|name\s+field|benutzer\w*|identifiant|usuario|utente|gebruiker\w*|usu[aá]rio|u[zż]ytkownik\w*|имя|логин)\b(?![^@\n]{0,80}(?:pass|kennwort|contrase|clave|senha|wachtwoord|has[lł]|парол)[^@\n]{0,80}$)[^@\n]{0,80}$"
)
"""For a known local part in quotes, which is a value and no prose: the word for a name stands somewhere before it."""


def _local_part(folded: str, known: Sequence[str]) -> str | None:
    for address in known:
        local = address.partition("@")[0]
        if len(local) < 3:
            continue
        at = folded.find(local)
        while at >= 0:
            end = at + len(local)
            around = folded[max(0, at - 1) : at] + "\0" + folded[end : end + 2]
            if not regex.search(r"^[\w.@-]|\0[\w@-]|\0\.\w", around) and (
                _LABEL_ONLY.search(folded[max(0, at - 50) : at], timeout=PATTERN_SECONDS)
                or (
                    _TRIED.search(folded[max(0, at - 160) : at], timeout=PATTERN_SECONDS)
                    and not _SURNAME.match(folded, end, timeout=PATTERN_SECONDS)
                )
                or (
                    folded[at - 1 : at] in _QUOTE
                    and folded[end : end + 1] in _QUOTE
                    and _NAME_NEAR.search(folded[max(0, at - 100) : at], timeout=PATTERN_SECONDS)
                )
            ):
                return local
            at = folded.find(local, end)
    return None


_VARIABLE = regex.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+")
"""The name of an environment variable (POSIX 8.1: capitals, digits and underscores), which holds the user name and
is none."""


def _plausible(name: str) -> bool:
    return (
        len(name) >= 2
        and name not in _NOT_A_NAME
        and not name[:1].isdigit()
        and not regex.fullmatch(r"(?:\d+\.)+\d+", name)
        and "@" not in name
        and not regex.match(r"(?:imaps?|smtps?|pop3?|mail|webmail)\d*\.", name)
        and not regex.fullmatch(r"[\w-]+(?:\.[\w-]+)*\.(?:net|com|org|example|test|de|fr|it)", name)
    )
