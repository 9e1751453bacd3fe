"""Error texts in a ticket, as spans: quoted sentences, log lines, what stands behind "error:", bare codes.

Structure finds the candidates (quotes, code, labels); the decoded-error table says which of them speak. A text
that the table claims outside any structure is widened to its sentence, since customers paste without quotes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, pairwise

import regex

from bot.core.model import ErrorText, Reading, Span
from knowledge.gated import Gated
from knowledge.matcher import Hit, fold

PATTERN_SECONDS = 0.2
MAX_ERRORS = 12
MAX_ERROR_CHARS = 700
MAX_CANDIDATES = 200
_CLOSING = 3
"""A closing mark and the stop behind it."""
TELLING_QUOTE = 1.1
"""The value from which a quotation is an error text whatever stands around it: a row of the table claims it."""
"""A log of a thousand lines has a thousand candidates; comparing all with all would take seconds."""

_QUOTED = regex.compile(
    r"\"(?P<q>[^\"\n]{3,500}(?:\n[^\"\n]{1,300}){0,3})\"|“(?P<q>[^”“]{3,500})[”“]|„(?P<q>[^“”„]{3,500})[“”]|«\s?(?P<q>(?:[^«»]|«[^«»]{1,200}»){3,500}?)\s?»|"
    r"»(?P<q>[^«]{3,500})«|「(?P<q>[^」]{3,500})」|『(?P<q>[^』]{3,500})』|`(?P<q>[^`\n]{3,500})`|‘(?P<q>[^’‘\n]{3,400})’|"
    r"(?<![\w])'(?P<q>[^'\n]{2,300}(?:'\w[^'\n]{0,200}){0,3})'(?!\w)|\*\*(?P<q>[^*\n]{5,400})\*\*"
)
_SAYING = regex.compile(
    r"(?:error|err|message|msg|says?|said|saying|show(?:s|ing|n)?|report(?:s|ed)?|return(?:s|ed)?|get(?:s|ting)?|got|gives?|display(?:s|ed)?|"
    r"reads?|complain\w*|claims?|tells?|answer\w*|repl\w+|respon\w+|pop\w*|dialog\w*|notice|window|log|logs|output|text|warning|alert|with|"
    r"fehler\w*|meld\w+|sagt|zeigt|kommt|erscheint|heißt|steht|wörtlich|antwort\w*|fenster|hinweis\w*|"
    r"erreur|affiche|dit|message|répond\w*|apparaît|fenêtre|errores?|dice|muestra|sale|mensaje|aviso|aparece|responde|"
    r"errore|mostra|compare|messaggio|risponde|risposto|avviso|fout\w*|melding|zegt|toont|geeft|krijg\w*|staat|"
    r"erros?|diz|mensagem|aparece|mostra|błąd|błęd\w+|komunikat|pokazuje|pisze|wyskakuje|odpowied\w+|"
    r"ошибк\w*|пишет|выда[её]т|сообщени\w+|говорит|показывает|отвечает|エラー|表示|メッセージ|出ます|错误|錯誤|提示|显示|顯示|报错|"
    r"bringt|wirft|meckert|behauptet|spuckt|quittiert|schreibt|erhalte|bekomme|indique|annonce|renvoie|retourne|obtiens|signale|écrit|prétend|"
    r"pone|devuelve|indica|contesta|salta|arroja|lanza|obtengo|recibo|scrive|restituisce|segnala|ottengo|appare|riporta|spunta|esce|"
    r"schrijft|verschijnt|beweert|klaagt|kreeg|stond|surge|apresenta|retorna|devolve|acusa|exibe|avisa|dá|"
    r"wyświetla|mówi|zgłasza|zwraca|widnieje|dostaję|otrzymuję|twierdzi|informuje|pojawia|wypisuje|"
    r"выводит|сообщает|возвращает|ругается|появляется|вылетает|вылезает|всплывает|выскакивает|требует|ответ|"
    r"と言われ|と返|聞かれ|聞いてき|と怒られ|になり|となり|が出|と出|返ってき|返され|警告|弹|跳出|说|說|返回|出现|出現|写着|寫著)"
)
_LABEL = Gated(
    r"(?:^|[\n.(]|[-*•]\s)\s*(?:(?:the\s+|exact\s+|full\s+)?(?:error|message|text\s+of\s+the\s+error|what\s+(?:it|i)\s+(?:says?|see|get)|symptom|result|response|log(?:file)?|output|console|screen)"
    r"(?:\s+(?:message|text|code|output|log|says|is|line|was))*|fehler(?:meldung|text)?(?:\s+lautet)?|meldung|wortlaut|message(?:\s+d'erreur)?|erreur|"
    r"(?:mensaje|texto)(?:\s+(?:de|del)\s+error)?|qué\s+sale|error|messaggio(?:\s+di\s+errore)?|errore|foutmelding|melding|fout|mensagem(?:\s+de\s+erro)?|erro|"
    r"komunikat(?:\s+błędu)?|błąd|(?:текст\s+)?ошибк[аи]|сообщение(?:\s+об\s+ошибке)?|エラー(?:メッセージ|内容)?|错误(?:信息|提示|消息)?|報錯|报错|提示|錯誤訊息)"
    r"\s*[:：]\s*(?P<rest>[^\n]{4,500})"
)
_LEAD_IN = regex.compile(_SAYING.pattern + r"[^\n:：.!?]{0,60}[:：](?!//|\d)[ \t]*(?:\n\s{0,40})?")
_NOT_BEFORE_COLON = "\n:：.!?"
"""Signs that a word of saying and what follows it up to its colon do not hold."""
_BLANKS = regex.compile(r"[ \t]*+(?:\n\s{0,40}+)?")
_COLON = regex.compile(r"(?<![:：])[:：](?!//|\d|[:：])")
MAX_COLONS = 1000
_SAID_BEFORE = 160
"""A word of saying stands this near before its colon; elsewhere it need not be looked for."""
_BLANKS_AFTER = 120
_CODE = regex.compile(
    r"0x[0-9a-f]{8}|\b[45]\d\d[ -]#?[45]\.\d{1,3}\.\d{1,3}\b|\b(?:4\.\d\.\d|5\.\d\.\d)\b|\bE(?:AUTH|CONN\w+|SOCKET|TIMEDOUT|ENVELOPE|MESSAGE|NOTFOUND|AI_AGAIN|DNS|PROTOCOL|TLS)\b|"
    r"\[(?:AUTHENTICATIONFAILED|UNAVAILABLE|LIMIT|ALERT|CONTACTADMIN|OVERQUOTA|SERVERBUG|INUSE|PRIVACYREQUIRED|EXPIRED|AUTHORIZATIONFAILED)\]|"
    r"error:[0-9a-f]{8}:|\b(?:ssl|tls)_?error_\w+|MOZILLA_PKIX\w+|SEC_ERROR\w+|NSURLErrorDomain|kCFStream\w+|\b(?:curl:\s*)?\(\d{1,2}\)\s+\w+"
    r"|\bAUTHENTICATIONFAILED\b|(?:error|fehler|erreur|erro|errore|código|code|codice|kod|ошибк\w+)\s*[-:#]?\s*-?\d{3,6}\b",
    regex.IGNORECASE,
)
_CODE_ALONE = regex.compile(r"(?:0x[0-9a-f]{8}|-?\d{3,6}|(?:[a-z]{2,9}::)?[a-z]{2,12}_[a-z_]{4,60})(?=[.!?,;]\s)")
_ERRORISH = regex.compile(
    r"error|exception|fail|refus|den(?:y|ied)|reject|timed?[ -]?out|timeout|invalid|incorrect|unable|can(?:no|')?t\b|could\s*n[o']t|not\s+(?:trusted|valid|allowed|supported|available|found|possible|respond)|"
    r"unknown|expired|exceed|too\s+many|limit|disconnect|unreachable|closed|lost|wrong|bad\b|no\s+such|rejected|unauthori[sz]ed|need\s+password|update\s+your|"
    r"fehl|nicht|ungültig|abgelehnt|verweigert|zeitüberschreitung|falsch|erreur|échou|impossible|refusé|incorrect|délai|expir|"
    r"fall[oó]|no\s+se\s+pud|incorrect|rechaz|tiempo|caduc|denegad|non\s+(?:riuscit|valid|è)|errat|rifiutat|scadut|impossibile|"
    r"mislukt|kan\s+geen|niet|onjuist|geweigerd|verlopen|falhou|não\s+foi|inválid|recusad|expirou|incorret|nie\s+(?:powiod|można|udał)|błąd|odrzucon|nieprawidł|"
    r"не\s+уда|ошибк|невозможно|неверн|отклонен|истек|превышен|失敗|できません|できませんでした|エラー|拒否|無効|正しくありません|タイムアウト|失败|錯誤|错误|无法|無法|超时|逾時|拒绝|不正确|无效|"
    r"kann\s+kein|getrennt|unterbrochen|unbekannt|überschritten|unzulässig|gesperrt|abgelaufen|abgebrochen|n'a\s+pas|n'est\s+pas|ne\s+(?:répond|peut)|interromp|inconnu|dépass|rejet|invalide|introuvable|"
    r"no\s+(?:pud[oi]|es\s|se\s+ha|responde|admite|permit|autoriz|dispon)|salió\s+mal|interrumpid|desconocid|agotad|excedid|bloquead|inválid|"
    r"non\s+(?:può|riesc|trovat|disponibil|consentit|accettat|autorizzat|support|rispond)|interrott|negat|sconosciut|superat|respint|verbroken|overschreden|onbekend|ongeldig|geblokkeerd|"
    r"não\s+(?:é|pode|consegu|encontr|respond|suport|autoriz)|rejeitad|negad|esgotad|interrompid|impossível|desconhecid|nie\s+(?:odpowiada|znaleziono|obsługuje)|przekrocz|zabronion|wygas|nieznan|zablokow|przerwan|"
    r"запрещ|недоступ|прерван|сбой|не\s+(?:найден|поддерж|отвеча|пройден|завершен)|заблок|недействит|неправильн|разорван|違い(?:ます|ました)|間違|不正|切断|見つかり|検証でき|期限切れ|許可され|上限|"
    r"不允许|不允許|过期|過期|超过|超過|断开|中断|拒絕|不正確|無效|过高|過高"
)
_LOGLINE = regex.compile(
    r"^\s*(?:[<>~*C|S]{1,3}[:*]?\s|\d+\|\w+\s*\||\[?\d{4}-\d\d-\d\d|\w{3}\s+\d{1,2}\s\d\d:|\d\d:\d\d:\d\d|traceback|caused\s+by|[\w.$]+(?:error|exception|failure|fault)\b|"
    r"[45]\d\d[ -]|\*\s(?:bye|no|bad|ok)\b|\w{1,5}\s(?:no|bad)\s|curl:|fetchmail:|msmtp:|error\b|fatal|warn(?:ing)?\b|err[:!\s])"
)
_SENTENCE_END = regex.compile(r"(?<=[.!?。！？])[\"'”»)\]]?(?:\s+|(?=[\u3000-\u9fff]))|\n")
_OWN_VOICE = regex.compile(
    r"\b(?:i|i'?m|i'?ve|my|mine|me|today|yesterday|tonight|this\s+(?:morning|week)|ich|mein\w*|mir|mich|heute|gestern|seit|j['e]|mon|ma|mes|moi|aujourd'hui|hier|depuis|yo|mi|mis|hoy|ayer|desde|"
    r"io|mio|mia|oggi|ieri|stamattina|ik|mijn|vandaag|gisteren|sinds|eu|meu|minha|hoje|ontem|m[oó]j\w*|moj\w*|mam|dzi[sś]|dzisiaj|wczoraj|я|мой|мо[яеёий]\w*|мне|меня|сегодня|вчера|"
    r"works|funktioniert|klappt|fonctionne|funciona|funziona|werkt|działa|работает|thanks|thank\s+you|danke|merci|gracias|grazie|bedankt|obrigad[oa]|dzi[eę]kuj\w*|спасибо)\b(?!@)|私|弊社|今日|昨日|今朝|我(?!们的服务)|今天|昨天"
)
"""What programs do not say of themselves: they have no "my", know no yesterday, and nothing works. "We couldn't
connect" some do say."""
_CLAUSE_END = regex.compile(r"[,;]\s*|\((?!\d)|(?<!\d)\)|[\[\]\"“”„«»]\s*|:\s+|\s+-\s+|。|、|，|；|：")
_SALUTATION = regex.compile(
    r"(?:hi|hello|dear|hallo|guten\s+tag|liebe[sr]?|bonjour|hola|buenos|buongiorno|salve|ciao|beste|geachte|olá|bom\s+dia|cześć|dzień\s+dobry|"
    r"здравствуйте|привет|добрый|こんにちは|您好|你好|thanks?|regards|cheers|grüße|gruß|merci|cordialement|gracias|saludos|grazie|groet\w*|obrigad\w+|pozdrawiam|с\s+уважением)\b"
)


