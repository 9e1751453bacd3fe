"""Which version belongs to a client: the number next to its name, or the one in a field of its own.

A number counts only where nothing but glue (blanks, brackets, "version", a platform) stands between it and
the name. Dates, clock times, addresses, ports, error codes and numbers of other things are no versions.
"""

from __future__ import annotations

from functools import lru_cache

import regex

from bot.core.parse.client_packages import package_version
from bot.core.parse.client_search import at_start, first_of
from knowledge.model import ClientFamily

_SECONDS = 0.05
_REACH = 70
"""A version stands at most this far (characters) behind the name."""
DOTTED = (
    r"\d{1,4}(?:\.\d{1,5}){1,4}"
    r"(?:(?: ?esr)(?![a-z])|-release(?:-p\d+)?|-(?:ce|ee)\.\d{1,2}|-u\d(?:\.\d{1,2})?|[-.]?(?:snapshot|alpha\d*|beta\d*|rc\d*|bb\d+|git\d*|dev\d*|b\d+|a\d+|u\d+)|-[0-9a-f]{6,10}|-\d{1,4})?"
    r"(?:\s?\(\d{4,9}\)|\s?\(debug\))?"
)
WHOLE = r"(?:\d{1,4}(?: ?esr)?|20\d{6}(?:\.\d{1,2})?)"
WORD = (
    r"(?:version(?:e|en|snummer|sstand| number)?|versión|versão|versie|versio|wersj[aiąe]|верси\w|バージョン|ヴァージョン|版本号?|"
    r"ver\.?|vers\.?|"
    r"release|build|rev\.?|v)"
)
_SYSTEM = (
    # Atomic: a number behind a system is the system's, and is never given back.
    r"(?>win(?:dows)?(?: ?(?:xp|vista|7|8\.1|8|1[01]))?(?! live)|"
    r"mac ?os(?: x)?(?: [a-z]+)?(?: \d{2}(?:\.\d+){0,2})?|mac|"
    r"android(?: \d{1,2}(?:\.\d{1,2}){0,2}(?![\d.]))?|ios(?: \d{1,2}(?:\.\d+){0,2}(?![\d.]))?|"
    r"linux(?: mint(?: \d+(?:\.\d)?)?)?|"
    r"(?:ubuntu|debian|fedora)(?: \d{1,2}(?:\.\d{1,2})?)?|iphone|ipad)"
)
_GLUE_WORD = (
    r"(?:app|client|klient|desktop|mail|e-?mail|program|programm|webmail|esr|beta|nightly|daily|portable|"
    r"classic|pro|home|plus|"
    r"team|core|gateway|component|data ?center|dc|self-hosted|ce|ee|lts|ltsc|mso|selfhosted|at|now|from|my|its|"
    r"with|mit|avec|con|com|met|wersji|nella|nell'|dans|na|in der|dans la|en la|na wersji|"
    r"examples?|plug-?in|module|extension|service|server|site|library|package|instance|instanz|install(?:ation)?|"
    r"script|container|image|enterprise|community|edition|stable|standalone|online|omnibus|library|framework|"
    r"64[ -]?bits?|32[ -]?bits?|x64|flatpak|snap|f-droid|play store|for|für|pour|para|per|voor|dla|для|on|"
    r"auf|unter|sur|sous|"
    r"en|bajo|su|op|onder|no|na|w|pod|на|под|the|in|der|die|das|le|la|il|de|is|ist|est|es|è|currently|"
    r"aktuell|latest|neueste|"
    r"current|to|to the|zu|à|a|alla|scale|upda\w*|upgrad\w*|aktualisier\w*|aktualisierung|up[ -]to[ -]date|"
    r"auf dem (?:neuesten|aktuellen) stand|à jour|actuali[sz]\w*|mis à jour|"
    r"aggiorn\w*|atualiz\w*|обновл\w*|" + _SYSTEM + r")"
)
_AFTER = regex.compile(
    r"(?P<glue>(?:'s\s)?(?:[\s,;:/|()\[\]=#（）：，「」、の\"-]{1,4}|" + _GLUE_WORD + r"(?![\w-])){0,9}?)"
    r"(?:(?P<word>"
    + WORD
    + r")[\s:.=#：-]{0,3}(?:(?:(?:is|ist|est|es|è|é|to)\s)|[は是为]\s?)?)?(?<!\d)(?<!\d\.)(?P<version>"
    + DOTTED
    + "|"
    + WHOLE
    + r")(?![A-Za-z0-9_@%°]|[.:,/-]\d|\.(?!stable)[A-Za-z])",
    regex.IGNORECASE,
)
_BEFORE = regex.compile(
    r"(?:(?P<word>"
    + WORD
    + r")[\s:.]{0,2})?(?<![\w.:/-])(?P<version>"
    + DOTTED
    + r"|(?(word)\d{1,4}|\d{2,3})(?=\s+(?:of|von|de|di|van|do|da|from)\s))"
    r"\s*(?:\([^)\n]{1,12}\)\s*)?(?:(?:of|von|vom|de|du|di|del|van|do|da|from|in|の)\s*(?:my |the |meinem |"
    r"mon |mi )?)?$",
    regex.IGNORECASE,
)
_BRACKETS = regex.compile(
    r"[\s\d.]{0,8}\((?P<about>[^()\n]{0,60}?)"
    + WORD
    + r"[\s:.]{1,3}(?P<version>"
    + DOTTED
    + "|"
    + WHOLE
    + r")(?=[\s,;)])",
    regex.IGNORECASE,
)
_PACKAGED = regex.compile(r"(?<!\w)(?:windows|linux|debian|fedora|arch)[\s(]*$", regex.IGNORECASE)
_MADE_FOR = regex.compile(
    r"(?<!\w)(?:for|für|pour|para|per|voor|dla|для) (?:mac|windows|linux)[\s(]*$", regex.IGNORECASE
)
_WINDOWS_OWN = ("10.0", "6.", "8.1")
_EDITION = regex.compile(
    r"\b(?:scale|core|ce|ee|ltsc|team|edition|server|desktop|app|pro|client|mail|gateway)\b", regex.IGNORECASE
)
_SAID_BEFORE = regex.compile(
    rf"(?<!\w){WORD} (?:number )?(?:of|von|de|di|van|do|da)\s[^.\n]{{0,40}}$", regex.IGNORECASE
)
_OTHER_PRODUCT = regex.compile(
    r"php|server|os\b|android|windows|linux|python|java|vpn|firmware|api|tls|ssl|http", regex.IGNORECASE
)
SYSTEM_BEHIND = regex.compile(_SYSTEM + r"[\s(]*$", regex.IGNORECASE)
_DATE = regex.compile(r"\d{1,2}\.\d{1,2}\.(?:19\d\d|20[0-4]\d)|\d{1,2}\.\d{1,2}\.")
_ADDRESS = regex.compile(r"(?:\d{1,3}\.){3}\d{1,3}")
_DAY = regex.compile(
    r"[ (,]{1,2}(?:(?:release|version|stable) )?(?P<version>20\d\d-[01]\d-[0-3]\d[a-z]?)(?=[\s,.;)\"'(]|$)(?! *\d\d?:\d\d)",
    regex.IGNORECASE,
)
_UNIT = regex.compile(
    r"\s*(?:%|°|[ap]\.?m\b|uhr|h\b|hs\b|[kmgt]b\b|times?|mal\b|fois|veces|volte|keer|vezes|razy|раз|回|次|台|个|"
    r"件|인|"
    r"(?:connections?|accounts?|users?|mails?|messages?|devices?|pcs?|computers?|minutes?|hours?|"
    r"days?|weeks?|months?|years?|people|"
    r"clients?|installations?|profiles?|mailboxes|verbindungen|konten|postfächer|rechner|geräte|minuten|"
    r"stunden|tagen?|wochen|jahren?|"
    r"connexions|comptes|ordinateurs|minutos|horas|días|cuentas|account|minuti|ore|giorni|dagen|uur|dias|"
    r"contas|godzin\w*|dni|kont\w?|минут\w*|час\w*|дн\w+))",
    regex.IGNORECASE,
)
_PORTS = frozenset(
    {
        "25",
        "110",
        "143",
        "465",
        "587",
        "993",
        "995",
        "2525",
        "535",
        "550",
        "554",
        "421",
        "450",
        "451",
        "454",
        "530",
        "553",
    }
)
_TELLING = regex.compile(
    r"upda|upgr|aktuali[sz]|actualiz|aggiorn|bijgewerkt|atualiz|обнов|installed|installiert|更新|アップデート",
    regex.IGNORECASE,
)
_TO = regex.compile(r"\s(?:to|auf|à|a|op|para|do|до|zu|al?la?)(?: the)?\s", regex.IGNORECASE)
_YEAR = regex.compile(r"(?<!\d)20[0-3]\d(?!\d)")
_ABOUT = regex.compile(
    r"[\s(,]{0,3}(?:(?:"
    + _SYSTEM
    + r")[\s,]{1,2})?(?P<version>\d{2,3})\s(?:something|or\s+so|or\s+thereabouts|and\s+a\s+bit|irgendwas|und\s+irgendwas|quelque\s+chose|y\s+pico|e\s+qualcosa)\b",
    regex.IGNORECASE,
)
"""A version of which only the beginning is remembered: "Thunderbird (Linux, 128 something)"."""
_UPDATED_TO = regex.compile(
    r"(?P<glue>[^.!?\n\d]{0,50}?[\s(](?:to|auf|à|a|op|para|do|до|zu|alla|la)\s)(?P<version>\d{2,3}(?:\.\d{1,3}){0,2})(?![\w%.:/-]|\s*[ap]\.?m\b)",
    regex.IGNORECASE,
)
"""What a program was updated to, with other words between: "Thunderbird updated itself overnight (to 140 I think)"."""
_CURRENT = regex.compile(r"up[ -]to[ -]date|auf dem (?:neuesten|aktuellen) stand|à jour", regex.IGNORECASE)
_TRIM = regex.compile(r"\s*\(build [\d.]+\)$", regex.IGNORECASE)


