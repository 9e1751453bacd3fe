"""How ports, TLS modes and protocols are written in eleven languages. All match folded text."""

from __future__ import annotations

import regex

from knowledge.gated import Gated

PORT_WORD = r"(?:ports?|portas?|puertos?|porte|poort(?:en)?|porcie|порт[аеу]?|ポート(?:番号)?|端口|连接埠|連接埠)"
PORT = regex.compile(
    rf"{PORT_WORD}(?:\s+(?:is|ist|est|es|è|staat|steht|nr\.?|no\.?|number|nummer|set|auf|op|to|sur|en|su|na|на|のは|は)){{0,3}}\s*[:=：#\"'(\[]*\s*(?P<a>\d{{2,5}})(?!\d|[.,]\d)"
    r"|(?<=[a-z0-9\]])\s?:\s?(?P<b>\d{2,5})(?!\d|[.:]\d)"
    r"|(?<![a-z0-9_.:,/-])(?P<c>993|995|465|587|143|110|25|2525|26)(?![a-z0-9_%]|[.,:/-]\d|[件通回人円封个条]|\s*(?:mb|kb|gb|mails?|e-?mails?|messages?|nachrichten|minutes?|min\b|hours?|users?|people|years?|€|\$|°))"
    r"|(?<=[a-z0-9])/(?P<d>993|995|465|587|143|110|25)(?!\w)"
)
AND = r"(?:\s*(?:,|/|\b(?:and|or|nor|und|oder|noch|et|ou|ni|y|o|e|en|of|i|lub|ani|que|как|и|или|ни)\b|[もと和或、]+)\s*){1,3}(?:(?:on|auf|al|el|en|in|a|sur|le|the|на)\s+){0,2}"
TWO_PORTS = regex.compile(
    rf"(?<![a-z0-9_.:,/-])(?<!\d )(?:993|465|587){AND}(?:993|465|587)(?![a-z0-9_%]|[.,:/-]\d| \d)"
)
"""Two mail ports in one breath ("neither 993 nor 465 answers") need no word for port: no two counts of things stand
so."""
PORT_CHANGE = regex.compile(
    r"\b(?:from|von|de|du|da|dal|van|z|ze|с|со)\s+(?:port\s+)?(?P<former>\d{2,5})\s+(?:by\s+itself\s+)?(?:to|auf|zu|à|a|para|naar|na|до|на|do)\s+(?:port\s+)?\d{2,5}\b"
    r"|(?P<former>\d{2,5})\s*(?:->|=>|\u2192)\s*\d{2,5}\b|(?P<former>\d{2,5})\s*(?:から|改成|改为|变成|變成|到)\s*\d{2,5}"
)
"""A port that was changed: the first number is the former one."""
PORT_LIST = Gated(
    rf"(?:{PORT_WORD}|open|offen)\D{{0,30}}(?P<list>\d{{2,5}}(?:\s*(?:,|/|and|und|et|y|e|en|i|и|or|oder|ou|o|of|lub|或|と|、|&|\+)\s*\d{{2,5}})+)"
)
TLS = (
    ("starttls", Gated(r"start[\s-]?t?t?ls|stattls|startls|strattls")),
    (
        "none",
        Gated(
            r"(?:no|without|none|keine?|ohne|aucune?|sans|ning[uú]n[ao]?|sin|nessuna?|senza|geen|zonder|sem|nenhuma?|"
            r"brak|bez|без|нет|なし|无|無)\s+(?:ssl|tls|encryption|verschlüsselung|chiffrement|cifrado|crittografia|"
            r"versleuteling|criptografia|encripta\w+|szyfrowani\w+|шифрован\w+)|(?:ssl|tls|encryption|security|verschlüsselung|sicherheit|"
            r"chiffrement|cifrado|connection\s+security|verbindungssicherheit)(?:/tls)?\s*[:=]?\s*(?:is\s+)?(?:off|none|no\b|false|keine|aus|aucune?|ninguna|nessuna|geen|brak|нет)|"
            r"\bunencrypted\b|(?<=\d)[\s,/]{1,3}none\b|暗号化なし|不加密"
        ),
    ),
    (
        "implicit",
        Gated(
            r"(?<!start)(?<![\w])(?:ssl\s?/\s?tls|tls\s?/\s?ssl|ssl|tls|implicit\w*)(?!\w)(?!\s*(?:error|fehler|handshake|certificate|zertifikat|v?1[.\d]))"
        ),
    ),
)
PROTOCOL = (
    (
        "imap",
        Gated(
            r"\bimaps?\b|incoming|inbound|posteingang\w*|eingang\w*|entrant\w*|\bentrante|entrata|inkomend\w*|przychodz\w+|входящ\w+|受信|接收|收件"
        ),
    ),
    (
        "smtp",
        Gated(
            r"\bsmtps?\b|outgoing|outbound|postausgang\w*|ausgang\w*|sortant\w*|saliente|uscita|uitgaand\w*|\bsaída|wychodz\w+|исходящ\w+|送信|发送|發送|发件|submission"
        ),
    ),
    ("pop3", Gated(r"\bpop(?:3s?)?\b(?![ -]?up)")),
)
OTHER_CONTEXT = Gated(
    r"\btelnet\b|\bnc\b|\bnmap\b|s_client|firewall\w*|pare-?feu|cortafuegos|\bopen(?:ed)?\s+in\b|freigeschaltet|портами|"
    r"(?<!\bno)\bscan\b"
)
FORMER_CONTEXT = Gated(
    r"used\s+to\s+(?:use|be)|\bold\s+(?:server|provider|host)|before\s+(?:we\s+)?(?:moved|migrat)|früher|bisher(?:iger)?|alte[rn]?\s+(?:anbieter|server)|"
    r"ancien\w*\s+(?:serveur|fournisseur|hébergeur)|anterior|antig[oa]|viej[oa]|vecchi[oa]|precedente|vorige|oude|poprzedni\w*|star(?:y|ego|ym)\s|прежн\w+|старо\w+\s+сервер"
)
"""Words of a former provider; a host of ours in such a sentence is a setting all the same."""
