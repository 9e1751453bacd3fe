"""How mail programs introduce quotations, forwards, signatures and disclaimers, in the languages they speak.

Sources: the localised reply headers of Thunderbird (mailnews.reply_header_*), Gmail, Apple Mail and Outlook,
RFC 3676 4.3 (the signature separator).
"""

from __future__ import annotations

from typing import Final

import regex

_I: Final = regex.IGNORECASE

ATTRIBUTION: Final = regex.compile(
    r"[ \t]{0,8}(?:"
    r"(?:on|at)\b.{4,300}\bwrote[ ]?:|.{4,200}\b(?:wrote|writes)(?: on .{4,80})?:|"
    r"(?:am|an dem)\b.{4,300}\bschrieb\b.{0,200}:|.{4,200}\bschrieb(?:en)?\b.{0,100}:|"
    r"le\b.{4,300}\ba écrit(?: .{0,100})?[ ]?:|.{4,200}\ba écrit[ ]?:|"
    r"el\b.{4,300}\bescribió[ ]?:|.{4,200}\bescribió(?: el .{4,80})?[ ]?:|"
    r"(?:il|in data)\b.{4,300}\bha scritto[ ]?:|.{4,200}\bha scritto[ ]?:|"
    r"op\b.{4,300}\b(?:schreef|heeft .{0,200} geschreven)\b.{0,100}:|.{4,200}\bschreef(?: op .{4,80})?[ ]?:|"
    r"(?:em|a|no dia)\b.{4,300}\bescreveu[ ]?:|.{4,200}\bescreveu(?: .{0,100})?[ ]?:|"
    r"(?:w dniu|dnia)\b.{4,300}(?:napisał|pisze)(?:\(a\)|a|/a)?.{0,20}:|.{4,200}\bnapisał(?:\(a\)|a|"
    r"/a)?[ ]?:|"
    r".{4,300}\b(?:написал|пишет|писал)(?:\(а\)|а|/а)?[ ]?:|.{4,300}\b(?:пише|написав|написала)[ ]?:|"
    r"(?:den|d\.|på)?.{4,300}\b(?:skrev|skrifade)\b.{0,100}:|.{4,300}\bkirjoitti[ ]?:|"
    r".{4,300}\bnapsal(?:\(a\)|a)?[ ]?:|"
    r".{4,300}\bezt írta.{0,60}:|.{4,300}\bşunu yazdı[ ]?:|.{4,300}\ba scris[ ]?:|.{4,300}\bέγραψε[ ]?:|"
    r".{4,300}(?:のメール|さんは書きました|は書きました|wrote|さんのメッセージ)[ ]?[:：]|"
    r".{2,300}(?:写道|寫道|于.{0,60}写|撰写)[ ]?[:：]|.{4,300}작성[:：]|"
    r".{4,200}\b\d{1,2}[:.]\d{2}\b.{0,200}<[^<>\s]{3,100}@[^<>\s]{3,100}>[ ]?[:：]|"
    r"\d{4}[年/-].{4,200}<[^<>\s]{3,100}@[^<>\s]{3,100}>[ ]?[:：]"
    r")[ \t]{0,8}",
    _I,
)
"""One logical line (it may be wrapped) before a quotation."""

ATTRIBUTION_START: Final = regex.compile(
    r"[ \t]{0,8}(?:on|am|le|el|il|in data|op|em|a|no dia|w dniu|dnia|den|\d{4}[年/-]|\d{1,2}[./ ]|"
    r"\p{L}{2,3}[.,] ?\d|(?:mon|tue|wed|thu|fri|sat|sun))",
    _I,
)
ATTRIBUTION_VERB: Final = regex.compile(
    r"wrote|writes|schrieb|écrit|escribió|scritto|schreef|geschreven|escreveu|napisał|pisze|написал|"
    r"пишет|писал|пише|написав|skrev|kirjoitti|"
    r"napsal|írta|yazdı|a scris|έγραψε|メール|書きました|メッセージ|写道|寫道|撰写|작성|@",
    _I,
)
HAS_WHEN: Final = regex.compile(r"\d|@|<")
"""An attribution names a day or an address; "my boss wrote:" introduces the customer's own words."""