@dataclass(frozen=True, slots=True)
class _Candidate:
    span: Span
    value: float
    pasted: bool = True


def find_errors(reading: Reading, hits: Sequence[Hit]) -> tuple[ErrorText, ...]:
    """Error texts, the most telling first, none inside another. ``hits`` is the table's scan of the reading.

    A candidate inside a signature or a disclaimer is dropped; one inside a quoted mail is kept and marked.
    """
    text, folded = reading.text, fold(reading.text)
    candidates: list[_Candidate] = []
    try:
        candidates += _from_quotes(text, folded, hits)
        told = [c.span for c in candidates if c.value >= TELLING_QUOTE and text[c.span[0] - 1 : c.span[0]] != "`"]
        candidates += _not_across(folded, told, _from_labels(folded, hits))
        candidates += _not_across(folded, told, _from_lead_ins(folded, hits))
        candidates += _from_lines(reading, folded, hits)
        codes = [m.span() for m in _CODE.finditer(text, timeout=PATTERN_SECONDS) if not _inside(m.span(), candidates)]
        candidates += _not_across(folded, told, [_Candidate(_around_code(folded, span), 0.6) for span in codes])
    except TimeoutError:
        pass
    for hit in hits:
        if not any(_overlap(hit.span, c.span) >= 0.6 * (hit.span[1] - hit.span[0]) for c in candidates):
            candidates.append(_Candidate(_sentence(folded, hit.span), 0.8 + min(hit.fixed, 60) / 100, False))
    return _chosen(reading, [_alone(folded, one) for one in candidates])