def version_near(text: str, start: int, end: int, family: ClientFamily, stop: int) -> str | None:
    """The version next to the name at [start, end) of the plain ``text``; None where there is none.

    ``stop`` is where the next client is named: nothing beyond it is this one's.
    """
    return (
        package_version(text, end)
        or _own_shape(text, end, family, stop)
        or _release_day(text[end : min(end + _REACH, stop)], family)
        or _behind(text, end, family, stop)
        or _ahead(text, start, family)
        or _in_brackets(text[end : min(end + 2 * _REACH, stop)], family)
        or _roughly(text, end, family, stop)
        or _inside(text[start:end], family)
    )


def _own_shape(text: str, end: int, family: ClientFamily, stop: int) -> str | None:
    if family.version is None or family.version == "(?!)":
        return None
    window = text[end : min(end + _REACH, stop)]
    match = at_start(_shape(family.version), window)
    if match is None:
        return None
    found = regex.sub(rf"^(?!v\d){WORD}\s*(?=\d)", "", match["version"], flags=regex.IGNORECASE).strip()
    if not credible(found.lstrip("vV"), window[match.end() :], sure=True) or SYSTEM_BEHIND.search(
        window[: match.start("version")]
    ):
        return None
    return str(_TRIM.sub("", found))


@lru_cache(maxsize=400)
def _shape(version: str) -> regex.Pattern[str]:
    glue = (
        rf"(?:[\s,;:/|()\[\]=（）：，「」、-]{{1,4}}|{_GLUE_WORD}(?![\w-])|(?:microsoft |office |"
        rf"ms )?365(?=[\s,;(]+(?:{WORD}[\s:.]{{1,3}})?\S{{0,9}}?\d)"
        rf"|{WORD}[\s:.=：-]){{0,8}}?"
    )
    return regex.compile(rf"{glue}(?P<version>{version})(?![A-Za-z0-9_@]|[.:/]\d|-\d)", regex.IGNORECASE)