FORWARD: Final = regex.compile(
    r"[ \t>]{0,10}(?:begin forwarded message|anfang der weitergeleiteten (?:nachricht|e-?mail)|"
    r"début du (?:message|courriel) (?:transféré|réexpédié)|"
    r"inicio del mensaje reenviado|inizio messaggio inoltrato|begin doorgestuurd bericht|"
    r"início da mensagem (?:reencaminhada|encaminhada)|"
    r"początek przekazywanej wiadomości|начало переадресованного сообщения|転送されたメッセージ|"
    r"以下是转发的邮件|"
    r"开始转发的邮件|"
    r"vidarebefordrat brev|start på videresendt besked|videresendt melding)[ ]?[:：]?[ \t]{0,8}"
    r"|[ \t>]{0,10}[-_=—]{2,40}[ ]{0,4}(?:(?:original|ursprüngliche|forwarded|weitergeleitete|"
    r"doorgestuurd|oorspronkelijk|mensaje|message|messaggio|mensagem|"
    r"wiadomość|пересылаемое|пересланное|переадресованное|исходное|转发|轉寄|原始|転送|original[a-z]*|"
    r"videresendt|oprindelig|ursprungligt|vidarebefordrat|"
    r"alkuperäinen|původní|eredeti|orijinal|mesaj)[^\n]{0,60}?)[ ]{0,4}[-_=—]{2,40}[ \t]{0,8}",
    _I,
)
IS_FORWARD: Final = regex.compile(
    r"forward|weitergeleitet|transféré|réexpédié|reenviado|inoltrat|doorgestuurd|encaminhad|"
    r"reencaminhad|przekazywan|przekazan|пересла|пересыла|переадрес|"
    r"転送|转发|轉寄|videresendt|vidarebefordrat",
    _I,
)
FORWARD_SUBJECT: Final = regex.compile(
    r"\s{0,5}(?:fwd?|wg|tr|rv|enc|doorst|pd|vs|vb|fs|i|转发|轉寄|転送|пересл)\s?[:：]", _I
)

_FROM = (
    "from|von|de|da|van|od|от|от кого|差出人|送信者|发件人|寄件者|fra|från|lähettäjä|feladó|kimden|de la|"
    "від|보낸 사람|expéditeur"
)
_OTHER = (
    "sent|date|to|cc|bcc|subject|reply-to|importance|attachments|gesendet|datum|an|betreff|kopie|"
    "wichtigkeit|envoyé|à|objet|enviado(?: el| em)?|para|asunto|fecha|"
    "assunto|data|inviato|a|oggetto|verzonden|aan|onderwerp|wysłano|wysłane|do|dw|temat|отправлено|дата|"
    "кому|копия|тема|送信日時|日付|日時|宛先|件名|发送时间|发送日期|"
    "日期|收件人|主题|抄送|寄件日期|傳送日期|主旨|sendt|til|emne|dato|skickat|"
    "till|ämne|odesláno|komu|předmět|lähetetty|"
    "vastaanottaja|aihe|elküldve|címzett|tárgy|"
    "gönderildi|kime|konu|trimis|către|subiect|надіслано|보낸 날짜|받는 사람|제목"
)
HEADER_FROM: Final = regex.compile(rf"[ \t*_>]{{0,8}}(?:{_FROM})[*_ \t]{{0,4}}[:：][*_ \t]{{0,4}}\S.{{0,400}}", _I)
HEADER_OTHER: Final = regex.compile(rf"[ \t*_>]{{0,8}}(?:{_FROM}|{_OTHER})[*_ \t]{{0,4}}[:：].{{0,600}}", _I)
RULE: Final = regex.compile(r"[ \t]{0,4}[_-]{20,200}[ \t]{0,4}")