def _alone(folded: str, one: _Candidate) -> _Candidate:
    """Of "0x800CCC92. We have typed it anew" the code: no program's message begins so."""
    code = _CODE_ALONE.match(folded, one.span[0], one.span[1])
    return replace(one, span=code.span()) if code else one


def _not_across(folded: str, quotes: Sequence[Span], candidates: Sequence[_Candidate]) -> Iterator[_Candidate]:
    """Candidates that end where a quotation ends which says enough by itself: what follows are the customer's words
    again ("Phone: "Cannot sign in". Gmail app."). What a program says before its quotation, in one sentence, belongs
    to it."""
    for one in candidates:
        past = next((q for q in quotes if one.span[0] < q[1] and one.span[1] > q[1] + _CLOSING), None)
        if past is None:
            yield one
        elif not _SENTENCE_END.search(folded, one.span[0], max(past[0], one.span[0]), timeout=PATTERN_SECONDS):
            yield replace(one, span=(one.span[0], past[1]))


def _worth(folded: str, span: Span, hits: Sequence[Hit], floor: float) -> float:
    """How much a candidate looks like an error text; 0 where it does not."""
    best = max((h.fixed for h in hits if _overlap(h.span, span) >= 0.6 * (h.span[1] - h.span[0])), default=0)
    inside = folded[span[0] : span[1]]
    if best:
        return floor + 1.0 + min(best, 60) / 100
    if _CODE.search(inside, timeout=PATTERN_SECONDS):
        return floor + 0.7
    if _ERRORISH.search(inside, timeout=PATTERN_SECONDS):
        return floor + 0.3
    return 0.0