def _release_day(window: str, family: ClientFamily) -> str | None:
    """Server software may be versioned by the day of its release ("DokuWiki 2025-05-14")."""
    match = at_start(_DAY, window) if family.kind == "service" else None
    return str(match["version"]) if match is not None else None


def _behind(text: str, end: int, family: ClientFamily, stop: int) -> str | None:
    if family.version == "(?!)":
        return None
    window = text[end : min(end + _REACH, stop)]
    match = at_start(_AFTER, window)
    if match is None or (match.start("version") == 0 and not window[:1].isdigit()):
        return None
    glue, version = match["glue"], match["version"]
    if "\n\n" in glue or ("\n" in glue and match["word"] is None):
        return None
    worded = match["word"] is not None
    system = SYSTEM_BEHIND.search(glue) is not None and not (
        # No Windows and no Debian has such a number: "Spark for Windows 3.19.4", "from Debian (3.46.4-2)".
        not version.startswith(_WINDOWS_OWN)
        and ((_PACKAGED.search(glue) and version.count(".") > 1) or (_MADE_FOR.search(glue) and "." in version))
    )
    if system and not worded and not glue.rstrip().endswith((")", ",", ";", ":", "/")):
        return None
    if (
        _TO.search(_CURRENT.sub(" ", glue))
        and not worded
        and ("." not in version or not _TELLING.search(text[max(0, end - 90) : end + 40]))
    ):
        return None
    said = worded or first_of(_SAID_BEFORE, text[max(0, end - 60) : end]) is not None
    bare = _EDITION.sub("", glue)
    sure = said or (not bare.strip(" \t(/:（：-") and not glue.count("\n"))
    if (
        "." not in version
        and not worded
        and not _alone(glue, window[match.end() :])
        and (glue.strip(" /:") or family.kind in ("device", "webmail"))
    ):
        return None
    if text[end + match.start("version") - 1] == "[":
        return None  # dma[2411]: a process, not a version
    if match["word"] in ("v", "V") and window[match.start("word") + 1 : match.start("version")] == "":
        version = match["word"] + version
    return version if credible(version.lstrip("vV"), window[match.end() :], sure=sure) else None