SIGNATURE_MARK: Final = regex.compile(r"[ \t]{0,2}(?:--|—|__|–)[ \t]{0,2}")
SENT_FROM: Final = regex.compile(
    r"[ \t]{0,4}(?:sent (?:from|with|via|using)\b|get outlook for|gesendet (?:von|mit|über)\b|"
    r"von meinem .{2,40} gesendet|diese nachricht wurde von meinem|holen sie sich outlook|"
    r"envoyé (?:de|depuis|à partir)\b|télécharge[rz] outlook|obtenez outlook|enviado (?:desde|do|"
    r"a partir|pelo|via|de)\b|obtener outlook|obter o outlook|inviato (?:da|dal|con)\b|ottieni outlook|"
    r"verzonden (?:vanaf|met|via|vanuit)\b|verstuurd (?:vanaf|met)\b|outlook (?:voor|para|per|für|"
    r"pour) (?:ios|android)|wysłan[eoa] z\b|pobierz program outlook|"
    r"отправлено (?:с|из|от)\b|.{2,30}(?:から|より)送信(?:されました)?(?=\s*$)|发自我的|"
    r"從我的 ?.{2,20} ?傳送|从我的.{2,20}发送|"
    r"skickat från|skickades från|sendt fra|lähetetty|odesláno z|"
    r"von .{2,30} für (?:ios|android) gesendet|iphone'umdan gönderildi|trimis de pe)[^\n]{0,80}",
    _I,
)
SENT_STEMS: Final = (
    "sent ",
    "outlook",
    "gesendet",
    "nachricht",
    "envoy",
    "enviado",
    "inviato",
    "verzonden",
    "verstuurd",
    "wysłan",
    "отправлено",
    "送信",
    "发自",
    "傳送",
    "发送",
    "skicka",
    "sendt",
    "lähetetty",
    "odesláno",
    "gönder",
    "trimis",
)
"""Each line that SENT_FROM matches holds one of these."""
FORMULA: Final = regex.compile(
    r"[ \t]{0,4}(?:(?:with |my |many |very )?(?:best|kind|warm|warmest|kindest|sincere)?[ ]?(?:regards|"
    r"wishes)|best|all the best|cheers|sincerely(?: yours)?|yours(?: sincerely| faithfully| truly)?|"
    r"thanks(?: (?:and|&) (?:best |kind )?regards| in advance| a lot| so much| again| very much)?|"
    r"thank you(?: (?:very|so) much| in advance| and .{3,30}| kindly)?|many thanks(?: in advance)?|ta|"
    r"br|rgds|thx|"
    r"(?:mit |viele |beste |liebe |herzliche |schöne |mit den |freundliche )?(?:freundlichem |"
    r"freundlichen |besten |herzlichen |vielen |lieben |schönen )?gr(?:ü|ue)(?:ß|ss)(?:en?|"
    r"le)?(?: aus .{2,30}| vom .{2,30})?|gruß|gruss|mfg|lg|vg|hg|"
    r"(?:vielen|besten|herzlichen|schönen) dank(?: im voraus| vorab| und .{3,40})?|danke(?: im voraus|"
    r" vorab| schön| und .{3,40})?|hochachtungsvoll|servus|"
    r"(?:bien )?(?:cordialement|amicalement|respectueusement)|(?:meilleures |"
    r"sincères )?salutations(?: distinguées)?|bonne (?:journée|réception|soirée)|merci(?: d['’]avance|"
    r" beaucoup| par avance| et .{3,30})?|cdlt|bien à vous|"
    r"(?:un |muchos |atentos |cordiales )?(?:cordial )?saludos?(?: cordial(?:es)?)?|atentamente|"
    r"(?:muchas )?gracias(?: de antemano| por .{3,40})?|cordialmente|"
    r"(?:cordiali |distinti |i migliori |cari )?saluti|cordialità|(?:molte |"
    r"mille )?grazie(?: in anticipo| mille| e .{3,30})?|un saluto|buona giornata|buon lavoro|"
    r"(?:met )?(?:vriendelijke|hartelijke|beste)?[ ]?groet(?:en|jes)?|mvg|gr\.?|(?:alvast )?bedankt|"
    r"(?:hartelijk |bij voorbaat )?dank(?: alvast)?|"
    r"(?:melhores |com os melhores )?cumprimentos|atenciosamente|att\.?|"
    r"(?:muito )?obrigad[oa](?: desde já| pela .{3,30})?|(?:um )?(?:abraços?|grande abraço)|saudações|"
    r"grat[oa]|"
    r"(?:serdecznie )?pozdrawiam(?: serdecznie)?|pozdrowienia|z (?:poważaniem|wyrazami szacunku|"
    r"góry dziękuję)|dziękuję(?: za pomoc| z góry)?|dzięki|"
    r"с уважением|с наилучшими .{3,30}|(?:большое |заранее )?спасибо(?: заранее| за .{3,30}| большое)?|"
    r"с приветом|з повагою|дякую|"
    r"よろしくお願い.{0,12}|宜しくお願い.{0,12}|敬具|以上|此致|敬礼|谢谢[！!。]?|謝謝[！!。]?|祝好|顺颂商祺|"
    r"(?:med )?(?:vänlig|vänliga|bästa|venlig|venlige|bedste|vennlig|beste)?[ ]?(?:hälsning(?:ar)?|"
    r"hilsen|hilsner)|mvh|vh|(?:på forhånd |mange )?tak(?: på forhånd)?|tack(?: på förhand)?|"
    r"(?:på forhånd )?takk|"
    r"(?:ystävällisin )?terveisin|kiitos|s (?:pozdravem|úctou)|(?:předem )?děkuji|üdvözlettel|"
    r"köszönettel|köszönöm|saygılarımla|iyi çalışmalar|teşekkürler|cu (?:stimă|respect)|mulțumesc|"
    r"cu mulțumiri)"
    r"[ \t]{0,3}[,.!;:)–-]{0,3}[ \t]{0,3}",
    _I,
)
"""A closing formula that is a line of its own."""