def _from_quotes(text: str, folded: str, hits: Sequence[Hit]) -> list[_Candidate]:
    out = []
    for match in _QUOTED.finditer(text, timeout=PATTERN_SECONDS):
        span = match.span("q")
        inside = text[span[0] : span[1]].strip()
        bare_word = len(inside) < 4 or (regex.fullmatch(r"[\w.+@-]+", inside) and not _CODE.search(inside))
        if bare_word and not _exact_hit(span, hits):
            continue
        said = _SAYING.search(folded[max(0, span[0] - 70) : span[0]], timeout=PATTERN_SECONDS) is not None
        worth = _worth(folded, span, hits, 0.5 if said else 0.1)
        if worth > 0.35 or (said and len(inside.split()) >= 3):
            out.append(_Candidate(span, max(worth, 0.45)))
    return out


def _exact_hit(span: Span, hits: Sequence[Hit]) -> bool:
    return any(abs(h.span[0] - span[0]) <= 1 and abs(h.span[1] - span[1]) <= 2 for h in hits)


def _from_labels(folded: str, hits: Sequence[Hit]) -> list[_Candidate]:
    out = []
    for match in _LABEL.finditer(folded, timeout=PATTERN_SECONDS):
        span = _trim(folded, match.span("rest"))
        if span[1] - span[0] > 260:
            span = (span[0], _sentence(folded, (span[0], span[0] + 40))[1])
        span = _before_own_voice(folded, span, hits)
        worth = _worth(folded, span, hits, 0.6)
        if worth:
            out.append(_Candidate(span, worth))
    return out