def _alone(glue: str, behind: str) -> bool:
    """True for a number that fills brackets of its own behind the name: "Thunderbird (140)"."""
    return glue.strip() in ("(", "（") and behind[:1] in (")", ",", "）")


def _ahead(text: str, start: int, family: ClientFamily) -> str | None:
    if family.version == "(?!)":
        return None
    window = text[max(0, start - 40) : start]
    match = first_of(_BEFORE, window)
    if match is None or SYSTEM_BEHIND.search(window[: match.start()]):
        return None
    said = regex.search(
        r"\s(?:of|von|vom|de|du|di|del|van|do|da|from|の)\s", window[match.end("version") :], regex.IGNORECASE
    )
    if match["word"] is None and said is None and window[match.end("version") :].strip(" "):
        return None
    if (
        match["word"] is None
        and regex.search(r"[\w)]\s*$", window[: match.start()])
        and said is None
        and not _TELLING.search(window)
    ):
        return None
    version = match["version"]
    return version if credible(version, "", sure=True) else None


def _in_brackets(window: str, family: ClientFamily) -> str | None:
    """ "Outlook (Microsoft 365 Apps for business, version 2409)": brackets behind the name are about it."""
    match = at_start(_BRACKETS, window) if family.version != "(?!)" else None
    if match is None or first_of(_OTHER_PRODUCT, match["about"]) is not None:
        return None
    found: str = match["version"]
    return found if credible(found, "", sure=True) else None


def _roughly(text: str, end: int, family: ClientFamily, stop: int) -> str | None:
    """A number that people remember by half, or to which they say that the program was updated."""
    if family.version == "(?!)" or family.kind in ("device", "service"):
        return None
    window = text[end : min(end + _REACH, stop)]
    match = at_start(_ABOUT, window)
    if match is None:
        match = at_start(_UPDATED_TO, window)
        if match is None or not _TELLING.search(text[max(0, end - 30) : end] + match["glue"]):
            return None
    found: str = match["version"]
    return found if credible(found, window[match.end() :], sure=True) else None


def _inside(name: str, family: ClientFamily) -> str | None:
    """ "Outlook 2016 for Mac" holds its version in its name."""
    if family.version == "(?!)":
        return None
    match = first_of(_YEAR, name)
    return str(match.group()) if match is not None else None


def credible(version: str, behind: str, *, sure: bool) -> bool:
    """False for what only looks like a version: a date, an address, a port, a code, a count of things."""
    if _DATE.fullmatch(version):
        return False
    if _ADDRESS.fullmatch(version) and all(int(part) < 256 for part in version.split(".")) and not sure:
        return False
    if _ADDRESS.fullmatch(version) and int(version.split(".")[0]) >= 100:
        return False
    if "." not in version and (version in _PORTS or (version.startswith("0") and len(version) > 1)):
        return False
    if "." not in version and _UNIT.match(behind):
        return False
    return sure or "." in version