CONTACT: Final = regex.compile(
    r"\b(?:tel|fon|phone|mobile|mobil|cell|fax|direct|office|ust-?id(?:nr)?|hrb|hra|amtsgericht|"
    r"registergericht|geschäftsführer(?:in)?|siret|rcs|p\.? ?iva|partita iva|nip|regon|krs|kvk|btw|cnpj|"
    r"cif|nif|vat|"
    r"gmbh|ag|kg|ug|e\.k|ltd|llc|llp|inc|plc|corp|s\.?r\.?l|s\.?p\.?a|s\.?a\.?r\.?l|sarl|s\.?l\.?u?|"
    r"b\.?v|sp\. z o\.?o|ооо|зао|тел|моб|факс|電話|携帯|株式会社|电话|手机|传真|有限公司)\b[.:]?|"
    r"https?://|\bwww\.|[ ]\|[ ]|\+\d[\d ()/-]{6,}|\b(?:str(?:aße|asse|\.)|street|road|avenue|rue|calle|"
    r"via|straat|ulica|ul\.)\b",
    _I,
)
LABELLED: Final = regex.compile(r"[ \t(*_-]{0,6}[\p{L}][\p{L}\p{N} /()'’._-]{1,40}[:：=]\s?\S")
"""A "name: value" line, as in a form or a list of settings."""
CONTACT_LABEL: Final = regex.compile(
    r"[ \t(*_|-]{0,6}(?:tel\w*|t|f|m|p|e|w|phone|mobile?|mobil\w*|cell|handy|fax|e-?mail|mail|web\w*|"
    r"www|site|url|internet|skype|linkedin|twitter|office|direct|adress?e?|address|"
    r"anschrift|dirección|indirizzo|endereço|adres|адрес|тел\w*|моб\w*|факс|сайт|почта|電話|住所|电话|手机|传真|"
    r"地址|邮箱|网址|ust\S*|hrb|vat\S*|nip|kvk|cnpj|siret|p\.? ?iva|sitz\S*|geschäfts\S*)[ .]{0,2}[:：]",
    _I,
)

