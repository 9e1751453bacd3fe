"""When it failed, in the customer's words: clock times, days, parts of the day, "since", zones.

Customers write local time. A zone counts as known only where the ticket names one or its Date header carries
an offset; else the clock is kept, so that a log line can be compared modulo whole (and half) hours.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache

import regex

from bot.core.model import Reading, Ticket, TimeHint
from knowledge.gated import Gated
from knowledge.matcher import fold

PATTERN_SECONDS = 0.2
SLACK = timedelta(minutes=12)
"""How far off a clock time written from memory may be."""
VAGUE = timedelta(minutes=25)
"""The same, for "around", "gegen", "about"."""
ANY_ZONE = tuple(range(-11, 15))
ZONE_SPREAD = timedelta(hours=14)
"""No civil time is farther from UTC (Line Islands, UTC+14)."""

_CLOCK = regex.compile(
    r"(?<![\d:.,/-])(?P<h>[01]?\d|2[0-3])\s?[:.h](?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d])(?!\.\d)\s?(?P<ap>[ap]\.?m\b\.?)?(?:\s?(?:uhr|h\b|hrs|o'?clock|uur|hod))?"
    r"|(?<![\d:.,/-])(?P<h>1[0-2]|0?[1-9])\s?(?P<ap>[ap]\.?m\b\.?)"
    r"|(?<![\d:.,/-])(?P<h>[01]?\d|2[0-3])\s?(?:uhr|o'?clock|uur\b|h\b(?!\w)|時(?!間)(?P<m>[0-5]\d)?(?:分)?(?P<half>半)?|点(?P<m>[0-5]\d)?(?:分)?(?P<half>半)?|點)"
    r"|(?:\bdalle|\balle|\ba\s+las|\bdesde\s+las|\bdesde\s+as|\bàs|\bvers|\bgegen|\bsinds|\bom|\bod|\bo(?:koło)?\s+godz\.?|\bв|\bс|\bоколо)\s+(?:~\s*)?(?P<h>[01]?\d|2[0-3])(?![\d:.,/%-]|\s?h\s?\d)(?!\s*(?:mails?|accounts?|minut|days?|tag|stund|heur|hor|ore|caselle|utenti|часов\s+подряд))"
)
_MARK = regex.compile(
    r"(?:\bat|\baround|\babout|\bsince|\bfrom|\bapprox\w*\.?|~|\bat\s+about|\btime\s*[:=]?|\bwhen\s*[:=]?|\bum|\bgegen|\bseit|\bab|\bzeit\s*[:=]?|\buhrzeit\s*[:=]?|\bà|\bvers|\bdepuis|"
    r"\ba\s+las|\bsobre\s+las|\bdesde|\balle|\bdalle|\bverso\s+le|\bom|\brond|\bsinds|\bàs|\bpor\s+volta\s+das|\bdesde\s+as|\bo|\bokoło|\bod|\bв|\bс|\bоколо|\btoday|\bheute|\bhoy|\boggi|\bvandaag|\bhoje|\bdziś|\bdzisiaj|\bсегодня|"
    r"今日|今天|start\w*|happened|klockan\s+var|kl\.?)\s*[(\"']?\s*(?:today\s+|heute\s+|the\s+)?$"
)
_NOT_FAILURE = Gated(
    r"\buntil\b|\bbis\b|\bjusqu\w*|\bhasta\b|\bfino\b|\btot\b|\baté\b|\bdo\s+godz|\bдо\b|erreichbar|reach\s+me|call\s+me|office\s+hours|öffnungszeiten|opening|available|geöffnet|\bmonday\s+to\b|mo\s?-\s?fr|tel\b"
)
_SINCE = Gated(
    r"\bsince\b|\bever\s+since|\bstarted|\bbegan|\bfrom\b.{0,20}\bon\b|\bseit\b|\bab\b|\bdepuis\b|\bdesde\b|\bda(?:l|lle|i)?\s+(?:ieri|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|stamattina|oggi|\d)|\bsinds\b|\bod\b|\bс\s+(?:сегодня|вчера|утра|понедельник|вторник|сред|четверг|пятниц|суббот|воскрес|\d)|\bdalle?\b|\bsedan\b|\bsiden\b|から|以来|开始|自从|起\b"
)
_ZONES = {
    "utc": 0, "gmt": 0, "z": 0, "wet": 0, "bst": 60, "west": 60, "cet": 60, "mez": 60, "cest": 120, "mesz": 120, "eet": 120,
    "eest": 180, "msk": 180, "est": -300, "edt": -240, "cst": -360, "cdt": -300, "mst": -420, "mdt": -360, "pst": -480,
    "pdt": -420, "jst": 540, "ist": 330, "brt": -180, "aest": 600, "aedt": 660, "hkt": 480, "sgt": 480,
}
"""Minutes east of UTC. Ambiguous short names carry their most frequent meaning."""
_ZONE = regex.compile(r"^\s*\(?\s*(?P<name>" + "|".join(sorted(_ZONES, key=len, reverse=True)) + r")\b|^\s*\(?(?:utc|gmt)?\s?(?P<sign>[+-])(?P<hh>\d\d?):?(?P<mm>\d\d)?\b")
_DAY_WORDS = (
    (1, Gated(r"\byesterday|\blast\s+night|\bgestern|\bhier\b(?=\s+(?:soir|matin|après|à|vers))|\bdepuis\s+hier|\bayer\b|\bieri\b|\bgisteren|\bontem\b|\bwczoraj|\bвчера|昨日|昨天|昨晚")),
    (2, Gated(r"\bvorgestern|\bavant-hier|\banteayer|\bl'altro\s+ieri|\beergisteren|\banteontem|\bprzedwczoraj|\bпозавчера|day\s+before\s+yesterday|一昨日|前天")),
)
_PARTS = (
    ((5, 12), Gated(r"\bthis\s+morning|\bmorning\b|heute\s+(?:früh|morgen|vormittag)|\bce\s+matin|esta\s+mañana|stamattina|stamani|vanochtend|vanmorgen|esta\s+manhã|dziś\s+rano|dzisiaj\s+rano|сегодня\s+утром|\bс\s+утра|今朝|今早|今天早上|今天上午|上午")),
    ((10, 15), Gated(r"\blunch\s?time|\bnoon\b|\bmidday|\bmittags?\b|\bmidi\b|\bmediodía|\bmezzogiorno|\bora\s+di\s+pranzo|\btussen\s+de\s+middag|\bmeio-dia|\bpołudni|\bв\s+обед|昼|中午")),
    ((12, 19), Gated(r"this\s+afternoon|\bafternoon\b|heute\s+nachmittag|\bcet\s+après-midi|esta\s+tarde|oggi\s+pomeriggio|vanmiddag|esta\s+tarde|dziś\s+po\s+południu|сегодня\s+днем|今日の午後|午後|下午")),
    ((17, 24), Gated(r"this\s+evening|\btonight\b|heute\s+abend|\bce\s+soir|esta\s+noche|stasera|vanavond|esta\s+noite|dziś\s+wieczorem|сегодня\s+вечером|今晩|今晚")),
    ((-3, 8), Gated(r"\bduring\s+the\s+night|\bover\s+night|\bovernight|\bin\s+der\s+nacht|\bcette\s+nuit|\besta\s+madrugada|\bstanotte|\bvannacht|\bdurante\s+a\s+noite|\bw\s+nocy|\bночью|夜中|夜间|半夜")),
)
_WEEKDAYS = tuple(Gated(p) for p in (
    r"\bmonday\b|\bmontag\w*|\blundi|\blunes|\blunedì|\bmaandag|\bsegunda(?:-feira)?|\bponiedział\w+|\bпонедельник\w*|月曜|周一|星期一",
    r"\btues(?:day)?\b|\bdienstag\w*|\bmardi|\bmartes|\bmartedì|\bdinsdag|\bterça(?:-feira)?|\bwtor\w+|\bвторник\w*|火曜|周二|星期二",
    r"\bwednesday\b|\bmittwoch\w*|\bmercredi|\bmiércoles|\bmercoledì|\bwoensdag|\bquarta(?:-feira)?|\bśrod\w+|\bсред[аыуе]\b|水曜|周三|星期三",
    r"\bthurs(?:day)?\b|\bdonnerstag\w*|\bjeudi|\bjueves|\bgiovedì|\bdonderdag|\bquinta(?:-feira)?|\bczwart\w+|\bчетверг\w*|木曜|周四|星期四",
    r"\bfriday\b|\bfreitag\w*|\bvendredi|\bviernes|\bvenerdì|\bvrijdag|\bsexta(?:-feira)?|\bpiąt\w+|\bпятниц\w*|金曜|周五|星期五",
    r"\bsaturday\b|\bsamstag\w*|\bsonnabend\w*|\bsamedi|\bsábado|\bsabato|\bzaterdag|\bsobot\w+|\bсуббот\w*|土曜|周六|星期六",
    r"\bsunday\b|\bsonntag\w*|\bdimanche|\bdomingo|\bdomenica|\bzondag|\bniedziel\w+|\bвоскресень\w*|日曜|周日|星期日|星期天",
))
_TODAY = Gated(r"\btoday|\bheute|\baujourd'hui|\bhoy\b|\boggi|\bvandaag|\bhoje|\bdzi(?:ś|siaj)|\bсегодня|今日|今天")
_STAMP = regex.compile(r"(?P<y>20\d\d)-(?P<mo>\d\d)-(?P<d>\d\d)[ T](?P<h>\d\d):(?P<m>\d\d)(?::(?P<s>\d\d))?(?:[.,]\d+)?\s?(?P<z>Z|UTC|[+-]\d\d:?\d\d)?")
_MONTHS = (
    r"jan(?:uar[yi]?|vier|uari)?|ene(?:ro)?|gennaio|janeiro|stycz\w+|январ\w+", r"feb(?:ruar[yi]?|braio|rero|ruari)?|févr(?:ier)?|fevereiro|lut(?:ego|y)|феврал\w+",
    r"mar(?:ch|s|zo|ço)?|märz|maart|mar(?:ca|zec)|март\w*", r"apr(?:il|ile)?|avr(?:il)?|abril|kwie\w+|апрел\w+", r"may|mai|mayo|maggio|mei|maio|maj\w?|ма[йя]",
    r"jun[ei]?|juin|junio|giugno|junho|czerw\w+|июн\w", r"jul[yi]?|juil(?:let)?|julio|luglio|julho|lip(?:ca|iec)|июл\w", r"aug(?:ust|ustus)?|août|agosto|sierp\w+|август\w*",
    r"sept?(?:ember|embre|tiembre)?|settembre|setembro|wrze\w+|сентябр\w+", r"o[ck]t(?:ober|obre|ubre)?|ottobre|outubro|paździer\w+|октябр\w+",
    r"nov(?:ember|embre|iembre)?|novembro|listopad\w*|ноябр\w+", r"de[cz](?:ember|embre)?|déc(?:embre)?|diciembre|dicembre|dezembro|grud\w+|декабр\w+",
)
_DATE = regex.compile(
    r"(?<![\d.:])(?P<d>[0-3]?\d)(?:st|nd|rd|th|er|º|ª|\.)?\s+(?:of\s+|de\s+)?(?P<word>[^\W\d_]{3,12})\b|\b(?P<word>[^\W\d_]{3,12})\.?\s+(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:])")
_MONTH_WORDS = tuple(regex.compile(month) for month in _MONTHS)


@lru_cache(maxsize=4096)
def _month(word: str) -> int | None:
    """1..12 for the name of a month in one of our languages, else None."""
    return next((number for number, pattern in enumerate(_MONTH_WORDS, 1) if pattern.fullmatch(word)), None)


_CJK_DATE = regex.compile(r"(?P<mo>1?\d)\s?月\s?(?P<d>[1-3]?\d)\s?[日号號]")
_AGO = Gated(r"(?P<n>\d{1,3})\s*(?P<u>min|hour|stunde|heure|hora|or[ae]\b|uur|godzin|час)\w*\s+(?:ago|her|fa|geleden|atrás|temu|назад)|(?:vor|il\s+y\s+a|hace|há)\s+(?P<n>\d{1,3})\s*(?P<u>min|stunde|heure|hora|hour)\w*")


def find_time(ticket: Ticket, reading: Reading, zones: Sequence[int] = ()) -> TimeHint | None:
    """The interval in which it failed, or None where the ticket does not say.

    ``zones``: hours east of UTC where the writer may be, by their language; they narrow a clock whose zone nobody
    names. ``ticket.received_at`` anchors "today" and weekdays; without it only full dates count.
    """
    folded = fold(reading.text[:20_000])
    received = ticket.received_at
    offset = _header_offset(ticket)
    try:
        if hint := _stamp(folded, received, offset):
            return hint
        if received is None:
            return None
        return _clock(folded, received, offset, zones or ANY_ZONE) or _ago(folded, received) or _day(folded, received, offset)
    except TimeoutError:
        return None


def _header_offset(ticket: Ticket) -> int | None:
    """Minutes east of UTC of the ticket's Date header; +0000 says nothing, since servers write it too."""
    for name, value in ticket.headers.items():
        if name.lower() == "date":
            try:
                moment = parsedate_to_datetime(value)
            except ValueError:
                return None
            shift = moment.utcoffset()
            return int(shift.total_seconds() // 60) if shift else None
    return None


def _stamp(folded: str, received: datetime | None, offset: int | None) -> TimeHint | None:
    for match in _STAMP.finditer(folded.upper(), timeout=PATTERN_SECONDS):
        try:
            moment = datetime(int(match["y"]), int(match["mo"]), int(match["d"]), int(match["h"]), int(match["m"]), tzinfo=UTC)
        except ValueError:
            continue
        if received and abs(moment - received) > timedelta(days=14):
            continue
        zone = match["z"]
        known = bool(zone) or offset is not None
        if zone and zone not in ("Z", "UTC"):
            moment -= timedelta(minutes=int(zone[:3]) * 60 + int(zone[0] + zone[-2:]))
        elif not zone and offset is not None:
            moment -= timedelta(minutes=offset)
        return _around(moment, received, known, SLACK, int(match["h"]) * 60 + int(match["m"]), False)
    return None


def _around(moment: datetime, received: datetime | None, known: bool, slack: timedelta, clock: int, ongoing: bool) -> TimeHint:
    spread = timedelta(0) if known else ZONE_SPREAD
    latest = moment + slack + spread
    if received and latest > received:
        latest = received
    if ongoing and received:
        latest = received
    return TimeHint(moment - slack - spread, latest, known, clock, ongoing)


def _clock(folded: str, received: datetime, offset: int | None, zones: Sequence[int]) -> TimeHint | None:
    best: tuple[float, regex.Match[str]] | None = None
    refused = -9
    for count, match in enumerate(_CLOCK.finditer(folded, timeout=PATTERN_SECONDS)):
        if count > 40:
            break
        before, after = folded[max(0, match.start() - 30): match.start()], folded[match.end(): match.end() + 24]
        if _NOT_FAILURE.search(before[-16:] + " " + after[:16], timeout=PATTERN_SECONDS) or 0 <= match.start() - refused <= 6:
            refused = match.end()
            continue
        score = 1.0 - count * 0.01
        if _MARK.search(before, timeout=PATTERN_SECONDS):
            score += 1.0
        elif regex.fullmatch(r"\d+\.\d+", match[0].strip()):
            continue  # "Outlook 16.30": a version, unless a word marks it as a time
        if match["ap"] or "uhr" in match[0] or _ZONE.match(after):
            score += 0.7
        if best is None or score > best[0]:
            best = (score, match)
    if best is None:
        return None
    match = best[1]
    hour, minute = int(match["h"]), int(match["m"] or (30 if match.groupdict().get("half") else 0))
    if match["ap"]:
        hour = hour % 12 + (12 if match["ap"].startswith("p") else 0)
    after = folded[match.end(): match.end() + 14]
    zone = _ZONE.match(after)
    minutes = offset
    if zone and zone["name"]:
        minutes = _ZONES[zone["name"]]
    elif zone and zone["sign"]:
        minutes = int(zone["sign"] + "1") * (int(zone["hh"]) * 60 + int(zone["mm"] or 0))
    before = folded[max(0, match.start() - 80): match.start()]
    back = _days_back(folded, match.start(), received)
    ongoing = _SINCE.search(before[-45:] + match[0], timeout=PATTERN_SECONDS) is not None or before.endswith((" с ", "\nс ")) or before == "с "
    vague = regex.search(r"\b(?:around|about|approx|gegen|circa|ca\.|vers|sobre|verso|rond|volta|około|около|ungefähr|environ)\W*(?:\w+\W+){0,2}$|~\s*$|頃|左右", before + "") is not None
    if minutes is None:
        return _in_some_zone(hour * 60 + minute, back, received, zones, VAGUE if vague or minute in (0, 30) else SLACK, ongoing)
    local_now = received + timedelta(minutes=minutes or 0)
    moment = datetime.combine(local_now.date() - timedelta(days=back), time(hour, minute), UTC) - timedelta(minutes=minutes or 0)
    if back == 0 and moment > received + timedelta(minutes=20):
        moment -= timedelta(days=1)
    return _around(moment, received, True, VAGUE if vague or minute in (0, 30) else SLACK, hour * 60 + minute, ongoing)


def _in_some_zone(clock: int, back: int, received: datetime, zones: Sequence[int], slack: timedelta, ongoing: bool) -> TimeHint:
    """The stretch that a clock of an unknown zone may mean: for each zone its last time before the ticket."""
    moments = []
    for zone in zones:
        local = received + timedelta(hours=zone)
        moment = datetime.combine(local.date() - timedelta(days=back), time(0), UTC) + timedelta(minutes=clock) - timedelta(hours=zone)
        if moment > received + timedelta(minutes=20):
            moment -= timedelta(days=1)
        moments.append(moment)
    if back == 0:
        # people write within half a day; a reading that makes them wait longer is the wrong zone's, if another is left
        moments = [m for m in moments if received - m <= timedelta(hours=14)] or moments
    latest = received if ongoing else min(received, max(moments) + slack)
    return TimeHint(min(moments) - slack, max(latest, min(moments)), False, clock, ongoing)


def _date_in(text: str, received: datetime) -> tuple[int, int] | None:
    """(days back, position) of the first date with a month's name within the last 60 days, else None."""
    found = [(m.start(), month, int(m["d"])) for m in _DATE.finditer(text, overlapped=True, timeout=PATTERN_SECONDS)
             if (month := _month(m["word"])) is not None]
    found += [(m.start(), int(m["mo"]), int(m["d"])) for m in _CJK_DATE.finditer(text, timeout=PATTERN_SECONDS)]
    for position, month, day in sorted(found):
        for year in (received.year, received.year - 1):
            try:
                back = (received.date() - datetime(year, month, day, tzinfo=UTC).date()).days
            except ValueError:
                continue
            if 0 <= back <= 60:
                return back, position
    return None


def _days_back(folded: str, position: int, received: datetime) -> int:
    start = max((folded.rfind(mark, 0, position) for mark in ".!?\n;"), default=-1) + 1
    ends = [at for mark in ".!?\n;" if (at := folded.find(mark, position + 5)) > 0]
    near = folded[max(start, position - 120): min([*ends, position + 60])]
    if _TODAY.search(folded[max(start, position - 30): position], timeout=PATTERN_SECONDS):
        return 0
    if (dated := _date_in(near, received)) is not None:
        return dated[0]
    for back, pattern in _DAY_WORDS:
        if pattern.search(near, timeout=PATTERN_SECONDS):
            return back
    for weekday, pattern in enumerate(_WEEKDAYS):
        if pattern.search(near, timeout=PATTERN_SECONDS):
            return (received.weekday() - weekday) % 7
    return 0


def _ago(folded: str, received: datetime) -> TimeHint | None:
    match = _AGO.search(folded, timeout=PATTERN_SECONDS)
    if match is None:
        return None
    number = int(match["n"])
    distance = timedelta(minutes=number) if match["u"] == "min" else timedelta(hours=number)
    if distance > timedelta(days=3):
        return None
    moment = received - distance
    slack = max(SLACK, distance * 0.4)
    return TimeHint(moment - slack, min(received, moment + slack), True, None, _SINCE.search(folded, timeout=PATTERN_SECONDS) is not None)


def _day(folded: str, received: datetime, offset: int | None) -> TimeHint | None:
    """Days and parts of a day without a clock. What stands behind "since" or "started" comes first."""
    found: list[tuple[bool, int, int | None, tuple[int, int] | None]] = []

    def add(position: int, back: int | None, hours: tuple[int, int] | None) -> None:
        since = _SINCE.search(folded[max(0, position - 30): position + 4], timeout=PATTERN_SECONDS) is not None
        found.append((since, position, back, hours))

    for days, pattern in _DAY_WORDS:
        if match := pattern.search(folded, timeout=PATTERN_SECONDS):
            add(match.start(), days, None)
    if (dated := _date_in(folded, received)) is not None:
        add(dated[1], dated[0], None)
    for weekday, pattern in enumerate(_WEEKDAYS):
        for match in pattern.finditer(folded, timeout=PATTERN_SECONDS):
            if _SINCE.search(folded[max(0, match.start() - 30): match.start()] + " ", timeout=PATTERN_SECONDS):
                add(match.start(), (received.weekday() - weekday) % 7, None)
    for part, pattern in _PARTS:
        match = pattern.search(folded, timeout=PATTERN_SECONDS)
        if match and not regex.search(r"(?:good|guten|dear|bon|buon|goede|bom|dzień)\W*$", folded[max(0, match.start() - 7): match.start()]):
            add(match.start(), None, part)
    if not found:
        return None
    since, position, back, hours = max(found, key=lambda f: (f[0], -f[1]))
    if back is None:
        back = _days_back(folded, position, received)
    elif hours is None:
        sentence_end = folded.find(".", position)
        hours = next((h for _, p, _, h in found if h and position <= p <= (sentence_end if sentence_end > 0 else len(folded))), None)
    local = received + timedelta(minutes=offset or 0)
    spread = timedelta(0) if offset is not None else ZONE_SPREAD
    midnight = datetime.combine(local.date() - timedelta(days=back), time(0), UTC) - timedelta(minutes=offset or 0)
    start, end = hours or (0, 24)
    earliest = midnight + timedelta(hours=start) - spread
    latest = received if since else min(received, midnight + timedelta(hours=end) + spread)
    return TimeHint(earliest, max(latest, earliest), offset is not None, None, since)
