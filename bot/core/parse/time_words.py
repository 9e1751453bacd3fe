"""Words for moments in eleven languages: clock times, days, parts of the day, "since", zones. All match folded text."""

from __future__ import annotations

import regex

from knowledge.gated import Gated

CLOCK = regex.compile(
    r"(?<![\d:.,/-])(?P<h>[01]?\d|2[0-3])\s?[:.h](?P<m>[0-5]\d)(?::[0-5]\d)?(?![\d])(?!\.\d)\s?(?P<ap>[ap]\.?m\b\.?)?(?:\s?(?:uhr|h\b|hrs|o'?clock|uur|hod))?"
    r"|(?<![\d:.,/-])(?P<h>1[0-2]|0?[1-9])\s?(?P<ap>[ap]\.?m\b\.?)"
    r"|(?<![\d:.,/-])(?P<h>[01]?\d|2[0-3])\s?(?:uhr|o'?clock|uur\b|h\b(?!\w)|時(?!間)(?P<m>[0-5]\d)?(?:分)?(?P<half>半)?|点(?P<m>[0-5]\d)?(?:分)?(?P<half>半)?|點)"
    r"|(?:\bdalle|\balle|\ba\s+las|\bdesde\s+las|\bdesde\s+as|\bàs|\bvers|\bgegen|\bsinds|\bom|\bod|\bo(?:koło)?\s+godz\.?|\bв|\bс|\bоколо)\s+(?:~\s*)?(?P<h>[01]?\d|2[0-3])(?![\d:.,/%-]|\s?h\s?\d)(?!\s*(?:mails?|accounts?|minut|days?|tag|stund|heur|hor|ore|caselle|utenti|часов\s+подряд))"
)
MARK = regex.compile(
    r"(?:\bat|\baround|\babout|\bsince|\bfrom|\bapprox\w*\.?|~|\bat\s+about|\btime\s*[:=]?|\bwhen\s*[:=]?|\bum|\bgegen|\bseit|\bab|\bzeit\s*[:=]?|\buhrzeit\s*[:=]?|\bà|\bvers|\bdepuis|"
    r"\ba\s+las|\bsobre\s+las|\bdesde|\balle|\bdalle|\bverso\s+le|\bom|\brond|\bsinds|\bàs|\bpor\s+volta\s+das|\bdesde\s+as|\bo|\bokoło|\bod|\bв|\bс|\bоколо|\btoday|\bheute|\bhoy|\boggi|\bvandaag|\bhoje|\bdziś|\bdzisiaj|\bсегодня|"
    r"今日|今天|start\w*|happened|klockan\s+var|kl\.?)\s*[(\"']?\s*(?:today\s+|heute\s+|the\s+)?$"
)
NOT_FAILURE = Gated(
    r"\buntil\b|\bbis\b|\bjusqu\w*|\bhasta\b|\bfino\b|\btot\b|\baté\b|\bdo\s+godz|\bдо\b|erreichbar|reach\s+me|call\s+me|office\s+hours|öffnungszeiten|opening|available|geöffnet|\bmonday\s+to\b|mo\s?-\s?fr|tel\b"
)
SINCE = Gated(
    r"\bsince\b|\bever\s+since|\bstarted|\bbegan|\bfrom\b.{0,20}\bon\b|\bseit\b|\bab\b|\bdepuis\b|\bdesde\b|\bda(?:l|lle|i)?\s+(?:ieri|lunedì|martedì|mercoledì|giovedì|venerdì|sabato|domenica|stamattina|oggi|\d)|\bsinds\b|\bod\b|\bс\s+(?:сегодня|вчера|утра|понедельник|вторник|сред|четверг|пятниц|суббот|воскрес|\d)|\bdalle?\b|\bsedan\b|\bsiden\b|から|以来|开始|自从|起\b"
)
ZONES = {
    "utc": 0,
    "gmt": 0,
    "z": 0,
    "wet": 0,
    "bst": 60,
    "west": 60,
    "cet": 60,
    "mez": 60,
    "cest": 120,
    "mesz": 120,
    "eet": 120,
    "eest": 180,
    "msk": 180,
    "est": -300,
    "edt": -240,
    "cst": -360,
    "cdt": -300,
    "mst": -420,
    "mdt": -360,
    "pst": -480,
    "pdt": -420,
    "jst": 540,
    "ist": 330,
    "brt": -180,
    "aest": 600,
    "aedt": 660,
    "hkt": 480,
    "sgt": 480,
}
"""Minutes east of UTC. Ambiguous short names carry their most frequent meaning."""
ZONE = regex.compile(
    r"^\s*\(?\s*(?P<name>"
    + "|".join(sorted(ZONES, key=len, reverse=True))
    + r")\b|^\s*\(?(?:utc|gmt)?\s?(?P<sign>[+-])(?P<hh>\d\d?):?(?P<mm>\d\d)?\b"
)
DAY_WORDS = (
    (
        1,
        Gated(
            r"\byesterday|\blast\s+night|\bgestern|\bhier\b(?=\s+(?:soir|matin|après|à|vers))|\bdepuis\s+hier|\bayer\b|\bieri\b|\bgisteren|\bontem\b|\bwczoraj|\bвчера|昨日|昨天|昨晚"
        ),
    ),
    (
        2,
        Gated(
            r"\bvorgestern|\bavant-hier|\banteayer|\bl'altro\s+ieri|\beergisteren|\banteontem|\bprzedwczoraj|\bпозавчера|day\s+before\s+yesterday|一昨日|前天"
        ),
    ),
)
PARTS = (
    (
        (5, 12),
        Gated(
            r"\bthis\s+morning|\bmorning\b|heute\s+(?:früh|morgen|vormittag)|\bce\s+matin|esta\s+mañana|stamattina|stamani|vanochtend|vanmorgen|esta\s+manhã|dziś\s+rano|dzisiaj\s+rano|сегодня\s+утром|\bс\s+утра|今朝|今早|今天早上|今天上午|上午"
        ),
    ),
    (
        (10, 15),
        Gated(
            r"\blunch\s?time|\bnoon\b|\bmidday|\bmittags?\b|\bmidi\b|\bmediodía|\bmezzogiorno|\bora\s+di\s+pranzo|\btussen\s+de\s+middag|\bmeio-dia|\bpołudni|\bв\s+обед|昼|中午"
        ),
    ),
    (
        (12, 19),
        Gated(
            r"this\s+afternoon|\bafternoon\b|heute\s+nachmittag|\bcet\s+après-midi|esta\s+tarde|oggi\s+pomeriggio|vanmiddag|esta\s+tarde|dziś\s+po\s+południu|сегодня\s+днем|今日の午後|午後|下午"
        ),
    ),
    (
        (17, 24),
        Gated(
            r"this\s+evening|\btonight\b|heute\s+abend|\bce\s+soir|esta\s+noche|stasera|vanavond|esta\s+noite|dziś\s+wieczorem|сегодня\s+вечером|今晩|今晚"
        ),
    ),
    (
        (-3, 8),
        Gated(
            r"\bduring\s+the\s+night|\bover\s+night|\bovernight|\bin\s+der\s+nacht|\bcette\s+nuit|\besta\s+madrugada|\bstanotte|\bvannacht|\bdurante\s+a\s+noite|\bw\s+nocy|\bночью|夜中|夜间|半夜"
        ),
    ),
)
WEEKDAYS = tuple(
    Gated(p)
    for p in (
        r"\bmonday\b|\bmontag\w*|\blundi|\blunes|\blunedì|\bmaandag|\bsegunda(?:-feira)?|\bponiedział\w+|\bпонедельник\w*|月曜|周一|星期一",
        r"\btues(?:day)?\b|\bdienstag\w*|\bmardi|\bmartes|\bmartedì|\bdinsdag|\bterça(?:-feira)?|\bwtor\w+|\bвторник\w*|火曜|周二|星期二",
        r"\bwednesday\b|\bmittwoch\w*|\bmercredi|\bmiércoles|\bmercoledì|\bwoensdag|\bquarta(?:-feira)?|\bśrod\w+|\bсред[аыуе]\b|水曜|周三|星期三",
        r"\bthurs(?:day)?\b|\bdonnerstag\w*|\bjeudi|\bjueves|\bgiovedì|\bdonderdag|\bquinta(?:-feira)?|\bczwart\w+|\bчетверг\w*|木曜|周四|星期四",
        r"\bfriday\b|\bfreitag\w*|\bvendredi|\bviernes|\bvenerdì|\bvrijdag|\bsexta(?:-feira)?|\bpiąt\w+|\bпятниц\w*|金曜|周五|星期五",
        r"\bsaturday\b|\bsamstag\w*|\bsonnabend\w*|\bsamedi|\bsábado|\bsabato|\bzaterdag|\bsobot\w+|\bсуббот\w*|土曜|周六|星期六",
        r"\bsunday\b|\bsonntag\w*|\bdimanche|\bdomingo|\bdomenica|\bzondag|\bniedziel\w+|\bвоскресень\w*|日曜|周日|星期日|星期天",
    )
)
TODAY = Gated(r"\btoday|\bheute|\baujourd'hui|\bhoy\b|\boggi|\bvandaag|\bhoje|\bdzi(?:ś|siaj)|\bсегодня|今日|今天")
STAMP = regex.compile(
    r"(?P<y>20\d\d)-(?P<mo>\d\d)-(?P<d>\d\d)[ T](?P<h>\d\d):(?P<m>\d\d)(?::(?P<s>\d\d))?(?:[.,]\d+)?\s?(?P<z>Z|UTC|[+-]\d\d:?\d\d)?"
)
MONTHS = (
    r"jan(?:uar[yi]?|vier|uari)?|ene(?:ro)?|gennaio|janeiro|stycz\w+|январ\w+",
    r"feb(?:ruar[yi]?|braio|rero|ruari)?|févr(?:ier)?|fevereiro|lut(?:ego|y)|феврал\w+",
    r"mar(?:ch|s|zo|ço)?|märz|maart|mar(?:ca|zec)|март\w*",
    r"apr(?:il|ile)?|avr(?:il)?|abril|kwie\w+|апрел\w+",
    r"may|mai|mayo|maggio|mei|maio|maj\w?|ма[йя]",
    r"jun[ei]?|juin|junio|giugno|junho|czerw\w+|июн\w",
    r"jul[yi]?|juil(?:let)?|julio|luglio|julho|lip(?:ca|iec)|июл\w",
    r"aug(?:ust|ustus)?|août|agosto|sierp\w+|август\w*",
    r"sept?(?:ember|embre|tiembre)?|settembre|setembro|wrze\w+|сентябр\w+",
    r"o[ck]t(?:ober|obre|ubre)?|ottobre|outubro|paździer\w+|октябр\w+",
    r"nov(?:ember|embre|iembre)?|novembro|listopad\w*|ноябр\w+",
    r"de[cz](?:ember|embre)?|déc(?:embre)?|diciembre|dicembre|dezembro|grud\w+|декабр\w+",
)
DATE = regex.compile(
    r"(?<![\d.:])(?P<d>[0-3]?\d)(?:st|nd|rd|th|er|º|ª|\.)?\s+(?:of\s+|de\s+)?(?P<word>[^\W\d_]{3,12})\b|\b(?P<word>[^\W\d_]{3,12})\.?\s+(?P<d>[0-3]?\d)(?:st|nd|rd|th)?(?![\d:])"
)
MONTH_WORDS = tuple(regex.compile(month) for month in MONTHS)