DISCLAIMER: Final = regex.compile(
    r"(?:this|the) (?:e-?mail|message|communication|transmission)(?: and (?:any|its|"
    r"all) \w+)?[^\n]{0,80}(?:confidential|privileged|intended (?:only|solely|for)|for the (?:addressee|"
    r"sole use|use of)|may contain)|"
    r"(?:not|n['o]t) the (?:intended|named) (?:recipient|addressee)|"
    r"intended (?:solely )?for the (?:use of the )?(?:individual|person|addressee|recipient)|"
    r"confidentiality (?:notice|note)|"
    r"(?:please )?(?:consider|think of) the environment before|save (?:a tree|paper)|(?:scanned|"
    r"checked) (?:for viruses )?by (?:avast|avg|eset|norton|kaspersky|mailscanner)|virus[- ]?free|"
    r"diese (?:e-?mail|nachricht|mitteilung)[^\n]{0,60}(?:vertraulich|rechtlich geschützt)|"
    r"vertrauliche (?:und/oder|und|oder)? ?(?:rechtlich )?(?:geschützte )?informationen|"
    r"nicht der (?:richtige|beabsichtigte|vorgesehene) (?:adressat|empfänger)|"
    r"(?:denken sie|bitte) an (?:die|unsere) umwelt|(?:umwelt|bäumen?)[^\n]{0,60}(?:ausdruck|drucken)|"
    r"virenfrei|auf viren (?:geprüft|überprüft)|"
    r"ce (?:message|courriel|mail)[^\n]{0,100}(?:confidentiel|destiné|exclusi)|"
    r"si vous n['’]êtes pas (?:le|la) destinataire|pensez à l['’]environnement|n['’]imprimez ce|"
    r"avant d['’]imprimer|"
    r"este (?:mensaje|correo|e-?mail)[^\n]{0,100}(?:confidencial|destinatario|dirigid)|"
    r"si (?:usted )?no es (?:el|usted el) destinatario|antes de imprimir|piense en el medio ambiente|"
    r"aviso (?:legal|de confidencialidad)|"
    r"(?:questo|il presente) (?:messaggio|documento)[^\n]{0,100}(?:riservat|confidenzial|destinat)|"
    r"le informazioni contenute in quest[oa]|se (?:avete|ha) ricevuto (?:questo|"
    r"la presente)[^\n]{0,60}per errore|prima di stampare|pensa all['’]ambiente|"
    r"(?:dit|deze) (?:bericht|e-?mail|mail)[^\n]{0,100}(?:vertrouwelijk|bestemd|uitsluitend)|"
    r"denk aan het milieu|indien u niet de (?:geadresseerde|bedoelde)|"
    r"esta mensagem[^\n]{0,100}(?:confidencia|destinad|exclusiv)|se (?:você|não) (?:não )?(?:é|"
    r"for) o destinatário|pense no meio ambiente|antes de imprimir|aviso de confidencialidade|"
    r"(?:ta|niniejsza) (?:wiadomość|korespondencja)[^\n]{0,100}(?:poufn|przeznaczon)|"
    r"treść tej wiadomości[^\n]{0,60}poufn|zanim wydrukujesz|pomyśl o środowisku|"
    r"(?:данное|это|настоящее) (?:сообщение|электронное|письмо)[^\n]{0,100}(?:конфиденциал|предназнач)|"
    r"подумайте об окружающей среде|"
    r"(?:この|本)(?:電子)?メール[^\n]{0,60}(?:機密|秘密|宛先|名宛人)|"
    r"(?:本|此)(?:电子)?(?:邮件|郵件)[^\n]{0,60}(?:机密|機密|保密|收件人)|"
    r"打印[^\n]{0,20}环(?:境|保)|"
    r"(?:detta|denna|denne|dette) (?:e-?post|meddelande|e-?mail|besked)[^\n]{0,80}(?:konfidentiell|"
    r"fortrolig|avsedd)|tänk på miljön|tænk på miljøet",
    _I,
)
DISCLAIMER_STEMS: Final = (
    "confiden",
    "intended",
    "addressee",
    "environment",
    "privileged",
    "save a tree",
    "save paper",
    "viren",
    "virus",
    "scanned by",
    "checked by",
    "vertraulich",
    "rechtlich",
    "umwelt",
    "bäume",
    "adressat",
    "empfänger",
    "destin",
    "imprim",
    "medio ambiente",
    "aviso",
    "dirigid",
    "exclusiv",
    "riservat",
    "informazioni",
    "per errore",
    "stampare",
    "ambiente",
    "vertrouwelijk",
    "bestemd",
    "uitsluitend",
    "milieu",
    "geadresseerde",
    "poufn",
    "przeznaczon",
    "wydrukujesz",
    "środowisk",
    "конфиденциал",
    "предназнач",
    "окружающей",
    "機密",
    "秘密",
    "宛先",
    "名宛人",
    "机密",
    "保密",
    "收件人",
    "环",
    "konfidentiell",
    "fortrolig",
    "avsedd",
    "miljö",
    "miljøet",
    "may contain",
    "external",
    "originated",
    "outside",
    "extern",
    "extérieur",
    "esterno",
)
"""Every notice that the two expressions around this find holds one of these; most tickets hold none."""
EXTERNAL_BANNER: Final = regex.compile(
    r"[ \t*\[<]{0,6}(?:caution|external|warning|achtung|extern|attention|externe?|atención|"
    r"attenzione)[\]>]?[ \t]?[:!-]?[^\n]{0,40}(?:external|originated from outside|"
    r"outside (?:of )?(?:your|the) organi[sz]ation|externen|extérieur|externo|esterno)[^\n]{0,200}",
    _I,
)
GREETING: Final = regex.compile(
    r"[ \t]{0,4}(?:hi|hello|hey|dear|good (?:morning|day|afternoon|evening)|hallo|guten (?:tag|morgen|"
    r"abend)|sehr geehrte\w*|liebe[rs]?|moin|bonjour|bonsoir|salut|hola|buen[oa]s|estimad[oa]s?|"
    r"ciao|salve|buongiorno|buonasera|gentile|spett\.\S*|goede\w*|beste|geachte|ol[áa]|bom dia|"
    r"boa tarde|prezad[oa]s?|dzień dobry|witam|cześć|szanowni|здравствуйте|добрый|привет|"
    r"お世話になって\S*|こんにちは|您好|你好|hej|hei|ahoj|dobrý den|"
    r"fyi|see below|siehe unten|zur info|voir ci-dessous|"
    r"ver abajo|vedi sotto|zie onder(?:staand)?|zie hieronder|voir dessous|bitte um hilfe|help|"
    r"please help|see attached|any idea\S*|"
    r"what (?:is|does) this(?: mean)?\S*|was ist das\S*)\b[^\n]{0,40}",
    _I,
)