def _from_lead_ins(folded: str, hits: Sequence[Hit]) -> list[_Candidate]:
    """What follows a colon after a verb of saying, in the same line or as the next paragraph: "it shows: …"."""
    out = []
    done = 0
    for colon in islice(_COLON.finditer(folded, timeout=PATTERN_SECONDS), MAX_COLONS):
        said_from = max(done, colon.start() - _SAID_BEFORE)
        said_from = max(said_from, *(folded.rfind(stop, said_from, colon.start()) + 1 for stop in _NOT_BEFORE_COLON))
        blanks = _BLANKS.match(folded, colon.end(), colon.end() + _BLANKS_AFTER)
        match = _LEAD_IN.search(folded, said_from, blanks.end() if blanks else colon.end(), timeout=PATTERN_SECONDS)
        if match is None or match.start() > colon.start():
            continue
        done = match.end()
        start = match.end()
        end = folded.find("\n", start)
        span = _trim(folded, (start, min(len(folded) if end < 0 else end, start + 420)))
        if span[1] - span[0] < 8:
            continue
        sentence_end = _SENTENCE_END.search(folded, min(span[0] + 60, span[1]), span[1], timeout=PATTERN_SECONDS)
        if (
            sentence_end
            and span[1] - span[0] > 200
            and not any(_overlap(h.span, (sentence_end.end(), span[1])) for h in hits)
        ):
            span = _trim(folded, (span[0], sentence_end.start()))
        span = _before_own_voice(folded, span, hits)
        worth = _worth(folded, span, hits, 0.4)
        if worth >= 0.7 or (worth and "\n" in match[0]):
            out.append(_Candidate(span, worth))
    return out


def _before_own_voice(folded: str, span: Span, hits: Sequence[Hit]) -> Span:
    """``span`` up to the sentence in which the customer speaks again: "Authentication failed. This morning it still
    went." A sentence that a row of the table claims is the program's."""
    starts = [b.end() for b in _SENTENCE_END.finditer(folded, span[0], span[1], timeout=PATTERN_SECONDS)]
    for start, end in pairwise((*starts, span[1])):
        claimed = any(_overlap(h.span, (start, end)) for h in hits)
        if not claimed and _OWN_VOICE.search(folded, start, end, timeout=PATTERN_SECONDS):
            return _trim(folded, (span[0], start))
    return span


def _from_lines(reading: Reading, folded: str, hits: Sequence[Hit]) -> list[_Candidate]:
    """Whole lines that look like output of a program, in any segment, and all lines of code segments."""
    out = []
    offset = 0
    for line in folded.split("\n"):
        kind = next((s.kind for s in reading.segments if s.span[0] <= offset < s.span[1]), "body")
        span = _trim(folded, (offset, offset + len(line)))
        offset += len(line) + 1
        if span[1] - span[0] < 8:
            continue
        code = kind == "code"
        if code or _LOGLINE.match(folded[span[0] : span[0] + 200], timeout=PATTERN_SECONDS):
            worth = _worth(folded, span, hits, 0.35 if code else 0.2)
            if worth >= 0.6 or (worth and code):
                out.append(
                    _Candidate(
                        span if span[1] - span[0] <= MAX_ERROR_CHARS else (span[0], span[0] + MAX_ERROR_CHARS), worth
                    )
                )
    return out


