"""The words around an address that tell its role, in eleven languages, and the names of addresses and domains that
stand for nobody in particular. All are searched in folded text, beside an address only."""

from __future__ import annotations

import regex

LABEL = regex.compile(
    r"(?:\b(?:mail\s?|in)?box(?:es)?(?:\s+(?:concerned|affected|address|in\s+question)|(?:\s+\w+){1,4}(?=\s+is\b))?|account(?:\s+name)?|user\s?-?name|user|login(?:\s+name)?|"
    r"e-?mail(?:\s?-?adress[eo]?|\s+address)?|address|postfach|benutzer(?:name)?|konto|adresse|compte|"
    r"bo[iî]te|identifiant|utilisateur|usuario|cuenta|correo|buz[oó]n|casella|utente|indirizzo|account|"
    r"postvak|gebruiker(?:snaam)?|adres|caixa|conta|usu[aá]rio|utilizador|endere[cç]o|skrzynk[aię]|"
    r"u[zż]ytkownik(?:a)?|konto|adres|ящик\w*|логин|пользовател\w*|адрес|учетн\w+\s+запис\w+|"
    r"メールアドレス|ユーザー名|アカウント|邮箱|用户名|账号|帐户|帳號|信箱|who|for)\s*(?:is|ist|est|es|è|:|=|：|-)?\s*[\"'<(\[]?\s*$"
)
ABOUT = regex.compile(
    r"(?:for|bei|mailbox|account|address|from|as|user|login|into|my|our|für|von|vom|mit|postfach|konto|pour|compte|de|del|"
    r"boîte|la|cuenta|buzón|para|per|casella|voor|van|mijn|postvak|dla|skrzynk\w+|caixa|da|do|для|ящик\w*|"
    r"with|user\s?name|benutzername)\s*[\"'<(\[:]?\s*$"
)
RECIPIENT_BEFORE = regex.compile(
    r"(?:\bto|\bto\s+(?:the\s+)?(?:e-?mail\s+)?address(?:es)?:?|\bto:|\bto=<?|\ban|\ban:|\bà|\ba|\bal|\baan|\bnaar|\bpara|\bdo|\bна|\bкому|recipients?(?:\s+address(?:es)?)?\s*[:=]?|empfänger\w*\s*[:=]?|"
    r"destinatai?re\w*\s*:?|destinatari[oa]\w*\s*:?|ontvanger\w*\s*:?|odbiorc\w+\s*:?|получател\w+\s*:?|宛先\s*[:：]?|收件人\s*[:：]?|"
    r"rcpt\s+to\s*:?|sending\s+to|send\s+to|sent\s+to|write\s+to|mail\s+to|delivery\s+to)\s*[\"'<(\[]{0,2}\s*$"
)
CONTACT_BEFORE = regex.compile(
    r"(?:\bcontact(?:er|ez|eer|ar|are|te)?|contattare|kontaktieren\s+sie|wenden\s+sie\s+sich(?:\s+bitte)?\s+an|"
    r"colleague\s+at|skontaktuj\s+się\s+z|обращайтесь)\s*[\"'<(:]?\s*$"
)
"""To whom an automatic answer refers."""
LOGIN_TO = regex.compile(
    r"(?:log(?:ged|ging)?\s*-?\s*in(?:to)?|sign(?:ed|ing)?\s+in|access|connect\w*|belongs?|regard(?:s|ing)?|attached|anmeld\w+|zugang|zugriff|connexion|accès|accéder|acceso|"
    r"acceder|conect\w+|accesso|accedere|toegang|inloggen|acesso|aceder|dost[eę]p\w*|доступ\w*)\W+(?:\w+\W+){0,2}$"
)
SENDING = regex.compile(
    r"send|sent|mail(?:ed|ing)?\s|writ|forward|deliver|notification|message|schick|send|schreib|zustell|weiterleit|envoy|écri|envi[ao]|escrib|mand|invi|scriv|"
    r"stuur|verzend|schrijf|wysył|wysła|pis[zs]|отправ|пиш|письм|送信|发送|發送|rcpt|to="
)
WORKING_AFTER = regex.compile(
    r"^[\s\"')»”>\]]*(?:(?!\b(?:not|never|cannot|nicht|nie|pas|jamais|nunca|non|mai|niet|nooit|não|не)\b|n't\b)[^\s.!?;:,@]+[\s,]+){0,6}?"
    r"(?:works?|worked|(?:is|are|was|were|came\s+up|comes\s+up|stays?|runs?)\s+(?:\w+\s+)?(?:fine|ok(?:ay)?|al?l\s?right|good)|funktioniert|läuft|geht\s|fonctionne|marche|funciona|entra|entro|funziona|werkt|doet\s+het|działa|"
    r"работает)\b(?!\s+(?:not|nicht|pas|no\b|niet|nie\b|da\s+nessuna))"
)
ONLY_BEFORE = regex.compile(
    r"(?:\bonly|\bjust|\bnur|\bseulement|\bsauf|\bsolo|\bsólo|\bsolamente|\bsoltanto|\balleen|\bapenas|\bsó|\btylko|\bтолько|\bexcept|だけ|只有|仅)\s*[\"'<(]?\s*$"
)
SENDER_BEFORE = regex.compile(
    r"(?:sender|absender|exp[eé]diteur|remitente|mittente|afzender|remetente|nadawc\w|отправител\w|送信者|差出人|发件人|寄件者)\w*(?:[\s-]+(?:e-?mail[\s-]*)?(?:address|adresse|dirección|indirizzo|adres|endereço)\w*)?\s*[:\"'<(]*\s*$"
)
KEY = regex.compile(
    r"(?:^|[\s_.\-])(?:sender|absender|exp[eé]diteur|remitente|mittente|afzender|remetente|nadawca|отправитель|from(?:_?(?:address|email|addr))?|user(?:_?name)?|login|smtp_?user|auth_?user|imap_?user|sender|account|mailbox|email)['\"\]]{0,3}\s*[=: ]>?\s*[\"'<]?\s*$"
)
RECIPIENT_AFTER = regex.compile(
    r"^\s*[>\"')\]]{0,2}\s*(?::|\.\.\.)?\s*(?:recipient|relay\s+access|user\s+unknown|on\s+\d{1,2}[/.]\d|unknown\s+user|no\s+such|"
    r"does\s+not\s+exist|mailbox\s+(?:full|unavailable)|\(?(?:over\s+)?quota|host\s+\S{1,160}\s+said\b)"
)
"""What follows the address that a server refused, the last as Postfix writes it into a bounce (smtp_proto.c)."""
SENDER_AFTER = regex.compile(r"^\s*[>\"')\]]{0,2}\s*:?\s*sender\s+address\s+rejected")
OWNED_BY = regex.compile(
    r"(?:owned\s+by\s+user|sasl_username=|user=<?|logged\s+in\s+as|login\s+as|auth\w*\s+(?:as|for))\s*[\"'<]?\s*$"
)
EXAMPLE_BEFORE = regex.compile(
    r"(?:e\.g\.|eg|example|for\s+instance|such\s+as|like|z\.\s?b\.|beispiel\w*|wie|exemple|comme|ejemplo|como|esempio|come|"
    r"bijvoorbeeld|zoals|exemplo|przyk\w+|np\.|jak|например|вроде|例えば|比如|例如)\s*[:,]?\s*[\"'<(]?\s*$"
)
COMES_FROM = regex.compile(
    r"\b(?:mails?|e-?mails?|messages?|notices?|orders|letters|they|it|nachricht\w*|messages?|correos?|mensaje\w*|messaggi\w*|berichten|bericht|mensage\w+|wiadomo\w+|письм\w+)\b[^.!?@]{0,60}"
    r"\b(?:from|von|de|da|van|od|от)\s+[\"'<(]*$"
)
"""Mail that came from somebody: the sender of what the customer received."""
MACHINE_LOCAL = frozenset(
    {
        "no-reply",
        "noreply",
        "do-not-reply",
        "donotreply",
        "notice",
        "notification",
        "notifications",
        "alert",
        "alerts",
        "security",
        "support",
        "service",
        "billing",
        "mailer-daemon",
    }
)
"""Local parts of what machines and services write from (RFC 2142 and custom)."""
EXAMPLE_LOCAL = frozenset(
    {
        "user",
        "username",
        "name",
        "you",
        "yourname",
        "your.name",
        "someone",
        "somebody",
        "firstname.lastname",
        "vorname.nachname",
        "prenom.nom",
        "nombre",
        "nome",
        "naam",
        "john.doe",
        "max.mustermann",
        "abc",
        "foo",
        "example",
        "usuario",
        "utente",
        "benutzer",
        "myname",
        "mail",
        "email",
        "xx",
        "xxx",
        "test",
        "benutzername",
    }
)
PUBLIC_DOMAIN = regex.compile(
    r"(?:gmail|googlemail|outlook|hotmail|live|msn|yahoo|ymail|icloud|me|mac|aol|gmx|web|t-online|freenet|"
    r"mail|yandex|qq|163|126|sina|proton(?:mail)?|pm|tutanota|orange|free|laposte|wanadoo|libero|virgilio|"
    r"tin|alice|ziggo|kpnmail|planet|wp|o2|onet|interia|bol|uol|terra|sapo|rambler|zoho|fastmail|comcast|att|"
    r"freemail|fournisseur|isp|provider|verizon|btinternet|sky|telus|shaw|bluewin|docomo|ezweb|softbank|naver|daum)\."
    r"(?:com|net|org|de|fr|it|es|nl|pl|ru|jp|cn|co\.\w\w|com\.\w\w|ch|at|be|ca|uk|us|eu|me|pt|test|example|ne\.jp|ua)"
)
SHARED_DOMAINS = frozenset({"example.com", "example.net", "example.org"})
"""RFC 2606 names stand for 'anybody's address': no domain of a customer can be read from them."""
ROLE_LOCAL = frozenset(
    {
        "admin",
        "administrator",
        "postmaster",
        "hostmaster",
        "webmaster",
        "it",
        "edv",
        "sysop",
        "sysadmin",
        "ops",
        "devops",
        "dev",
        "noc",
        "root",
        "rails",
        "helpdesk",
        "ticket",
        "tickets",
        "itsupport",
        "ict",
        "ti",
    }
)