CODE_LINE: Final = regex.compile(
    r"[ \t]{0,12}(?:"
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S{0,40}\s.+|"
    r"\[?\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d(?::\d\d)?.{0,20}\].*|(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|"
    r"Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d .+|"
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|"
    r"Dec) [ \d]\d \d\d:\d\d:\d\d .+|\d\d:\d\d:\d\d(?:[.,]\d{1,6})? .+|"
    r"Traceback \(most recent call last\):.*|File \"[^\"\n]{1,300}\", line \d+.*|"
    r"at [\w.$<>/]{3,200}\([^()\n]{0,200}\).*|at [\w.$<> /\\:-]{3,200}:\d+:\d+\)?|Caused by: .+|"
    r"\.{3} \d+ more|"
    r"#\d{1,3} .+|[\w.$\\]{3,120}(?:Error|Exception|Failure)\b:? ?.*|(?:PHP )?(?:Fatal error|Warning|"
    r"Notice):.{0,600}|"
    r"[245]\d\d[ -](?:\d\.\d{1,3}\.\d{1,3}|[A-Za-z\[<]).*|(?:<[-~* ]{1,4}|[-~* ]{0,3}>|[SC]:|"
    r"[<>]{1,3}) ?(?:\d{3}[ -]|\*? ?(?:OK|NO|BAD|BYE|PREAUTH|CAPABILITY)\b|EHLO|HELO|AUTH|MAIL FROM|"
    r"RCPT TO|QUIT|STARTTLS|\w{1,8} (?:LOGIN|AUTHENTICATE|CAPABILITY|OK|NO|BAD)\b).*|"
    r"(?:\*|[A-Za-z]{0,4}\d{1,6}) (?:OK|NO|BAD|BYE|PREAUTH|CAPABILITY|LOGIN|AUTHENTICATE|STARTTLS|"
    r"SELECT|LOGOUT)\b.*|\+ (?:OK|idling)\b.*|[-+](?:OK|ERR)\b.*|"
    r"(?:EHLO|HELO|MAIL FROM:|RCPT TO:|STARTTLS|AUTH (?:PLAIN|LOGIN|CRAM)).*|(?:send|reply|connect|"
    r"retcode): .+|[$%#] (?:sudo |openssl|curl|telnet|nc|swaks|ping|traceroute|nslookup|dig|python\S*|"
    r"php|mutt|fetchmail|mbsync|getmail)\b.*|"
    r"(?:CONNECTED\(|depth=\d|verify (?:error|return)|Verify return code|Trying [^\s]{3,100}\.{3}|"
    r"Connected to \S{3,100}\.$|"
    r"Escape character|\* (?:Trying|Connected|SSL|TLS|ALPN|schannel)).*|[\w./-]{1,60}\[\d{1,8}\]: .+|"
    r"SMTP[ -](?:>|<|->|<-).*|"
    r"(?:DEBUG|INFO|WARN(?:ING)?|ERROR|FATAL|TRACE|CLIENT -> SERVER|SERVER -> CLIENT)\b ?[:\[|-].*|"
    r"\{\s?\"\w+\"\s?:.*|[}\]],?[ \t]*"
    r")"
)
PYTHON_PROMPT: Final = regex.compile(r"(?:import|from|print|with|try)\b|[\w.]{1,60}\s?[=(]")
DIALOGUE_SERVER: Final = regex.compile(r"[ \t]{0,6}<(?:[-~* ]{1,4}|\s)\s?\S|[ \t]{0,6}[SC]:\s")
DIALOGUE_CLIENT: Final = regex.compile(
    r"[ \t]{0,6}[-~ ]{0,3}>{1,2} ?(?:EHLO|HELO|AUTH|MAIL FROM|"
    r"RCPT TO|QUIT|STARTTLS|DATA|NOOP|RSET|USER|PASS|\w{1,8} (?:LOGIN|AUTHENTICATE|CAPABILITY|LOGOUT|"
    r"SELECT|ID|STARTTLS)\b|$)",
    _I,
)