def _sentence(folded: str, span: Span) -> Span:
    """The sentence around a span, not longer than 300 characters, without a lead-in that ends in a colon."""
    start = max(0, span[0] - 220)
    left = start
    for boundary in _SENTENCE_END.finditer(folded, start, span[0], timeout=PATTERN_SECONDS):
        left = boundary.end()
    right_match = _SENTENCE_END.search(folded, span[1], min(len(folded), span[1] + 220), timeout=PATTERN_SECONDS)
    right = right_match.start() if right_match else min(len(folded), span[1] + 80)
    lead = folded.rfind(": ", left, span[0] + 1)
    if lead >= 0 and _SAYING.search(folded[left:lead], timeout=PATTERN_SECONDS):
        left = lead + 2
    if right - left > 2.2 * (span[1] - span[0]) + 30:
        left, right = _clause(folded, span, (left, right))
    return _trim(folded, (left, right))


def _clause(folded: str, span: Span, sentence: Span) -> Span:
    """The part of a long sentence, between commas, colons, brackets or quotes, that holds ``span``."""
    left, right = sentence
    for boundary in _CLAUSE_END.finditer(folded, left, span[0], timeout=PATTERN_SECONDS):
        left = boundary.end()
    after = _CLAUSE_END.search(folded, span[1], right, timeout=PATTERN_SECONDS)
    return left, after.start() if after else right


def _around_code(folded: str, span: Span) -> Span:
    """A bare code stays bare, unless the rest of its line is a server's reply (a status code and words)."""
    if folded[span[0] : span[0] + 2] == "0x" or not folded[span[0]].isdigit():
        return span
    end = folded.find("\n", span[1])
    end = len(folded) if end < 0 else end
    tail = folded[span[1] : min(end, span[1] + 240)]
    if not regex.match(r"[\s:\-<\[(]+\S", tail):
        return span
    left = max(folded.rfind("\n", 0, span[0]) + 1, span[0] - 160)
    start = _sentence(folded, (span[0], span[0] + 1))[0] if span[0] - left > 0 else span[0]
    return _trim(folded, (max(left, min(start, span[0])), span[1] + len(tail)))


def _trim(folded: str, span: Span) -> Span:
    start, end = span
    while start < end and folded[start] in " \t\"'>|*-•":
        start += 1
    while end > start and folded[end - 1] in " \t\"'|*":
        end -= 1
    return start, end


def _overlap(a: Span, b: Span) -> int:
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def _inside(span: Span, candidates: Sequence[_Candidate]) -> bool:
    return any(c.span[0] <= span[0] and span[1] <= c.span[1] for c in candidates)


def _chosen(reading: Reading, candidates: Sequence[_Candidate]) -> tuple[ErrorText, ...]:
    kept: list[_Candidate] = []
    worthy = sorted(candidates, key=lambda c: (-round(c.value, 1), c.span))[:MAX_CANDIDATES]
    for candidate in sorted(worthy, key=lambda c: (-(c.span[1] - c.span[0]), c.span)):
        if any(_overlap(candidate.span, k.span) > 0.5 * (candidate.span[1] - candidate.span[0]) for k in kept):
            continue
        kept.append(candidate)
    out = []
    for candidate in sorted(kept, key=lambda c: (-round(c.value, 1), c.span)):
        kind = next((s.kind for s in reading.segments if s.span[0] <= candidate.span[0] < s.span[1]), "body")
        if kind in ("disclaimer", "header") or (kind == "signature" and candidate.value < 1.2):
            continue
        text = reading.text[candidate.span[0] : candidate.span[1]].strip()
        if len(text) >= 4 and not _SALUTATION.fullmatch(text.lower().rstrip(",.!")):
            out.append(ErrorText(text, candidate.span, kind == "quoted", candidate.pasted))
    return tuple(out[:MAX_ERRORS])
